"""From the maps of single views to one map on the evidence grid."""

from collections.abc import Sequence

import numpy as np

from forensics.records.arrays import Float32Array, IntArray
from forensics.views import to_evidence_grid

__all__ = ["MapSum"]

CELLS = 64  # along the longer side, at most
FINEST = 8  # pixels; a cell is never smaller, for a map has one value in 4 pixels and is smooth


class MapSum:
    """Adds up maps of views and gives their mean in cells.

    Parameters
    ----------
    width, height : int
        Of the evidence.
    """

    def __init__(self, *, width: int, height: int) -> None:
        self.cell = max(FINEST, -(-max(width, height) // CELLS))
        shape = (-(-height // self.cell), -(-width // self.cell))
        self._sum, self._count = np.zeros(shape), np.zeros(shape)

    def add(self, maps: Float32Array, *, boxes: IntArray, turns: Sequence[str], side: int) -> None:
        """Add maps of shape (V, S', S'), on the grids of views of `side` x `side` pixels."""
        for values, box, turn in zip(maps, boxes.tolist(), turns, strict=True):
            left, top, right, bottom = box
            whole = (left, top, left + values.shape[1], top + values.shape[0])
            upright = to_evidence_grid(values, box=whole, turn=turn)
            step = side / values.shape[0]
            rows, columns = (
                start + (np.arange(n) + 0.5) * step for start, n in zip((top, left), values.shape, strict=True)
            )
            rows, columns = rows[rows < bottom], columns[columns < right]  # what lies beyond is padding
            where = np.ix_((rows // self.cell).astype(int), (columns // self.cell).astype(int))
            np.add.at(self._sum, where, upright[: len(rows), : len(columns)])
            np.add.at(self._count, where, 1.0)

    @property
    def mean(self) -> Float32Array:
        """Mean per cell, shape (rows, columns); NaN where nothing was added."""
        with np.errstate(invalid="ignore"):
            return (self._sum / self._count).astype(np.float32)
