"""Whole-picture forgeries: what the decoders of generators leave behind.

Generators end in stages that double the resolution: nearest-neighbour and a convolution, transposed convolution,
sub-pixel shuffling. Each leaves periodic traces and correlated noise. Here a real picture is shrunk, its fine
detail is made anew at the lower resolution and brought back up by such stages with random kernels.

References
----------
Odena et al., Deconvolution and checkerboard artifacts, Distill (2016). Durall et al., CVPR 2020.
"""

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.training.makers.base import MAKERS, Forgery

__all__ = ["upsample"]

TAP_SD = (0.03, 0.15)  # relative spread of learned taps around the interpolating kernel
GAIN_SD = (0.005, 0.04)  # spread of the gains of the sub-pixel phases
PATTERN = (0.3, 3.0)  # amplitude of a periodic trace in grey levels: above, it can be seen
GRAIN = (0.0, 3.0)  # SD in grey levels of the detail made anew


@MAKERS.register("upsample")
def upsample(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Shrink, make grain anew, and bring back up in one to three stages; or imprint the traces alone."""
    del donor, face
    height, width = picture.shape[:2]
    x = picture.astype(np.float32)
    if rng.random() < 0.25:
        x = _imprint(x, rng)
    else:
        factor = float(rng.choice([1.5, 2.0, 2.0, 3.0, 4.0]))
        shrink = cv2.INTER_AREA if rng.random() < 0.6 else cv2.INTER_CUBIC
        x = cv2.resize(x, (max(8, round(width / factor)), max(8, round(height / factor))), interpolation=shrink)
        if rng.random() < 0.4:
            x = _nonlinear(x, rng)
        x = _grain(x, rng)
        while x.shape[1] * 2 <= width + 1:
            x = _double(x, rng)
            if x.shape[1] * 2 <= width + 1 or rng.random() < 0.4:
                x = _grain(x, rng)
        if x.shape[:2] != (height, width):
            how = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4]))
            x = cv2.resize(x, (width, height), interpolation=how)
        if rng.random() < 0.3:
            x = _imprint(x, rng)
    pixels = np.clip(np.rint(x), 0, 255).astype(np.uint8)
    return Forgery(pixels=pixels, mask=np.ones((height, width), dtype=np.uint8))


def _grain(x: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Add noise at this resolution; the stages above will correlate it."""
    sd = rng.uniform(*GRAIN)
    noise = rng.standard_normal(x.shape if rng.random() < 0.5 else (*x.shape[:2], 1), dtype=np.float32)
    return (x + sd * noise).astype(np.float32)


def _nonlinear(x: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Mix in a small random convolution with a leaky ReLU, as a stage of a network would."""
    taps = rng.normal(0, 1 / 3, (3, 3)).astype(np.float32)
    taps -= taps.mean()
    y = cv2.filter2D(x, -1, taps, borderType=cv2.BORDER_REFLECT_101)
    y = np.where(y > 0, y, 0.2 * y)
    return (x + rng.uniform(0.05, 0.3) * (y - cv2.blur(y, (9, 9)))).astype(np.float32)


def _double(x: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Double the resolution by one of the stages that generators use."""
    kind = rng.choice(["nearest", "transposed4", "transposed3", "shuffle", "bilinear"])
    h, w = x.shape[:2]
    if kind == "nearest":
        y = cv2.resize(x, (2 * w, 2 * h), interpolation=cv2.INTER_NEAREST)
        kernel: Float32Array = (np.outer([1, 2, 1], [1, 2, 1]) / 16).astype(np.float32)
        sharp = rng.uniform(0.0, 0.6)
        kernel = np.float32(1 + sharp) * _jitter(kernel, rng)
        kernel[1, 1] -= sharp
        return cv2.filter2D(y, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    if kind == "bilinear":
        y = cv2.resize(x, (2 * w, 2 * h), interpolation=cv2.INTER_LINEAR)
        kernel = np.zeros((3, 3), dtype=np.float32)
        kernel[1, 1] = 1.0
        kernel += rng.normal(0, rng.uniform(*TAP_SD), (3, 3)).astype(np.float32)
        return cv2.filter2D(y, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)
    if kind == "shuffle":
        y = cv2.resize(x, (2 * w, 2 * h), interpolation=cv2.INTER_CUBIC)
        gains = 1 + rng.normal(0, rng.uniform(*GAIN_SD), (2, 2, 3))
        offsets = rng.normal(0, 0.5, (2, 2, 3))
        return (y * np.tile(gains, (h, w, 1)) + np.tile(offsets, (h, w, 1))).astype(np.float32)
    zeros = np.zeros((2 * h, 2 * w, 3), dtype=np.float32)
    zeros[::2, ::2] = x
    taps = [1, 3, 3, 1] if kind == "transposed4" else [1, 2, 1]
    kernel = _jitter(np.outer(taps, taps).astype(np.float32), rng)
    # Uneven weight per phase is the checkerboard itself: keep most of the jitter, only the mean gain is set.
    return cv2.filter2D(zeros, -1, 4 * kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)


def _jitter(kernel: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Vary each tap; per polyphase component the sum is brought most of the way back to its own."""
    varied = kernel * (1 + rng.normal(0, rng.uniform(*TAP_SD), kernel.shape)).astype(np.float32)
    for i in (0, 1):
        for j in (0, 1):
            gain = kernel[i::2, j::2].sum() / varied[i::2, j::2].sum()
            varied[i::2, j::2] *= gain ** rng.uniform(0.6, 1.0)
    return varied.astype(np.float32)


def _imprint(x: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Add a faint pattern of period 2, 4 or 8, or a few spectral peaks at multiples of a quarter cycle."""
    height, width = x.shape[:2]
    amplitude = rng.uniform(*PATTERN)
    if rng.random() < 0.5:
        period = int(rng.choice([2, 4, 8]))
        cell = rng.standard_normal((period, period, 3))
        cell -= cell.mean(axis=(0, 1))
        pattern = np.tile(cell, (height // period + 1, width // period + 1, 1))[:height, :width]
    else:
        rows, columns = np.mgrid[0:height, 0:width]
        pattern = np.zeros((height, width, 3))
        for _ in range(int(rng.integers(1, 4))):
            fy, fx = rng.choice([0, 0.25, 0.5], 2)
            wave = np.cos(2 * np.pi * (fy * rows + fx * columns) + rng.uniform(0, 2 * np.pi))
            pattern += wave[..., None] * rng.uniform(0.5, 1, 3)
    local = cv2.GaussianBlur(rng.random((height, width)).astype(np.float32), (0, 0), 12)
    envelope = 0.5 + (local - local.min()) / max(float(np.ptp(local)), 1e-6)
    return (x + amplitude * envelope[..., None] * pattern / max(float(pattern.std()), 1e-6)).astype(np.float32)
