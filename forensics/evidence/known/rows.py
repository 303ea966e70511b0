"""The parts that all layouts of lists of known files share: rows, entries, and why a row cannot be used."""

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias

from forensics.evidence.texts import storable

__all__ = ["Entry", "Layout", "Row", "Unused", "column_name", "name_of", "phash_of", "sha256_of"]

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


class Digest(Protocol):
    """What takes the bytes of a list as they are read, such as ``hashlib.sha256()``."""

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
    rows: Callable[[BinaryIO, Digest], Iterator[Row]]
    parse: Callable[[bytes], Entry]
    at: Callable[[BinaryIO, int], bytes]


@functools.lru_cache(maxsize=1000)
def column_name(name: str) -> str:
    """Return a name of a column or field as it is compared: SHA-256, sha256 and "Sha 256" are one."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def sha256_of(digits: bytes | str) -> bytes:
    """Return the digest that hexadecimal digits stand for, 32 bytes; raises `Unused`."""
    if len(digits) in (32, 40):
        raise Unused(WEAK)
    return _hexadecimal(digits, 32)


def phash_of(digits: bytes | str) -> int:
    """Return the perceptual hash that hexadecimal digits stand for, 64 bits; raises `Unused`."""
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


def name_of(name: bytes | str) -> str:
    """Return the name of an entry as text that JSON can hold, of bounded length."""
    text = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else name
    return storable(text.strip("\r\n"), MAX_NAME, tell=False)
