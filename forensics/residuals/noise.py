"""Noise residuals: how strong the grain is from place to place, and the grain itself."""

import cv2
import numpy as np
import pywt
from numpy.lib.stride_tricks import sliding_window_view

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals.base import RESIDUALS, describe

__all__ = ["noise_level", "wavelet_noise"]

CELL = 16  # pixels that share one noise level
WINDOW = 32  # pixels whose 256 diagonal details give it, the cell in their middle
MAD_OF_NORMAL = 0.6745  # median of |x| for normal x of SD 1

# Orthonormal, so that white noise keeps its standard deviation in every band.
WAVELET = pywt.Wavelet("db4")  # Daubechies, Ten lectures on wavelets (1992), of eight taps
HIGH = np.array(WAVELET.rec_hi)
ANCHOR = 3  # the tap at the pixel itself
LEVELS = 4
WINDOWS = (3, 5, 7, 9)  # details; sides of the squares that the local variance is measured in
GRAIN = 5.0  # grey levels; the SD of noise that is taken out, as in Lukáš, Fridrich and Goljan


@RESIDUALS.register("noise_level")
@describe(
    title="Noise level",
    unit="grey levels (standard deviation)",
    channels=("red", "green", "blue"),
    limit=4.0,
    signed=False,
    reach=26,
    look_at="An area whose noise differs from that of others that are equally bright and equally sharp: it may come "
    "from another picture, or have been smoothed or enlarged.",
    ignore="Fine texture such as foliage, fabric and hair, which counts as noise here; blurred, smoothed and JPEG areas, "
    "where the finest detail is gone; over- and underexposure, where noise is cut off. Cells of 16 pixels; each is "
    "measured in 32 × 32 with an error of about 7 percent. In a finely textured picture, texture outweighs any other noise.",
    reference="Mahdian and Saic, Image and Vision Computing 27 (2009)",
)
def noise_level(pixels: UInt8Array) -> Float32Array:
    """Return the noise SD of each cell of 16 x 16 pixels, (H, W, 3), in grey levels.

    It is the median absolute value of the finest diagonal wavelet details around the cell, over 0.6745.
    """
    height, width = pixels.shape[:2]
    maps = np.empty(pixels.shape, dtype=np.float32)
    for c in range(3):
        details = np.abs(diagonal_details(np.ascontiguousarray(pixels[..., c], dtype=np.float32) - 128.0))
        cells = _window_medians(details) / np.float32(MAD_OF_NORMAL)
        maps[..., c] = cells.repeat(CELL, axis=0).repeat(CELL, axis=1)[:height, :width]
    return maps


def diagonal_details(values: Float32Array) -> Float32Array:
    """Return the finest diagonal details (HH1) of a map of any size, (ceil(H / 2), ceil(W / 2)), borders mirrored."""
    full = cv2.sepFilter2D(values, cv2.CV_32F, HIGH, HIGH, anchor=(ANCHOR, ANCHOR), borderType=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(full[::2, ::2], dtype=np.float32)


def _window_medians(details: Float32Array) -> Float32Array:
    """Return the median of the window around each cell; the details have half the resolution of the picture."""
    cell, window = CELL // 2, WINDOW // 2
    margin = (window - cell) // 2
    height, width = details.shape
    below, right = margin + -height % cell, margin + -width % cell
    padded = np.pad(details, ((margin, below), (margin, right)), mode="symmetric")
    windows = sliding_window_view(padded, (window, window))[::cell, ::cell]
    # Row by row: the windows overlap, so all of them at once take four times the memory of the picture.
    return np.stack([np.median(row.reshape(len(row), -1), axis=1) for row in windows]).astype(np.float32)


@RESIDUALS.register("wavelet_noise")
@describe(
    title="Wavelet noise residual",
    unit="grey levels",
    channels=("red", "green", "blue"),
    limit=8.0,
    signed=True,
    reach=192,
    look_at="Grain that stops or changes its coarseness at the border of an area; a pattern that repeats. Of many "
    "pictures of one camera, the mean of this residual is the camera's fingerprint.",
    ignore="Outlines and texture, of which a part always remains. One picture's residual alone does not tell the "
    "camera; resized and strongly compressed pictures keep little of the sensor's noise.",
    reference="Mıhçak et al., ICASSP 1999; Lukáš, Fridrich and Goljan, IEEE TIFS 1 (2006)",
)
def wavelet_noise(pixels: UInt8Array) -> Float32Array:
    """Return the picture minus its Wiener-filtered wavelet reconstruction, (H, W, 3), in grey levels.

    Four levels of the Daubechies transform; a detail d with local variance s² keeps ``s² / (s² + 25)`` of itself, and
    the rest is the residual. White noise of SD up to 5 stays whole, less its share in the coarsest picture (1 / 256).
    """
    return np.stack([_grain(np.ascontiguousarray(pixels[..., c])) for c in range(3)], axis=2)


def _grain(values: UInt8Array) -> Float32Array:
    """Return what the Wiener filter takes out of one colour, (H, W)."""
    height, width = values.shape
    unit = 2**LEVELS
    # Mirrored, and to a whole number of coarsest pixels; the origin stays on the grid of the transform.
    border = 12 * unit  # beyond the reach, so that nothing wraps around into the picture
    sides = ((border, border + -height % unit), (border, border + -width % unit))
    coarse = np.pad(values, sides, mode="symmetric").astype(np.float32) - 128.0
    levels = []
    for _ in range(LEVELS):
        coarse, details = pywt.dwt2(coarse, WAVELET, mode="periodization")
        levels.append(tuple(_noise_share(d) for d in details))
    coarse = np.zeros_like(coarse)
    for details in reversed(levels):
        coarse = pywt.idwt2((coarse, details), WAVELET, mode="periodization")
    return coarse[border : border + height, border : border + width]


def _noise_share(details: Float32Array) -> Float32Array:
    """Return the part of the details that is noise of variance ``GRAIN`` squared, after Mıhçak et al."""
    squares = np.square(details)
    energy = np.full_like(details, np.inf)
    for side in WINDOWS:
        np.minimum(energy, cv2.boxFilter(squares, cv2.CV_32F, (side, side), borderType=cv2.BORDER_REFLECT), out=energy)
    signal = np.maximum(energy - np.float32(GRAIN**2), 0.0)
    return np.asarray(details * (np.float32(GRAIN**2) / (signal + np.float32(GRAIN**2))), dtype=np.float32)
