"""Demo exhibits: real photographs that installed packages carry, and forgeries made from them on the spot."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from skimage.data import astronaut
from sklearn.datasets import load_sample_image

from forensics.training.makers import MAKERS
from forensics.types import UInt8Array

__all__ = ["ATTRIBUTION", "write_exhibits"]

SEED = 11
QUALITY = 92
ATTRIBUTION: Mapping[str, str] = MappingProxyType(
    {
        "china": "Wayan Vota, CC BY 2.0, as shipped with scikit-learn",
        "flower": "Tomasz Nowacki, CC BY 2.0, as shipped with scikit-learn",
        "astronaut": "NASA, public domain, as shipped with scikit-image",
    }
)


def write_exhibits(folder: Path) -> list[Path]:
    """Write three photographs and four forgeries of them as JPEG files.

    Parameters
    ----------
    folder : path
        Made if it does not exist.

    Returns
    -------
    list of path
        Photographs first; forgeries are named after their photograph and maker.
    """
    folder.mkdir(parents=True, exist_ok=True)
    photographs = {
        "china": np.asarray(load_sample_image("china.jpg")),
        "flower": np.asarray(load_sample_image("flower.jpg")),
        "astronaut": np.asarray(astronaut()),
    }
    files = [_written(folder / f"{name}.jpg", pixels) for name, pixels in photographs.items()]
    for name, maker in (("china", "removal"), ("flower", "upsample"), ("astronaut", "self_blend"), ("china", "splice")):
        picture = photographs[name]
        height, width = picture.shape[:2]
        donor = cv2.resize(photographs["flower"], (width, height), interpolation=cv2.INTER_AREA)
        forgery = MAKERS[maker](picture, np.random.default_rng(SEED), donor=donor, face=name == "astronaut")
        files.append(_written(folder / f"{name}-{maker}.jpg", forgery.pixels))
    return files


def _written(path: Path, pixels: UInt8Array) -> Path:
    """Write a JPEG without a trace of the present, so that two runs give the same bytes."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    path.write_bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    return path
