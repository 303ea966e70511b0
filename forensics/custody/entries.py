"""One entry of a custody log: what was done to which files, when, by whom, with what.

An entry is one line of RFC 8785 canonical JSON, so that its digest does not depend on who writes it or in what language.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from io import BufferedReader
from os import PathLike
from pathlib import Path
from typing import Self

from forensics import __version__
from forensics.errors import CustodyError, RecordError
from forensics.messages import Message
from forensics.records.arrays import keep_copies
from forensics.records.canonical import SAFE_INTEGER, canonical_text, parse, storable
from forensics.records.converting import as_field, from_record, recorded, to_record

__all__ = [
    "ACTIONS",
    "MAX_LINE",
    "SCHEMA",
    "ZEROS",
    "Entry",
    "Item",
    "Tool",
    "is_digest",
    "is_utc",
    "open_file",
    "read_entry",
    "utc_text",
]

SCHEMA = "forensics.custody/1"
SCHEMA_CODED = "forensics.custody/1.1"  # of entries whose note is one of this package, with its code
ZEROS = "0" * 64  # the digest before the first entry
MAX_LINE = (
    16 * 2**20
)  # bytes; about 100,000 files in one entry. A reader needs a limit, or one line can fill its memory.

# Few words, so that a log can be counted and translated; what they leave open goes into the note.
ACTIONS: Mapping[str, str] = {
    "received": "came into the hands of the actor",
    "opened": "opened for reading; written before anything was read by the caller",
    "closed": "closed again, with the digest that it had when it was opened",
    "examined": "looked at with a tool",
    "reported": "a report was written about it",
    "signed": "a signature was made over it",
    "time_stamped": "an authority's time-stamp was asked for or kept",
    "packaged": "put into an evidence package",
    "transferred": "handed over to somebody else, whom the note names",
    "noted": "anything else that somebody should know",
    "mismatched": "found with another digest than before: it was changed, replaced, or is another file of that name",
    "repaired": "a line that was cut off while it was written was taken away from the end of this log",
}

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file as an entry names it.

    Parameters
    ----------
    name : str
        Without folders, unless the caller wants them. Lone surrogates, which JSON cannot hold, are spelled out.
    sha256 : str
        64 hexadecimal digits in lower case.
    n_bytes : int
    """

    name: str
    sha256: str
    n_bytes: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _text("the name of a file", self.name))
        if not is_digest(self.sha256):
            raise CustodyError(
                f"the SHA-256 of {self.name!r} is {self.sha256!r}, not 64 hexadecimal digits. Compute it again."
            )
        if type(self.n_bytes) is not int or not 0 <= self.n_bytes <= SAFE_INTEGER:
            raise CustodyError(
                f"the size of {self.name!r} is {self.n_bytes!r}, not a whole number of bytes. Count them again."
            )

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, name: str | None = None) -> Self:
        """Read a file once and return its name without folders, its digest and its size.

        Parameters
        ----------
        path : path
        name : str, optional
            What to call it instead.

        Raises
        ------
        CustodyError
            It cannot be read, or is no ordinary file.
        """
        path = Path(path)
        with open_file(path) as file:
            return cls.from_open(file, name=path.name if name is None else name)

    @classmethod
    def from_open(cls, file: BufferedReader, *, name: str) -> Self:
        """Return the same of a file that was just opened; it is left at its end."""
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return cls(name=name, sha256=digest, n_bytes=file.tell())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What wrote an entry."""

    name: str = "forensics"
    version: str = __version__

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _text("the name of the tool", self.name))
        object.__setattr__(self, "version", _text("the version of the tool", self.version))


@recorded(derived=("schema",), message=as_field(omit_if_default=True))
@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry.

    Parameters
    ----------
    sequence : int
        From 1.
    previous : str
        SHA-256 of the line before without its line end; `ZEROS` for the first.
    time : str
        UTC, ISO 8601, whole seconds: ``2026-01-02T03:04:05+00:00``. By the clock of the machine.
    actor : str
        Who did it.
    action : str
        One of `ACTIONS`.
    inputs, outputs : tuple of Item
        Files that were there before, and files that came out.
    note : str
        The English sentence of `message`, if there is one.
    tool : Tool
    message : Message or None
        What the package itself notes; None where a person or another program wrote the note.

    Raises
    ------
    CustodyError
        A value is not allowed.
    """

    sequence: int
    previous: str
    time: str
    actor: str
    action: str
    inputs: tuple[Item, ...] = ()
    outputs: tuple[Item, ...] = ()
    note: str = ""
    tool: Tool = field(default_factory=Tool)
    message: Message | None = None

    def __post_init__(self) -> None:
        if self.message is not None:
            object.__setattr__(self, "note", self.message.text)
        object.__setattr__(self, "actor", _text("the actor", self.actor))
        object.__setattr__(self, "note", _text("the note", self.note))
        keep_copies(self)
        if type(self.sequence) is not int or not 1 <= self.sequence <= SAFE_INTEGER:
            raise CustodyError(f"an entry cannot have the number {self.sequence!r}. Count from 1.")
        if not is_digest(self.previous):
            raise CustodyError(
                f"an entry names {self.previous!r} before it, not 64 hexadecimal digits. Give the head of the log."
            )
        if not is_utc(self.time):
            raise CustodyError(f"an entry has the time {self.time!r}. Write it in UTC as 2026-01-02T03:04:05+00:00.")
        if self.action not in ACTIONS:
            raise CustodyError(
                f"no action {self.action!r} in a custody log: {', '.join(ACTIONS)}. Choose of these; 'noted' takes any."
            )
        if not self.actor.strip():
            raise CustodyError("an entry names no actor. Say who did it.")

    @property
    def schema(self) -> str:
        """The format of the line."""
        return SCHEMA if self.message is None else SCHEMA_CODED

    @cached_property
    def line(self) -> bytes:
        """The line in the log, without its line end."""
        return canonical_text(to_record(self)).encode("utf-8")

    @property
    def sha256(self) -> str:
        """The digest of the line: the head of a log that ends here."""
        return hashlib.sha256(self.line).hexdigest()


