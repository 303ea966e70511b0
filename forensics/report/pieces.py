"""A record whose long parts lie on the disk, and its canonical text piece by piece."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from forensics.records.canonical import JsonObject, canonical_text, parse, storable
from forensics.records.spool import Spool

__all__ = ["Items", "canonical_pieces", "digest_of", "stored"]


class Items:
    """A JSON array of objects in canonical form, of which one is in memory at a time.

    Parameters
    ----------
    spool : Spool
        Holds one object per piece.
    start, stop : int
        Which of its pieces are the items.
    """

    def __init__(self, spool: Spool, start: int = 0, stop: int | None = None) -> None:
        self._spool = spool
        self._range = range(start, len(spool) if stop is None else stop)

    def __len__(self) -> int:
        return len(self._range)

    def __getitem__(self, index: int) -> JsonObject:
        return parse(self._spool[self._range[index]].decode("utf-8"))

    def __iter__(self) -> Iterator[JsonObject]:
        return (self[k] for k in range(len(self)))

    def texts(self) -> Iterator[str]:
        """Yield each item's canonical text."""
        return (self._spool[k].decode("utf-8") for k in self._range)


def stored(value: JsonObject) -> JsonObject:
    """Return JSON values as whoever reads the record later will see them: they have been through the canonical form."""
    return parse(canonical_text(storable(value)))


def canonical_pieces(value: Any) -> Iterator[str]:
    """Yield the canonical text of a record, that of `Items` among its members item by item.

    Parameters
    ----------
    value : JSON value
        Dicts and lists may hold `Items`.

    Raises
    ------
    RecordError
        As `canonical_text` does.
    """
    if not _holds_items(value):
        yield canonical_text(value)
    elif isinstance(value, Mapping):
        for k, name in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be"))):  # the order of RFC 8785
            yield f"{',' if k else '{'}{canonical_text(name)}:"
            yield from canonical_pieces(value[name])
        yield "}"
    elif isinstance(value, Items):
        for k, text in enumerate(value.texts()):
            yield f"{',' if k else '['}{text}"
        yield "]" if len(value) else "[]"
    else:
        for k, item in enumerate(value):
            yield "," if k else "["
            yield from canonical_pieces(item)
        yield "]"


def digest_of(record: JsonObject) -> str:
    """Return the SHA-256 of a record's canonical text, 64 hexadecimal digits."""
    sha256 = hashlib.sha256()
    for piece in canonical_pieces(record):
        sha256.update(piece.encode("utf-8"))
    return sha256.hexdigest()


def _holds_items(value: Any, depth: int = 3) -> bool:
    """Return whether there are `Items` as deep as the blocks of a section lie, and no deeper: a record can come from anybody."""
    if isinstance(value, Mapping | list) and depth:
        inner = value.values() if isinstance(value, Mapping) else value
        return any(_holds_items(item, depth - 1) for item in inner)
    return isinstance(value, Items)
