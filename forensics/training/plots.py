"""The log of a training as a figure, and the figure as one file that opens without a network."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from forensics.errors import needed_by

with needed_by("A plot of the log"):
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

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
PANEL_HEIGHT = 220  # pixels


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


def draw_log(rows: Iterable[LogRow], *, title: str = "Training log") -> go.Figure:
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
    kept = _without_repetition(rows)
    branches = list(dict.fromkeys(name for row in kept for name, _ in _values(row)))
    panels = [kind for kind in PANELS if any(kind == own for row in kept for _, own in _values(row))]
    figure = make_subplots(
        rows=len(panels) + 1, shared_xaxes=True, vertical_spacing=0.06, subplot_titles=[*map(PANELS.get, panels), RATE]
    )
    for k, kind in enumerate(panels, start=1):
        for name in branches:
            points = [(row["step"], row[f"{name}.{kind}"]) for row in kept if f"{name}.{kind}" in row]
            if points:
                _add_line(figure, points, k, name=name, look=branches.index(name), legend=kind == panels[0])
    _add_line(figure, [(row["step"], row["lr"]) for row in kept], len(panels) + 1, name=RATE)
    figure.update_yaxes(rangemode="tozero")
    if "auc" in panels:
        row = panels.index("auc") + 1
        figure.update_yaxes(range=[0.0, 1.0], row=row, col=1)
        figure.add_hline(y=0.5, line={"color": GREY, "width": 1, "dash": "dot"}, row=row, col=1)
    figure.update_xaxes(title="step", row=len(panels) + 1, col=1)
    figure.update_layout(
        title=title,
        template="plotly_white",
        height=PANEL_HEIGHT * (len(panels) + 1),
        margin={"l": 60, "r": 20, "t": 90, "b": 50},
    )
    return figure


def write_plot(path: Path, figure: go.Figure) -> Path:
    """Write a figure as one HTML file that holds all it needs, whole or not at all, and return its path.

    Raises
    ------
    ValueError
        The file cannot be written.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(figure.to_html(include_plotlyjs=True, div_id="log"), encoding="utf-8")
        partial.replace(path)
    except OSError as err:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ValueError(f"{path} cannot be written: {err.strerror}. Choose another place with --plot.") from err
    return path


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
    kept: list[LogRow] = []
    for row in rows:
        if not {"step", "lr"} <= set(row):
            raise ValueError(f"a row of a training log has 'step' and 'lr', got {sorted(row)}. Read it with read_log.")
        while kept and kept[-1]["step"] >= row["step"]:
            kept.pop()
        kept.append(row)
    if not kept:
        raise ValueError("the training log has no row yet. Wait until the training has logged a step.")
    return kept


def _add_line(
    figure: go.Figure,
    points: list[tuple[float, float]],
    row: int,
    *,
    name: str,
    look: int | None = None,
    legend: bool = False,
) -> None:
    steps, values = zip(*points, strict=True)
    colour = GREY if look is None else COLOURS[look % len(COLOURS)]
    symbol = MARKS[0] if look is None else MARKS[look % len(MARKS)]
    figure.add_scatter(
        x=steps,
        y=values,
        mode="lines+markers",  # a run of a few steps logs a single point
        name=name,
        legendgroup=name,
        showlegend=legend,
        line={"color": colour},
        marker={"symbol": symbol, "size": 5},
        row=row,
        col=1,
    )
