"""The training stream: an original and a forgery that differ in nothing but the forgery.

Item `i` is a function of (seed, i) alone, whatever process makes it and in whatever order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.records.arrays import UInt8Array
from forensics.training.config import Config
from forensics.training.makers import MAKERS
from forensics.training.pairs.post_chain import PostChain, equalise, sharpness
from forensics.training.pairs.sampling import CROP, Sampler, crop_of, forge, window
from forensics.views import DIHEDRAL, turn_square

__all__ = ["Pair", "PairStream", "stream_for"]

FOUND = "found"
CANDIDATES = 4  # originals of which the one most like a found fake becomes its partner
HARSH, LEAST_HARSH = 0.3, 0.7  # share of pairs that are processed hard, as messengers do, and their least strength
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
    processed : bool
        Whether pairs are equalised and fully post-processed. Without, made pairs are saved once at most; found pairs are
        processed all the same, as their compression history would tell them apart.
    """

    def __init__(
        self,
        pictures: Pictures,
        *,
        seed: int,
        shares: Mapping[str, float],
        independent: float,
        processed: bool = True,
    ) -> None:
        self.seed, self.independent, self.processed = seed, independent, processed
        self.families = tuple(shares)
        self.shares = np.array([shares[f] for f in self.families])
        unknown = [f for f in self.families if f != FOUND and f not in MAKERS]
        if unknown:
            raise ValueError(f"no maker {unknown[0]!r}; there are {', '.join((*MAKERS, FOUND))}. Choose of these.")
        self.reals = Sampler(pictures.where(lambda p: p.label == 0))
        self.fakes = Sampler(pictures.where(lambda p: p.label == 1))
        if not self.reals.by_source or (FOUND in self.families and not self.fakes.by_source):
            raise ValueError(
                "the stream needs camera originals, and for 'found' generator output. Add them, or set "
                "forgeries.shares.found to 0."
            )

    def pair(self, number: int, *, tile: int) -> Pair:
        """Return pair `number` with tiles of side `tile`, at most 192."""
        rng = np.random.default_rng([self.seed, number])
        family = str(rng.choice(self.families, p=self.shares / self.shares.sum()))
        independent = bool(rng.random() < self.independent)
        if family == FOUND:
            picture, real, fake, mask = self._found(rng)
        else:
            rng.random()  # was spent on a ramp once; drawn still, so that every pair is what it was
            picture, real, fake, mask = self._made(family, rng, equal=self.processed)
        # Found pairs are never nearly raw: their compression history would tell them apart.
        gentle = rng.random() ** 1.5 if rng.random() >= HARSH else rng.uniform(LEAST_HARSH, 1.0)
        strength = float(rng.uniform(LEAST_FOUND, 1.0) if family == FOUND else self.processed * gentle)
        chain = PostChain.draw(rng, min_scale=(tile + 8) / CROP, strength=strength)
        other = PostChain.draw(rng, min_scale=(tile + 8) / CROP, strength=strength) if independent else chain
        real, _ = chain.apply(real, np.zeros(real.shape[:2], dtype=np.uint8))
        fake, mask = other.apply(fake, mask)
        where = rng.random(2) if mask.all() else _near_mask(mask, tile, rng)
        turn = str(rng.choice(list(DIHEDRAL)))
        real, fake, mask = (turn_square(window(x, where, tile), turn) for x in (real, fake, mask))
        return Pair(real=real, fake=fake, mask=mask, independent=independent, family=family, picture=picture.name)

    def _made(self, family: str, rng: np.random.Generator, *, equal: bool) -> Drawn:
        picture, original, forgery = forge(self.reals, MAKERS[family], rng)
        if equal and (forgery.mask.all() or rng.random() < 0.5):
            return (picture, *equalise(original, forgery.pixels, rng), forgery.mask)
        return picture, original, forgery.pixels, forgery.mask

    def _found(self, rng: np.random.Generator) -> Drawn:
        """Pair generator output with the most similar of some originals, of its own source if that has any."""
        fake, reals = self.fakes.picture(rng), self.reals.by_source
        made = _rescaled(crop_of(fake, rng), rng)
        source = fake.source if fake.source in reals else str(rng.choice(list(reals)))
        alike = [p for p in reals[source] if p.face == fake.face] or reals[source]
        candidates = [alike[int(k)] for k in rng.integers(len(alike), size=CANDIDATES)]
        crops = [_rescaled(crop_of(p, rng), rng) for p in candidates]
        best = int(np.argmin([_unlike(x, made) for x in crops]))
        x, y = equalise(crops[best], made, rng)
        return candidates[best], x, y, np.ones(y.shape[:2], dtype=np.uint8)


def stream_for(config: Config, pictures: Pictures) -> PairStream:
    """Return the stream of pairs of a configuration, made from the pictures of its training side."""
    forgeries = config.forgeries
    return PairStream(pictures, seed=config.seed, shares=forgeries.shares, independent=forgeries.independent)


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


def _rescaled(picture: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Resize and bring back to CROP; each member draws from the same range, so that old JPEG grids go."""
    if rng.random() < 0.3:
        return picture
    scale = float(rng.uniform(0.75, 1.0))
    part = window(picture, rng.random(2), round(CROP * scale))
    return cv2.resize(part, (CROP, CROP), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))


def _near_mask(mask: UInt8Array, tile: int, rng: np.random.Generator) -> np.ndarray:
    """Return the window among a few random ones that holds enough of the mask, as shares of the free way."""
    tries = rng.random((12, 2))
    for where in tries:
        if window(mask, where, tile).mean() >= MIN_MASK:
            return np.asarray(where)
    return np.asarray(max(tries, key=lambda w: float(window(mask, w, tile).mean())))
