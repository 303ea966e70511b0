"""Residuals of repeated JPEG compression: ghosts of an earlier quality, and doubly quantised coefficients."""

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.special import ndtr

from forensics.records.arrays import Float32Array, Float64Array, UInt8Array
from forensics.residuals.base import RESIDUALS, describe
from forensics.residuals.classical import saved_again

__all__ = ["double_quantisation", "jpeg_ghosts"]

QUALITIES = tuple(range(50, 100, 5))
GHOST_SIDE = 16  # pixels; squared differences are averaged over such squares, as in Farid

BLOCK = 8
# Vertical and horizontal frequency of the coefficients that are read: the first nine after the mean in zigzag order.
# Finer ones are mostly zero.
FREQUENCIES = ((0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0))
STEPS = range(2, 65)  # quantisation steps looked for; the coarsest of these frequencies at a quality of 10 has 70
HIGHEST = 32  # steps; coefficients beyond are so rare that they tell nothing
LEAST = 200  # coefficients other than zero that a histogram needs
BLUR = 0.45  # SD of a coefficient after pixels were rounded and colours converted; measured on saved photographs
ON_STEPS = 0.8  # concentration on multiples of a step, of what BLUR leaves; below, the last step is not that one
GAIN = 0.1  # nats per coefficient; pictures saved once reach up to 0.055 and pictures saved twice 0.2 and more
FLOOR = 0.05  # lowest density ratio: no single coefficient counts for more than 1.3
SHARES = np.linspace(0.05, 1.0, 20)[:, None]  # of the picture that was quantised twice


@RESIDUALS.register("jpeg_ghosts")
@describe(
    title="JPEG ghosts",
    unit="grey levels (root mean square)",
    channels=tuple(f"quality {q}" for q in QUALITIES),
    limit=6.0,
    signed=False,
    reach=15,
    look_at="An area that is dark in one channel while its surroundings of the same texture are not, or the other way "
    "round: it was saved at about that quality before. Go through the qualities in order.",
    ignore="Calm areas, which are dark at every quality; the last rows and columns of a picture that is no multiple of "
    "eight. All channels below the quality of the last saving are bright in any texture. Only qualities near these "
    "ten, of the usual JPEG tables, and areas that kept their place on the 8 × 8 grid leave a ghost.",
    reference="Farid, IEEE TIFS 4 (2009)",
)
def jpeg_ghosts(pixels: UInt8Array) -> Float32Array:
    """Return how much the picture's luma changes when it is saved at each quality, (H, W, 10), in grey levels.

    Root mean square over 16 x 16 pixels around each place. JPEG rounds the means of its blocks too: flat pictures
    have 0 at level 128 and up to 1 at others.
    """
    luma = np.clip(np.rint(_luma(pixels)), 0, 255).astype(np.uint8)
    maps = np.empty((*luma.shape, len(QUALITIES)), dtype=np.float32)
    for c, quality in enumerate(QUALITIES):
        squares = np.square(luma.astype(np.float32) - saved_again(luma, quality))
        means = cv2.boxFilter(squares, cv2.CV_32F, (GHOST_SIDE, GHOST_SIDE), borderType=cv2.BORDER_REFLECT)
        np.sqrt(np.maximum(means, 0.0), out=maps[..., c])
    return maps


