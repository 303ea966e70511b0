"""The kind of function that makes a forgery, and the masks that several of them share."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from forensics.records.arrays import Float32Array, UInt8Array
from forensics.registry import Registry

__all__ = ["MAKERS", "Forgery", "Maker", "region", "soften"]

AREA = (0.06, 0.35)  # share of the picture a region covers: below, a tile shows too little of it
FACE_AXES = (
    (0.22, 0.40),
    (0.28, 0.48),
)  # half-axes of a face in a head-and-shoulders crop, share of the side


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgery:
    """A forged picture and where it was forged.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
    mask : array of shape (H, W), uint8
        1 where content was made, moved or processed; all ones for a whole-picture forgery.
    """

    pixels: UInt8Array
    mask: UInt8Array


class Maker(Protocol):
    """Makes one forgery."""

    def __call__(self, picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
        """Return a forgery of `picture`; neither picture nor donor is altered."""
        ...


MAKERS: Registry[Maker] = Registry("makers")


def region(shape: tuple[int, int], rng: np.random.Generator, *, face: bool = False) -> UInt8Array:
    """Return a random ellipse or convex polygon as a mask of 0 and 1, shape (H, W); centred for a face."""
    height, width = shape
    mask = np.zeros(shape, dtype=np.uint8)
    if face:
        axes = (rng.uniform(*FACE_AXES[0]) * width, rng.uniform(*FACE_AXES[1]) * height)
        centre = (rng.uniform(0.42, 0.58) * width, rng.uniform(0.40, 0.58) * height)
    else:
        radius = np.sqrt(rng.uniform(*AREA) * height * width / np.pi)
        stretch = rng.uniform(0.7, 1.4)
        axes = (radius * stretch, radius / stretch)
        centre = (rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height)
    if rng.random() < 0.5:
        box = (centre, (2 * axes[0], 2 * axes[1]), float(rng.uniform(0, 180 if not face else 15)))
        cv2.ellipse(mask, box, 1, thickness=-1)
        return mask
    angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(7, 14))))
    wobble = rng.uniform(0.85, 1.15, len(angles))
    points = np.stack([centre[0] + axes[0] * np.cos(angles) * wobble, centre[1] + axes[1] * np.sin(angles) * wobble], 1)
    cv2.fillConvexPoly(mask, cv2.convexHull(points.astype(np.float32)).astype(np.int32), 1)
    return mask


def soften(mask: UInt8Array, sigma: float) -> Float32Array:
    """Return the mask with a soft edge, float32 in [0, 1], shape (H, W, 1)."""
    soft = mask.astype(np.float32)
    if sigma > 0.3:
        soft = cv2.GaussianBlur(soft, (0, 0), sigma)
    return soft[..., None]
