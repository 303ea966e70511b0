"""Lists of known files as JSON of Project VIC: its objects, found without building the rest."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from forensics.evidence.known.rows import (
    BLOCK,
    BROKEN,
    CUT,
    LONG_OBJECT,
    MAX_DEPTH,
    MAX_OBJECT,
    NO_HASH,
    TOO_DEEP,
    WEAK,
    Digest,
    Entry,
    Row,
    Unused,
    column_name,
    name_of,
    phash_of,
    sha256_of,
)

__all__ = ["object_at", "object_rows", "parse_object"]

# A string that the end of the block cuts is a token too, so that nothing within it is taken for a bracket.
_STRING_REST = rb'[^"\\]*+(?:\\.[^"\\]*+)*+("|\\?\Z)'
_TOKEN = re.compile(rb'"' + _STRING_REST + rb"|[\[\]{}]", re.DOTALL)
_REST = re.compile(_STRING_REST, re.DOTALL)
_HOLDERS = (b'"value"', b'"Media"')


class _Walk:
    """Where in a JSON text we are: finds the objects that are rows without building the rest."""

    def __init__(self) -> None:
        self.open: list[tuple[bytes, int, bool]] = []  # bracket, offset, whether it is an array of rows or a row
        self.last = b""  # the string before the next bracket, which is its key
        self.stopped = False

    def bracket(self, token: bytes, at: int) -> tuple[int, int] | None:
        """Take the next bracket; return the start and the end of a row that it completes."""
        if token in b"[{":
            inside = bool(self.open) and self.open[-1][2] and self.open[-1][0] == b"["
            rows = token == b"[" and (not self.open or self.last in _HOLDERS)
            if rows:  # what holds rows is none itself
                self.open = [(bracket, start, held and bracket == b"[") for bracket, start, held in self.open]
            self.open.append((token, at, rows or (token == b"{" and inside)))
            self.last = b""
            self.stopped = len(self.open) > MAX_DEPTH
            return None
        self.last = b""
        if not self.open:
            return None
        bracket, start, held = self.open.pop()
        return (start, at + 1) if held and bracket == b"{" else None

    def row(self) -> int | None:
        """Return where the row that is being read starts, or None."""
        return next((start for bracket, start, held in self.open if held and bracket == b"{"), None)

    def give_up(self) -> None:
        """Let the row that is being read be none."""
        self.open = [(bracket, start, held and bracket == b"[") for bracket, start, held in self.open]


def object_rows(file: BinaryIO, digest: Digest) -> Iterator[Row]:
    """Yield the objects that are rows; one that is too large is passed over, not held."""
    walk, number = _Walk(), 0
    buffer, base = b"", 0  # the bytes at hand, and where in the file they start
    done, in_string = 0, False  # how far the buffer was read, and whether a long string was left unfinished there
    for block in iter(lambda: file.read(BLOCK), b""):
        digest.update(block)
        if walk.stopped:
            continue
        buffer += block
        if in_string and (rest := _REST.match(buffer)):
            in_string, done = rest[1] != b'"', rest.end()
        for match in _TOKEN.finditer(buffer, done) if not in_string else ():
            if match[1] not in (None, b'"'):
                break
            done = match.end()
            token = match.group()
            if token[:1] == b'"':
                walk.last = token
                continue
            found = walk.bracket(token, base + match.start())
            if walk.stopped:
                yield base + match.start(), number + 1, TOO_DEEP
                break
            if found is not None:
                number += 1
                yield found[0], number, buffer[found[0] - base : found[1] - base]
        else:
            done = len(buffer)
        start = walk.row()
        keep = done if start is None else min(done, start - base)
        if len(buffer) - keep > MAX_OBJECT:
            number += 1
            yield base + keep, number, LONG_OBJECT
            walk.give_up()
            in_string = len(buffer) - done > MAX_OBJECT
            keep = done if not in_string else len(buffer) - buffer.endswith(b"\\")
        if in_string:
            keep = len(buffer) - buffer.endswith(b"\\")
        buffer, base, done = buffer[keep:], base + keep, max(done - keep, 0)
    if not walk.stopped and (walk.open or in_string):
        yield base, number + 1, CUT


def object_at(file: BinaryIO, offset: int) -> bytes:
    """Return the bytes of the object at a place of the file."""
    file.seek(offset)
    text = file.read(MAX_OBJECT + BLOCK)
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match.group(), 0)
        if depth == 0:
            return text[: match.end()]
    return text


def parse_object(raw: bytes) -> Entry:
    """Return the entry of an object; raises `Unused`."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError) as err:
        raise Unused(BROKEN) from err
    if not isinstance(record, dict):
        raise Unused(BROKEN)
    digests = _hashes(record)
    for one in _mappings(record, "MediaFiles"):
        for kind, value in _hashes(one).items():
            digests.setdefault(kind, value)
    exact, alike = digests.get("sha256"), digests.get("phash")
    if exact is None and alike is None:
        raise Unused(WEAK if {"md5", "sha1"} & set(digests) else NO_HASH)
    return sha256_of(exact) if exact else None, phash_of(alike) if alike else None, _title(record)


def _hashes(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of one object by kind, as fields of their own or as the list that Project VIC uses."""
    pairs: list[tuple[Any, Any]] = list(record.items())
    pairs += [(one.get("HashName"), one.get("HashValue")) for one in _mappings(record, "Hashes")]
    found: dict[str, str] = {}
    for key, value in pairs:
        kind = column_name(str(key))
        if kind in ("sha256", "sha1", "md5", "phash") and isinstance(value, str) and value.strip():
            found[kind] = value.strip()
    return found


def _mappings(record: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = record.get(key)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _title(record: Mapping[str, Any]) -> str:
    files = [one.get("FileName") for one in _mappings(record, "MediaFiles")]
    name = next((str(n) for n in (*files, record.get("FileName"), record.get("name")) if n), "")
    parts = [name] if name else []
    parts += [
        f"{label} {record[key]}" for key, label in (("MediaID", "media"), ("Category", "category")) if key in record
    ]
    return name_of(", ".join(parts))
