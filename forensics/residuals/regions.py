"""A region of a residual map against the rest of the picture, in figures."""

from dataclasses import dataclass

import numpy as np

from forensics.records.arrays import Float32Array, Float64Array
from forensics.residuals.base import Residual

__all__ = ["Amounts", "RegionStatistics", "region_statistics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What the values of one channel amount to.

    Parameters
    ----------
    mean, sd, mean_absolute : float
        In the unit of the residual; SD of the values, not of a sample.
    beyond : float
        Share of values, in [0, 1], that lie at the ends of the display scale or beyond.
    """

    mean: float
    sd: float
    mean_absolute: float
    beyond: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionStatistics:
    """One channel of a residual inside and outside a region.

    Parameters
    ----------
    channel : str
    region : Amounts
    rest : Amounts or None
        None if the region is the whole picture.
    """

    channel: str
    region: Amounts
    rest: Amounts | None


def region_statistics(
    maps: Float32Array, box: tuple[int, int, int, int], *, residual: Residual
) -> tuple[RegionStatistics, ...]:
    """Return what each channel amounts to in a region and in the rest of the picture.

    A difference is no finding: places in one picture differ in brightness, texture and focus. Compare with a region
    of the same kind.

    Parameters
    ----------
    maps : array of shape (H, W, C), float32
        Of the whole picture, as `residual` returns them.
    box : (left, top, right, bottom)
        In pixels, right and bottom exclusive, within the picture.
    residual : Residual
        Gives the names of the channels and the end of the display scale.

    Returns
    -------
    tuple of RegionStatistics, length C
    """
    left, top, right, bottom = box
    if maps.ndim != 3 or maps.shape[2] != len(residual.channels):
        raise ValueError(
            f"maps of shape (H, W, {len(residual.channels)}) are needed, got {maps.shape}. Call the residual for them."
        )
    height, width = maps.shape[:2]
    if not (0 <= left < right <= width and 0 <= top < bottom <= height):
        raise ValueError(f"a region lies within the picture of {width} x {height} pixels, got {box}. Cut it first.")
    rows = []
    for c, channel in enumerate(residual.channels):
        inside = _sums(maps[top:bottom, left:right, c], residual.limit)
        outside = _sums(maps[..., c], residual.limit) - inside
        rest = _amounts(outside) if outside[0] > 0 else None
        rows.append(RegionStatistics(channel=channel, region=_amounts(inside), rest=rest))
    return tuple(rows)


def _sums(values: Float32Array, limit: float) -> Float64Array:
    """Return number, sum, sum of squares, sum of absolute values, and number at the limit or beyond."""
    v = values.astype(np.float64)
    size = np.abs(v)
    return np.array([v.size, v.sum(), np.square(v).sum(), size.sum(), np.count_nonzero(size >= limit)])


def _amounts(sums: Float64Array) -> Amounts:
    mean, square, absolute, beyond = (sums[1:] / sums[0]).tolist()
    return Amounts(mean=mean, sd=max(0.0, square - mean * mean) ** 0.5, mean_absolute=absolute, beyond=beyond)
