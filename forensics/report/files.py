"""Writing a report: whole or not at all, and over nothing that is no report."""

from collections.abc import Iterable
from pathlib import Path

from forensics.errors import ReportError
from forensics.records.writing import writing

__all__ = ["folder_of", "refuse_to_replace", "write_page"]

START = b"<!doctype html"
VOUCHING = (".sig", ".tsq", ".tsr")  # signature and time-stamp of a report, which fit this report alone


def refuse_to_replace(path: Path) -> None:
    """Raise if a file is there that is no report: an exhibit, most likely.

    Raises
    ------
    ReportError
    """
    if path.is_dir():
        raise ReportError(f"{path} is a folder. Name a file for the report.")
    try:
        with path.open("rb") as file:
            start = file.read(len(START))
    except OSError:
        return  # none there; what cannot be read cannot be replaced either, and is reported when it is tried
    made = [beside for beside in (f"{path.name}{end}" for end in VOUCHING) if path.with_name(beside).exists()]
    if start and made:
        raise ReportError(
            f"{path.name} exists, and {', '.join(made)} was made for it, so it is not replaced. Choose another name, or move both away."
        )
    if start and start.lower() != START:
        raise ReportError(
            f"{path.name} exists and is no report, so it is not replaced. Choose another name for the report."
        )


def folder_of(path: Path) -> Path:
    """Return the folder that a report goes to; it is made if it is missing.

    Raises
    ------
    ReportError
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ReportError(f"the report cannot be written to {path}: {err.strerror}. Choose a writable folder.") from err
    return path.parent


def write_page(path: Path, chunks: Iterable[bytes]) -> Path:
    """Write beside the target and rename, so that nothing half-written ever bears its name.

    Parameters
    ----------
    path : Path
    chunks : iterable of bytes
        The page from its beginning to its end.

    Raises
    ------
    ReportError
        Something else is there, or the file cannot be written.
    """
    refuse_to_replace(path)
    folder_of(path)
    with writing(path, error=ReportError) as file:
        file.writelines(chunks)
    return path
