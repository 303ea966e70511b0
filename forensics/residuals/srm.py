"""Steganalysis rich model residuals: the three kernels of the method, and the bank of thirty.

References
----------
Fridrich and Kodovsky, Rich models for steganalysis of digital images, IEEE TIFS 7 (2012). Zhou et al., Learning rich
features for image manipulation detection, CVPR 2018: the choice of three.
"""

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, Float64Array, UInt8Array
from forensics.residuals.base import RESIDUALS, describe

__all__ = ["SRM_BANK", "SRM_KERNELS", "srm", "srm_bank"]

_SQUARE3 = np.array([[-1, 2, -1], [2, -4, 2], [-1, 2, -1]], dtype=np.float64)
_SQUARE5 = np.array(
    [[-1, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]],
    dtype=np.float64,
)
LIMIT = 3.0  # grey levels; the truncation of the rich model, which keeps grain and cuts contours


def _line(taps: list[float], at: int) -> Float64Array:
    """Return a 5 x 5 kernel with taps in the middle row, tap `at` in the centre."""
    kernel = np.zeros((5, 5))
    start = 2 - at
    kernel[2, start : start + len(taps)] = taps
    return kernel


def _turned(kernel: Float64Array, eighths: int) -> Float64Array:
    """Turn a 5 x 5 kernel counter-clockwise by eighths of a turn: each of its two rings is moved along."""
    out = kernel.copy()
    for ring, length in ((1, 8), (2, 16)):
        top = 2 - ring
        side = 2 * ring
        path = (
            [(top, top + k) for k in range(side)]
            + [(top + k, top + side) for k in range(side)]
            + [(top + side, top + side - k) for k in range(side)]
            + [(top + side - k, top) for k in range(side)]
        )
        values = [kernel[p] for p in path]
        step = eighths * length // 8
        for k, position in enumerate(path):
            out[position] = values[(k + step) % length]
    return out


def _bank() -> Float64Array:
    first, second, third = _line([-1, 1], 0), _line([1, -2, 1], 1) / 2, _line([1, -3, 3, -1], 1) / 3
    edge3, edge5 = np.zeros((5, 5)), _SQUARE5.copy()
    edge3[1:4, 1:4] = _SQUARE3
    edge3[3] = 0
    edge5[3:] = 0
    square3 = np.pad(_SQUARE3, 1)
    kernels = (
        [_turned(first, k) for k in range(8)]
        + [_turned(second, k) for k in range(4)]
        + [_turned(third, k) for k in range(8)]
        + [square3 / 4]
        + [np.rot90(edge3 / 4, k) for k in range(4)]
        + [_SQUARE5 / 12]
        + [np.rot90(edge5 / 12, k) for k in range(4)]
    )
    return np.stack(kernels)


SRM_KERNELS = np.stack([np.pad(_SQUARE3, 1) / 4, _SQUARE5 / 12, _line([1, -2, 1], 1) / 2])  # KB, KV, H2: (3, 5, 5)
SRM_BANK = _bank()  # (30, 5, 5)


def _filtered(pixels: UInt8Array, kernels: Float64Array) -> Float32Array:
    """Return the clipped maps (H, W, K) of the mean of R, G and B, borders reflected."""
    grey = pixels.mean(axis=2, dtype=np.float32)
    out = np.empty((*grey.shape, len(kernels)), dtype=np.float32)
    for k, kernel in enumerate(kernels):
        filtered = cv2.filter2D(grey, cv2.CV_32F, kernel.astype(np.float32), borderType=cv2.BORDER_REFLECT)
        np.clip(filtered, -LIMIT, LIMIT, out=out[..., k])
    return out


@RESIDUALS.register("srm")
@describe(
    title="SRM noise residuals",
    unit="grey levels",
    channels=("KB: 8 neighbours", "KV: 24 neighbours", "H2: left and right"),
    limit=LIMIT,
    signed=True,
    reach=2,
    look_at="Grain that changes from one area to another; a regular weave or grid that the surroundings lack.",
    ignore="Outlines and texture of the subject, which always remain; smooth or overexposed areas, which have no grain "
    "in any picture; the even 8 x 8 grid of JPEG.",
    reference="Fridrich and Kodovsky, IEEE TIFS 7 (2012)",
)
def srm(pixels: UInt8Array) -> Float32Array:
    """Return the three maps of the method, (H, W, 3), in grey levels, clipped to ±3."""
    return _filtered(pixels, SRM_KERNELS)


@RESIDUALS.register("srm_bank")
@describe(
    title="SRM bank of thirty filters",
    unit="grey levels",
    channels=tuple(
        [f"1st order {k}" for k in range(8)]
        + [f"2nd order {k}" for k in range(4)]
        + [f"3rd order {k}" for k in range(8)]
        + ["square 3"]
        + [f"edge 3 {k}" for k in range(4)]
        + ["square 5"]
        + [f"edge 5 {k}" for k in range(4)]
    ),
    limit=LIMIT,
    signed=True,
    reach=2,
    look_at="A direction in which one area differs from its surroundings.",
    ignore="Outlines, which answer to the filter across them; see srm.",
    reference="Fridrich and Kodovsky, IEEE TIFS 7 (2012)",
)
def srm_bank(pixels: UInt8Array) -> Float32Array:
    """Return thirty maps, (H, W, 30), in grey levels, clipped to ±3; 12 megapixels take 1.4 GB."""
    return _filtered(pixels, SRM_BANK)
