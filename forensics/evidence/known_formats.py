"""The ways in which lists of known files are written, read row by row in bounded memory.

=============  ===================================================================================================
checksums      ``sha256  path`` as sha256sum writes it, also ``sha256 *path``, ``SHA256 (path) = sha256`` and a bare
               digest; ``phash:hex  name`` among them; ``#`` starts a comment
table          comma, semicolon or tab; a header names a column ``SHA-256`` (NSRL RDS and others) or ``phash``
Project VIC    JSON, the objects of the arrays ``value`` or ``Media``, or of one array that is the whole file
=============  ===================================================================================================
"""

import csv
import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeAlias

__all__ = ["BLANK", "BROKEN", "Layout", "Unused", "recognised"]

MAX_LINE, MAX_OBJECT, MAX_DEPTH, MAX_NAME = 65_536, 2**20, 64, 1000
BLOCK = 2**20
BOM = b"\xef\xbb\xbf"

BROKEN = "are broken"
BLANK = "have the perceptual hash of a blank picture"
WEAK = "have only MD5 or SHA-1"
OTHER_HASH = "have another kind of perceptual hash"
NO_HASH = "have no digest"
LONG_LINE = f"are longer than {MAX_LINE} bytes"
LONG_OBJECT = f"are objects of more than {MAX_OBJECT} bytes"
TOO_DEEP = f"are nested more than {MAX_DEPTH} deep, and nothing after them was read"
CUT = "are cut off by the end of the file"

Entry: TypeAlias = tuple[bytes | None, int | None, str]  # SHA-256, phash, name
# Offset in the file, number from 1, and the bytes of the row or the reason why they are none.
Row: TypeAlias = tuple[int, int, bytes | str]


class Unused(Exception):
    """A row cannot be used; the argument says why, as the end of a sentence about rows."""


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One way of writing a list.

    Parameters
    ----------
    title, unit : str
        For people: what the list is, and what its rows are called.
    rows : callable
        From an open file and a digest to update with its bytes, to its rows.
    parse : callable
        From the bytes of a row to its entry; raises `Unused`.
    at : callable
        From an open file and an offset to the bytes of the row there.
    """

    title: str
    unit: str
    rows: Callable[[BinaryIO, _Digest], Iterator[Row]]
    parse: Callable[[bytes], Entry]
    at: Callable[[BinaryIO, int], bytes]


def recognised(head: bytes) -> Layout | None:
    """Return the layout of a list by its first bytes, or None if they are no text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head.count(b"\0") * 20 > len(head):
        return None
    text = head.removeprefix(BOM)
    if text.lstrip()[:1] in (b"{", b"["):
        return Layout(title="Project VIC JSON", unit="object", rows=_objects, parse=_parse_object, at=_object_at)
    header = next((line for line in text.split(b"\n") if line.strip() and not _is_comment(line)), b"")
    parse = _table(header)
    if parse is None:
        return Layout(title="checksums", unit="line", rows=_checksum_lines, parse=_parse_line, at=_line_at)
    return Layout(title="table", unit="line", rows=_table_lines, parse=parse, at=_line_at)


# Lines


def _is_comment(line: bytes) -> bool:
    return line.removeprefix(BOM).lstrip().startswith(b"#")


def _lines(file: BinaryIO, digest: _Digest) -> Iterator[Row]:
    """Yield lines without their end, empty ones left out; a long one is passed over, not held."""
    at, number, rest, passing = 0, 0, b"", False
    for block in iter(lambda: file.read(BLOCK), b""):
        digest.update(block)
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            number += 1
            if passing or len(line) > MAX_LINE:
                yield at, number, LONG_LINE
                passing = False
            elif line.removeprefix(BOM).strip():
                yield at, number, line
            at += len(line) + 1
        if len(rest) > MAX_LINE:
            passing, at, rest = True, at + len(rest), b""
    if passing:
        yield at, number + 1, LONG_LINE
    elif rest.removeprefix(BOM).strip():
        yield at, number + 1, rest


def _checksum_lines(file: BinaryIO, digest: _Digest) -> Iterator[Row]:
    return (row for row in _lines(file, digest) if isinstance(row[2], str) or not _is_comment(row[2]))


def _table_lines(file: BinaryIO, digest: _Digest) -> Iterator[Row]:
    """Yield the lines below the header; there, a number sign starts a name and no comment."""
    rows = _lines(file, digest)
    for row in rows:
        if isinstance(row[2], bytes) and not _is_comment(row[2]):
            break
    yield from rows


