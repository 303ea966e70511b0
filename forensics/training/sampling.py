"""Which picture, which part of it, and a forgery of that part with the same history of compression."""

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from forensics.training.makers import Forgery, Maker
from forensics.training.pictures import LabelledPicture, Pictures
from forensics.training.post_chain import jpeg
from forensics.types import Evidence, UInt8Array

__all__ = ["CROP", "Sampler", "crop_of", "forge", "window"]

CROP = 256  # side of the crop that is forged; a tile is cut from it after the chain
HELD = 512  # side of the part of each picture that is held in memory
GRID = (
    16  # JPEG codes blocks of this side with 4:2:0; crops keep to it, so that a forgery can be coded on the same grid
)
SHRUNK = 0.4  # share of originals that are shrunk first: as many published pictures are, and no trace of a compression is left
LEAST_SHRINKING = 1.1
PAST = 0.35  # share of pairs of which both members were saved once more, alike, before anything else


class Sampler:
    """Random pictures and crops of them, sources drawn by the root of their size, so that a large one does not rule.

    Parameters
    ----------
    pictures : Pictures
        At least one.
    """

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures
        self.by_source = _by_source(pictures)
        self._numbers = {p.name: k for k, p in enumerate(pictures)}

    def picture(self, rng: np.random.Generator) -> LabelledPicture:
        """Draw one."""
        return _draw(self.by_source, rng)

    def donor(self, picture: LabelledPicture, rng: np.random.Generator) -> UInt8Array:
        """Return a crop (256, 256, 3) of another or the same picture of its source."""
        return crop_of(_draw({picture.source: self.by_source[picture.source]}, rng), rng)

    def crop(self, rng: np.random.Generator, side: int) -> UInt8Array:
        """Return a crop of (side, side, 3), uint8, of native pixels; `side` at most 256."""
        return window(crop_of(self.picture(rng), rng), rng.random(2), side)

    def number(self, picture: LabelledPicture) -> int:
        """Return its place among the pictures."""
        return self._numbers[picture.name]


def _by_source(pictures: Pictures) -> dict[str, list[LabelledPicture]]:
    grouped: dict[str, list[LabelledPicture]] = {}
    for picture in pictures:
        grouped.setdefault(picture.source, []).append(picture)
    return grouped


def _draw(grouped: Mapping[str, list[LabelledPicture]], rng: np.random.Generator) -> LabelledPicture:
    sources = list(grouped)
    weights = np.sqrt([len(grouped[s]) for s in sources])
    rows = grouped[str(rng.choice(sources, p=weights / weights.sum()))]
    return rows[int(rng.integers(len(rows)))]


@lru_cache(maxsize=4096)
def _held(picture: LabelledPicture) -> UInt8Array:
    """Return the middle of the picture; at 512 x 512 two thousand pictures take 1.5 GB."""
    pixels = Evidence.from_file(picture.path).pixels
    h, w = pixels.shape[:2]
    top, left = (max(0, (n - HELD) // 2) // GRID * GRID for n in (h, w))
    return np.ascontiguousarray(pixels[top : top + HELD, left : left + HELD])


def crop_of(picture: LabelledPicture, rng: np.random.Generator) -> UInt8Array:
    """Return CROP x CROP native pixels, reflected where the picture is smaller."""
    held = _held(picture)
    below, beside = (max(0, CROP - side) for side in held.shape[:2])
    if below or beside:
        held = np.pad(held, ((0, below), (0, beside), (0, 0)), mode="reflect")
    top, left = (int(rng.integers((n - CROP) // GRID + 1)) * GRID for n in held.shape[:2])
    return np.ascontiguousarray(held[top : top + CROP, left : left + CROP])


def _shrunk(picture: LabelledPicture, rng: np.random.Generator) -> UInt8Array | None:
    """Return a larger crop made as small as the others, or None of a picture that is too small for it."""
    held = _held(picture)
    most = min(held.shape[:2])
    if most < LEAST_SHRINKING * CROP:
        return None
    part = window(held, rng.random(2), int(rng.integers(round(LEAST_SHRINKING * CROP), most + 1)))
    how = int(rng.choice([cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR]))
    return np.asarray(cv2.resize(part, (CROP, CROP), interpolation=how))


@lru_cache(maxsize=4096)
def _coding(picture: LabelledPicture) -> Mapping[str, Any] | None:
    """Return how the file was compressed, as Pillow takes it; None if it is no JPEG."""
    with Image.open(picture.path) as image:
        if not isinstance(image, JpegImagePlugin.JpegImageFile) or image.mode != "RGB":
            return None
        sampling = JpegImagePlugin.get_sampling(image)
        return {"qtables": image.quantization, "subsampling": max(sampling, 0)}


def _coded_alike(pixels: UInt8Array, picture: LabelledPicture) -> UInt8Array:
    """Return pixels saved with the tables of the file that they were made from, on its grid."""
    coding = _coding(picture)
    if coding is None:
        return pixels
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", **coding)
    return np.array(Image.open(buffer))


def forge(sampler: Sampler, maker: Maker, rng: np.random.Generator) -> tuple[LabelledPicture, UInt8Array, Forgery]:
    """Return a picture, a crop (256, 256, 3) of it and a forgery of the crop.

    The original carries the traces of its own compression, and a maker that draws the whole picture anew wipes them out.
    Were the forgery left without, a detector would learn that what was never compressed is forged. So it is saved once,
    as the original was. Some originals are shrunk before, which leaves nothing to keep. A third of the pairs is then saved
    once more, both members alike.
    """
    picture = sampler.picture(rng)
    shrunk = _shrunk(picture, rng) if rng.random() < SHRUNK else None
    original = crop_of(picture, rng) if shrunk is None else shrunk
    forgery = maker(original, rng, donor=sampler.donor(picture, rng), face=picture.face)
    wiped = shrunk is None and forgery.mask.all()
    made = _coded_alike(forgery.pixels, picture) if wiped else forgery.pixels
    if rng.random() < PAST:
        quality, full_chroma = int(rng.integers(60, 96)), bool(rng.random() < 0.3)
        original, made = (jpeg(x, quality=quality, full_chroma=full_chroma) for x in (original, made))
    return picture, original, Forgery(pixels=made, mask=forgery.mask)


def window(x: UInt8Array, where: np.ndarray, side: int) -> UInt8Array:
    """Return the square of `side` at `where`, shares of the free way down and to the right."""
    top, left = (int(share * (length - side + 1)) for share, length in zip(where, x.shape[:2], strict=True))
    return x[top : top + side, left : left + side]
