"""Lists of known files in lines: checksums, and tables with a header."""

import csv
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from forensics.evidence.known.rows import (
    BLOCK,
    BOM,
    BROKEN,
    LONG_LINE,
    MAX_LINE,
    NO_HASH,
    OTHER_HASH,
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

__all__ = ["checksum_lines", "is_comment", "line_at", "parse_line", "parser_of_table", "table_lines"]


def is_comment(line: bytes) -> bool:
    """Return whether a line is a comment, which a number sign starts."""
    return line.removeprefix(BOM).lstrip().startswith(b"#")


def _lines(file: BinaryIO, digest: Digest) -> Iterator[Row]:
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


def checksum_lines(file: BinaryIO, digest: Digest) -> Iterator[Row]:
    """Yield the lines of a list of checksums."""
    return (row for row in _lines(file, digest) if isinstance(row[2], str) or not is_comment(row[2]))


def table_lines(file: BinaryIO, digest: Digest) -> Iterator[Row]:
    """Yield the lines below the header; there, a number sign starts a name and no comment."""
    rows = _lines(file, digest)
    for row in rows:
        if isinstance(row[2], bytes) and not is_comment(row[2]):
            break
    yield from rows


def line_at(file: BinaryIO, offset: int) -> bytes:
    """Return the line at a place of the file."""
    file.seek(offset)
    return file.readline(MAX_LINE + 2).rstrip(b"\n")


_SUM = re.compile(rb"(\\?)([0-9A-Fa-f]+)(?:[ \t][ \t*]?(.*))?", re.DOTALL)
_TAGGED = re.compile(rb"(SHA256|SHA1|MD5) \((.*)\) = ([0-9A-Fa-f]+)", re.DOTALL)
_PERCEPTUAL = re.compile(rb"([A-Za-z]{1,20}):([0-9A-Fa-f]+)(?:[ \t][ \t*]?(.*))?", re.DOTALL)
_ESCAPES = re.compile(rb"\\([\\nr])")


def parse_line(line: bytes) -> Entry:
    """Return the entry of a line of checksums; raises `Unused`."""
    line = line.removeprefix(BOM).rstrip(b"\r")
    if b"\0" in line:
        raise Unused(BROKEN)
    if match := _SUM.fullmatch(line):
        escaped, digits, name = match.groups(b"")
        if escaped:
            name = _ESCAPES.sub(lambda m: {b"n": b"\n", b"r": b"\r"}.get(m[1], m[1]), name)
        return sha256_of(digits), None, name_of(name)
    if match := _TAGGED.fullmatch(line):
        return sha256_of(match[3]), None, name_of(match[2])
    if match := _PERCEPTUAL.fullmatch(line):
        kind, digits, name = match.groups(b"")
        if kind.lower() != b"phash":
            raise Unused(OTHER_HASH)
        return None, phash_of(digits), name_of(name)
    raise Unused(BROKEN)


def parser_of_table(header: bytes) -> Callable[[bytes], Entry] | None:
    """Return the parser of a table that starts with this header, or None if it is none."""
    for delimiter in ",;\t":
        try:
            cells = next(csv.reader([header.decode("utf-8").strip()], delimiter=delimiter))
        except (csv.Error, UnicodeDecodeError, StopIteration):
            continue
        names = [column_name(cell) for cell in cells]
        if {"sha256", "phash"} & set(names):
            return _table_parser(names, delimiter)
    return None


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
            sha256_of(digest) if digest else None,
            phash_of(alikeness) if alikeness else None,
            name_of(cells[title] if title is not None else ""),
        )

    return parse
