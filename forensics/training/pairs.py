"""The training stream: an original and a forgery that differ in nothing but the forgery.

Item `i` is a function of (seed, i) alone, whatever process makes it and in whatever order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np

from forensics.training.makers import MAKERS, Maker
from forensics.training.pictures import LabelledPicture, Pictures
from forensics.training.post_chain import PostChain, equalise, jpeg, sharpness
from forensics.types import Evidence, UInt8Array
from forensics.views import DIHEDRAL, turn_square

__all__ = ["Pair", "PairStream", "PictureSampler"]

CROP = 256  # side of the crop that is forged; a tile is cut from it after the chain
HELD = 384  # side of the part of each picture that is held in memory
FOUND = "found"
CANDIDATES = 4  # originals of which the one most like a found fake becomes its partner
LEAST_FOUND = 0.3  # strength of the post-processing of found pairs
MIN_MASK = 0.03  # share of a tile below which a local forgery can be missed for good reason


Drawn: TypeAlias = tuple[LabelledPicture, UInt8Array, UInt8Array, UInt8Array]  # original, its crop, forgery, mask


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An original tile and a forged one.

    Parameters
    ----------
    real, fake : array of shape (S, S, 3), uint8
    mask : array of shape (S, S), uint8
        1 where `fake` is forged.
    independent : bool
        Whether the members had independent draws of the post-processing.
    family : str
        Maker, or ``found``.
    picture : str
        Name of the original.
    """

    real: UInt8Array
    fake: UInt8Array
    mask: UInt8Array
    independent: bool
    family: str
    picture: str


class PairStream:
    """Pairs by number.

    Parameters
    ----------
    pictures : Pictures
        Training side. Every source of originals is forged, with or without faces.
    seed : int
    shares : mapping of str to float
        Maker, or ``found``, to its share.
    independent : float
        Share of pairs with independent post-processing.
    ramp : int
        Number of items over which the stream grows from the first family of `shares`, without post-processing, to
        all families, always post-processed. Without it small networks stay at chance. Found pairs are
        post-processed from the start: raw, their compression history would tell them apart.
    makers : mapping of str to Maker, optional
        The registered ones if not given; `forensics.training.autoencoders.makers_for` adds those that are trained.
    """

    def __init__(
        self,
        pictures: Pictures,
        *,
        seed: int,
        shares: Mapping[str, float],
        independent: float,
        ramp: int = 0,
        makers: Mapping[str, Maker] | None = None,
    ) -> None:
        self.makers = {name: MAKERS[name] for name in MAKERS.names()} if makers is None else dict(makers)
        self.seed, self.independent, self.ramp = seed, independent, ramp
        self.families = tuple(shares)
        self.shares = np.array([shares[f] for f in self.families])
        unknown = [f for f in self.families if f != FOUND and f not in self.makers]
        if unknown:
            raise ValueError(f"no maker {unknown[0]!r}; there are {', '.join((*self.makers, FOUND))}. Choose of these.")
        self.reals = _by_source(pictures.where(lambda p: p.label == 0))
        self.fakes = _by_source(pictures.where(lambda p: p.label == 1))
        if not self.reals or (FOUND in self.families and not self.fakes):
            raise ValueError(
                "the stream needs camera originals, and for 'found' generator output. Add them, or set "
                "forgeries.shares.found to 0."
            )

    def pair(self, number: int, *, tile: int) -> Pair:
        """Return pair `number` with tiles of side `tile`, at most 192."""
        rng = np.random.default_rng([self.seed, number])
        grown = min(1.0, number / self.ramp) if self.ramp else 1.0
        there = self.shares * (np.arange(len(self.shares)) <= grown * len(self.shares))
        family = str(rng.choice(self.families, p=there / there.sum()))
        independent = bool(rng.random() < self.independent)
        if family == FOUND:
            picture, real, fake, mask = self._found(rng)
        else:
            picture, real, fake, mask = self._made(family, rng, equal=bool(rng.random() < grown))
        # Found pairs are never nearly raw: their compression history would tell them apart.
        strength = float(rng.uniform(LEAST_FOUND, 1.0) if family == FOUND else grown * rng.random() ** 1.5)
        chain = PostChain.draw(rng, min_scale=(tile + 8) / CROP, strength=strength)
        other = PostChain.draw(rng, min_scale=(tile + 8) / CROP, strength=strength) if independent else chain
        real, _ = chain.apply(real, np.zeros(real.shape[:2], dtype=np.uint8))
        fake, mask = other.apply(fake, mask)
        where = rng.random(2) if mask.all() else _near_mask(mask, tile, rng)
        turn = str(rng.choice(list(DIHEDRAL)))
        real, fake, mask = (turn_square(_window(x, where, tile), turn) for x in (real, fake, mask))
        return Pair(real=real, fake=fake, mask=mask, independent=independent, family=family, picture=picture.name)

    def _made(self, family: str, rng: np.random.Generator, *, equal: bool) -> Drawn:
        picture = _draw(self.reals, rng)
        original = _with_past(_crop(picture, rng), rng)
        donor = _crop(_draw({picture.source: self.reals[picture.source]}, rng), rng)
        forgery = self.makers[family](original, rng, donor=donor, face=picture.face)
        if equal and (forgery.mask.all() or rng.random() < 0.5):
            return (picture, *equalise(original, forgery.pixels, rng), forgery.mask)
        return picture, original, forgery.pixels, forgery.mask

    def _found(self, rng: np.random.Generator) -> Drawn:
        """Pair generator output with the most similar of some originals, of its own source if that has any."""
        fake = _draw(self.fakes, rng)
        made = _rescaled(_crop(fake, rng), rng)
        source = fake.source if fake.source in self.reals else str(rng.choice(list(self.reals)))
        alike = [p for p in self.reals[source] if p.face == fake.face] or self.reals[source]
        candidates = [alike[int(k)] for k in rng.integers(len(alike), size=CANDIDATES)]
        crops = [_rescaled(_crop(p, rng), rng) for p in candidates]
        best = int(np.argmin([_unlike(x, made) for x in crops]))
        x, y = equalise(crops[best], made, rng)
        return candidates[best], x, y, np.ones(y.shape[:2], dtype=np.uint8)


