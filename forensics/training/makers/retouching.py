"""Local processing: smoothing, sharpening, tone, bulge and pinch inside a region; and the beauty filter of a phone."""

import cv2
import numpy as np

from forensics.records.arrays import UInt8Array
from forensics.training.makers.base import MAKERS, Forgery, region, soften

__all__ = ["beautify", "retouch"]

FEATHER = (2.0, 6.0)
BULGE = 6.0  # largest displacement in pixels
WIDE_FEATHER = (6.0, 14.0)  # filters follow the face without a seam
EDGES = 4.0  # grey levels of local detail at which smoothing has fallen to a third


@MAKERS.register("retouch")
def retouch(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Smooth, sharpen, tone or warp one region."""
    del donor
    mask = region(picture.shape[:2], rng, face=face)
    soft = soften(mask, rng.uniform(*FEATHER))
    kind = rng.integers(5)
    if kind == 0:
        local = cv2.medianBlur(picture, int(rng.choice([3, 5])))
    elif kind == 1:
        local = cv2.bilateralFilter(picture, 7, float(rng.uniform(20, 50)), 5.0)
    elif kind == 2:
        local = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.8, 2.0)))
    elif kind == 3:
        tone = picture * rng.uniform(0.85, 1.15, 3) + rng.uniform(-8, 8)
        local = np.clip(tone, 0, 255).astype(np.uint8)
    else:
        return Forgery(pixels=_warped(picture, mask, rng), mask=mask)
    mixed = soft * local + (1 - soft) * picture
    return Forgery(pixels=np.clip(np.rint(mixed), 0, 255).astype(np.uint8), mask=mask)


@MAKERS.register("beautify")
def beautify(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Smooth skin where it is smooth already, brighten it, and put part of the fine detail back."""
    del donor
    mask = region(picture.shape[:2], rng, face=face)
    x = picture.astype(np.float32)
    smooth = cv2.bilateralFilter(x, 9, float(rng.uniform(25, 45)), float(rng.uniform(4, 8)))
    detail = cv2.GaussianBlur(np.abs(x - smooth).mean(axis=2), (0, 0), 4.0)
    even = np.exp(-detail / EDGES)[..., None]  # near 1 on skin, near 0 on hair and eyes
    kept = rng.uniform(0.1, 0.4)
    local = even * (smooth + kept * (x - smooth)) + (1 - even) * x
    local = local + rng.uniform(0, 10) * even
    soft = soften(mask, rng.uniform(*WIDE_FEATHER)) * float(rng.uniform(0.6, 1.0))
    mixed = soft * local + (1 - soft) * x
    return Forgery(pixels=np.clip(np.rint(mixed), 0, 255).astype(np.uint8), mask=mask)


def _warped(picture: UInt8Array, mask: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Move pixels towards or away from the middle of the region."""
    height, width = picture.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    points = np.argwhere(mask)
    cy, cx = points.mean(axis=0) if len(points) else (height / 2, width / 2)
    reach = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 10)
    radius = np.sqrt(max(float(mask.sum()), 1.0) / np.pi)
    amount = rng.uniform(2.0, BULGE) * rng.choice([-1, 1]) / radius
    dx, dy = (columns - cx) * reach * amount, (rows - cy) * reach * amount
    return cv2.remap(
        picture,
        columns + dx.astype(np.float32),
        rows + dy.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )
