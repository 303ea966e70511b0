"""The custody log: a file to which entries are added, each naming the digest of the one before it."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BufferedReader
from os import PathLike
from pathlib import Path
from typing import Any

from forensics.custody.checking import LogCheck, check_lines
from forensics.custody.entries import ACTIONS, MAX_LINE, ZEROS, Entry, Item, open_file, read_entry, utc_text
from forensics.custody.storage import opened, read_lines, read_tail, write_lines
from forensics.errors import CustodyError
from forensics.messages import Message
from forensics.reproducibility import utc_now

__all__ = ["CustodyLog", "verify_log"]

logger = logging.getLogger(__name__)

# How a line begins, by which one that was cut off is told from a file that is no log.
STARTS = tuple(f'{{"action":"{action}","actor":"'.encode() for action in ACTIONS)


class CustodyLog:
    """A custody log; the file is made by the first entry.

    Parameters
    ----------
    path : path
        Usually ``custody.jsonl``. Its folder must exist.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        self._first: dict[str, str] = {}  # name of a file -> the digest that the log first holds for it
        self._known_to = 0  # bytes of the log that are in _first

    def append(
        self,
        action: str,
        *,
        actor: str,
        inputs: Sequence[Item] = (),
        outputs: Sequence[Item] = (),
        note: str | Message = "",
        now: datetime | None = None,
    ) -> Entry:
        """Add an entry; when this returns it is on the disk.

        Takes the same time however long the log is: only its end is read.

        Parameters
        ----------
        action : str
            One of `forensics.custody.ACTIONS`.
        actor : str
            Who did it.
        inputs, outputs : sequence of Item
        note : str or Message
            A text of a person, or what the package notes.
        now : datetime, optional
            Aware; the clock of the machine if not given.

        Raises
        ------
        CustodyError
            A value is not allowed, the end of the file is no entry, or it cannot be written. Nothing was added then.
        """
        time = utc_text(now or utc_now())
        # What is wrong with the values is told before the file is opened, or made.
        checked = Entry(
            sequence=1,
            previous=ZEROS,
            time=time,
            actor=actor,
            action=action,
            inputs=tuple(inputs),
            outputs=tuple(outputs),
            **_noted(note),
        )
        if len(checked.line) > MAX_LINE - 100:  # numbers and digests come to it
            raise CustodyError(
                f"the entry has {len(checked.line):,} bytes; {MAX_LINE:,} are allowed. Divide it into several."
            )
        with opened(self.path, writing=True) as fd:
            before, end, torn = read_tail(fd, self.path)
            lead = b""
            last = None if before is None else self._entry(before, "the last line")
            new: list[Entry] = []
            if torn:
                found = _finished(torn, last)
                if found is not None:  # only its line end is missing; nothing of it is lost
                    last, lead, end = found, b"\n", end + len(torn)
                else:
                    _require_torn(torn, last, self.path)
                    new.append(_repair(torn, last, time=time, actor=actor, path=self.path))
                    last = new[-1]
            entry = Entry(
                sequence=last.sequence + 1 if last else 1, previous=last.sha256 if last else ZEROS, time=time, actor=checked.actor,
                action=action, inputs=checked.inputs, outputs=checked.outputs, **_noted(note),
            )  # fmt: skip
            write_lines(fd, end, lead + b"".join(e.line + b"\n" for e in (*new, entry)), self.path)
        return entry

    def entries(self) -> Iterator[Entry]:
        """Yield the entries; a line at the end that was cut off is left out and logged.

        Raises
        ------
        CustodyError
            A line is no entry, or the file cannot be read. `verify` says more.
        """
        for number, line in enumerate(read_lines(self.path), start=1):
            if not line.endswith(b"\n"):
                logger.warning(
                    "%s: line %d is torn and left out; 'forensics custody verify' says more.", self.path, number
                )
                return
            yield self._entry(line[:-1], f"line {number}")

    @property
    def head(self) -> str:
        """SHA-256 of the last whole line; zeros if there is none."""
        last = self._last_line()
        return ZEROS if last is None else hashlib.sha256(last).hexdigest()

    @property
    def length(self) -> int:
        """Number of entries, as the last one counts them."""
        last = self._last_line()
        return 0 if last is None else self._entry(last, "the last line").sequence

    def verify(self, *, head: str | None = None, length: int | None = None) -> LogCheck:
        """Check the log; see `verify_log`."""
        return verify_log(self.path, head=head, length=length)

    def require_same(self, item: Item, *, actor: str, now: datetime | None = None) -> None:
        """Check a file against the digest that the log first recorded for its name, if it did.

        Raises
        ------
        CustodyError
            It has another digest now. An entry ``mismatched`` was added.
        """
        known = self._first_digest(item.name)
        if known in (None, item.sha256):
            return
        self.append(
            "mismatched",
            actor=actor,
            inputs=[item],
            note=Message("recorded_first", {"sha256": known}),
            now=now,
        )
        raise CustodyError(
            f"{item.name!r} has the SHA-256 {item.sha256}; the log {self.path.name} first recorded {known} for it. It was "
            "changed or replaced, or "
            "another file has the same name. The log says so now. Find the file as it was received, or give the other file "
            "a name of its own."
        )

    @contextmanager
    def access(
        self,
        path: str | PathLike[str],
        *,
        actor: str,
        action: str = "opened",
        note: str = "",
        name: str | None = None,
        now: datetime | None = None,
    ) -> Iterator[BufferedReader]:
        """Open an exhibit for reading, with an entry before and an entry after.

        It is hashed before, compared with the digest that the log first recorded for its name, and hashed again afterwards.

        Parameters
        ----------
        path : path
        actor, action, note
            Of the entry that is added before anything can be read.
        name : str, optional
            What the log calls the file; its name without folders if not given.
        now : datetime, optional
            For both entries.

        Yields
        ------
        BufferedReader
            The file, opened for reading only.

        Raises
        ------
        CustodyError
            It is not the file that the log knows, or it was changed while it was open; an entry ``mismatched`` says so.
        """
        path = Path(path)
        name = path.name if name is None else name
        with open_file(path) as file:
            item = Item.from_open(file, name=name)
            self.require_same(item, actor=actor, now=now)
            self.append(action, actor=actor, inputs=[item], note=note, now=now)
            file.seek(0)
            try:
                yield file
            finally:
                self._close(path, item, actor=actor, now=now)

    def _close(self, path: Path, item: Item, *, actor: str, now: datetime | None) -> None:
        try:
            after = Item.from_file(path, name=item.name)
        except CustodyError:
            self.append("mismatched", actor=actor, inputs=[item], note=Message("gone_on_closing"), now=now)
            raise
        if after.sha256 == item.sha256:
            self.append("closed", actor=actor, inputs=[after], note=Message("same_as_before"), now=now)
            return
        self.append(
            "mismatched",
            actor=actor,
            inputs=[after],
            note=Message("opened_as", {"sha256": item.sha256}),
            now=now,
        )
        raise CustodyError(
            f"{item.name!r} was changed while it was open: SHA-256 {item.sha256} before, {after.sha256} after. The log "
            "says so now. Find out what "
            "wrote to it, and work on the file as it was received."
        )

    def _first_digest(self, name: str) -> str | None:
        for line in read_lines(self.path, self._known_to):
            if not line.endswith(b"\n"):
                break
            entry = self._entry(line[:-1], "a line")
            for item in (*entry.inputs, *entry.outputs):
                self._first.setdefault(item.name, item.sha256)
            self._known_to += len(line)
        return self._first.get(name)

    def _entry(self, line: bytes, place: str) -> Entry:
        try:
            return read_entry(line)
        except CustodyError as err:
            raise CustodyError(
                f"{place} of {self.path} is no entry: {err} Nothing was written. Check it with 'forensics custody verify', "
                "or name another file."
            ) from err

    def _last_line(self) -> bytes | None:
        if not self.path.exists():
            return None
        with opened(self.path, writing=False) as fd:
            return read_tail(fd, self.path)[0]


