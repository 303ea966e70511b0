"""Plots as static SVG, drawn from the numbers in the record on the fixed scale 0 to 1."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from markupsafe import Markup

from forensics.messages import _, decimals
from forensics.records.canonical import visible

__all__ = ["draw_strips", "draw_tile_map", "joined", "number"]

Block: TypeAlias = dict[str, Any]

WIDTH = 640
LEFT, RIGHT = 16, 16
LANE, TOP, FOOT = 78, 6, 34
RADIUS = 3.2
BINS = 96
SHADES = 10
NUMBERED_TILES = 60


def draw_strips(block: Block) -> Markup:
    """Return the dot plot of a ``strips`` block: one dot per view, stacked where dots would overlap."""
    rows: Sequence[Block] = block["rows"]
    height = TOP + LANE * len(rows) + FOOT
    parts = [_axis(TOP, TOP + LANE * len(rows))]
    parts += [_lane(row, TOP + LANE * k) for k, row in enumerate(rows)]
    return Markup('<svg class="plot strips" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, height, visible(block["alt"]), joined(parts)
    )


def draw_tile_map(block: Block) -> Markup:
    """Return the map of a ``tile_map`` block: darker means nearer to 1; numbers where there is room."""
    width, height = (int(v) for v in block["size"])
    unit = max(width, height, 1) / 100
    numbered = len(block["boxes"]) <= NUMBERED_TILES
    parts = [Markup('<rect class="ground" width="{}" height="{}"/>').format(width, height)]
    for (left, top, right, bottom), value in zip(block["boxes"], block["values"], strict=True):
        shade = min(SHADES - 1, max(0, int(float(value) * SHADES)))
        parts.append(
            Markup('<rect class="tile shade-{}" x="{}" y="{}" width="{}" height="{}" stroke-width="{}"/>').format(
                shade, left, top, int(right) - int(left), int(bottom) - int(top), number(unit * 0.4)
            )
        )
        if numbered:
            # Tiles at the far edges overlap their neighbours: the number goes where the tile can be seen.
            right = min([right, *(x for x, y, *_ in block["boxes"] if y == top and left < x < right)])
            bottom = min([bottom, *(y for x, y, *_ in block["boxes"] if x == left and top < y < bottom)])
            size = min(unit * 6, (int(right) - int(left)) / 3.2)
            parts.append(
                Markup('<text class="on-{}" x="{}" y="{}" font-size="{}" text-anchor="middle">{}</text>').format(
                    shade,
                    number((left + right) / 2),
                    number((top + bottom) / 2 + size * 0.35),
                    number(size),
                    f"{float(value):.2f}",
                )
            )
    return Markup('<svg class="plot tiles" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        width, height, visible(block["alt"]), joined(parts)
    )


def _axis(top: int, bottom: int) -> Markup:
    parts = []
    for tick in range(11):
        x = number(_x(tick / 10))
        name = "rule" if tick % 5 else "rule strong"
        parts.append(Markup('<line class="{}" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(name, x, top, x, bottom))
        if tick % 2 == 0:
            anchor = {0: "start", 10: "end"}.get(tick, "middle")
            parts.append(
                Markup('<text class="tick" x="{}" y="{}" text-anchor="{}">{:.1f}</text>').format(
                    x, bottom + 14, anchor, tick / 10
                )
            )
    parts.append(
        Markup('<text class="axis" x="{}" y="{}" text-anchor="middle">{}</text>').format(
            number(_x(0.5)), bottom + 30, _("uncalibrated score")
        )
    )
    return joined(parts)


def _lane(row: Block, top: int) -> Markup:
    values = [min(1.0, max(0.0, float(v))) for v in row["values"]]
    base = top + LANE - 8
    stacks: dict[int, int] = defaultdict(int)
    for value in values:
        stacks[round(value * BINS)] += 1
    room = LANE - 38
    radius = min(RADIUS, room / (2 * max(stacks.values(), default=1)))
    parts = [
        Markup('<text class="label" x="{}" y="{}">{}</text>').format(LEFT, top + 15, visible(row["label"])),
        Markup('<line class="rule strong" x1="{}" y1="{}" x2="{}" y2="{}"/>').format(LEFT, base, WIDTH - RIGHT, base),
    ]
    for place, count in sorted(stacks.items()):
        x = _x(place / BINS)
        if radius >= 1:
            parts += [
                Markup('<circle class="dot" cx="{}" cy="{}" r="{}"/>').format(
                    number(x), number(base - radius * (2 * k + 1)), number(radius * 0.92)
                )
                for k in range(count)
            ]
        else:
            tall = 2 * radius * count
            parts.append(
                Markup('<rect class="dot" x="{}" y="{}" width="5" height="{}"/>').format(
                    number(x - 2.5), number(base - tall), number(tall)
                )
            )
    if values:
        parts.append(_mean(sum(values) / len(values), top, base))
    return joined(parts)


def _mean(mean: float, top: int, base: int) -> Markup:
    x = _x(mean)
    anchor = "end" if mean > 0.5 else "start"
    return Markup(
        '<line class="mean" x1="{}" y1="{}" x2="{}" y2="{}"/><path class="mean-mark" d="M{} {}l5 8h-10z"/>'
        '<text class="mean-label" x="{}" y="{}" text-anchor="{}">{}</text>'
    ).format(
        number(x),
        top + 20,
        number(x),
        base,
        number(x),
        base,
        number(x + (-6 if anchor == "end" else 6)),
        top + 29,
        anchor,
        _("mean {value}", value=decimals(mean)),
    )


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def number(value: float) -> str:
    """Two decimals: the same text on every machine."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def joined(parts: Iterable[Markup]) -> Markup:
    """Return pieces of markup one after another."""
    return Markup("").join(parts)
