"""Photographs with a free licence that come with the installation, and forgeries made from them on the spot."""

from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

import cv2
import numpy as np
from PIL import Image

from forensics.records.arrays import UInt8Array
from forensics.training.makers import MAKERS

__all__ = ["ATTRIBUTION", "FORGERIES", "SEED", "forge", "photographs"]

SEED = 11
ATTRIBUTION: Mapping[str, str] = MappingProxyType(
    {
        "china": "danielbuechele on Flickr, CC BY 2.0, as shipped with scikit-learn",
        "flower": "vultilion on Flickr, CC BY 2.0, as shipped with scikit-learn",
        "astronaut": "NASA, public domain, as shipped with scikit-image",
    }
)
# Those of scikit-learn are copies, for the core does without that package.
FILES = {
    "china": ("forensics", "assets/photographs/china.jpg"),
    "flower": ("forensics", "assets/photographs/flower.jpg"),
    "astronaut": ("skimage", "data/astronaut.png"),
}
FORGERIES = (("china", "removal"), ("flower", "upsample"), ("astronaut", "self_blend"), ("china", "splice"))


def photographs() -> dict[str, UInt8Array]:
    """Return name and pixels, uint8 (H, W, 3), of three photographs."""
    found = {}
    for name, (package, file) in FILES.items():
        with (files(package) / file).open("rb") as data:
            found[name] = np.asarray(Image.open(data).convert("RGB"))
    return found


def forge(originals: Mapping[str, UInt8Array], name: str, maker: str) -> UInt8Array:
    """Return a forgery of one of the photographs, the same each time.

    Parameters
    ----------
    originals : mapping of str to array
        As `photographs` returns them.
    name, maker : str
        Such as one of `FORGERIES`.
    """
    picture = originals[name]
    height, width = picture.shape[:2]
    donor = cv2.resize(originals["flower"], (width, height), interpolation=cv2.INTER_AREA)
    made = MAKERS[maker](picture, np.random.default_rng(SEED), donor=donor, face=name == "astronaut")
    return made.pixels
