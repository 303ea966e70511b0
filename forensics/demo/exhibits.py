"""Demo exhibits: real photographs that installed packages carry, and forgeries made from them on the spot."""

import csv
from pathlib import Path

import cv2
import numpy as np

from forensics.demo.photographs import ATTRIBUTION, FORGERIES, SEED, forge, photographs
from forensics.records.arrays import UInt8Array
from forensics.training.makers import MAKERS

__all__ = ["ATTRIBUTION", "write_exhibits", "write_practice_folder"]

QUALITY = 92
TEXTURES = 8
TEXTURE_SIDE = 320  # pixels


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
    originals = photographs()
    files = [_written(folder / f"{name}.jpg", pixels) for name, pixels in originals.items()]
    for name, maker in FORGERIES:
        files.append(_written(folder / f"{name}-{maker}.jpg", forge(originals, name, maker)))
    return files


def write_practice_folder(folder: Path) -> Path:
    """Write a small labelled folder to try the training commands on: far too little to train or to measure with.

    Generated textures and parts of three photographs stand in for camera originals, and each part of a photograph,
    passed through the maker ``upsample``, for generator output.

    Parameters
    ----------
    folder : path
        Made if it does not exist.

    Returns
    -------
    path
        ``index.csv`` with the sources ``textures``, ``photographs`` and ``astronaut``, as
        `forensics.evaluation.labelled.Pictures` reads it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = [_row(folder, f"texture-{k}", _texture(k), label="real", source="textures") for k in range(TEXTURES)]
    for name, picture in photographs().items():
        source = "astronaut" if name == "astronaut" else "photographs"
        for k, part in enumerate(_parts(picture)):
            rng = np.random.default_rng([SEED, k])
            made = MAKERS["upsample"](part, rng, donor=part, face=False).pixels
            rows.append(_row(folder, f"{name}-{k}", part, label="real", source=source))
            rows.append(_row(folder, f"{name}-{k}-upsample", made, label="fake", source=source))
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder / "index.csv"


def _parts(picture: UInt8Array) -> list[UInt8Array]:
    """Cut a picture into two halves beside each other, each into two again where that leaves 256 pixels."""
    halves = np.array_split(picture, 2, axis=1)
    return [p for half in halves for p in (np.array_split(half, 2) if half.shape[0] >= 512 else [half])]


def _texture(number: int) -> UInt8Array:
    """Return structure of three sizes in one tint, with grain."""
    rng = np.random.default_rng([SEED, number])
    shape = (TEXTURE_SIDE, TEXTURE_SIDE)
    layers = [cv2.GaussianBlur(rng.standard_normal(shape), (0, 0), sigma) for sigma in (2, 8, 32)]
    grey = 128 + sum(rng.uniform(8, 24) * layer / layer.std() for layer in layers)
    picture = grey[..., None] * rng.uniform(0.8, 1.1, 3) + rng.normal(0, 4, (*shape, 3))
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _row(folder: Path, name: str, pixels: UInt8Array, *, label: str, source: str) -> dict[str, str]:
    path = _written(folder / f"{name}.jpg", pixels)
    return {"path": path.name, "label": label, "source": source, "face": "0"}


def _written(path: Path, pixels: UInt8Array) -> Path:
    """Write a JPEG without a trace of the present, so that two runs give the same bytes."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    path.write_bytes(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
    return path
