"""The labelled folder that training and evaluation read: pictures and their ``index.csv``."""

import csv
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from forensics.errors import EvidenceError

__all__ = ["LabelledPicture", "Pictures", "split"]

REQUIRED = ("path", "label", "source", "face")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledPicture:
    """One row of the index.

    Parameters
    ----------
    path : Path
        Of the file.
    name : str
        The path as it stands in the index.
    label : int
        1 for generator output (H1), 0 for a camera original (H2).
    source : str
        Where it was collected; the unit of every split.
    face : bool
        Whether a face was found in it.
    """

    path: Path
    name: str
    label: Literal[0, 1]
    source: str
    face: bool

    def half(self) -> int:
        """Return 0 or 1 by the digest of the name: a division that does not change when pictures are added."""
        return hashlib.sha256(self.name.encode()).digest()[0] & 1

    def part(self, n: int) -> int:
        """Return 0 to n - 1 by the digest of the name, another division than `half`."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[1:5], "big") % n


class Pictures(tuple[LabelledPicture, ...]):
    """Labelled pictures, in the order of the index."""

    __slots__ = ()

    @classmethod
    def open(cls, folder: Path) -> "Pictures":
        """Read ``folder/index.csv``.

        Parameters
        ----------
        folder : path
            Holds ``index.csv`` with at least the columns path, label (real or fake), source and face (1 or 0).

        Raises
        ------
        EvidenceError
            The index is missing, lacks a column, or a row names a file outside the folder or none at all.
        """
        index = folder / "index.csv"
        try:
            with index.open(encoding="utf-8", newline="") as file:
                reader = csv.DictReader(file)
                lacking = [c for c in REQUIRED if c not in (reader.fieldnames or ())]
                if lacking:
                    raise EvidenceError(f"{index} lacks the columns {', '.join(lacking)}. Add them.")
                rows = list(reader)
        except (OSError, UnicodeDecodeError, csv.Error) as err:
            raise EvidenceError(f"{index} cannot be read: {err}. Name a folder that holds an index.csv.") from err
        return cls(_picture(folder, index, number, row) for number, row in enumerate(rows, start=2))

    def where(self, keep: Callable[[LabelledPicture], bool]) -> "Pictures":
        """Return the pictures for which `keep` is true."""
        return Pictures(p for p in self if keep(p))

    def digest(self) -> str:
        """Return the SHA-256 over label, source and file digest of every picture, in order."""
        total = hashlib.sha256()
        for picture in self:
            content = hashlib.sha256(picture.path.read_bytes()).hexdigest()
            total.update(f"{picture.label} {picture.source} {content}\n".encode())
        return total.hexdigest()


def _picture(folder: Path, index: Path, number: int, row: dict[str, str]) -> LabelledPicture:
    path = folder / row["path"]
    if row["label"] not in ("real", "fake"):
        raise EvidenceError(f"{index} line {number}: label {row['label']!r}; write real or fake.")
    if ".." in Path(row["path"]).parts or not path.is_file():
        raise EvidenceError(f"{index} line {number}: no file {row['path']!r} in the folder. Mend or remove the line.")
    return LabelledPicture(
        path=path,
        name=row["path"],
        label=1 if row["label"] == "fake" else 0,
        source=row["source"],
        face=row["face"] == "1",
    )


def split(
    pictures: Pictures, *, train: Iterable[str], withheld: Iterable[str], halved: Iterable[str]
) -> tuple[Pictures, Pictures]:
    """Return the training side and the withheld side, divided by source.

    Raises
    ------
    ValueError
        A source is on both sides, or a picture's source is on neither.
    """
    sides = {"train": set(train), "withheld": set(withheld), "halved": set(halved)}
    names = sorted(name for side in sides.values() for name in side)
    twice = sorted({n for n in names if names.count(n) > 1})
    unknown = sorted({p.source for p in pictures} - set(names))
    if twice or unknown:
        reason = f"on two sides: {', '.join(twice)}" if twice else f"on no side: {', '.join(unknown)}"
        raise ValueError(f"sources {reason}. Name each source once in data.train, data.withheld or data.halved.")
    training = pictures.where(lambda p: p.source in sides["train"] or (p.source in sides["halved"] and p.half() == 0))
    rest = pictures.where(lambda p: p.source in sides["withheld"] or (p.source in sides["halved"] and p.half() == 1))
    return training, rest
