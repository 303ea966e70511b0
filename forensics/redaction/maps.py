"""Maps that were computed from an exhibit, without what they say of covered places."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forensics.attribution.record import Attribution, edges
from forensics.redaction.boxes import BoolArray, Box, touched
from forensics.scores import Localisation

__all__ = ["hidden_cells", "redacted_attribution", "redacted_localisation"]


def redacted_localisation(localisation: Localisation, boxes: Sequence[Box]) -> Localisation:
    """Return a map with NaN in every cell that comes within a cell of a covered box.

    Parameters
    ----------
    localisation : Localisation
    boxes : sequence of Box
        As `Redaction.boxes_of` returns them.
    """
    if not boxes:
        return localisation
    values = np.array(localisation.values)
    values[hidden_cells(localisation, boxes)] = np.nan
    return replace(localisation, values=values)


def redacted_attribution(attribution: Attribution, boxes: Sequence[Box]) -> Attribution:
    """Return an attribution whose cells that come within a cell of a covered box are 0.

    What it says of channel groups and of the whole view stays. One without places stays as it is.
    """
    if attribution.part is None or not boxes:
        return attribution
    hidden = hidden_cells(attribution, boxes)
    sizes = [np.diff([*edges(n), n]) for n in attribution.part.shape]
    part = np.where(hidden.repeat(sizes[0], axis=0).repeat(sizes[1], axis=1), np.float32(0), attribution.part)
    return replace(attribution, part=part)


def hidden_cells(of: Localisation | Attribution, boxes: Sequence[Box]) -> BoolArray:
    """Return which cells of a map come within a cell of covered boxes, (rows, columns), bool."""
    if isinstance(of, Localisation):
        rows, columns = of.values.shape
        cell = (of.cell, of.cell)
        return touched(boxes, np.arange(columns) * of.cell, np.arange(rows) * of.cell, cell, reach=of.cell)
    left, top, right, bottom = of.box
    across, down = edges(right - left), edges(bottom - top)
    cell = (-(-(right - left) // len(across)), -(-(bottom - top) // len(down)))
    return touched(boxes, np.array(across) + left, np.array(down) + top, cell, reach=max(cell))
