"""What a residual is, and the registry of residuals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.registry import Registry

__all__ = ["GRID", "RESIDUALS", "Residual", "describe"]

GRID = 16  # pixels; parts are cut on it: JPEG's blocks, also of halved colours, and 2 x 2 squares lie alike in them

Filter: TypeAlias = Callable[[UInt8Array], Float32Array]


@dataclass(frozen=True, slots=True, kw_only=True)
class Residual:
    """A pure filter with its fixed scale and what a reader needs to know.

    Parameters
    ----------
    function : callable
        uint8 (H, W, 3) to float32 (H, W, C).
    title, unit : str
    channels : tuple of str, length C
    limit : float
        The display scale: from ``-limit`` (or 0 if not `signed`) to ``limit``, the same for every picture.
    signed : bool
    look_at, ignore : str
        What to look at and what to ignore.
    reference : str
    reach : int or None
        How far away, in pixels, a pixel can still count for the value at a place; None if the whole picture counts.
        `part` filters that much around a part, which it cuts on a grid of 16 pixels.
    """

    function: Filter
    title: str
    unit: str
    channels: tuple[str, ...]
    limit: float
    signed: bool
    look_at: str
    ignore: str
    reference: str
    reach: int | None = GRID

    def __call__(self, pixels: UInt8Array) -> Float32Array:
        """Return the maps, float32 (H, W, C), of uint8 pixels (H, W, 3)."""
        pixels = np.asarray(pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ValueError(
                f"a residual takes uint8 pixels of shape (H, W, 3), got {pixels.dtype} {pixels.shape}. "
                "Pass Evidence.pixels."
            )
        maps = self.function(pixels)
        return maps if maps.ndim == 3 else maps[..., None]

    def part(self, pixels: UInt8Array, box: tuple[int, int, int, int]) -> Float32Array:
        """Return the maps of a part as they are in the maps of the whole picture, filtering no more than is needed.

        Parameters
        ----------
        pixels : array of shape (H, W, 3), uint8
            The whole picture.
        box : (left, top, right, bottom)
            In pixels, right and bottom exclusive, within the picture.

        Returns
        -------
        array of shape (bottom - top, right - left, C), float32
            Where `reach` is None, the whole picture is filtered: keep its maps if many parts are shown.
        """
        left, top, right, bottom = box
        height, width = pixels.shape[:2]
        if not (0 <= left < right <= width and 0 <= top < bottom <= height):
            raise ValueError(f"a part lies within the picture of {width} x {height} pixels, got {box}. Cut it first.")
        if self.reach is None:
            return self(pixels)[top:bottom, left:right]
        x, y = (max(0, v - self.reach) // GRID * GRID for v in (left, top))
        u, v = (-(-(v + self.reach) // GRID) * GRID for v in (right, bottom))
        return self(np.ascontiguousarray(pixels[y:v, x:u]))[top - y : bottom - y, left - x : right - x]


RESIDUALS: Registry[Residual] = Registry("residuals")


def describe(**facts: Any) -> Callable[[Filter], Residual]:
    """Return a decorator that makes a filter function a `Residual` with these facts; see there for their names."""
    return lambda function: Residual(function=function, **facts)