def verify_log(path: str | PathLike[str], *, head: str | None = None, length: int | None = None) -> LogCheck:
    """Check that a log is one chain, and is the one whose head and length were noted.

    That entries were cut off at the end can only be found with a head or a length that was noted elsewhere, and an edit of
    the last entry only with a head.

    Parameters
    ----------
    path : path
    head : str, optional
        The SHA-256 of a line as it was noted, for example in a report. Entries may have been added since.
    length : int, optional
        How many entries there were then.

    Raises
    ------
    CustodyError
        There is no such file, it cannot be read, or `head` or `length` cannot be one.
    """
    path = Path(path)
    if not path.is_file():
        raise CustodyError(f"there is no custody log {path}. Name the file; the first entry makes it.")
    return check_lines(read_lines(path), head=head, length=length)


def _finished(torn: bytes, last: Entry | None) -> Entry | None:
    """Return the entry of a line that lacks its line end only."""
    with suppress(CustodyError):
        entry = read_entry(torn)
        if entry.previous == (last.sha256 if last else ZEROS):
            return entry
    return None


def _require_torn(torn: bytes, last: Entry | None, path: Path) -> None:
    """Allow nothing to be taken away but the beginning of an entry, or zeros that a crash leaves: the file may be anything."""
    left = torn.rstrip(b"\0")
    if any(start.startswith(left) or left.startswith(start) for start in STARTS) and (left or last):
        return
    raise CustodyError(
        f"the end of {path} is neither an entry nor the beginning of one, so that it is no custody log, or was edited. "
        "Nothing was changed. "
        "Check it with 'forensics custody verify', or name another file."
    )


def _noted(note: str | Message) -> dict[str, Any]:
    """Return what an entry holds of a note."""
    return {"message": note} if isinstance(note, Message) else {"note": note}


def _repair(torn: bytes, last: Entry | None, *, time: str, actor: str, path: Path) -> Entry:
    item = Item(name=f"{path.name}, torn line", sha256=hashlib.sha256(torn).hexdigest(), n_bytes=len(torn))
    return Entry(
        sequence=last.sequence + 1 if last else 1,
        previous=last.sha256 if last else ZEROS,
        time=time,
        actor=actor,
        action="repaired",
        inputs=(item,),
        message=Message("torn_line", {"beginning": torn[:2000].rstrip(bytes(1)).decode("utf-8", "backslashreplace")}),
    )
