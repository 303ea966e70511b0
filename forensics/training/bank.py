"""Forgeries made once, before training, of families that take too long to be made again for every step.

An item is a crop of an original and its forgery, before any equalising and post-processing, so that the stream makes many
different pairs of it. Item `k` is a function of (seed, family, k) alone.
"""

import logging
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from forensics.records.arrays import UInt8Array
from forensics.training.makers import Forgery, Maker
from forensics.training.pictures import LabelledPicture
from forensics.training.sampling import Sampler, forge
from forensics.training.workers import ready_to_fork

__all__ = ["Bank", "fill_bank"]

logger = logging.getLogger(__name__)

CHUNK = 50  # items a file: what a run that was cut off loses at most


class Bank:
    """Items of one family, on disk.

    Parameters
    ----------
    folder : path
        As `fill_bank` fills it.
    n : int
        Items.
    pictures : sequence of LabelledPicture
        What the items' numbers of originals refer to.
    """

    def __init__(self, folder: Path, n: int, pictures: Sequence[LabelledPicture]) -> None:
        self.folder, self.n, self.pictures = folder, n, tuple(pictures)

    def draw(self, rng: np.random.Generator) -> tuple[LabelledPicture, UInt8Array, Forgery]:
        """Return the picture an item was made from, the crop (256, 256, 3) of it, and the forgery."""
        chunk, row = divmod(int(rng.integers(self.n)), CHUNK)
        items, masks, numbers = _chunk(self.folder / f"{chunk:05d}")
        original, made = np.array(items[row])
        return self.pictures[int(numbers[row])], original, Forgery(pixels=made, mask=np.array(masks[row]))


@lru_cache(maxsize=4096)
def _chunk(stem: Path) -> tuple[UInt8Array, UInt8Array, np.ndarray]:
    """Map a chunk into memory, in whatever process asks for it."""
    items, masks = (np.load(stem.with_suffix(f".{kind}.npy"), mmap_mode="r") for kind in ("items", "masks"))
    return items, masks, np.load(stem.with_suffix(".numbers.npy"))


class _Chunks(torch.utils.data.Dataset[int]):
    """Chunk number to itself, once its files are there."""

    def __init__(self, sampler: Sampler, maker: Maker, folder: Path, *, n: int, seed: Sequence[int]) -> None:
        self.sampler, self.maker, self.folder, self.n, self.seed = sampler, maker, folder, n, list(seed)

    def __len__(self) -> int:
        return -(-self.n // CHUNK)

    def __getitem__(self, chunk: int) -> int:
        stem = self.folder / f"{chunk:05d}"
        if not stem.with_suffix(".numbers.npy").is_file():
            items, masks, numbers = zip(
                *map(self._item, range(chunk * CHUNK, min((chunk + 1) * CHUNK, self.n))), strict=True
            )
            for kind, values in (
                ("items", items),
                ("masks", masks),
                ("numbers", numbers),
            ):  # numbers last: they say it is whole
                partial = stem.with_suffix(f".{kind}.partial.npy")
                np.save(partial, np.stack(values))
                partial.replace(stem.with_suffix(f".{kind}.npy"))
        return chunk

    def _item(self, k: int) -> tuple[UInt8Array, UInt8Array, int]:
        rng = np.random.default_rng([*self.seed, k])
        picture, original, forgery = forge(self.sampler, self.maker, rng)
        return np.stack([original, forgery.pixels]), forgery.mask, self.sampler.number(picture)


def fill_bank(
    makers: Mapping[str, Maker], sampler: Sampler, folder: Path, *, n: Mapping[str, int], seed: int, workers: int
) -> dict[str, Bank]:
    """Make what the banks still lack, and return them by family.

    Parameters
    ----------
    makers : mapping of str to Maker
    sampler : Sampler
        Of the originals.
    folder : path
        One folder per family in it; chunks that are there already are not made again.
    n : mapping of str to int
        Family to its number of items; families with 0 get no bank.
    seed, workers : int
        The number of processes does not change the result.
    """
    banks = {}
    for family in (f for f in n if n[f]):
        place = folder / family
        place.mkdir(parents=True, exist_ok=True)
        chunks = _Chunks(sampler, makers[family], place, n=n[family], seed=(seed, zlib.crc32(family.encode())))
        loader = torch.utils.data.DataLoader(
            chunks, batch_size=None, num_workers=ready_to_fork(workers), collate_fn=lambda chunk: chunk
        )
        for done, _ in enumerate(loader, start=1):
            logger.info("%s: made %d of %d", family, min(done * CHUNK, n[family]), n[family])
        banks[family] = Bank(place, n[family], sampler.pictures)
    return banks
