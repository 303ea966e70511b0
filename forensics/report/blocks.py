"""The blocks that a section is built from: plain JSON values, so that the record holds all that the page says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = [
    "BLOCKS",
    "Block",
    "Section",
    "callout",
    "code",
    "curve_plot",
    "curves",
    "details",
    "figure",
    "heading",
    "items",
    "key_values",
    "layers",
    "llr_plot",
    "paragraph",
    "sign_off",
    "strips",
    "summary",
    "table",
    "tile_map",
]

Block: TypeAlias = dict[str, Any]
BLOCKS = (
    "callout",
    "code",
    "curves",
    "details",
    "figures",
    "heading",
    "items",
    "key_values",
    "layers",
    "llr_plot",
    "paragraph",
    "sign_off",
    "strips",
    "summary",
    "table",
    "tile_map",
)


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered part of the report.

    Parameters
    ----------
    title : str
    blocks : iterable of Block
        Made by the functions of this module; gone through once, so that a section can make them exhibit by exhibit.
    """

    title: str
    blocks: Iterable[Block]


def paragraph(text: str) -> Block:
    """Return a paragraph."""
    return {"kind": "paragraph", "text": text}


def heading(text: str, *, level: Literal[3, 4] = 3) -> Block:
    """Return a heading below the section's own."""
    return {"kind": "heading", "text": text, "level": level}


def items(texts: Iterable[str]) -> Block:
    """Return a list of sentences."""
    return {"kind": "items", "items": list(texts)}


def key_values(caption: str, pairs: Iterable[tuple[str, str]]) -> Block:
    """Return a two-column table of names and values; `caption` names it for those who hear the page."""
    return {"kind": "key_values", "caption": caption, "pairs": [list(p) for p in pairs]}


def summary(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return the statements of the first page: short label, one to three sentences."""
    return {"kind": "summary", "pairs": [list(p) for p in pairs]}


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Sequence[int] = ()) -> Block:
    """Return a table; the first column is the header of its row, `numeric` names columns set flush right."""
    return {
        "kind": "table",
        "caption": caption,
        "head": list(head),
        "rows": [list(r) for r in rows],
        "numeric": list(numeric),
    }


def callout(title: str, text: str, *, tone: Literal["note", "caution"] = "note") -> Block:
    """Return a sentence that must not be missed."""
    return {"kind": "callout", "title": title, "text": text, "tone": tone}


def code(text: str) -> Block:
    """Return text to be typed as it stands."""
    return {"kind": "code", "text": text}


def details(title: str, blocks: Iterable[Block], *, opened: bool = False) -> Block:
    """Return blocks that a reader can open and close; printed in either state."""
    return {"kind": "details", "title": title, "blocks": list(blocks), "opened": opened}


def figure(*ids: str) -> Block:
    """Return one or more figures of the record, side by side where there is room."""
    return {"kind": "figures", "ids": list(ids)}


def layers(base: str, over: str) -> Block:
    """Return a figure laid over another of the same size; a reader chooses how opaque it is, without a script."""
    return {"kind": "layers", "ids": [base, over]}


def sign_off(names: Iterable[str]) -> Block:
    """Return lines for signatures by hand."""
    return {"kind": "sign_off", "names": list(names)}


def strips(caption: str, rows: Iterable[tuple[str, Sequence[float]]], *, alt: str) -> Block:
    """Return a dot plot on the fixed scale 0 to 1: one row of dots and their mean per name."""
    plotted = [{"label": label, "values": [round(float(v), 4) for v in values]} for label, values in rows]
    return {"kind": "strips", "caption": caption, "rows": plotted, "alt": alt}


def tile_map(
    caption: str, *, size: tuple[int, int], boxes: Sequence[Sequence[int]], values: Sequence[float], alt: str
) -> Block:
    """Return a map of values in [0, 1] on the grid of a picture.

    Parameters
    ----------
    size : (width, height)
        Of the picture, in pixels.
    boxes : sequence of (left, top, right, bottom)
    values : sequence of float
        One per box.
    """
    return {
        "kind": "tile_map",
        "caption": caption,
        "size": list(size),
        "boxes": [[int(v) for v in box] for box in boxes],
        "values": [round(float(v), 4) for v in values],
        "alt": alt,
    }


def curves(caption: str, plots: Iterable[Block]) -> Block:
    """Return plots of curves side by side; each as `curve_plot` returns it."""
    return {"kind": "curves", "caption": caption, "plots": list(plots)}


def curve_plot(
    title: str,
    lines: Iterable[tuple[str, str, Sequence[float], Sequence[float]]],
    *,
    x: tuple[str, tuple[float, float]],
    y: tuple[str, tuple[float, float]],
    alt: str,
) -> Block:
    """Return one plot of curves on fixed axes.

    Parameters
    ----------
    title : str
    lines : iterable of (name, role, x, y)
        Roles as in `forensics.calibration.displays.Curve`.
    x, y : (label, range)
    alt : str
    """
    drawn = [{"name": n, "role": r, "x": list(xs), "y": list(ys)} for n, r, xs, ys in lines]
    (x_label, x_range), (y_label, y_range) = x, y
    return {
        "title": title,
        "lines": drawn,
        "x_label": x_label,
        "y_label": y_label,
        "x_range": list(x_range),
        "y_range": list(y_range),
        "alt": alt,
    }


def llr_plot(
    caption: str,
    rows: Iterable[tuple[str, float | None, tuple[float, float] | None]],
    *,
    bounds: tuple[float, float] | None,
    alt: str,
) -> Block:
    """Return log10 LRs on the fixed axis from -4 to 4, one row each.

    Parameters
    ----------
    caption : str
    rows : iterable of (label, llr, interval)
        None where there is no LR, or no interval.
    bounds : (float, float) or None
        Drawn as the part of the axis that LRs can reach.
    alt : str
    """
    plotted = [
        {
            "label": label,
            "llr": None if llr is None else round(llr, 4),
            "interval": None if interval is None else [round(v, 4) for v in interval],
        }
        for label, llr, interval in rows
    ]
    return {
        "kind": "llr_plot",
        "caption": caption,
        "rows": plotted,
        "bounds": None if bounds is None else [round(b, 4) for b in bounds],
        "alt": alt,
    }
