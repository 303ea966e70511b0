"""Pure filters from pixels to residual maps, and their rendering on a fixed scale."""

from forensics.evidence.record import Evidence
from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals import classical as _classical  # registers the built-in residuals
from forensics.residuals import compression as _compression
from forensics.residuals import copy_move as _copy_move
from forensics.residuals import noise as _noise
from forensics.residuals import sampling as _sampling
from forensics.residuals import srm as _srm
from forensics.residuals.base import GRID, RESIDUALS, Residual, describe
from forensics.residuals.regions import Amounts, RegionStatistics, region_statistics
from forensics.residuals.rendering import render, scale_bar

__all__ = [
    "GRID",
    "RESIDUALS",
    "Amounts",
    "RegionStatistics",
    "Residual",
    "describe",
    "region_statistics",
    "render",
    "residual_maps",
    "scale_bar",
]

del _classical, _compression, _copy_move, _noise, _sampling, _srm


def residual_maps(picture: Evidence | UInt8Array, name: str) -> Float32Array:
    """Return the maps of one registered residual.

    Parameters
    ----------
    picture : Evidence, or array of shape (H, W, 3), uint8
    name : str
        One of ``RESIDUALS.names()``.

    Returns
    -------
    array of shape (H, W, C), float32
        In the unit of the residual.

    Raises
    ------
    UnknownNameError
        There is no such residual.
    """
    return RESIDUALS[name](picture.require_pixels() if isinstance(picture, Evidence) else picture)
