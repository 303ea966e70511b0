"""Files that vouch for another and lie beside it: its signature, the query for its time-stamp, and the time-stamp."""

from os import PathLike
from pathlib import Path

__all__ = ["SUFFIXES", "query_path", "signature_path", "timestamp_path", "vouching_files"]

SUFFIXES = (".sig", ".tsq", ".tsr")


def signature_path(path: str | PathLike[str]) -> Path:
    """Return where the signature of a file lies: beside it, with ``.sig`` added to its name."""
    return _beside(path, ".sig")


def query_path(path: str | PathLike[str]) -> Path:
    """Return where the query for a file lies."""
    return _beside(path, ".tsq")


def timestamp_path(path: str | PathLike[str]) -> Path:
    """Return where the reply of the authority lies."""
    return _beside(path, ".tsr")


def vouching_files(path: Path) -> list[Path]:
    """Return those of the three that are there; links are not followed."""
    places = [_beside(path, suffix) for suffix in SUFFIXES]
    return [place for place in places if place.is_file() and not place.is_symlink()]


def _beside(path: str | PathLike[str], suffix: str) -> Path:
    path = Path(path)
    return path.with_name(f"{path.name}{suffix}")
