"""Random crops of originals, and forgeries of them with the same history of compression."""

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from PIL import Image, JpegImagePlugin

from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.evidence.record import Evidence
from forensics.records.arrays import UInt8Array
from forensics.training.makers import Forgery, Maker
from forensics.training.pairs.post_chain import jpeg

__all__ = ["CROP", "Sampler", "crop_of", "forge", "window"]

CROP = 256  # side of the crop that is forged; a tile is cut from it after the chain
HELD = 512  # side of the part of each picture that is held in memory
GRID = (
    16  # JPEG codes blocks of this side with 4:2:0; crops keep to it, so that a forgery can be coded on the same grid
)
# Shares of pairs that are shrunk, as many published pictures are, which leaves no trace of an earlier compression: the
# original before it is forged, or both members afterwards, so that only what survives it can tell them apart.
SHRUNK_BEFORE, SHRUNK_AFTER = 0.25, 0.25
SHRINKING = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR)
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

    def picture(self, rng: np.random.Generator) -> LabelledPicture:
        """Draw one."""
        return _draw(self.by_source, rng)

    def donor(self, picture: LabelledPicture, rng: np.random.Generator) -> UInt8Array:
        """Return a crop (256, 256, 3) of another or the same picture of its source."""
        return crop_of(_draw({picture.source: self.by_source[picture.source]}, rng), rng)

    def crop(self, rng: np.random.Generator, side: int) -> UInt8Array:
        """Return a crop of (side, side, 3), uint8, of native pixels; `side` at most 256."""
        return window(crop_of(self.picture(rng), rng), rng.random(2), side)


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
    return _on_grid(held, CROP, rng)


def _on_grid(held: UInt8Array, side: int, rng: np.random.Generator) -> UInt8Array:
    """Return a random square of `side` whose corner is a corner of coded blocks."""
    top, left = (int(rng.integers((n - side) // GRID + 1)) * GRID for n in held.shape[:2])
    return np.ascontiguousarray(held[top : top + side, left : left + side])


def _large(picture: LabelledPicture, rng: np.random.Generator) -> UInt8Array | None:
    """Return a square crop larger than CROP, side and place multiples of GRID, or None of a picture that has none."""
    held = _held(picture)
    most = min(held.shape[:2]) // GRID
    if most <= CROP // GRID:
        return None
    side = int(rng.integers(CROP // GRID + 1, most + 1)) * GRID
    return _on_grid(held, side, rng)


def _fitted(x: UInt8Array, how: int) -> UInt8Array:
    """Return a square picture or mask of CROP x CROP."""
    return np.asarray(cv2.resize(x, (CROP, CROP), interpolation=how))


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
    as the original was. Some originals are shrunk before, which leaves nothing to keep, and some pairs afterwards. A third
    of the pairs is then saved once more, both members alike.
    """
    picture = sampler.picture(rng)
    fate = rng.random()
    large = _large(picture, rng) if fate < SHRUNK_BEFORE + SHRUNK_AFTER else None
    how = int(rng.choice(SHRINKING))
    before = large is not None and fate < SHRUNK_BEFORE
    original = crop_of(picture, rng) if large is None else _fitted(large, how) if before else large
    donor = sampler.donor(picture, rng)
    forgery = maker(original, rng, donor=_sized_like(donor, original), face=picture.face)
    made, mask = forgery.pixels, forgery.mask
    if mask.all() and not before:
        made = _coded_alike(made, picture)
    if original.shape[0] != CROP:
        original, made, mask = _fitted(original, how), _fitted(made, how), _fitted(mask, cv2.INTER_NEAREST)
    if rng.random() < PAST:
        quality, full_chroma = int(rng.integers(60, 96)), bool(rng.random() < 0.3)
        original, made = (jpeg(x, quality=quality, full_chroma=full_chroma) for x in (original, made))
    return picture, original, Forgery(pixels=made, mask=mask)


def _sized_like(donor: UInt8Array, original: UInt8Array) -> UInt8Array:
    """Return the donor's pixels, reflected to the side of a larger original."""
    more = original.shape[0] - donor.shape[0]
    return np.pad(donor, ((0, more), (0, more), (0, 0)), mode="symmetric") if more else donor


def window(x: UInt8Array, where: np.ndarray, side: int) -> UInt8Array:
    """Return the square of `side` at `where`, shares of the free way down and to the right."""
    top, left = (int(share * (length - side + 1)) for share, length in zip(where, x.shape[:2], strict=True))
    return x[top : top + side, left : left + side]
