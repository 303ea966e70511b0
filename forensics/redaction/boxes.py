"""Boxes around what is covered: checked, widened, and moved out to a grid on which nothing of them leaks."""

from collections.abc import Iterable, Sequence
from operator import index
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["GRID", "BoolArray", "Box", "checked_boxes", "merged", "mixed", "touched", "widened"]

Box: TypeAlias = tuple[int, int, int, int]
BoolArray: TypeAlias = NDArray[np.bool_]

GRID = 16  # pixels; JPEG with halved colours mixes 16 x 16 pixels, whole or not at all
# Pixels: a turned or cropped picture has its JPEG grid elsewhere, and up to 15 pixels more lie in the same square.
MARGIN = 16
SHARE = 0.1  # of the sides of a box, if that is more


def checked_boxes(boxes: Iterable[Sequence[int]]) -> tuple[Box, ...]:
    """Return boxes as tuples of whole numbers.

    Parameters
    ----------
    boxes : iterable of (left, top, right, bottom)
        In pixels of the upright exhibit, right and bottom exclusive. They may reach beyond the picture, where they are
        clipped; see `widened`.

    Raises
    ------
    ValueError
        One is no box of four whole numbers, or its sides are in the wrong order.
    """
    found = []
    for box in boxes:
        try:
            if isinstance(box, str) or any(isinstance(v, bool | np.bool_) for v in box):
                raise TypeError
            left, top, right, bottom = (index(v) for v in box)
        except (TypeError, ValueError):
            raise ValueError(
                f"a region is no box: got {box!r:.80}. Give four whole numbers: (left, top, right, bottom), in pixels."
            ) from None
        if not (left < right and top < bottom):
            raise ValueError(
                f"a region has its sides in the wrong order: got {(left, top, right, bottom)}, where left < right and "
                "top < bottom are needed. Swap them."
            )
        found.append((left, top, right, bottom))
    return tuple(found)


def widened(boxes: Iterable[Box], size: tuple[int, int], *, least: int) -> tuple[Box, ...]:
    """Return what is covered for boxes that were marked: clipped, with a margin, on the grid, no box within another.

    Each side moves out by 16 pixels or a tenth of the box, whichever is more, and then to a multiple of 16. What lies
    beyond the picture is cut off.

    Parameters
    ----------
    boxes : iterable of Box
    size : (width, height)
        Of the picture.
    least : int
        Shortest side of a covered area in pixels, where the picture is as long.

    Raises
    ------
    ValueError
        A box lies beside the picture: it was marked on another one, or on one of another size.
    """
    width, height = size
    found: list[Box] = []
    for box in boxes:
        left, top, right, bottom = box
        if left >= width or top >= height or right <= 0 or bottom <= 0:
            raise ValueError(
                f"a region lies beside the picture: got {box}, the picture has {width} × {height} pixels. "
                "Mark it on the upright picture in its own size."
            )
        x, u = _side(max(0, left), min(width, right), width, least)
        y, v = _side(max(0, top), min(height, bottom), height, least)
        found.append((x, y, u, v))
    unique = sorted(set(found))
    return tuple(b for b in unique if not any(b != other and _within(b, other) for other in unique))


def merged(boxes: Iterable[Box]) -> tuple[Box, ...]:
    """Return boxes of which no two overlap: those that do become the box around both."""
    found = list(boxes)
    k = 0
    while k < len(found):
        other = next((n for n in range(k + 1, len(found)) if _overlap(found[k], found[n])), None)
        if other is None:
            k += 1
            continue
        one, two = found[k], found.pop(other)
        found[k] = (min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3]))
        k = 0
    return tuple(sorted(found))


def mixed(boxes: Iterable[Box], part: Box, *, reach: int = 0) -> BoolArray:
    """Return where, in a part of the picture, values depend on pixels within boxes.

    Parameters
    ----------
    boxes : iterable of Box
    part : Box
    reach : int
        How far away, in pixels, a pixel counts for a value.

    Returns
    -------
    array of shape (height, width) of the part, bool
    """
    left, top, right, bottom = part
    return touched(boxes, np.arange(left, right), np.arange(top, bottom), (1, 1), reach=reach)


def touched(
    boxes: Iterable[Box],
    lefts: Sequence[int] | NDArray[np.int64],
    tops: Sequence[int] | NDArray[np.int64],
    cell: tuple[int, int],
    *,
    reach: int,
) -> BoolArray:
    """Return which cells of a map come within reach of boxes.

    Parameters
    ----------
    boxes : iterable of Box
    lefts, tops : sequence of int
        Where the columns and rows of the map begin, in pixels of the picture.
    cell : (width, height)
        Of a cell, in pixels; of the largest, if they differ.
    reach : int
        In pixels.

    Returns
    -------
    array of shape (len(tops), len(lefts)), bool
    """
    x, y = np.asarray(lefts), np.asarray(tops)
    found = np.zeros((len(y), len(x)), dtype=np.bool_)
    for left, top, right, bottom in boxes:
        across = (x < right + reach) & (x + cell[0] > left - reach)
        down = (y < bottom + reach) & (y + cell[1] > top - reach)
        found |= down[:, None] & across[None, :]
    return found


def _side(start: int, end: int, length: int, least: int) -> tuple[int, int]:
    """Return one side of a box, widened, within a picture of that length."""
    margin = max(MARGIN, round(SHARE * (end - start)))
    more = max(0, least - (end - start) - 2 * margin)
    start, end = start - margin - more // 2, end + margin + more - more // 2
    # At the edge of the picture the missing length goes to the other side.
    start, end = min(start, length - least), max(end, least)
    return max(0, start // GRID * GRID), min(length, -(-end // GRID) * GRID)


def _within(one: Box, other: Box) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
