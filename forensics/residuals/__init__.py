"""Pure filters from pixels to residual maps, and their rendering on a fixed scale."""

from forensics.residuals import classical as _classical  # registers the built-in residuals
from forensics.residuals import srm as _srm
from forensics.residuals.base import RESIDUALS, Residual, describe
from forensics.residuals.rendering import render, scale_bar
from forensics.types import Evidence, Float32Array, UInt8Array

__all__ = ["RESIDUALS", "Residual", "describe", "render", "residual_maps", "scale_bar"]

del _classical, _srm


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