def _unlike(x: UInt8Array, y: UInt8Array) -> float:
    """How far two crops are apart in sharpness, contrast, brightness and colour; units in which each spreads by about 1."""
    gaps = [a - b for a, b in zip(sharpness(x), sharpness(y), strict=True)]
    gaps += [float(a - b) / 20 for a, b in zip(_tone(x), _tone(y), strict=True)]
    return float(np.abs(gaps).sum())


def _tone(x: UInt8Array) -> tuple[float, float, float]:
    red, green, blue = cv2.split(x)
    spread = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
    mean, sd = cv2.meanStdDev(cv2.transform(x.astype(np.float32), np.full((1, 3), 1 / 3)))
    return sd.item(), mean.item() / 2, cv2.mean(spread)[0]


class PictureSampler:
    """Random crops of random pictures, sources drawn by the root of their size.

    Parameters
    ----------
    pictures : Pictures
        At least one.
    """

    def __init__(self, pictures: Pictures) -> None:
        self._by_source = _by_source(pictures)

    def crop(self, rng: np.random.Generator, side: int) -> UInt8Array:
        """Return a crop of (side, side, 3), uint8, of native pixels; `side` at most 256."""
        return _window(_crop(_draw(self._by_source, rng), rng), rng.random(2), side)


def _by_source(pictures: Pictures) -> dict[str, list[LabelledPicture]]:
    grouped: dict[str, list[LabelledPicture]] = {}
    for picture in pictures:
        grouped.setdefault(picture.source, []).append(picture)
    return grouped


def _draw(grouped: Mapping[str, list[LabelledPicture]], rng: np.random.Generator) -> LabelledPicture:
    """Draw a source by the root of its size, so that a large one does not rule, then a picture."""
    sources = list(grouped)
    weights = np.sqrt([len(grouped[s]) for s in sources])
    rows = grouped[str(rng.choice(sources, p=weights / weights.sum()))]
    return rows[int(rng.integers(len(rows)))]


@lru_cache(maxsize=4096)
def _held(picture: LabelledPicture) -> UInt8Array:
    """Return the middle of the picture; at 384 x 384 three thousand pictures take 1.3 GB."""
    pixels = Evidence.from_file(picture.path).pixels
    h, w = pixels.shape[:2]
    top, left = max(0, (h - HELD) // 2), max(0, (w - HELD) // 2)
    return np.ascontiguousarray(pixels[top : top + HELD, left : left + HELD])


def _crop(picture: LabelledPicture, rng: np.random.Generator) -> UInt8Array:
    """Return CROP x CROP native pixels, reflected where the picture is smaller."""
    held = _held(picture)
    below, beside = (max(0, CROP - side) for side in held.shape[:2])
    if below or beside:
        held = np.pad(held, ((0, below), (0, beside), (0, 0)), mode="reflect")
    return np.ascontiguousarray(_window(held, rng.random(2), CROP))


def _with_past(picture: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Give both members a common earlier compression in a third of the cases: history must not mean forged."""
    if rng.random() < 0.35:
        return jpeg(picture, quality=int(rng.integers(60, 96)), full_chroma=bool(rng.random() < 0.3))
    return picture


def _rescaled(picture: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Resize and bring back to CROP; each member draws from the same range, so that old JPEG grids go."""
    if rng.random() < 0.3:
        return picture
    scale = float(rng.uniform(0.75, 1.0))
    part = _window(picture, rng.random(2), round(CROP * scale))
    return cv2.resize(part, (CROP, CROP), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))


def _near_mask(mask: UInt8Array, tile: int, rng: np.random.Generator) -> np.ndarray:
    """Return the window among a few random ones that holds enough of the mask, as shares of the free way."""
    tries = rng.random((12, 2))
    for where in tries:
        if _window(mask, where, tile).mean() >= MIN_MASK:
            return np.asarray(where)
    return np.asarray(max(tries, key=lambda w: float(_window(mask, w, tile).mean())))


def _window(x: UInt8Array, where: np.ndarray, side: int) -> UInt8Array:
    top, left = (int(share * (length - side + 1)) for share, length in zip(where, x.shape[:2], strict=True))
    return x[top : top + side, left : left + side]
