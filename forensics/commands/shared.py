"""What several commands need."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["CalibrationOption", "WeightsOption", "found_weights", "said"]

WeightsOption = Annotated[
    Path | None, typer.Option("--weights", help="A weights file or folder; the shipped starter if not given.")
]

CalibrationOption = Annotated[
    str | None,
    typer.Option("--calibration", help="A calibration card; 'none' for none; the one beside the weights if not given."),
]


def said(err: Exception) -> str:
    """Return the message; one that comes from another process carries that process's traceback in front of it."""
    text = str(err)
    return text.strip().splitlines()[-1].partition(": ")[2] if text.startswith("Caught ") else text


def found_weights(path: Path | None) -> Path | None:
    """Return None for ``starter``, the place of a file for the name that `weights list` prints, anything else as it is."""
    from forensics.detector import starter_files

    if path is None or path.exists():
        return path
    ours = {file.name: file for file in starter_files()}
    return None if str(path) == "starter" else ours.get(str(path), path)
