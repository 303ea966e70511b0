"""Lists of known files, and whether a picture is in one.

A list is read once, row by row. Of a row with a SHA-256 are kept the digest, a sorted key and the place of the row in
the file, 48 bytes together; names stay in the file and are read when a picture matches. Rows that cannot be used are
counted by reason and stand in `KnownFiles.problems`.
"""

import hashlib
import os
import stat
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forensics.errors import RecordError
from forensics.evidence.known.layouts import recognised
from forensics.evidence.known.match import KnownMatch
from forensics.evidence.known.perceptual import is_flat, perceptual_hashes
from forensics.evidence.known.rows import Layout, Unused
from forensics.evidence.record import Evidence
from forensics.evidence.texts import storable

__all__ = ["KnownFiles"]

BITS, MAX_MATCHES = 64, 20
FORMATS = (
    "checksums (sha256sum), a table with a column SHA-256 or phash (NSRL), lines 'phash:hex  name', Project VIC JSON"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownFiles:
    """One list of known files.

    Parameters
    ----------
    name : str
        File name without folders.
    sha256 : str
        Digest of the list's bytes.
    layout : str
        How it is written: ``checksums``, ``table`` or ``Project VIC JSON``.
    n_exact, n_perceptual : int
        Rows with a SHA-256, and with a perceptual hash.
    problems : tuple of str
        Sentences about rows that were not used; empty if all were.
    """

    name: str
    sha256: str
    layout: str
    n_exact: int
    n_perceptual: int
    problems: tuple[str, ...]
    _rows: "_Rows" = field(repr=False)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> "KnownFiles":
        """Read a list, recognised by its content.

        Raises
        ------
        RecordError
            The file cannot be read, is no list of a known kind, or has no row that can be used.
        """
        return _read(Path(path), storable(PurePath(os.fspath(path)).name))

    def matches(self, evidence: Evidence, *, distance: int = 6) -> tuple[KnownMatch, ...]:
        """Return where a picture is in the list: same bytes first, then similar pictures, nearest first.

        Parameters
        ----------
        evidence : Evidence
            Without pixels, or with a flat picture, only same bytes are looked for; see `not_compared`.
        distance : int
            Most bits of 64 in which perceptual hashes may differ, 0 to 31.

        Returns
        -------
        tuple of KnownMatch
            At most one exact match and 20 perceptual ones; ``rows`` says how many rows match in all.

        Raises
        ------
        RecordError
            The list was changed or removed after it was read.
        """
        if not 0 <= distance < BITS // 2:
            raise ValueError(
                f"distance must be 0 to {BITS // 2 - 1}, got {distance}: unrelated pictures differ in about {BITS // 2} bits. "
                "Pass 6 for copies that were saved again or scaled."
            )
        about: dict[str, Any] = {"list_name": self.name, "list_sha256": self.sha256}
        same = self._rows.same(evidence.sha256)
        found = []
        if same.size:
            entry = self._rows.entry(int(same[0]), self.name)
            found.append(KnownMatch(**about, entry=entry, kind="exact", rows=int(same.size)))
        if self.not_compared(evidence) is None:
            near, bits = self._rows.near(perceptual_hashes(evidence.pixels)["phash"], distance)
            other = ~np.isin(near, same)
            near, bits = near[other], bits[other]
            for at, differ in list(zip(near.tolist(), bits.tolist(), strict=True))[:MAX_MATCHES]:
                entry = self._rows.entry(at, self.name)
                found.append(KnownMatch(**about, entry=entry, kind="perceptual", distance=differ, rows=int(near.size)))
        return tuple(found)

    def not_compared(self, evidence: Evidence) -> str | None:
        """Return why a picture is not looked up by perceptual hash, as a sentence; None if it is."""
        if not self.n_perceptual:
            return "The list has no perceptual hashes; only the same bytes were looked for."
        if not evidence.pixels.size:
            return "The pixels were not at hand; only the same bytes were looked for."
        if is_flat(evidence.pixels):
            return "The picture is nearly even, so that its perceptual hash is that of noise; only the same bytes were looked for."
        return None


class _Rows:
    """What is kept of the rows: sorted digests, perceptual hashes, and where each row is in the file."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout, self.stamp = path, layout, (0, 0)
        self._digests, self._at = bytearray(), array("Q")
        self._alike, self._alike_at = array("Q"), array("Q")

    def add(self, digest: bytes | None, alike: int | None, at: int) -> None:
        if digest is not None:
            self._digests += digest
            self._at.append(at)
        if alike is not None:
            self._alike.append(alike)
            self._alike_at.append(at)

    def sort(self) -> None:
        """Sort by the first eight bytes; column by column, so that no second copy of the digests is needed."""
        self.words = np.frombuffer(self._digests, dtype=">u8").reshape(-1, 4)
        self.at = np.frombuffer(self._at, dtype=np.uint64) if self._at else np.zeros(0, np.uint64)
        self.keys = self.words[:, 0].astype(np.uint64)
        order = np.argsort(self.keys, kind="stable")  # so that rows with the same digest stay in their order
        for column in (*self.words.T, self.at, self.keys):
            column[:] = column[order]
        self.alike = np.frombuffer(self._alike, dtype=np.uint64) if self._alike else np.zeros(0, np.uint64)
        self.alike_at = np.frombuffer(self._alike_at, dtype=np.uint64) if self._alike_at else np.zeros(0, np.uint64)

    def same(self, sha256: str) -> NDArray[np.uint64]:
        """Return the places of the rows with this digest."""
        wanted = np.frombuffer(bytes.fromhex(sha256), dtype=">u8").astype(np.uint64)
        first, last = (int(np.searchsorted(self.keys, wanted[0], side=side)) for side in ("left", "right"))
        return self.at[first:last][(self.words[first:last] == wanted).all(axis=1)]

    def near(self, phash: str, distance: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Return the places of the rows whose perceptual hash is near, and the bits that differ, nearest first."""
        bits = np.bitwise_count(self.alike ^ np.uint64(int(phash, 16)))
        chosen = np.flatnonzero(bits <= distance)
        chosen = chosen[np.lexsort((self.alike_at[chosen], bits[chosen]))]
        return self.alike_at[chosen], bits[chosen]

    def entry(self, at: int, name: str) -> str:
        """Return what the row at this place calls its file, after a look whether the list is still the same."""
        try:
            with self.path.open("rb") as file:
                if _stamp(os.fstat(file.fileno())) != self.stamp:
                    raise _unusable(name, "was changed after it was read", "Read it again with KnownFiles.from_file")
                _digest, _alike, entry = self.layout.parse(self.layout.at(file, at))
        except (OSError, Unused) as err:
            raise _unusable(name, "was changed after it was read", "Read it again with KnownFiles.from_file") from err
        return entry or "(no name)"


def _read(path: Path, name: str) -> KnownFiles:
    problems: dict[str, list[int]] = {}
    digest = hashlib.sha256()
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unusable(name, "is no ordinary file", "Name the file of the list")
        with path.open("rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            head = file.read(65_536)
            layout = recognised(head)
            if layout is None:
                raise _unusable(name, f"is no text in UTF-8 (it starts with {head[:8].hex(' ')})", f"Give {FORMATS}")
            rows = _Rows(path.absolute(), layout)
            rows.stamp = stamp
            file.seek(0)
            _collect(rows, layout.rows(file, digest), problems)
    except (OSError, ValueError) as err:
        if isinstance(err, RecordError):
            raise
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise _unusable(name, f"does not open: {reason}", "Check the path") from err
    rows.sort()
    sentences = tuple(_problem(layout.unit, reason, *counted) for reason, counted in problems.items())
    if not rows.at.size and not rows.alike.size:
        why = " ".join(sentences) or ("It is empty." if not head else "It has no rows.")
        raise _unusable(name, f"has no row that can be used. {why}", f"Give {FORMATS}")
    return KnownFiles(
        name=name,
        sha256=digest.hexdigest(),
        layout=layout.title,
        n_exact=int(rows.at.size),
        n_perceptual=int(rows.alike.size),
        problems=sentences,
        _rows=rows,
    )


def _collect(rows: _Rows, found: Any, problems: dict[str, list[int]]) -> None:
    parse: Callable[[bytes], tuple[bytes | None, int | None, str]] = rows.layout.parse
    for at, number, row in found:
        try:
            if isinstance(row, str):
                raise Unused(row)
            digest, alike, _name = parse(row)
        except Unused as err:
            counted = problems.setdefault(str(err), [0, number])
            counted[0] += 1
        else:
            rows.add(digest, alike, at)


def _problem(unit: str, reason: str, count: int, first: int) -> str:
    if count > 1:
        return f"{count} {unit}s {reason} and were not used; the first is {unit} {first}."
    singular = reason.replace("are ", "is ", 1) if reason.startswith("are ") else reason.replace("have ", "has ", 1)
    return f"1 {unit} {singular} and was not used: {unit} {first}."


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


def _unusable(name: str, reason: str, next_step: str) -> RecordError:
    return RecordError(f"the list of known files {name} {reason}. {next_step}.")
