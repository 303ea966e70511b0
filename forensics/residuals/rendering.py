"""Residual maps as pictures, on a fixed scale that is the same for every exhibit."""

import numpy as np

from forensics.records.arrays import Float32Array, Float64Array, UInt8Array

__all__ = ["render", "scale_bar"]

# Anchors at equal distances. Signed: blue to white to orange, apart for colour-blind readers (after ColorBrewer PuOr).
SIGNED = np.array([[18, 62, 122], [94, 148, 196], [245, 245, 245], [224, 148, 62], [122, 58, 6]], dtype=np.float64)
# Unsigned: dark blue to yellow with even lightness steps (after Nuñez et al., cividis, PLoS ONE 13, 2018).
UNSIGNED = np.array([[0, 32, 77], [66, 78, 107], [124, 123, 120], [188, 175, 111], [255, 234, 70]], dtype=np.float64)


def _table(anchors: Float64Array) -> UInt8Array:
    at = np.linspace(0, len(anchors) - 1, 256)
    columns = [np.interp(at, np.arange(len(anchors)), anchors[:, c]) for c in range(3)]
    return np.rint(np.stack(columns, axis=1)).astype(np.uint8)


_TABLES = {True: _table(SIGNED), False: _table(UNSIGNED)}


def render(values: Float32Array, *, limit: float, signed: bool) -> UInt8Array:
    """Return a picture of one map.

    Parameters
    ----------
    values : array of shape (H, W)
    limit : float
        Above 0. ``limit`` gets the last colour, ``-limit`` (or 0 if not `signed`) the first; values beyond are clipped.
    signed : bool

    Returns
    -------
    array of shape (H, W, 3), uint8
    """
    values = np.asarray(values)
    if values.ndim != 2 or not limit > 0:
        raise ValueError(
            f"render takes one map (H, W) and a limit above 0, got {values.shape}, {limit}. Pick a channel."
        )
    share = values / limit * 0.5 + 0.5 if signed else values / limit
    return _TABLES[signed][np.clip(np.rint(share * 255), 0, 255).astype(np.uint8)]


def scale_bar(*, signed: bool, width: int = 256, height: int = 12) -> UInt8Array:
    """Return the colours from the lowest to the highest value, uint8 (height, width, 3)."""
    row = _TABLES[signed][np.rint(np.linspace(0, 255, width)).astype(np.uint8)]
    return np.tile(row, (height, 1, 1))
