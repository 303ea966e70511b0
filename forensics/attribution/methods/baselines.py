"""What “nothing there” looks like: pictures that stand for none, and places filled from their surroundings."""

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array

__all__ = ["BASELINES", "SEED", "fill_removed"]

SEED = 2024  # of whatever a method draws, so that two runs give the same map
BLUR = 15  # pixels, side of the median that takes detail out and leaves light and colour
NOISE_SD = 20.0  # grey levels
FILL_NOISE_SD = 2.0  # grey levels; the noise of what stands for removed cells, about the grain of a photograph


def _blurred(levels: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(levels), BLUR))


def _grey(levels: UInt8Array) -> Float32Array:
    return np.full(levels.shape, 127.5, dtype=np.float32)


def _noise(levels: UInt8Array) -> Float32Array:
    noise = np.random.default_rng(SEED).normal(127.5, NOISE_SD, levels.shape)
    return np.clip(noise, 0, 255).astype(np.float32)


# uint8 (S, S, 3) to grey levels (S, S, 3): the same picture without detail, no picture at all, detail of no origin
BASELINES: Mapping[str, Callable[[UInt8Array], UInt8Array | Float32Array]] = {
    "median_blur": _blurred,
    "grey": _grey,
    "noise": _noise,
}


def fill_removed(pixels: Float32Array, gone: Float32Array) -> Float32Array:
    """Return a view in which some places are filled from their surroundings, with a little noise.

    What is left of a removed place must be neither a hole with an edge nor a copy: both would be traces themselves. It is
    the average of what remains around it, from near to far.

    Parameters
    ----------
    pixels : array of shape (3, S, S), float32 in [0, 1]
    gone : array of shape (S, S), float32
        1 where a pixel is removed, else 0.

    Returns
    -------
    array of shape (3, S, S), float32 in [0, 1]

    References
    ----------
    Rong et al., A consistent and efficient evaluation strategy for attribution methods, ICML 2022 (ROAD): removal by noisy
    linear imputation. Gortler et al., The Lumigraph, SIGGRAPH 1996: filling by pull and push, used here in place of their
    linear system because a view takes milliseconds.
    """
    remaining = (1.0 - gone).astype(np.float32)
    colours = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    filled = _filled(colours * remaining[..., None], remaining)
    noise = np.random.default_rng(SEED).normal(0.0, FILL_NOISE_SD / 255.0, colours.shape).astype(np.float32)
    mixed = colours * remaining[..., None] + np.clip(filled + noise, 0.0, 1.0) * (1.0 - remaining[..., None])
    return np.ascontiguousarray(mixed.transpose(2, 0, 1).astype(np.float32))


def _filled(weighted: Float32Array, weight: Float32Array) -> Float32Array:
    """Return the mean of what is known, from the finest level at which anything is."""
    height, width = weight.shape
    if min(height, width) < 2:
        total = float(weight.sum())
        mean = weighted.sum(axis=(0, 1)) / total if total else np.full(3, 0.5, dtype=np.float32)
        return np.broadcast_to(mean, weighted.shape).astype(np.float32)
    half = (width // 2, height // 2)
    coarse = _filled(
        cv2.resize(weighted, half, interpolation=cv2.INTER_AREA), cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    )
    above = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    known = np.clip(weight, 0.0, 1.0)[..., None]
    own = weighted / np.maximum(weight, 1e-6)[..., None]
    return np.asarray(own * known + above * (1.0 - known), dtype=np.float32)
