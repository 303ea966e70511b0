"""What a residual is, and the registry of residuals."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from forensics.registry import Registry
from forensics.types import Float32Array, UInt8Array

__all__ = ["RESIDUALS", "Residual", "describe"]

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


RESIDUALS: Registry[Residual] = Registry("residuals")


def describe(
    *,
    title: str,
    unit: str,
    channels: tuple[str, ...],
    limit: float,
    signed: bool,
    look_at: str,
    ignore: str,
    reference: str,
) -> Callable[[Filter], Residual]:
    """Return a decorator that makes a filter function a `Residual`; see there for the parameters."""

    def decorate(function: Filter) -> Residual:
        return Residual(
            function=function,
            title=title,
            unit=unit,
            channels=channels,
            limit=limit,
            signed=signed,
            look_at=look_at,
            ignore=ignore,
            reference=reference,
        )

    return decorate
