"""A region of a picture drawn anew by the last stages of a generator: what inpainting and the swapping of faces leave."""

import numpy as np

from forensics.records.arrays import UInt8Array
from forensics.training.makers.base import MAKERS, Forgery, Maker, region, soften
from forensics.training.makers.upsampling import upsample

__all__ = ["Redrawing"]

EDGE = (0.0, 6.0)  # softness of the border in pixels: pasted hard, or blended as tools do
SWAPPED = 0.4  # share of faces whose new content comes from another picture


class Redrawing:
    """The maker: a picture drawn anew by another maker, blended back in a region only.

    Parameters
    ----------
    draw : Maker
        Forges everywhere.
    """

    def __init__(self, draw: Maker) -> None:
        self.draw = draw

    def __call__(self, picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
        """Return `picture` with a region of it drawn anew; of a face, at times from the donor in the face's colours."""
        mask = region(picture.shape[:2], rng, face=face)
        inside = mask.astype(bool)
        source = picture
        if face and rng.random() < SWAPPED:
            source = _coloured_like(donor, picture, inside)
        drawn = self.draw(source, rng, donor=donor, face=face).pixels
        weight = soften(mask, float(rng.uniform(*EDGE)))
        mixed = weight * drawn + (1.0 - weight) * picture
        return Forgery(pixels=np.rint(mixed).astype(np.uint8), mask=(weight[..., 0] > 0.5).astype(np.uint8))


MAKERS.add("redrawing", Redrawing(upsample))


def _coloured_like(donor: UInt8Array, picture: UInt8Array, inside: np.ndarray) -> UInt8Array:
    """Return the donor with the mean and deviation of the picture's colours inside the region."""
    own, goal = (x[inside].astype(np.float32) for x in (donor, picture))
    gain = np.clip(goal.std(axis=0) / (own.std(axis=0) + 1e-3), 0.5, 2.0)
    moved = (donor.astype(np.float32) - own.mean(axis=0)) * gain + goal.mean(axis=0)
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)
