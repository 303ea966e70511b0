"""The Daubechies transform of eight taps, as far as residuals need it; PyWavelets is no dependency.

Filters are orthonormal, so that white noise keeps its standard deviation in every band. Borders wrap around, which
makes the transform exact at any even size; callers add mirrored borders where the jump would matter.
"""

import cv2
import numpy as np

from forensics.records.arrays import Float32Array

__all__ = ["diagonal", "join", "split"]

# Daubechies, Ten lectures on wavelets (1992), table 6.1, N = 4.
LOW = np.array(
    [
        0.2303778133088964, 0.7148465705529154, 0.6308807679298587, -0.0279837694168599,
        -0.1870348117190931, 0.0308413818355607, 0.0328830116668852, -0.0105974017850690,
    ]
)  # fmt: skip
HIGH = LOW[::-1] * np.array([1, -1] * 4)
TAPS = len(LOW)
ANCHOR = 3  # the tap at the pixel itself


def split(x: Float32Array) -> tuple[Float32Array, list[Float32Array]]:
    """Return one level of the transform.

    Parameters
    ----------
    x : array of shape (2 h, 2 w)

    Returns
    -------
    array of shape (h, w)
        The coarser picture.
    list of three arrays of shape (h, w)
        Details: across, down, diagonal.
    """
    wrapped = _wrapped(x)
    bands = [_filtered(wrapped, rows, columns) for rows, columns in _PAIRS]
    return bands[0], bands[1:]


def join(coarse: Float32Array, details: list[Float32Array]) -> Float32Array:
    """Return the picture (2 h, 2 w) whose `split` has given these bands (h, w)."""
    height, width = coarse.shape
    out = np.zeros((2 * height, 2 * width), dtype=np.float32)
    for band, (rows, columns) in zip([coarse, *details], _PAIRS, strict=True):
        spread = np.zeros_like(out)
        spread[::2, ::2] = band
        anchor = TAPS - 1 - ANCHOR
        full = cv2.sepFilter2D(_wrapped(spread), cv2.CV_32F, columns[::-1], rows[::-1], anchor=(anchor, anchor))
        out += full[TAPS:-TAPS, TAPS:-TAPS]
    return out


def diagonal(x: Float32Array) -> Float32Array:
    """Return the finest diagonal details (HH1) of a picture of any size, (ceil(H / 2), ceil(W / 2)), borders mirrored."""
    full = cv2.sepFilter2D(x, cv2.CV_32F, HIGH, HIGH, anchor=(ANCHOR, ANCHOR), borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(full[::2, ::2], dtype=np.float32)


_PAIRS = ((LOW, LOW), (LOW, HIGH), (HIGH, LOW), (HIGH, HIGH))  # filter down the rows, filter along the columns


def _wrapped(x: Float32Array) -> Float32Array:
    return np.asarray(cv2.copyMakeBorder(x, TAPS, TAPS, TAPS, TAPS, cv2.BORDER_WRAP), dtype=np.float32)


def _filtered(wrapped: Float32Array, rows: Float32Array, columns: Float32Array) -> Float32Array:
    """Return every second value, both ways, of a wrapped picture filtered down and across."""
    full = cv2.sepFilter2D(wrapped, cv2.CV_32F, columns, rows, anchor=(ANCHOR, ANCHOR))
    return np.ascontiguousarray(full[TAPS:-TAPS:2, TAPS:-TAPS:2], dtype=np.float32)
