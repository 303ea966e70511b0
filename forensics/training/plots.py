"""The log of a training as a figure, and the figure as one file that opens without a network."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from forensics.errors import RecordError
from forensics.figures import Line, Panel, draw_panels
from forensics.records.writing import write_atomically

__all__ = ["LogRow", "draw_log", "read_log", "write_plot"]

LogRow: TypeAlias = Mapping[str, float]

COLOURS = ("#1d4f6e", "#b3641f", "#5d7a2e", "#7a4b86")  # apart for colour-blind readers, and in grey
MARKS = ("circle", "diamond", "square", "cross")
GREY = "#555555"
# end of a key in the log -> title of the panel
PANELS = {
    "loss": "loss, with all its parts",
    "auc": "AUC within training batches; 0.5 is chance, and the pairs get harder along the ramp",
    "mask": "loss of the map of forged places",
}
RATE = "learning rate"


def read_log(path: Path) -> list[LogRow]:
    """Return the rows of a ``log.jsonl`` that `forensics.training.loop.train` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    list of mapping of str to float
        ``step``, ``lr``, and per branch ``NAME.loss``, ``NAME.auc`` and, with a mask head, ``NAME.mask``; each a mean
        over the steps since the row before.

    Raises
    ------
    ValueError
        There is no log, or a line of it is no row.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as err:
        raise ValueError(f"there is no log at {path}. Name the --out of a training that has logged a step.") from err
    return [_row(path, number, line) for number, line in enumerate(lines, start=1)]


def draw_log(rows: Iterable[LogRow], *, title: str = "Training log") -> Any:
    """Return the losses, the AUC within batches and the learning rate over the steps.

    A run that was killed repeats some steps when it is resumed; the repetition is what is drawn.

    Parameters
    ----------
    rows : iterable of mapping of str to float
        As `read_log` returns them.
    title : str

    Returns
    -------
    plotly.graph_objects.Figure
        One panel per kind of figure with one trace per branch; a panel for maps only if a branch makes one.

    Raises
    ------
    ValueError
        There is no row, or a row lacks ``step`` or ``lr``.
    """
    steps = _without_repetition(rows)
    branches = list(dict.fromkeys(name for row in steps for name, _ in _values(row)))
    panels = []
    for kind, heading in PANELS.items():
        lines = [_line(steps, f"{name}.{kind}", name, k) for k, name in enumerate(branches)]
        lines = [line for line in lines if line.x]
        if lines and kind == "auc":
            panels.append(Panel(title=heading, lines=lines, y_range=(0.0, 1.0), level=0.5))
        elif lines:
            panels.append(Panel(title=heading, lines=lines))
    panels.append(Panel(title=RATE, lines=[_line(steps, "lr", RATE, None)]))
    return draw_panels(panels, title=title, x_label="step")


def write_plot(path: Path, figure: Any) -> Path:
    """Write a figure as one HTML file that holds all it needs, whole or not at all, and return its path.

    Raises
    ------
    ValueError
        The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_atomically(path, figure.to_html(include_plotlyjs=True, div_id="log"))
    except (OSError, RecordError) as err:
        reason = err.strerror if isinstance(err, OSError) else str(err.__cause__ or err)
        raise ValueError(f"{path} cannot be written: {reason}. Choose another place with --out.") from err


def _row(path: Path, number: int, line: str) -> LogRow:
    try:
        row = json.loads(line)
        return {str(key): float(value) for key, value in row.items()}
    except (ValueError, TypeError, AttributeError) as err:
        raise ValueError(f"{path} line {number} is no row of a training log. Remove that line.") from err


def _values(row: LogRow) -> Iterator[tuple[str, str]]:
    """Yield branch and kind of the entries that belong to a branch."""
    for key in row:
        name, _, kind = key.rpartition(".")
        if name and kind in PANELS:
            yield name, kind


def _without_repetition(rows: Iterable[LogRow]) -> list[LogRow]:
    rest: list[LogRow] = []
    for row in rows:
        if not {"step", "lr"} <= set(row):
            raise ValueError(f"a row of a training log has 'step' and 'lr', got {sorted(row)}. Read it with read_log.")
        while rest and rest[-1]["step"] >= row["step"]:
            rest.pop()
        rest.append(row)
    if not rest:
        raise ValueError("the training log has no row yet. Wait until the training has logged a step.")
    return rest


def _line(steps: list[LogRow], key: str, name: str, look: int | None) -> Line:
    there = [row for row in steps if key in row]
    colour = GREY if look is None else COLOURS[look % len(COLOURS)]
    symbol = MARKS[(look or 0) % len(MARKS)]  # marks, because a run of a few steps logs a single point
    return Line(
        name=name, x=[row["step"] for row in there], y=[row[key] for row in there], colour=colour, symbol=symbol
    )
