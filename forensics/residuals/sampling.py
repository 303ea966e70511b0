"""Residuals of how the pixels were sampled: the colour filter array of a camera, and up-sampling by a generator."""

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals.base import RESIDUALS, describe

__all__ = ["demosaicing", "npr"]

# Green of a pixel from its four neighbours, which lie on the other half of the checkerboard.
PREDICTION_ERROR = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], dtype=np.float32) / 4
WINDOW = 7  # pixels; the local variance, with the Gaussian of SD 1 of Ferrara et al.
AREA = 15  # pixels; log ratios are averaged over such squares
ROUNDING = 0.1  # squared grey levels; the variance of the error that rounding to whole levels alone leaves: 5 / 48


@RESIDUALS.register("demosaicing")
@describe(
    title="Colour filter array (demosaicing)",
    unit="log10 of the ratio of variances",
    channels=("green",),
    limit=0.5,
    signed=True,
    reach=11,
    look_at="An area without the even tint that the rest of the picture has, or with the opposite one. The sign says "
    "where green was measured: positive where row + column is odd (RGGB, BGGR), negative where it is even (GRBG, GBRG).",
    ignore="Pictures that are near zero everywhere, where nothing can be told: resizing removes the trace, JPEG weakens "
    "it (quality 90 to about a third), and many cameras leave none: 21 of 76 camera originals have a mean beyond ±0.1. "
    "Flat, blurred and overexposed areas are near zero in every picture. A crop by an odd number of pixels turns the sign.",
    reference="Popescu and Farid, IEEE TSP 53 (2005); Ferrara et al., IEEE TIFS 7 (2012)",
)
def demosaicing(pixels: UInt8Array) -> Float32Array:
    """Return how much better green is predicted on one half of the checkerboard than on the other, (H, W).

    Most cameras measure green at every second pixel and interpolate it between. The value is the mean over 15 x 15
    pixels of log10 of (variance of the prediction error where row + column is odd / where it is even).
    """
    green = np.ascontiguousarray(pixels[..., 1], dtype=np.float32)
    squares = np.square(cv2.filter2D(green, cv2.CV_32F, PREDICTION_ERROR, borderType=cv2.BORDER_REFLECT_101))
    odd, even = squares.copy(), squares
    odd[::2, ::2] = odd[1::2, 1::2] = 0
    even[::2, 1::2] = even[1::2, ::2] = 0
    # Half of the pixels are zero, hence twice the mean. Mirroring about the last pixel keeps the checkerboard.
    ratio = np.log10((_local_mean(odd) * 2 + ROUNDING) / (_local_mean(even) * 2 + ROUNDING))
    return np.asarray(cv2.boxFilter(ratio, cv2.CV_32F, (AREA, AREA), borderType=cv2.BORDER_REFLECT), dtype=np.float32)


def _local_mean(values: Float32Array) -> Float32Array:
    blurred = cv2.GaussianBlur(values, (WINDOW, WINDOW), 1.0, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(blurred, dtype=np.float32)


@RESIDUALS.register("npr")
@describe(
    title="Neighbouring pixel relations",
    unit="grey levels",
    channels=("red", "green", "blue"),
    limit=8.0,
    signed=True,
    reach=1,
    look_at="A regular weave, or 2 × 2 squares in which pixels are alike: up-sampling in a generator, or an enlarged area.",
    ignore="Outlines. Squares begin at even rows and columns, so a cropped picture can show another weave; what "
    "networks learn from such maps is mostly too faint for the eye.",
    reference="Tan et al., CVPR 2024",
)
def npr(pixels: UInt8Array) -> Float32Array:
    """Return each value minus the upper left one of its 2 x 2 square, (H, W, 3), in grey levels."""
    height, width = pixels.shape[:2]
    corner = pixels[::2, ::2].repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return pixels.astype(np.float32) - corner