def _line_at(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    return file.readline(MAX_LINE + 2).rstrip(b"\n")


_SUM = re.compile(rb"(\\?)([0-9A-Fa-f]+)(?:[ \t][ \t*]?(.*))?", re.DOTALL)
_TAGGED = re.compile(rb"(SHA256|SHA1|MD5) \((.*)\) = ([0-9A-Fa-f]+)", re.DOTALL)
_PERCEPTUAL = re.compile(rb"([A-Za-z]{1,20}):([0-9A-Fa-f]+)(?:[ \t][ \t*]?(.*))?", re.DOTALL)
_ESCAPES = re.compile(rb"\\([\\nr])")


def _parse_line(line: bytes) -> Entry:
    line = line.removeprefix(BOM).rstrip(b"\r")
    if b"\0" in line:
        raise Unused(BROKEN)
    if match := _SUM.fullmatch(line):
        escaped, digits, name = match.groups(b"")
        if escaped:
            name = _ESCAPES.sub(lambda m: {b"n": b"\n", b"r": b"\r"}.get(m[1], m[1]), name)
        return _sha256(digits), None, _name(name)
    if match := _TAGGED.fullmatch(line):
        return _sha256(match[3]), None, _name(match[2])
    if match := _PERCEPTUAL.fullmatch(line):
        kind, digits, name = match.groups(b"")
        if kind.lower() != b"phash":
            raise Unused(OTHER_HASH)
        return None, _phash(digits), _name(name)
    raise Unused(BROKEN)


def _table(header: bytes) -> Callable[[bytes], Entry] | None:
    """Return the parser of a table that starts with this header, or None if it is none."""
    for delimiter in ",;\t":
        try:
            cells = next(csv.reader([header.decode("utf-8").strip()], delimiter=delimiter))
        except (csv.Error, UnicodeDecodeError, StopIteration):
            continue
        names = [_column(cell) for cell in cells]
        if {"sha256", "phash"} & set(names):
            return _table_parser(names, delimiter)
    return None


@functools.lru_cache(maxsize=1000)
def _column(name: str) -> str:
    """Return a name of a column or field as it is compared: SHA-256, sha256 and "Sha 256" are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _table_parser(names: list[str], delimiter: str) -> Callable[[bytes], Entry]:
    column = {name: k for k, name in reversed(list(enumerate(names)))}
    exact, alike = column.get("sha256"), column.get("phash")
    weak = [column[name] for name in ("sha1", "md5") if name in column]
    title = next(
        (column[n] for n in ("filename", "name", "path", "filepath", "file", "title", "id") if n in column), None
    )

    def parse(line: bytes) -> Entry:
        if b"\0" in line:
            raise Unused(BROKEN)
        try:
            cells = next(
                csv.reader([line.decode("utf-8", "backslashreplace").rstrip("\r")], delimiter=delimiter, strict=True)
            )
        except (csv.Error, StopIteration) as err:
            raise Unused(BROKEN) from err
        if len(cells) != len(names):
            raise Unused(BROKEN)
        digest = cells[exact].strip() if exact is not None else ""
        alikeness = cells[alike].strip().removeprefix("phash:") if alike is not None else ""
        if not digest and not alikeness:
            raise Unused(WEAK if any(cells[k].strip() for k in weak) else NO_HASH)
        return (
            _sha256(digest) if digest else None,
            _phash(alikeness) if alikeness else None,
            _name(cells[title] if title is not None else ""),
        )

    return parse


def _sha256(digits: bytes | str) -> bytes:
    if len(digits) in (32, 40):
        raise Unused(WEAK)
    return _hexadecimal(digits, 32)


def _phash(digits: bytes | str) -> int:
    value = int.from_bytes(_hexadecimal(digits, 8), "big")
    # Half of the 64 bits are set in the hash of a picture, for they are compared with their median.
    if value.bit_count() < 4:
        raise Unused(BLANK)
    return value


def _hexadecimal(digits: bytes | str, n_bytes: int) -> bytes:
    try:
        value = bytes.fromhex(digits.decode("ascii") if isinstance(digits, bytes) else digits)
    except ValueError as err:
        raise Unused(BROKEN) from err
    if len(value) != n_bytes or len(digits) != 2 * n_bytes:
        raise Unused(BROKEN)
    return value


def _name(name: bytes | str) -> str:
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    text = text.strip("\r\n").encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}…"


# Objects

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


def _objects(file: BinaryIO, digest: _Digest) -> Iterator[Row]:
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


def _object_at(file: BinaryIO, offset: int) -> bytes:
    file.seek(offset)
    text = file.read(MAX_OBJECT + BLOCK)
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match.group(), 0)
        if depth == 0:
            return text[: match.end()]
    return text


def _parse_object(raw: bytes) -> Entry:
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
    return _sha256(exact) if exact else None, _phash(alike) if alike else None, _title(record)


def _hashes(record: Mapping[str, Any]) -> dict[str, str]:
    """Return the digests of one object by kind, as fields of their own or as the list that Project VIC uses."""
    pairs: list[tuple[Any, Any]] = list(record.items())
    pairs += [(one.get("HashName"), one.get("HashValue")) for one in _mappings(record, "Hashes")]
    found: dict[str, str] = {}
    for key, value in pairs:
        kind = _column(str(key))
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
    return _name(", ".join(parts))
