"""Values of a whole picture in blocks, as maps of a report hold them."""

import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals import Residual

__all__ = ["block_rms", "pooled_maximum"]

BAND = 1024  # rows filtered at a time, so that memory does not grow with the picture
MARGIN = 8  # rows; more than the reach of the filters drawn here, srm and median


def block_rms(pixels: UInt8Array, residual: Residual, block: int) -> Float32Array:
    """Return the root mean square of the first channel per block; blocks at the right and lower edge are whole or partial."""
    height, width = pixels.shape[:2]
    step = max(block, BAND // block * block)
    columns = np.arange(0, width, block)
    rows = []
    for top in range(0, height, step):
        bottom = min(height, top + step)
        above = min(MARGIN, top)
        maps = residual(np.ascontiguousarray(pixels[top - above : bottom + MARGIN]))
        squares = np.square(maps[above : above + bottom - top, :, 0], dtype=np.float64)
        starts = np.arange(0, bottom - top, block)
        sums = np.add.reduceat(np.add.reduceat(squares, starts, axis=0), columns, axis=1)
        tall = np.diff(np.append(starts, bottom - top))
        wide = np.diff(np.append(columns, width))
        rows.append(np.sqrt(sums / np.outer(tall, wide)))
    return np.concatenate(rows).astype(np.float32)


def pooled_maximum(values: Float32Array, block: int) -> Float32Array:
    """Return the highest value per block: a single bright point survives the reduction."""
    down = np.maximum.reduceat(values, np.arange(0, values.shape[0], block), axis=0)
    return np.asarray(np.maximum.reduceat(down, np.arange(0, values.shape[1], block), axis=1), dtype=np.float32)
