"""The check of a custody log: whether its lines are the chain that was written, and what happened to them if not."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from forensics.custody.entries import MAX_LINE, ZEROS, Entry, is_digest, read_entry
from forensics.errors import CustodyError
from forensics.records.check import Check, NotShown

__all__ = ["LogCheck", "check_lines"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogCheck(Check):
    """What a check of a log found.

    Parameters
    ----------
    entries : tuple of Entry
        All that can be read, in the order of the file.
    head : str
        SHA-256 of the last whole line; zeros if there is none.
    remarks : tuple of str
        What somebody should know though nothing is wrong with the chain: clocks set back, lines that were cut off.
    """

    entries: tuple[Entry, ...]
    head: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Gap:
    """Two neighbouring lines that do not fit together."""

    line: int  # the later one
    before: Entry | None
    after: Entry
    digest: str  # of the line before


def check_lines(lines: Iterable[bytes], *, head: str | None = None, length: int | None = None) -> LogCheck:
    """Check lines with their line ends; see `forensics.custody.verify_log`."""
    head = _given_head(head)
    if length is not None and (type(length) is not int or length < 0):
        raise CustodyError(f"the length noted for the log is {length!r}. Give the number of entries.")
    entries: list[Entry] = []
    digests: list[str] = []
    problems: list[str] = []
    torn: list[str] = []
    gaps: list[_Gap] = []
    before: Entry | None = None
    for number, raw in enumerate(lines, start=1):
        line = raw.removesuffix(b"\n")
        if line == raw:
            torn.append(_unfinished(number, line))
            break
        digest = hashlib.sha256(line).hexdigest()
        try:
            entry = read_entry(line)
        except CustodyError as err:
            problems.append(f"line {number}: {err}")
            before = None
        else:
            known = before is not None or number == 1  # else the line before was named already
            expected = (digests[-1] if digests else ZEROS, before.sequence + 1 if before else 1)
            if known and (entry.previous, entry.sequence) != expected:
                gaps.append(_Gap(number, before, entry, expected[0]))
            entries.append(entry)
            before = entry
        digests.append(digest)
    counts = Counter(entry.sequence for entry in entries)
    problems += [_words(gap, counts) for gap in gaps]
    shown, wrong = _against(digests, head, length)
    proofs = [] if problems else [_chain(len(digests)), *shown]
    return LogCheck(
        entries=tuple(entries),
        head=digests[-1] if digests else ZEROS,
        problems=(*problems, *torn, *wrong),
        proofs=tuple(proofs),
        remarks=tuple(_remarks(entries)),
    )


def _given_head(head: str | None) -> str | None:
    if head is None:
        return None
    given = "".join(head.split()).lower() if isinstance(head, str) else None
    if not is_digest(given):
        raise CustodyError(f"the head noted for the log is {head!r}. Give the 64 hexadecimal digits of a SHA-256.")
    return given


def _unfinished(number: int, line: bytes) -> str:
    if len(line) > MAX_LINE:
        long = f"line {number}: it is longer than {MAX_LINE:,} bytes, which no entry is: edited, or no custody log."
        return f"{long} What follows was not read."
    return (
        f"line {number}: torn, {len(line):,} bytes without a line end. Either writing was cut off and the entry never "
        "counted, or the end "
        "was cut off afterwards. The next entry takes the torn line away and says so."
    )


def _words(gap: _Gap, counts: Counter[int]) -> str:
    number, own = gap.line, gap.after.sequence
    before = gap.before.sequence if gap.before else 0
    if own == before + 1 and gap.before is None:
        return f"line 1: edited. The first entry names a line before it, {gap.after.previous}; it should hold 64 zeros."
    if own == before + 1:
        return (
            f"lines {number - 1} and {number} do not fit together: edited. Entry {own} says that the line before it has "
            "the SHA-256 "
            f"{gap.after.previous}; it has {gap.digest}. Line {number - 1} was edited or replaced after entry {own} was "
            "written, or line "
            f"{number} was."
        )
    if own <= before and counts[own] > 1:
        return f"line {number}: a second entry has the number {own}: inserted. One of the {counts[own]} was put there afterwards."
    if own <= before:
        return f"line {number}: entry {own} stands after entry {before}: reordered."
    if any(before < other < own for other in counts):
        return f"line {number}: entry {own} stands where entry {before + 1} should: reordered."
    missing = f"entry {own - 1} is" if own == before + 2 else f"entries {before + 1} to {own - 1} are"
    place = f"between lines {number - 1} and {number}" if gap.before else "before line 1"
    return f"{place}: {missing} missing: removed."


def _chain(n: int) -> str:
    if n == 0:
        return "The log is empty."
    return (
        f"The {n:,} entries form one chain: each is in canonical form and names the digest of the line before it, so that "
        "no line before "
        "the last was edited, removed, inserted or reordered without writing all later lines anew."
    )


def _against(digests: list[str], head: str | None, length: int | None) -> tuple[list[str], list[str]]:
    """Return what a head and a length that were noted elsewhere prove, and what they show to be wrong."""
    n = len(digests)
    if length is not None and n < length:
        return [], [
            f"truncated: the log had {length:,} entries when that number was noted and has {n:,} now. Entries {n + 1:,} to "
            f"{length:,} were cut "
            "off at the end, or removed."
        ]
    if head is None and length is None:
        return [
            NotShown(
                "that the last entry is as it was written, that no entries after it were cut off (truncated), or "
                "that the whole log "
                "was not written anew. Only a head and a length noted elsewhere, for example in a report or under a "
                "time-stamp, can show that; "
                "give them."
            )
        ], []
    if head is None:
        return [
            f"The log has at least the {length:,} entries that were noted. Not shown: that the last one is as it was "
            "written; that takes the head."
        ], []
    at = 0 if head == ZEROS else digests.index(head) + 1 if head in digests else None
    if at is None:
        return [], [
            f"no line has the head that was noted, {head}: the entry was edited, entries were cut off at the end "
            "(truncated), or the log was "
            "written anew. Or the head is that of another log."
        ]
    if length is not None and at != length:
        return [], [
            f"the head that was noted is that of line {at}, the length that was noted is {length}: one of them is of "
            "another log."
        ]
    since = (
        "Nothing was added since."
        if n == at
        else f"{n - at:,} were added since; nothing vouches for the last of those."
    )
    return [f"The head that was noted is that of line {at}: all entries up to it are as they were then. {since}"], []


def _remarks(entries: list[Entry]) -> list[str]:
    found = [
        f"Entry {later.sequence} has an earlier time than the entry before it ({later.time} after {earlier.time}): the "
        "clock of a machine was "
        "set back, or the machines differ."
        for earlier, later in pairwise(entries)
        if later.time < earlier.time
    ]
    found += [
        f"Entry {e.sequence} tells of a line that was cut off while it was written: {e.note}"
        for e in entries
        if e.action == "repaired"
    ]
    found += [
        f"Entry {e.sequence} tells of a file that had another digest than before: "
        f"{e.inputs[0].name if e.inputs else 'unnamed'}. {e.note}"
        for e in entries
        if e.action == "mismatched"
    ]
    return found
