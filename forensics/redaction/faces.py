"""Faces, found by a cascade of local binary patterns that comes with scikit-image.

It was trained on frontal faces. Windows are taken at the slightest agreement, since a missed face weighs more than a covered
wall, and still it misses: turned, hidden, small and dark faces most of all. ``python -m benchmarks.redaction FOLDER``, with
40 draws a line, on photographs of 640 pixels: of frontal faces from 32 to 384 pixels, tilted by up to 15°, 32 to 39 of 40 were
covered (80 to 98 %), of such turned by quarters 33 of 40, part of them by chance: on average 53 % of a photograph without a face is
covered. Whoever hands a copy on looks at it first, and may pass the boxes that are right as ``Redaction(faces=...)``.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import cv2
import numpy as np

from forensics.records.arrays import UInt8Array
from forensics.redaction.boxes import Box

__all__ = ["find_faces"]

# Longer side of the picture, quarter turns, and windows that must agree: few, since a missed face weighs more than
# a covered wall. Faces come in any size; turned pictures are searched in one size only, to save time.
SEARCHES = ((1280, (0,), 3), (640, (0,), 2), (320, (0,), 2), (160, (0,), 2), (320, (1, 2, 3), 4))
SMALLEST = 160
STEP = 1.1  # from one size of the window to the next
WINDOW = 24  # pixels; the smallest face
AROUND = 0.3  # of the side of a window, on each side: hair, ears, chin and neck
SAME = 0.75  # of the smaller window, above which it lies in a larger one; what sticks out is covered with that


def find_faces(pixels: UInt8Array) -> tuple[Box, ...]:
    """Return boxes around what may be faces, hair and neck included.

    The picture is searched in up to four sizes upright and in one size for each quarter turn. Faces below 1/53 of its
    longer side are not looked for.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8

    Returns
    -------
    tuple of Box
        From left to right; empty if nothing was found, which does not say that nobody is shown.
    """
    height, width = pixels.shape[:2]
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    windows = [w for side, turns, agree in SEARCHES for w in _searched(grey, side, turns, agree)]
    found = []
    for left, top, side in _distinct(windows):
        around = AROUND * side
        box = (left - around, top - around, left + side + around, top + side + around)
        found.append(
            (max(0, int(box[0])), max(0, int(box[1])), min(width, int(box[2]) + 1), min(height, int(box[3]) + 1))
        )
    return tuple(sorted(set(found)))


def _searched(
    grey: UInt8Array, longer: int, turns: tuple[int, ...], agree: int
) -> Iterator[tuple[float, float, float]]:
    """Yield (left, top, side) of windows, on the grid of the picture."""
    height, width = grey.shape
    scale = min(1.0, longer / max(height, width))
    if turns == (0,) and max(height, width) * 2 <= longer and longer > SMALLEST:
        return  # the next search sees the same picture
    small = grey
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if min(small.shape) < WINDOW:
        return
    for turn in turns:
        turned = np.ascontiguousarray(np.rot90(small, turn))
        rows, columns = turned.shape
        for hit in _cascade().detect_multi_scale(
            img=turned,
            scale_factor=STEP,
            step_ratio=1,
            min_size=(WINDOW, WINDOW),
            max_size=(min(rows, columns), min(rows, columns)),
            min_neighbor_number=agree,
        ):
            x, y, side = hit["c"], hit["r"], max(hit["width"], hit["height"])
            back = {0: (x, y), 1: (rows - y - side, x), 2: (columns - x - side, rows - y - side)}
            left, top = back.get(turn, (y, columns - x - side))
            yield left / scale, top / scale, side / scale


def _distinct(windows: list[tuple[float, float, float]]) -> Iterator[tuple[float, float, float]]:
    """Yield the windows, largest first, without those that mostly lie in one before."""
    distinct: list[tuple[float, float, float]] = []
    for left, top, side in sorted(windows, key=lambda w: (-w[2], w[0], w[1])):
        shares = (
            max(0.0, min(left + side, x + s) - max(left, x)) * max(0.0, min(top + side, y + s) - max(top, y)) / side**2
            for x, y, s in distinct
        )
        if all(share <= SAME for share in shares):
            distinct.append((left, top, side))
            yield left, top, side


@cache
def _cascade() -> Any:
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())
