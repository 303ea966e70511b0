"""Splice, copy-move and removal: content brought in, doubled or taken out."""

import cv2
import numpy as np

from forensics.records.arrays import UInt8Array
from forensics.training.makers.base import MAKERS, Forgery, region, soften
from forensics.training.pairs.post_chain import jpeg

__all__ = ["copy_move", "removal", "splice"]

FEATHER = (0.0, 1.5)  # cut edges are sharp or anti-aliased, not blended
DONOR_QUALITY = (50, 95)  # the donor has a compression history of its own
SCALE = (0.7, 1.4)
ANGLE = 15.0  # degrees
RADIUS = (3, 7)  # in-painting radius in pixels


@MAKERS.register("splice")
def splice(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Paste a region of another picture, with its own scale, angle and JPEG history."""
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2), float(rng.uniform(-ANGLE, ANGLE)), float(rng.uniform(*SCALE))
    )
    brought = jpeg(donor, quality=int(rng.integers(*DONOR_QUALITY)), full_chroma=bool(rng.random() < 0.3))
    brought = cv2.warpAffine(brought, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return _pasted(picture, brought, region((height, width), rng, face=face and rng.random() < 0.5), rng)


@MAKERS.register("copy_move")
def copy_move(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Paste a region of the same picture elsewhere, turned and scaled a little in half of the cases."""
    del donor, face
    height, width = picture.shape[:2]
    shift = rng.uniform(0.25, 0.5, 2) * (width, height) * rng.choice([-1, 1], 2)
    turned = rng.random() < 0.5
    matrix = cv2.getRotationMatrix2D(
        (width / 2, height / 2),
        float(rng.uniform(-8, 8)) if turned else 0.0,
        float(rng.uniform(0.9, 1.1)) if turned else 1.0,
    )
    matrix[:, 2] += np.rint(shift)
    moved = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return _pasted(picture, moved, region((height, width), rng), rng)


@MAKERS.register("removal")
def removal(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Fill a region from its surroundings, then give it grain like theirs."""
    del donor, face
    height, width = picture.shape[:2]
    mask = region((height, width), rng)
    if rng.random() < 0.6:
        half = cv2.resize(picture, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        small = cv2.resize(mask, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST)
        how = cv2.INPAINT_TELEA if rng.random() < 0.5 else cv2.INPAINT_NS
        filled = cv2.resize(
            cv2.inpaint(half, small, float(rng.uniform(*RADIUS)), how),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        ).astype(np.float32)
    else:
        soft = soften(1 - mask, 12.0)
        filled = cv2.GaussianBlur(picture.astype(np.float32) * (1 - mask[..., None]), (0, 0), 12.0) / (soft + 1e-3)
    residual = picture.astype(np.float32) - cv2.medianBlur(picture, 3)
    around = cv2.dilate(mask, np.ones((15, 15), np.uint8)).astype(bool) & ~mask.astype(bool)
    sd = float(residual[around].std()) if around.any() else 1.0
    filled = filled + rng.normal(0, sd * rng.uniform(0.7, 1.3), filled.shape)
    return _pasted(picture, np.clip(np.rint(filled), 0, 255).astype(np.uint8), mask, rng)


def _pasted(picture: UInt8Array, brought: UInt8Array, mask: UInt8Array, rng: np.random.Generator) -> Forgery:
    soft = soften(mask, rng.uniform(*FEATHER))
    mixed = soft * brought + (1 - soft) * picture
    return Forgery(pixels=np.clip(np.rint(mixed), 0, 255).astype(np.uint8), mask=mask)
