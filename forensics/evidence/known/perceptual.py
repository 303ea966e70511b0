"""Perceptual hashes: 64 bits that change little when a picture is saved again or scaled, to look it up in a list.

They are those of imagehash for the whole picture, so that lists made with that library can be used. A perceptual hash
identifies nothing: different pictures can have close hashes, and the same picture cropped or turned has a far one.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from PIL import Image

from forensics.records.arrays import UInt8Array

__all__ = ["FLAT", "is_flat", "perceptual_hashes"]

# Standard deviation in grey levels, at the 32 x 32 pixels that phash looks at, below which its bits are those of grain
# and rounding: an even grey of 2 megapixels with grain of 25 grey levels, saved as JPEG 50, has 0.5 there (measured).
FLAT = 2.0
_SIDE = 32


def perceptual_hashes(pixels: UInt8Array) -> Mapping[str, str]:
    """Return the perceptual hashes of a picture by name, 16 hexadecimal digits each.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
        Upright, at full size: a smaller copy has other bits here and there, and the lists are of whole pictures.

    Returns
    -------
    mapping
        ``phash`` (discrete cosine transform) and ``dhash`` (differences to the right). Deterministic.
    """
    import imagehash  # brings PyWavelets along; most examinations look nothing up

    grey = _grey(pixels)
    return MappingProxyType({"phash": str(imagehash.phash(grey)), "dhash": str(imagehash.dhash(grey))})


def is_flat(pixels: UInt8Array) -> bool:
    """Return whether a picture is so even that its perceptual hash is that of noise."""
    small = _grey(pixels).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return float(np.asarray(small, dtype=np.float64).std()) < FLAT


def _grey(pixels: UInt8Array) -> Image.Image:
    return Image.fromarray(pixels).convert("L")
