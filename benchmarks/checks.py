"""Two rows of the acceptance table that need no pictures: time per tile, and whether runs repeat bit for bit."""

import statistics
import time

import numpy as np
import torch

from forensics.detector import Detector
from forensics.views import Tiles, plan_views

__all__ = ["milliseconds_per_tile", "repeatable"]

SIDE = 256
BATCH = 8
ROUNDS = 5
SEED = 17


def milliseconds_per_tile(detector: Detector) -> dict[str, float]:
    """Return, for every branch, the median time of a tile of 256 in a pass of 8, channels computed included."""
    pixels = torch.rand(BATCH, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(SEED))
    pixels = pixels.to(memory_format=torch.channels_last)
    found = {}
    with torch.inference_mode():
        for name, branch in detector.ensemble.items():
            branch(pixels)  # the first pass sets things up
            rounds = []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                branch(pixels)
                rounds.append(time.perf_counter() - start)
            found[name] = 1000.0 * statistics.median(rounds) / BATCH
    return found


def repeatable(detector: Detector) -> bool:
    """Return whether a second run, and a picture of one view only, give the same logits to the last bit."""
    pixels = np.random.default_rng(SEED).integers(0, 256, (SIDE, 4 * SIDE, 3), dtype=np.uint8)
    scheme = Tiles(size=SIDE, stride=SIDE, turns=("identity",))
    look = detector.computation.engine.look
    first, second = (look(pixels, plan_views(pixels, scheme))[0] for _ in range(2))
    tiles = np.split(pixels, 4, axis=1)
    single = [look(tile, plan_views(tile, scheme))[0] for tile in tiles]
    return bool(np.array_equal(first, second) and np.array_equal(first, np.concatenate(single, axis=1)))