@RESIDUALS.register("double_quantisation")
@describe(
    title="Double quantisation",
    unit="log10 of density, once over twice quantised",
    channels=("luma",),
    limit=2.0,
    signed=True,
    reach=None,
    look_at="A connected area that fits one quantisation (positive) in a picture whose rest fits two (negative): it "
    "may have been put in before the last saving.",
    ignore="Zero means that nothing can be told, not that all is well: pictures that were never JPEG or saved once only, "
    "whose last quality was not above the one before, that were resized or cropped off the 8 × 8 grid in between; calm "
    "and clipped blocks. Single blocks scatter. A picture that is negative all over was saved twice, which messengers "
    "and web sites do with any.",
    reference="Lin et al., Pattern Recognition 42 (2009); Bianchi and Piva, IEEE TIFS 7 (2012)",
)
def double_quantisation(pixels: UInt8Array) -> Float32Array:
    """Return how much better each 8 x 8 block fits one quantisation than two, (H, W).

    A coefficient that was rounded to multiples of one step and then of another falls on some multiples more often
    than on others. For each of nine frequencies the last step and the one before are estimated from the histogram of
    the whole picture, as in Bianchi and Piva; where two do not explain it clearly better than one, it counts as 0. A
    block has the sum over its frequencies of the log10 density ratios, averaged over 3 x 3 blocks.
    """
    height, width = pixels.shape[:2]
    down, across = height // BLOCK, width // BLOCK
    out = np.zeros((height, width), dtype=np.float32)
    if down < 2 or across < 2:
        return out
    luma = _luma(pixels)
    blocks = _coefficients(luma)
    # Away from the grid of the blocks the coefficients have their distribution, but not the steps.
    shifted = _coefficients(luma[BLOCK // 2 :, BLOCK // 2 :])
    usable = ~_clipped(pixels)
    score = np.zeros((down, across))
    for own, other in zip(blocks, shifted, strict=True):
        score -= _twice_over_once(own, other, usable)
    score = cv2.blur(score.astype(np.float32), (3, 3), borderType=cv2.BORDER_REFLECT)
    out[: down * BLOCK, : across * BLOCK] = score.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    return out


def _coefficients(luma: Float32Array) -> Float32Array:
    """Return the DCT coefficients of whole 8 x 8 blocks, (frequencies, down, across)."""
    down, across = luma.shape[0] // BLOCK, luma.shape[1] // BLOCK
    blocks = luma[: down * BLOCK, : across * BLOCK].reshape(down, BLOCK, across, BLOCK)
    basis = dct(np.eye(BLOCK), axis=0, norm="ortho").astype(np.float32)[:4]
    rows = np.einsum("ui,hiwj->uhwj", basis, blocks, optimize=True)
    every = np.einsum("vj,uhwj->uvhw", basis, rows, optimize=True)
    return np.stack([every[frequency] for frequency in FREQUENCIES])


def _clipped(pixels: UInt8Array) -> NDArray[np.bool_]:
    """Return which blocks hold a value of 0 or 255: what was cut off there moves their coefficients."""
    down, across = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    cut = ((pixels == 0) | (pixels == 255)).any(axis=2)[: down * BLOCK, : across * BLOCK]
    return np.asarray(cut.reshape(down, BLOCK, across, BLOCK).any(axis=(1, 3)))


def _twice_over_once(own: Float32Array, other: Float32Array, usable: NDArray[np.bool_]) -> Float64Array:
    """Return log10 of the density ratio of each block for one frequency; 0 where nothing can be told."""
    out = np.zeros(own.shape)
    last = _last_step(own[usable])
    multiples = np.abs(np.rint(own / last)).astype(np.int64)
    informative = (
        (multiples > 0) & (multiples <= HIGHEST) & usable
    )  # zeros tell flat areas from others, not their history
    counts = np.bincount(multiples[informative], minlength=HIGHEST + 1)[1:]
    if counts.sum() < LEAST:
        return out
    reference = np.minimum(np.abs(np.rint(other / last)).astype(np.int64).ravel(), HIGHEST + 1)
    once = np.bincount(reference, minlength=HIGHEST + 2)[1:-1] + 0.5
    best, ratio = -np.inf, np.ones(HIGHEST)
    for first in STEPS:
        density = _density_ratio(first, last)
        density *= once.sum() / (once @ density)
        fit = float((counts * np.log(SHARES * np.maximum(density - 1, FLOOR - 1) + 1)).sum(axis=1).max())
        if fit > best:
            best, ratio = fit, density
    if best > GAIN * counts.sum():
        out[informative] = np.log10(np.maximum(ratio, FLOOR))[multiples[informative] - 1]
    return out


def _last_step(coefficients: Float32Array) -> int:
    """Return the step on whose multiples the coefficients lie, or 1 if there is none above.

    The mean of cos(2 pi c / step) is 1 on multiples and 0 for evenly spread values; small coefficients, which lie
    near the multiple 0 of any step, do not count.
    """
    fine = 8
    counts = np.bincount(np.minimum(np.abs(coefficients) * fine, 2**13).astype(np.int64), minlength=2**13 + 1)[:-1]
    at = (np.arange(2**13) + 0.5) / fine
    best, found = 0.0, 1
    for step in STEPS:
        large = at > step / 2
        n = counts[large].sum()
        if n < LEAST:
            break
        concentration = float((np.cos(2 * np.pi * at[large] / step) * counts[large]).sum() / n)
        if concentration > best:
            best, found = concentration, step
    return found if best > ON_STEPS * np.exp(-2 * (np.pi * BLUR / found) ** 2) else 1


def _density_ratio(first: int, last: int) -> Float64Array:
    """Return how much more often multiples 1 to HIGHEST of the last step occur after a first step than without it.

    Each multiple of the first step gathers what lies within half a step of it, and passes it on to the multiple of
    the last step that it falls on, blurred by the rounding of pixels in between.
    """
    edges = last * (np.arange(HIGHEST + 1)[:, None] + 0.5)
    sources = first * np.arange(-1, int(np.ceil((HIGHEST + 1) * last / first)) + 2)
    below = ndtr((edges - sources) / BLUR)
    return np.asarray(first / last * np.diff(below, axis=0).sum(axis=1), dtype=np.float64)


def _luma(pixels: UInt8Array) -> Float32Array:
    """Return the luma of JPEG (ITU-R BT.601), (H, W), not rounded."""
    return np.asarray(pixels.astype(np.float32) @ np.array([0.299, 0.587, 0.114], dtype=np.float32), dtype=np.float32)
