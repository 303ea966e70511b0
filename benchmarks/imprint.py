"""Whether whole-picture forgeries carry what up-sampling leaves behind: a check of the makers, not a detector.

A stage that doubles the resolution treats even and odd pixels differently. That shows as lines at multiples of an
eighth of a cycle, in the fine detail itself and in its size.

References
----------
Gallagher, CRV 2005: periodic variance of derivatives. Durall et al., CVPR 2020.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from benchmarks.withheld import arguments, sides
from forensics.evaluation.labelled import Pictures
from forensics.evaluation.tables import markdown_table
from forensics.records.arrays import Float64Array, UInt8Array
from forensics.training.makers import MAKERS, Maker
from forensics.training.pairs.sampling import Sampler

__all__ = ["ImprintRow", "imprint", "imprint_rows", "imprint_table"]

PERIOD = 8  # lines are looked for at multiples of 1/8 cycle
SIDE = 256
SEED = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class ImprintRow:
    """How often a maker's output has a stronger imprint than 95 of 100 originals.

    Parameters
    ----------
    family : str
    n : int
        Forgeries, and as many originals.
    share : float
        In [0, 1]; 0.05 if the maker leaves nothing behind.
    """

    family: str
    n: int
    share: float


def imprint(picture: UInt8Array) -> float:
    """Return how far the lines at multiples of an eighth of a cycle stand out, in log power.

    Parameters
    ----------
    picture : array of shape (H, W, 3), uint8
        Sides of 64 or more; the right and lower rest over a multiple of 8 is left out.

    Returns
    -------
    float
        The largest, over both axes and over the detail and its size, of the log ratio of a line's power to the median
        power near it.
    """
    height, width = (side - side % PERIOD for side in picture.shape[:2])
    grey = picture[:height, :width].mean(axis=2, dtype=np.float32)
    profiles = []
    for x in (grey, grey.T):
        steps = np.diff(x, axis=1)  # of neighbours: within a pair made of one pixel, and between two pairs
        size = np.abs(steps).mean(axis=0)
        profiles.append((np.abs(np.fft.rfft(steps, n=x.shape[1], axis=1)) ** 2).mean(axis=0))
        profiles.append(np.abs(np.fft.rfft(size - size.mean(), n=x.shape[1])) ** 2)
    return max(_line(profile) for profile in profiles)


def _line(power: Float64Array) -> float:
    """Return the largest log ratio of a line to the median of its surroundings; `power` over 0 to 1/2 cycle."""
    n = 2 * (len(power) - 1)
    step, around = n // PERIOD, max(3, n // 32)
    ratios = []
    for line in range(step, len(power), step):
        near = np.r_[power[max(1, line - around) : line], power[line + 1 : line + 1 + around]]
        ratios.append(np.log((power[line] + 1e-6) / (np.median(near) + 1e-6)))
    return float(max(ratios))


def imprint_rows(makers: Mapping[str, Maker], pictures: Pictures, *, n: int = 200) -> list[ImprintRow]:
    """Return a row for every maker that forges whole pictures.

    Parameters
    ----------
    makers : mapping of str to Maker
    pictures : Pictures
        Whose originals are forged.
    n : int
        Forgeries of each.
    """
    sampler = Sampler(pictures.where(lambda p: p.label == 0))
    rng = np.random.default_rng(SEED)
    # At half the resolution the 8-grid of their own compression is gone from the originals.
    originals = [
        cv2.resize(sampler.crop(rng, SIDE), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for _ in range(n)
    ]
    limit = float(np.quantile([imprint(x) for x in originals], 0.95))
    rows = []
    for name, maker in makers.items():
        made = [maker(x, rng, donor=x, face=False) for x in originals]
        if all(forgery.mask.all() for forgery in made):
            share = float(np.mean([imprint(forgery.pixels) > limit for forgery in made]))
            rows.append(ImprintRow(family=name, n=n, share=share))
    return rows


def imprint_table(rows: Iterable[ImprintRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("whole-picture family", "forgeries", "imprint above that of 95 % of originals"),
        ((r.family, r.n, r.share) for r in rows),
    )


def main() -> None:
    """Print the table of the makers of a configuration."""
    parser = arguments("imprint", __doc__)
    parser.add_argument("--forgeries", type=int, default=200, help="of each maker")
    options = parser.parse_args()
    _, training, _ = sides(options)
    print(imprint_table(imprint_rows({name: MAKERS[name] for name in MAKERS}, training, n=options.forgeries)))


if __name__ == "__main__":
    main()
