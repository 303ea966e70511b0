"""Median, recompression, spectrum and block-grid residuals: the classical views of a picture's history."""

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals.base import RESIDUALS, describe

__all__ = ["block_grid", "ela", "median", "saved_again", "spectrum"]

ELA_QUALITY = 90
JPEG_SIDE = 65_500  # pixels; the limit of libjpeg


@RESIDUALS.register("median")
@describe(
    title="Median residual",
    unit="grey levels",
    channels=("red", "green", "blue"),
    limit=8.0,
    signed=True,
    reach=1,
    look_at="Areas with less or more grain than others that are equally bright; grain that is alike in all colours.",
    ignore="Thin lines and corners, which a median removes; dark and bright areas differ in grain in every camera.",
    reference="Kirchner and Fridrich, SPIE 7541 (2010)",
)
def median(pixels: UInt8Array) -> Float32Array:
    """Return each value minus the median of its 3 x 3 neighbourhood, (H, W, 3), in grey levels."""
    pixels = np.ascontiguousarray(pixels)
    return pixels.astype(np.float32) - cv2.medianBlur(pixels, 3)


@RESIDUALS.register("ela")
@describe(
    title="Recompression difference (ELA)",
    unit="grey levels",
    channels=("red", "green", "blue"),
    limit=12.0,
    signed=True,
    reach=7,
    look_at="An area whose error differs from that of similar texture elsewhere in the same picture.",
    ignore="Strong edges and saturated colours, which always differ more. A picture saved several times shows next to "
    "nothing, and a difference alone proves no manipulation.",
    reference="Krawetz, A picture's worth, Hacker Factor (2007)",
)
def ela(pixels: UInt8Array) -> Float32Array:
    """Return the picture minus its copy saved as JPEG at quality 90, 4:4:4, (H, W, 3), in grey levels."""
    return pixels.astype(np.float32) - saved_again(pixels, ELA_QUALITY)


def saved_again(pixels: UInt8Array, quality: int) -> UInt8Array:
    """Return a picture (H, W) or (H, W, 3) after saving it as JPEG of that quality, colours at full resolution."""
    if max(pixels.shape[:2]) > JPEG_SIDE:
        raise ValueError(f"JPEG holds at most {JPEG_SIDE} pixels a side, got {pixels.shape[:2]}. Examine a part of it.")
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    colours = pixels.ndim == 3
    bgr = np.ascontiguousarray(pixels[..., ::-1] if colours else pixels)
    mode = cv2.IMREAD_COLOR if colours else cv2.IMREAD_GRAYSCALE
    saved = np.asarray(cv2.imdecode(cv2.imencode(".jpg", bgr, options)[1], mode), dtype=np.uint8)
    return saved[..., ::-1] if colours else saved


@RESIDUALS.register("spectrum")
@describe(
    title="Spectrum of the residual",
    unit="log10 of amplitude per pixel, plus 1",
    channels=("amplitude",),
    limit=2.0,
    signed=False,
    reach=None,
    look_at="Single bright points away from the axes, at regular distances: up-sampling leaves them.",
    ignore="The bright cross on the axes (borders of the picture) and points at multiples of one eighth (JPEG).",
    reference="Popescu and Farid, IEEE TSP 53 (2005); Durall et al., CVPR 2020",
)
def spectrum(pixels: UInt8Array) -> Float32Array:
    """Return the Fourier amplitude of the grey median residual, (H, W), zero frequency in the middle.

    The value is ``log10(1 + |F| / sqrt(H W))``, so that white noise of SD 1 has about 0.3 at any size.
    """
    residual = median.function(pixels).mean(axis=2, dtype=np.float32)
    amplitude = np.abs(np.fft.fftshift(np.fft.fft2(residual))) / np.sqrt(residual.size)
    return np.log10(1.0 + amplitude).astype(np.float32)


@RESIDUALS.register("block_grid")
@describe(
    title="JPEG block grid",
    unit="grey levels",
    channels=("down", "across"),
    limit=4.0,
    signed=True,
    reach=2,
    look_at="Lines every 8 pixels; an area where they stop, or run at another offset than elsewhere.",
    ignore="Contours of the subject. Without JPEG in its past, or at high quality, a picture shows no lines.",
    reference="Li, Yuan and Yu, Signal Processing 89 (2009)",
)
def block_grid(pixels: UInt8Array) -> Float32Array:
    """Return how much the step to the next pixel exceeds the steps beside it, (H, W, 2), in grey levels.

    For a row a, b | c, d the value at c is ``|c - b| - (|b - a| + |d - c|) / 2``; borders are reflected.
    """
    grey = pixels.mean(axis=2, dtype=np.float32)
    return np.stack([_excess(grey.T).T, _excess(grey)], axis=2)


def _excess(grey: Float32Array) -> Float32Array:
    """Return the excess of the step from the left neighbour, along the second axis."""
    padded = cv2.copyMakeBorder(np.ascontiguousarray(grey), 0, 0, 2, 1, cv2.BORDER_REFLECT)
    step = np.abs(np.diff(padded, axis=1))  # step[:, k] leads to padded[:, k + 1]
    return np.asarray(step[:, 1:-1] - 0.5 * (step[:, :-2] + step[:, 2:]), dtype=np.float32)
