"""Pictures of known origin: a folder with ``real/`` and ``fake/``, or a CSV with ``path,label``."""

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

from forensics.errors import CalibrationError
from forensics.reproducibility import file_sha256

__all__ = ["LABELS", "LabelledFile", "read_labelled"]

Row: TypeAlias = tuple[Path, Literal[0, 1], str, str]  # path, label, source, cluster

LABELS = {"real": 0, "fake": 1, "0": 0, "1": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledFile:
    """One picture of known origin.

    Parameters
    ----------
    path : Path
    sha256 : str
        Of the file's bytes.
    label : int
        1 for H1 (generated or altered), 0 for H2 (camera original).
    source : str
        Where it was collected: camera, generator, collection; the file's own digest if nobody said, which makes every
        picture a source of its own.
    cluster : str
        What it belongs to with others that are no independent witnesses: a clip, a burst, an event; its own digest if nobody said.
    """

    path: Path
    sha256: str
    label: Literal[0, 1]
    source: str
    cluster: str = ""


def read_labelled(place: str | PathLike[str]) -> tuple[LabelledFile, ...]:
    """Read which pictures there are and what they are.

    Parameters
    ----------
    place : path
        A folder with ``real/`` and ``fake/``, in which every folder below these names a source; or a CSV file with the
        columns ``path`` and ``label`` (real or fake), and ``source`` and ``cluster`` if they are known; paths are taken from
        its folder.

    Returns
    -------
    tuple of LabelledFile
        Ordered by digest; a file that occurs twice in one class is there once.

    Raises
    ------
    CalibrationError
        There is nothing of that kind, a class is missing, a file is missing, or the same file is in both classes.
    """
    place = Path(place)
    rows = list(_of_folder(place) if place.is_dir() else _of_table(place))
    files: dict[str, LabelledFile] = {}
    for path, label, source, cluster in rows:
        try:
            digest = file_sha256(path)
        except OSError as err:
            raise CalibrationError(f"{path} cannot be read: {err.strerror}. Mend or remove it.") from err
        known = files.setdefault(
            digest,
            LabelledFile(path=path, sha256=digest, label=label, source=source or digest, cluster=cluster or digest),
        )
        if known.label != label:
            raise CalibrationError(
                f"{path} and {known.path} are the same file (SHA-256 {digest}), one as real and one as fake. "
                "Find out which is true and remove the other."
            )
    missing = [name for name, label in (("real", 0), ("fake", 1)) if all(f.label != label for f in files.values())]
    if missing:
        raise CalibrationError(
            f"{place} holds no {' and no '.join(missing)} pictures. Add some, in a folder of that name or as rows of the table."
        )
    return tuple(files[digest] for digest in sorted(files))


def _of_folder(folder: Path) -> Iterator[Row]:
    for label, name in ((0, "real"), (1, "fake")):
        for root, folders, names in os.walk(folder / name):
            folders[:] = sorted(f for f in folders if not f.startswith("."))
            for file in sorted(n for n in names if not n.startswith(".")):
                path = Path(root) / file
                inner = path.relative_to(folder / name).parts
                yield path, (1 if label else 0), inner[0] if len(inner) > 1 else "", ""


def _of_table(table: Path) -> Iterator[Row]:
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
    lacking = [c for c in ("path", "label") if c not in columns]
    if lacking:
        raise CalibrationError(
            f"{table} lacks the column{'s' if len(lacking) > 1 else ''} {' and '.join(lacking)}. "
            "Write path,label or path,label,source in its first line."
        )
    for number, row in enumerate(rows, start=2):
        label = LABELS.get((row["label"] or "").strip().lower())
        if label is None:
            raise CalibrationError(f"{table} line {number}: label {row['label']!r}. Write real or fake.")
        path = table.parent / (row["path"] or "")
        if not path.is_file():
            raise CalibrationError(f"{table} line {number}: no file {row['path']!r}. Mend or remove the line.")
        source, cluster = ((row.get(column) or "").strip() for column in ("source", "cluster"))
        yield path, (1 if label else 0), source, cluster
