"""Photographs that installed packages carry with a free licence, and forgeries made from them on the spot."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from PIL import Image

from forensics.errors import MissingExtraError
from forensics.records.arrays import UInt8Array
from forensics.training.makers import MAKERS

__all__ = ["ATTRIBUTION", "FORGERIES", "SEED", "forge", "photographs"]

SEED = 11
ATTRIBUTION: Mapping[str, str] = MappingProxyType(
    {
        "china": "Wayan Vota, CC BY 2.0, as shipped with scikit-learn",
        "flower": "Tomasz Nowacki, CC BY 2.0, as shipped with scikit-learn",
        "astronaut": "NASA, public domain, as shipped with scikit-image",
    }
)
# Read as files: importing scikit-learn for two pictures takes two seconds.
FILES = {
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
    "astronaut": ("skimage", "data/astronaut.png"),
}
FORGERIES = (("china", "removal"), ("flower", "upsample"), ("astronaut", "self_blend"), ("china", "splice"))


def photographs() -> dict[str, UInt8Array]:
    """Return name and pixels, uint8 (H, W, 3), of three photographs.

    Raises
    ------
    MissingExtraError
        A package that carries them is not installed.
    """
    return {name: np.asarray(Image.open(_place(name)).convert("RGB")) for name in FILES}


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


def _place(name: str) -> Path:
    package, file = FILES[name]
    found = find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        if (Path(folder) / file).is_file():
            return Path(folder) / file
    raise MissingExtraError(f"{package} does not carry {file}. Install it again: pip install 'forensics'.")
