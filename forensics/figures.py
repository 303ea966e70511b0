"""Interactive figures of curves on fixed axes, drawn by plotly: what notebooks show and `forensics plot` writes.

The one place beside the explorers that draws with plotly, and only when a figure is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forensics.errors import needed_by

__all__ = ["Line", "Panel", "draw_axes", "draw_panels"]

PANEL_HEIGHT = 220  # pixels, of one among several


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve.

    Parameters
    ----------
    name : str
    x, y : sequence of float
    colour : str
        As CSS writes it.
    dash : str
        ``solid``, ``dash`` or ``dot``.
    symbol : str
        Of the marks on its points; none if empty.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    dash: str = "solid"
    symbol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Curves on one pair of axes.

    Parameters
    ----------
    title : str
    lines : sequence of Line
    y_range : (float, float), optional
        From 0 to whatever is needed if not given.
    level : float, optional
        Height of a dotted line across.
    """

    title: str
    lines: Sequence[Line]
    y_range: tuple[float, float] | None = None
    level: float | None = None


def draw_panels(panels: Sequence[Panel], *, title: str, x_label: str) -> Any:
    """Return a plotly figure of panels below one another on a common x axis.

    A name stands in the legend once, and not where it is the title of its panel.
    """
    with needed_by("A plot"):
        from plotly.subplots import make_subplots

    figure = make_subplots(
        rows=len(panels), shared_xaxes=True, vertical_spacing=0.06, subplot_titles=[p.title for p in panels]
    )
    named: set[str] = set()
    for row, panel in enumerate(panels, start=1):
        for line in panel.lines:
            shown = line.name not in named and line.name != panel.title
            _add(figure, line, row=row, col=1, legendgroup=line.name, showlegend=shown)
            named.add(line.name)
        figure.update_yaxes(rangemode="tozero", row=row, col=1)
        if panel.y_range is not None:
            figure.update_yaxes(range=list(panel.y_range), row=row, col=1)
        if panel.level is not None:
            figure.add_hline(y=panel.level, line={"color": "#555555", "width": 1, "dash": "dot"}, row=row, col=1)
    figure.update_xaxes(title=x_label, row=len(panels), col=1)
    figure.update_layout(
        title=title, template="plotly_white", height=PANEL_HEIGHT * len(panels),
        margin={"l": 60, "r": 20, "t": 90, "b": 50},
    )  # fmt: skip
    return figure


def draw_axes(
    figure: Any | None,
    lines: Sequence[Line],
    *,
    title: str,
    x: tuple[str, Sequence[float]],
    y: tuple[str, Sequence[float]],
) -> Any:
    """Draw curves on one pair of axes, each a label and a range, into a plotly figure, and return it.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure or None
        A new one if None.
    lines : sequence of Line
    title : str
    x, y : (str, (float, float))
    """
    if figure is None:
        with needed_by("A plot"):
            import plotly.graph_objects as go
        figure = go.Figure()
    for line in lines:
        _add(figure, line)
    frame = {"showline": True, "mirror": True, "zeroline": False}
    figure.update_layout(
        title=title, template="simple_white", width=560, height=440, legend={"orientation": "h", "y": -0.2},
        xaxis={"title": x[0], "range": x[1], **frame}, yaxis={"title": y[0], "range": y[1], **frame},
    )  # fmt: skip
    return figure


def _add(figure: Any, line: Line, **place: Any) -> None:
    figure.add_scatter(
        x=line.x, y=line.y, name=line.name, mode="lines+markers" if line.symbol else "lines",
        line={"color": line.colour, "dash": line.dash, "width": 2},
        marker={"symbol": line.symbol, "size": 5} if line.symbol else None, **place,
    )  # fmt: skip
