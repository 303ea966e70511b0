"""A sheet of examples of every maker, for eyes: original, forgery, where, and the difference on a fixed scale."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from benchmarks.withheld import arguments, sides
from forensics.evaluation.labelled import Pictures
from forensics.records.arrays import UInt8Array
from forensics.training.makers import MAKERS
from forensics.training.pairs.stream import PairStream

__all__ = ["contact_sheet"]

GAIN = 8  # a difference of 16 grey levels reaches the end of the scale
MARGIN = 4
TITLE = 18


def contact_sheet(pictures: Pictures, *, seed: int, examples: int = 3, tile: int = 160) -> UInt8Array:
    """Return one row of examples per maker, post-processed as little as the stream ever does: saved once at most.

    Parameters
    ----------
    pictures : Pictures
        Whose originals are forged.
    seed : int
    examples : int
        Per maker; each takes four tiles: original, forgery, mask, difference times 8 around mid-grey.
    tile : int
        Side in pixels, even, at most 192.

    Returns
    -------
    array of shape (H, W, 3), uint8
    """
    rows = []
    for family in MAKERS:
        stream = PairStream(pictures, seed=seed, shares={family: 1.0}, independent=0.0, processed=False)
        cells = []
        for k in range(1, examples + 1):
            pair = stream.pair(k, tile=tile)
            gap = pair.fake.astype(np.int16) - pair.real
            shown = np.clip(128 + GAIN * gap, 0, 255).astype(np.uint8)
            mask = np.repeat(255 * pair.mask[..., None], 3, axis=2)
            cells += [np.pad(x, ((0, 0), (0, MARGIN), (0, 0)), constant_values=255) for x in
                      (pair.real, pair.fake, mask, shown)]  # fmt: skip
        row = np.concatenate(cells, axis=1)
        title = np.full((TITLE, row.shape[1], 3), 255, dtype=np.uint8)
        cv2.putText(
            title, f"{family}: original, forgery, where, difference x {GAIN}", (2, TITLE - 5),
            cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA,
        )  # fmt: skip
        rows += [title, np.pad(row, ((0, MARGIN), (0, 0), (0, 0)), constant_values=255)]
    return np.concatenate(rows)


def main() -> None:
    """Write the sheet of the makers of a configuration as a PNG."""
    parser = arguments("contact_sheet", __doc__)
    parser.add_argument("sheet", type=Path, help="the PNG to write")
    options = parser.parse_args()
    config, training, _ = sides(options)
    options.sheet.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(contact_sheet(training, seed=config.seed)).save(options.sheet, format="PNG")
    print(options.sheet)


if __name__ == "__main__":
    main()
