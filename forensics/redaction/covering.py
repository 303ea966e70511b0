"""Covered pixels: a hatched grey that tells nothing, or a blur that tells a few coarse colours and no more.

Pixelation and blur as they are common can be undone in part: fine grids keep much of a face, smoothing can be
inverted, and noise that differs from copy to copy averages out. Neither holds here. The grey is a function of the
place alone. The blur is a function of at most 6 × 6 cells, each a mean colour in 8 levels a channel: its noise is drawn
from these very numbers, so that copies of one picture bear the same noise and two pictures with the same numbers are
the same blur. Whoever has a list of candidates can still compare those numbers with them; choose the grey where that
matters, as it is chosen unless asked otherwise.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import cv2
import numpy as np

from forensics.records.arrays import IntArray, UInt8Array
from forensics.redaction.boxes import BoolArray, Box, checked_boxes, merged, widened

__all__ = ["STYLES", "Style", "cover", "covered_boxes", "hatched", "paint"]

Style: TypeAlias = Literal["opaque", "blur"]
STYLES: tuple[Style, ...] = ("opaque", "blur")

GREY, LINE, BORDER = 128, 96, 64  # the cover, its hatching and its edge
PAPER, INK = 255, 176  # of maps
STRIPES = 240  # along the longer side of a picture, so that they can be seen in its preview too
LEAST_STRIPE = 4  # pixels
CELLS = 6  # along the longer side of a blurred area
LEVELS = 8  # of each channel
LEAST: dict[Style, int] = {
    "opaque": 48,
    "blur": 96,
}  # pixels; cells of a blur are then 16 wide, and small places stay small
NOISE = 24  # grey levels from the lowest to the highest value


def cover(pixels: UInt8Array, boxes: Iterable[Sequence[int]], *, style: Style = "opaque") -> UInt8Array:
    """Return a picture in which marked boxes are covered, with a margin around them.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
        Upright; not changed.
    boxes : iterable of (left, top, right, bottom)
        As they were marked; `covered_boxes` says what is covered for them.
    style : {"opaque", "blur"}

    Returns
    -------
    array of shape (H, W, 3), uint8

    Raises
    ------
    ValueError
        A box is none or lies beside the picture, or there is no such style.
    """
    height, width = pixels.shape[:2]
    return paint(pixels, covered_boxes(checked_boxes(boxes), (width, height), style=style), style=style)


def covered_boxes(boxes: Iterable[Box], size: tuple[int, int], *, style: Style = "opaque") -> tuple[Box, ...]:
    """Return what is covered for boxes that were marked in a picture of that (width, height)."""
    if style not in STYLES:
        raise ValueError(f"no style {style!r} of covering. There are: {', '.join(STYLES)}. Use 'opaque'.")
    found = widened(boxes, size, least=LEAST[style])
    # Blurred areas that overlap would tell more cells of the same place.
    return merged(found) if style == "blur" else found


def paint(pixels: UInt8Array, boxes: Iterable[Box], *, style: Style = "opaque") -> UInt8Array:
    """Return a picture in which these very boxes are covered; they lie within it, as `covered_boxes` returns them."""
    if style not in STYLES:
        raise ValueError(f"no style {style!r} of covering. There are: {', '.join(STYLES)}. Use 'opaque'.")
    covered = np.array(pixels, dtype=np.uint8, order="C")
    stripe = max(LEAST_STRIPE, max(pixels.shape[:2]) // STRIPES)
    for left, top, right, bottom in boxes:
        size = (bottom - top, right - left)
        if style == "opaque":
            area = np.where(_stripes(size, stripe), np.uint8(LINE), np.uint8(GREY))[..., None].repeat(3, axis=2)
        else:
            area = _blurred(_coarse(pixels[top:bottom, left:right]), size)
        edge = min(stripe, *size)
        area[:edge], area[-edge:], area[:, :edge], area[:, -edge:] = BORDER, BORDER, BORDER, BORDER
        covered[top:bottom, left:right] = area
    return covered


def hatched(picture: UInt8Array, hidden: BoolArray) -> UInt8Array:
    """Return a drawn map in which hidden places are hatched paper, in colours that no scale has.

    Parameters
    ----------
    picture : array of shape (h, w, 3), uint8
    hidden : array of shape (rows, columns), bool
        Each place of the map may be drawn as several pixels, equally many for all.
    """
    down, across = (d // n for d, n in zip(picture.shape[:2], hidden.shape, strict=True))
    where = hidden.repeat(down, axis=0).repeat(across, axis=1)
    paper = np.where(_stripes(picture.shape[:2], LEAST_STRIPE), np.uint8(INK), np.uint8(PAPER))
    return np.asarray(np.where(where[..., None], paper[..., None], picture), dtype=np.uint8)


def _stripes(size: tuple[int, ...], stripe: int) -> BoolArray:
    row, column = np.ogrid[: size[0], : size[1]]
    return np.asarray((row + column) // stripe % 4 == 0)


def _coarse(area: UInt8Array) -> IntArray:
    """Return the levels, 0 to 7, of the mean colours of at most 6 x 6 cells; all that a blur knows of an area."""
    height, width = area.shape[:2]
    longer = max(height, width)
    counts = [min(n, max(1, round(CELLS * n / longer))) for n in (height, width)]
    rows, columns = ([n * k // count for k in range(count)] for n, count in zip((height, width), counts, strict=True))
    sums = np.add.reduceat(np.add.reduceat(area.astype(np.int64), rows, axis=0), columns, axis=1)
    numbers = np.outer(np.diff([*rows, height]), np.diff([*columns, width]))[..., None]
    return np.asarray(sums * LEVELS // (numbers * 256), dtype=np.int64)


def _blurred(levels: IntArray, size: tuple[int, int]) -> UInt8Array:
    """Return the picture of levels in that (height, width): a function of these two and of nothing else."""
    height, width = size
    step = 256 // LEVELS
    middle = (levels * step + step // 2).astype(np.float32)
    smooth = cv2.resize(middle, (width, height), interpolation=cv2.INTER_LINEAR)
    # A hash function instead of a generator: the same bytes in every version of NumPy.
    seed = f"{height} {width} ".encode() + levels.astype(np.uint8).tobytes()
    noise = np.frombuffer(hashlib.shake_256(seed).digest(height * width), dtype=np.uint8).reshape(height, width, 1)
    picture = np.rint(smooth.reshape(height, width, 3)) + (noise.astype(np.float32) % (NOISE + 1) - NOISE // 2)
    return np.asarray(np.clip(picture, 0, 255), dtype=np.uint8)
