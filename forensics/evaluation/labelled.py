"""Pictures of known origin, the one reader of them: a folder with ``real/`` and ``fake/``, or a CSV with ``path,label``."""

import csv
import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Literal

from forensics.errors import CalibrationError
from forensics.reproducibility import file_sha256

__all__ = ["INDEX", "LABELS", "LabelledPicture", "Pictures", "read_labelled", "split"]

LABELS = {"real": 0, "fake": 1, "0": 0, "1": 1}
INDEX = "index.csv"  # the table of a folder that has one
INDEXED = ("path", "label", "source", "face")  # what training needs to know of each picture


@dataclass(frozen=True, kw_only=True)
class LabelledPicture:
    """One picture of known origin.

    Parameters
    ----------
    path : Path
        Of the file.
    name : str
        The path as it stands in the folder or the table.
    label : int
        1 for H1 (generated or altered), 0 for H2 (camera original).
    source : str
        Where it was collected: camera, generator, collection; the unit of every split. Empty if nobody said.
    cluster : str
        What it belongs to with others that are no independent witnesses: a clip, a burst, an event. Empty if nobody said.
    face : bool
        Whether a face was found in it; False if nobody said.
    """

    path: Path
    name: str
    label: Literal[0, 1]
    source: str = ""
    cluster: str = ""
    face: bool = False

    @cached_property
    def sha256(self) -> str:
        """Digest of the file's bytes."""
        return file_sha256(self.path)

    def half(self) -> int:
        """Return 0 or 1 by the digest of the name: a division that does not change when pictures are added."""
        return hashlib.sha256(self.name.encode()).digest()[0] & 1

    def part(self, n: int) -> int:
        """Return 0 to n - 1 by the digest of the name, another division than `half`."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[1:5], "big") % n


class Pictures(tuple[LabelledPicture, ...]):
    """Labelled pictures."""

    __slots__ = ()

    @classmethod
    def open(cls, folder: Path) -> "Pictures":
        """Read the pictures of a training, in the order of their table.

        Parameters
        ----------
        folder : path
            Holds ``index.csv`` with at least the columns path, label (real or fake), source and face (1 or 0).

        Raises
        ------
        CalibrationError
            The table is missing, lacks a column, or a row names a file outside the folder or none at all.
        """
        return cls(_of_table(folder / INDEX, required=INDEXED, inside=True))

    def where(self, keep: Callable[[LabelledPicture], bool]) -> "Pictures":
        """Return the pictures for which `keep` is true."""
        return Pictures(p for p in self if keep(p))

    def distinct(self) -> "Pictures":
        """Return each file once, ordered by digest.

        Raises
        ------
        CalibrationError
            The same file is in both classes, or a file cannot be read.
        """
        files: dict[str, LabelledPicture] = {}
        for picture in self:
            try:
                known = files.setdefault(picture.sha256, picture)
            except OSError as err:
                raise CalibrationError(f"{picture.path} cannot be read: {err.strerror}. Mend or remove it.") from err
            if known.label != picture.label:
                raise CalibrationError(
                    f"{picture.path} and {known.path} are the same file (SHA-256 {picture.sha256}), one as real and one as fake. "
                    "Find out which is true and remove the other."
                )
        return Pictures(files[digest] for digest in sorted(files))

    def thinned(self, at_most: int) -> "Pictures":
        """Return at most so many per source and class, the first by digest of their names."""
        taken: Counter[tuple[str, int]] = Counter()
        chosen = []
        for picture in sorted(self, key=lambda p: hashlib.sha256(p.name.encode()).hexdigest()):
            taken[picture.source, picture.label] += 1
            if taken[picture.source, picture.label] <= at_most:
                chosen.append(picture)
        return Pictures(chosen)

    def digest(self) -> str:
        """Return the SHA-256 over label, source and file digest of every picture, in order."""
        lines = (f"{picture.label} {picture.source} {picture.sha256}\n" for picture in self)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_labelled(place: str | PathLike[str]) -> Pictures:
    """Read which pictures there are and what they are.

    Parameters
    ----------
    place : path
        A folder with ``real/`` and ``fake/``, in which every folder below these names a source; or a CSV file, or a
        folder with ``index.csv``, with the columns ``path`` and ``label`` (real or fake), and ``source``, ``cluster``
        and ``face`` if they are known. Paths are taken from its folder.

    Returns
    -------
    Pictures
        Of both classes, ordered by digest; a file that occurs twice in one class is there once.

    Raises
    ------
    CalibrationError
        There is nothing of that kind, a class is missing, a file is missing, or the same file is in both classes.
    """
    place = Path(place)
    table = place / INDEX if (place / INDEX).is_file() else place
    pictures = Pictures(_of_folder(table) if table.is_dir() else _of_table(table)).distinct()
    missing = [name for name, label in (("real", 0), ("fake", 1)) if all(p.label != label for p in pictures)]
    if missing:
        raise CalibrationError(
            f"{place} holds no {' and no '.join(missing)} pictures. Add some, in a folder of that name or as rows of the table."
        )
    return pictures


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


def _of_folder(folder: Path) -> Iterator[LabelledPicture]:
    for label, name in ((0, "real"), (1, "fake")):
        for root, folders, names in os.walk(folder / name):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for file in sorted(n for n in names if not n.startswith(".")):
                path = Path(root) / file
                inner = path.relative_to(folder / name).parts
                source = inner[0] if len(inner) > 1 else ""
                yield LabelledPicture(
                    path=path, name=path.relative_to(folder).as_posix(), label=1 if label else 0, source=source
                )


def _of_table(
    table: Path, *, required: Iterable[str] = ("path", "label"), inside: bool = False
) -> Iterator[LabelledPicture]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as err:
        reason = err.strerror if isinstance(err, OSError) else "it is no text in UTF-8 with commas"
        raise CalibrationError(
            f"{table} cannot be read as labelled pictures: {reason}. Name a folder with real/ and fake/, or a CSV with path,label."
        ) from err
    lacking = [c for c in required if c not in columns]
    if lacking:
        raise CalibrationError(
            f"{table} lacks the column{'s' if len(lacking) > 1 else ''} {' and '.join(lacking)}. "
            "Write path,label or path,label,source in its first line."
        )
    for number, row in enumerate(rows, start=2):
        label = LABELS.get((row["label"] or "").strip().lower())
        if label is None:
            raise CalibrationError(f"{table} line {number}: label {row['label']!r}. Write real or fake.")
        name = row["path"] or ""
        path = table.parent / name
        if not path.is_file() or (inside and ".." in Path(name).parts):
            raise CalibrationError(f"{table} line {number}: no file {name!r} in the folder. Mend or remove the line.")
        source, cluster, face = ((row.get(column) or "").strip() for column in ("source", "cluster", "face"))
        yield LabelledPicture(
            path=path, name=name, label=1 if label else 0, source=source, cluster=cluster, face=face == "1"
        )