def read_entry(line: bytes) -> Entry:
    """Return the entry of a line without its line end.

    Raises
    ------
    CustodyError
        It holds none, or not in the one way in which it is written.
    """
    try:
        record = parse(line.decode("utf-8"))
    except (UnicodeDecodeError, RecordError) as err:
        raise CustodyError("it is not JSON: edited, or written by another program.") from err
    if record.get("schema") not in (SCHEMA, SCHEMA_CODED):
        raise CustodyError(f"it is no entry of the format {SCHEMA}: edited, or written by another program or version.")
    try:
        entry = from_record(Entry, record)
    except CustodyError as err:
        raise CustodyError(f"edited: {err}") from err
    except RecordError as err:
        raise CustodyError(
            "a member is missing, unknown or of the wrong type: edited, or written by another program."
        ) from err
    if entry.line != line:
        raise CustodyError("it is not canonical: spaces, order, escapes or characters were edited.")
    return entry


def open_file(path: Path) -> BufferedReader:
    """Open an ordinary file for reading only.

    Raises
    ------
    CustodyError
        It cannot be read, or is something else.
    """
    if not path.is_file():  # a pipe would wait for ever
        raise CustodyError(f"{path} is not there, or is no ordinary file. Name a file that exists.")
    try:
        return path.open("rb")
    except OSError as err:
        raise CustodyError(f"{path} cannot be read: {err.strerror or err}. Check your permissions.") from err


def utc_text(now: datetime) -> str:
    """Return a time in UTC, whole seconds, as entries and signatures hold it.

    Raises
    ------
    ValueError
        It has no time zone.
    """
    if now.tzinfo is None:
        raise ValueError("now must carry a time zone. Pass datetime.now(tz=UTC).")
    return now.astimezone(UTC).isoformat(timespec="seconds")


def is_utc(text: object) -> bool:
    """Return whether this is a time as `utc_text` writes it."""
    try:
        return isinstance(text, str) and utc_text(datetime.fromisoformat(text)) == text
    except (ValueError, OverflowError):
        return False


def is_digest(text: object) -> bool:
    """Return whether this is a SHA-256 in 64 hexadecimal digits, lower case."""
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def _text(what: str, value: object) -> str:
    if not isinstance(value, str):
        raise CustodyError(f"{what} is {value!r}, of type {type(value).__name__}. Give text.")
    return str(storable(value))
