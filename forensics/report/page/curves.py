"""Curves and likelihood ratios as static SVG, drawn from the numbers in the record on the axes it names."""

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

from markupsafe import Markup

from forensics.messages import _
from forensics.records.canonical import visible
from forensics.report.page.plots import joined, number

__all__ = ["draw_curve_plot", "draw_llr_plot"]

Block: TypeAlias = dict[str, Any]

WIDTH, HEIGHT = 360, 300
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 42
LEGEND = 16  # height of a line of the legend
ROLES = ("h1", "h2", "system", "best", "reference")

LLR_WIDTH, LLR_LEFT, LLR_RIGHT, LLR_LANE, LLR_FOOT = 640, 168, 20, 26, 46
REACH = 4.0


def draw_curve_plot(plot: Block) -> Markup:
    """Return one plot of a ``curves`` block: axes, curves that differ in colour and dash, and their names below."""
    lines: Sequence[Block] = plot["lines"]
    height = HEIGHT + LEGEND * len(lines)
    x_range, y_range = ([float(v) for v in plot[key]] for key in ("x_range", "y_range"))
    parts = [_frame(x_range, y_range, str(plot["x_label"]), str(plot["y_label"]))]
    parts += [_line(line, x_range, y_range) for line in lines]
    parts += [_key(line, HEIGHT + LEGEND * k) for k, line in enumerate(lines)]
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, visible(f"{plot['title']}. {plot['alt']}"), joined(parts)
    )


def _frame(x_range: Sequence[float], y_range: Sequence[float], x_label: str, y_label: str) -> Markup:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for value in _ticks(x_range):
        x = number(_place(value, x_range, LEFT, right))
        parts.append(Markup('<line class="rule" x1="{0}" y1="{1}" x2="{0}" y2="{2}"/>').format(x, TOP, bottom))
        parts.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(
                x, bottom + 14, _label(value)
            )
        )
    for value in _ticks(y_range):
        y = _place(value, y_range, bottom, TOP)
        parts.append(Markup('<line class="rule" x1="{1}" y1="{0}" x2="{2}" y2="{0}"/>').format(number(y), LEFT, right))
        parts.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
                LEFT - 5, number(y + 4), _label(value)
            )
        )
    middle = number((TOP + bottom) / 2)
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            number((LEFT + right) / 2), bottom + 30, visible(x_label)
        )
    )
    parts.append(
        Markup(
            '<text class="axis" x="11" y="{0}" text-anchor="middle" transform="rotate(-90 11 {0})">{1}</text>'
        ).format(middle, visible(y_label))
    )
    return joined(parts)


def _line(line: Block, x_range: Sequence[float], y_range: Sequence[float]) -> Markup:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    points = " ".join(
        f"{number(_place(float(x), x_range, LEFT, right))},{number(_place(float(y), y_range, bottom, TOP))}"
        for x, y in zip(line["x"], line["y"], strict=True)
    )
    return Markup('<polyline class="curve-{}" points="{}"/>').format(_role(line), points)


def _key(line: Block, top: int) -> Markup:
    return Markup(
        '<line class="curve-{}" x1="{}" y1="{}" x2="{}" y2="{}"/><text class="tick" x="{}" y="{}">{}</text>'
    ).format(_role(line), LEFT, top + 4, LEFT + 30, top + 4, LEFT + 38, top + 8, visible(str(line["name"])))


def _role(line: Block) -> str:
    return line["role"] if line["role"] in ROLES else "reference"


def draw_llr_plot(block: Block) -> Markup:
    """Return the plot of an ``llr_plot`` block: a mark and its interval per row, on log10 LR from -4 to 4."""
    rows: Sequence[Block] = block["rows"]
    bottom = 18 + LLR_LANE * len(rows)
    parts = [_llr_axis(block["bounds"], bottom)]
    for k, row in enumerate(rows):
        y = 18 + LLR_LANE * k + LLR_LANE / 2
        parts.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
                LLR_LEFT - 14, number(y + 4), visible(str(row["label"]))
            )
        )
        parts.append(_llr_mark(row, y))
    return Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        LLR_WIDTH, bottom + LLR_FOOT, visible(block["alt"]), joined(parts)
    )


def _llr_axis(bounds: Sequence[float] | None, bottom: int) -> Markup:
    parts = []
    if bounds is not None:
        low, high = (_llr_x(float(b)) for b in bounds)
        parts.append(
            Markup('<rect class="reach" x="{}" y="6" width="{}" height="{}"/>').format(
                number(low), number(high - low), bottom - 6
            )
        )
    for tick in range(-4, 5):
        x = number(_llr_x(tick))
        name = "rule" if tick else "rule strong"
        parts.append(Markup('<line class="{0}" x1="{1}" y1="6" x2="{1}" y2="{2}"/>').format(name, x, bottom))
        words = f"{10**tick:,}" if tick >= 0 else f"1/{10**-tick:,}"
        parts.append(
            Markup('<text class="tick" x="{}" y="{}" text-anchor="middle">{}</text>').format(x, bottom + 14, words)
        )
    for place, anchor, words in (
        (_llr_x(-REACH), "start", _("more expected under H2")),
        (_llr_x(0.0), "middle", _("likelihood ratio")),
        (_llr_x(REACH), "end", _("more expected under H1")),
    ):
        parts.append(
            Markup('<text class="axis" x="{}" y="{}" text-anchor="{}">{}</text>').format(
                number(place), bottom + 32, anchor, words
            )
        )
    return joined(parts)


def _llr_mark(row: Block, y: float) -> Markup:
    if row["llr"] is None:
        return Markup('<text class="tick" x="{}" y="{}">{}</text>').format(
            number(_llr_x(0.0) + 6), number(y + 4), _("no likelihood ratio")
        )
    parts = []
    if row["interval"] is not None:
        low, high = (_llr_x(float(v)) for v in row["interval"])
        parts.append(
            Markup('<line class="interval" x1="{1}" y1="{0}" x2="{2}" y2="{0}"/>').format(
                number(y), number(low), number(high)
            )
        )
    parts.append(
        Markup('<circle class="llr" cx="{}" cy="{}" r="5"/>').format(number(_llr_x(float(row["llr"]))), number(y))
    )
    return joined(parts)


def _llr_x(llr: float) -> float:
    return _place(llr, (-REACH, REACH), LLR_LEFT, LLR_WIDTH - LLR_RIGHT)


def _place(value: float, span: Sequence[float], start: float, end: float) -> float:
    """Return where a value lies between two ends of an axis; what lies beyond is drawn at the edge."""
    share = (value - span[0]) / (span[1] - span[0])
    return start + min(1.0, max(0.0, share)) * (end - start)


def _ticks(span: Sequence[float]) -> list[float]:
    """Return the multiples of 0.2, 0.5 or 1 that give four to eight ticks."""
    step = next(s for s in (0.2, 0.5, 1.0, 2.0, 5.0) if (span[1] - span[0]) / s <= 8)
    first, last = math.ceil(span[0] / step - 1e-9), math.floor(span[1] / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _label(value: float) -> str:
    return f"{value:g}".replace("-", "−")
