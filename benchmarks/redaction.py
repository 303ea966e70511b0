"""How many faces are found where they are known to be, and how much else is covered: ``python -m benchmarks.redaction FOLDER``.

FOLDER holds index.csv with ``path``, ``source`` and ``face``. Frontal faces of one collection, each filling its picture from
ear to ear, are put into photographs without a face at a known place and size; a face is found if at least nine tenths of the
part from brow to mouth are covered.
"""

import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from forensics.redaction import Box, covered_boxes, find_faces, mixed
from forensics.reproducibility import machine
from forensics.types import UInt8Array

ALIGNED = "omi"  # all faces in the same place: eyes and mouth within the middle of the picture
SIDE = 640  # longer side of the photographs
FACES = (32, 64, 128, 256, 384)  # pixels
TILTS = (-15, 0, 15)  # degrees
CORE = (0.15, 0.2, 0.85, 0.85)  # left, top, right, bottom of the part that must be covered
SEEN = 0.9


def main() -> None:
    """Print recall by size and by quarter turn, and what is covered without a face."""
    folder, number = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    faces = [folder / r["path"] for r in rows if r["source"] == ALIGNED and r["face"] == "1"]
    without = [folder / r["path"] for r in rows if r["face"] == "0" and r["label"] == "real"]
    here = machine()
    print(f"processor: {here['processor']}, {here['cores']} cores, {here['features']}")
    print(f"{len(faces)} faces, {len(without)} photographs without a face; {number} of each draw; longer side {SIDE}")
    for turn in range(4):
        for side in FACES if turn == 0 else (128,):
            print(_line(faces, without, side=side, turn=turn, number=number), flush=True)
    shares, nothing, seconds = [], 0, 0.0
    rng = np.random.default_rng(1)
    for path in rng.choice(np.array(without, dtype=object), number, replace=False):
        picture = _scaled(_read(path), SIDE)
        start = time.perf_counter()
        found = find_faces(picture)
        seconds += time.perf_counter() - start
        nothing += not found
        shares.append(_share(found, picture))
    print(
        f"without a face: nothing found in {nothing} of {number}; covered on average {100 * float(np.mean(shares)):.0f} %, "
        f"median {100 * float(np.median(shares)):.0f} %; {seconds / number:.1f} s a picture"
    )


def _line(faces: Sequence[Path], without: Sequence[Path], *, side: int, turn: int, number: int) -> str:
    rng = np.random.default_rng([side, turn])
    hits, whole, shares = 0, 0, []
    for _ in range(number):
        picture = _scaled(_read(without[int(rng.integers(len(without)))]), SIDE).copy()
        placed = min(side, *picture.shape[:2])
        x, y = (int(rng.integers(n - placed + 1)) for n in picture.shape[1::-1])
        face = cv2.resize(_read(faces[int(rng.integers(len(faces)))]), (placed, placed), interpolation=cv2.INTER_AREA)
        _put(picture, face, (x, y), tilt=float(rng.choice(TILTS)))
        left, top, right, bottom = (round(placed * v) for v in CORE)
        core = (x + left, y + top, x + right, y + bottom)
        if turn:
            picture, core = _turned(picture, core, turn)
        found = find_faces(picture)
        whole += not found
        seen = 1.0 if not found else float(mixed(_covered(found, picture), core).mean())
        hits += seen >= SEEN
        shares.append(_share(found, picture) if found else 1.0)
    low, high = _interval(hits, number)
    return (
        f"face of {side:3d} pixels, turned {90 * turn:3d}°: covered in {hits} of {number} ({low:.0f} to {high:.0f} %), {whole} of them "
        f"because nothing was found; {100 * float(np.mean(shares)):.0f} % of the picture covered"
    )


def _put(picture: UInt8Array, face: UInt8Array, at: tuple[int, int], *, tilt: float) -> None:
    """Put a face into a picture, tilted, with soft edges."""
    side = len(face)
    turn = cv2.getRotationMatrix2D((side / 2 - 0.5, side / 2 - 0.5), tilt, 1.0)
    tilted = np.asarray(cv2.warpAffine(face, turn, (side, side), borderMode=cv2.BORDER_REFLECT))
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    weight = np.clip((1 - np.hypot(row, column) / (side / 2)) * 4, 0, 1)[..., None]
    x, y = at
    under = picture[y : y + side, x : x + side]
    under[:] = np.rint(weight * tilted + (1 - weight) * under).astype(np.uint8)


def _turned(picture: UInt8Array, box: Box, turn: int) -> tuple[UInt8Array, Box]:
    mask = np.zeros(picture.shape[:2], dtype=np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    rows, columns = (np.flatnonzero(np.rot90(mask, turn).any(axis=axis)) for axis in (1, 0))
    turned = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    return np.ascontiguousarray(np.rot90(picture, turn)), turned


def _covered(found: Sequence[Box], picture: UInt8Array) -> tuple[Box, ...]:
    return covered_boxes(found, (picture.shape[1], picture.shape[0]))


def _share(found: Sequence[Box], picture: UInt8Array) -> float:
    return float(mixed(_covered(found, picture), (0, 0, picture.shape[1], picture.shape[0])).mean())


def _interval(hits: int, number: int) -> tuple[float, float]:
    """Return the 95 % interval of a share in percent (Wilson)."""
    z, share = 1.96, hits / number
    middle = (share + z * z / (2 * number)) / (1 + z * z / number)
    half = z * np.sqrt(share * (1 - share) / number + z * z / (4 * number * number)) / (1 + z * z / number)
    return 100 * (middle - half), 100 * (middle + half)


def _scaled(picture: UInt8Array, longer: int) -> UInt8Array:
    scale = longer / max(picture.shape[:2])
    size = (max(24, round(picture.shape[1] * scale)), max(24, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))


def _read(path: Path) -> UInt8Array:
    return np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1]


if __name__ == "__main__":
    main()
