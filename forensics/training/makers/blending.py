"""Blended faces and regions: the seam and the mismatch that every face swap has.

References
----------
Li et al., Face X-ray, CVPR 2020. Perez et al., Poisson image editing, SIGGRAPH 2003. Shiohara and Yamasaki, Detecting deepfakes with self-blended images, CVPR 2022.
"""

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.training.makers.base import MAKERS, Forgery, region, soften

__all__ = ["cross_blend", "poisson_blend", "self_blend"]

SHIFT = 0.03  # of the side: larger moves doubled contours into sight
SCALE = (0.95, 1.05)
FEATHER = (1.0, 9.0)  # sigma in pixels of the mask's edge
MARGIN = 3
STRENGTH = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)  # full replacement is the common case


@MAKERS.register("self_blend")
def self_blend(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Blend the picture with a slightly altered copy of itself."""
    del donor
    source, ground = picture.astype(np.float32), picture.astype(np.float32)
    if rng.random() < 0.5:
        source = _altered(source, rng)
    else:
        ground = _altered(ground, rng)
    return _blended(_moved(source, rng), ground, rng, face=face)


@MAKERS.register("cross_blend")
def cross_blend(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Blend a donor into the picture, its colours matched under the mask."""
    ground = picture.astype(np.float32)
    mask = region(picture.shape[:2], rng, face=face)
    inside = mask.astype(bool)
    source = donor.astype(np.float32)
    if rng.random() < 0.5:
        source = _altered(source, rng)
    if inside.any():
        mean, sd = source[inside].mean(axis=0), source[inside].std(axis=0) + 1e-3
        source = (source - mean) * np.clip(ground[inside].std(axis=0) / sd, 0.6, 1.6) + ground[inside].mean(axis=0)
    return _blended(source, ground, rng, face=face, mask=mask)


@MAKERS.register("poisson_blend")
def poisson_blend(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Clone a donor's gradients into the picture, as the common face-swapping tools do. Kept for measuring."""
    mask = region(picture.shape[:2], rng, face=face)
    inner = np.zeros_like(mask)
    inner[MARGIN:-MARGIN, MARGIN:-MARGIN] = mask[MARGIN:-MARGIN, MARGIN:-MARGIN]  # OpenCV wants it off the border
    left, top, width, height = cv2.boundingRect(inner)
    centre = (left + width // 2, top + height // 2)
    cloned = cv2.seamlessClone(donor, picture, 255 * inner, centre, cv2.NORMAL_CLONE)
    return Forgery(pixels=np.asarray(cloned), mask=inner)


def _blended(
    source: Float32Array,
    ground: Float32Array,
    rng: np.random.Generator,
    *,
    face: bool,
    mask: UInt8Array | None = None,
) -> Forgery:
    mask = region(ground.shape[:2], rng, face=face) if mask is None else mask
    soft = soften(mask, rng.uniform(*FEATHER)) * float(rng.choice(STRENGTH))
    mixed = soft * source + (1 - soft) * ground
    return Forgery(pixels=np.clip(np.rint(mixed), 0, 255).astype(np.uint8), mask=mask)


def _altered(x: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Return a copy with another tone and another sharpness, as a second camera or a decoder would give."""
    y = x * rng.uniform(0.93, 1.07) + rng.uniform(-8, 8, 3).astype(np.float32)
    kind = rng.integers(4)
    if kind == 0:
        factor = float(rng.choice([1.5, 2.0, 3.0]))
        small = cv2.resize(y, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
        y = cv2.resize(small, (x.shape[1], x.shape[0]), interpolation=cv2.INTER_CUBIC)
    elif kind == 1:
        y = y + rng.uniform(0.2, 0.7) * (y - cv2.GaussianBlur(y, (0, 0), 1.0))
    elif kind == 2:
        y = y + rng.normal(0, rng.uniform(1, 4), y.shape)
    return y.astype(np.float32)


def _moved(x: Float32Array, rng: np.random.Generator) -> Float32Array:
    height, width = x.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-2, 2)), float(rng.uniform(*SCALE)))
    matrix[:, 2] += rng.uniform(-SHIFT, SHIFT, 2) * (width, height / 2)
    return cv2.warpAffine(x, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
