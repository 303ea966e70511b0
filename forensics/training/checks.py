"""Two rows of the acceptance table that need no pictures: time per tile, and whether runs repeat bit for bit."""

import statistics
import time

import numpy as np
import torch

from forensics.detector import Detector
from forensics.types import Views

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
    """Return whether a second run, and one view at a time, give the same logits to the last bit."""
    pixels = np.random.default_rng(SEED).random((4, 3, SIDE, SIDE), dtype=np.float32)
    boxes = np.tile([0, 0, SIDE, SIDE], (4, 1))
    views = Views(names=("a", "b", "c", "d"), pixels=pixels, boxes=boxes, turns=("identity",) * 4)
    first, second = (detector.ensemble.look(views, device=detector.device)[0] for _ in range(2))
    single = [
        detector.ensemble.look(
            Views(names=("a",), pixels=pixels[k : k + 1], boxes=boxes[:1], turns=("identity",)), device=detector.device
        )[0]
        for k in range(4)
    ]
    return bool(np.array_equal(first, second) and np.array_equal(first, np.concatenate(single, axis=1)))
