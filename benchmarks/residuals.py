"""What the residuals' texts say of untouched photographs: ``python -m benchmarks.residuals FOLDER``.

FOLDER holds camera originals: what a residual shows there is a false alarm, or a trace that every camera leaves.
"""

import sys
from pathlib import Path

import cv2
import numpy as np

from forensics.evidence.formats import FORMATS
from forensics.reproducibility import machine
from forensics.residuals import RESIDUALS
from forensics.types import Evidence, UInt8Array

CARRIES = 0.1  # mean of the demosaicing trace, either sign, from which a picture is said to carry one
SD, SIDE = 5.0, 1024  # of white noise, in grey levels and pixels


def main() -> None:
    """Print how many of the pictures show something, and how exact the noise level is on white noise."""
    suffixes = {suffix for kind in FORMATS.values() for suffix in kind.suffixes}
    files = sorted(p for p in Path(sys.argv[1]).rglob("*") if p.suffix.lower() in suffixes)
    here = machine()
    print(f"processor: {here['processor']}, {here['cores']} cores, {here['features']}")
    copied = doubled = 0
    before, after = [], []
    for path in files:
        pixels = Evidence.from_file(path).require_pixels()
        copied += bool(RESIDUALS["copy_move"](pixels)[..., 0].any())
        doubled += bool(RESIDUALS["double_quantisation"](pixels).any())
        before.append(abs(float(RESIDUALS["demosaicing"](pixels).mean())))
        after.append(abs(float(RESIDUALS["demosaicing"](_saved(pixels)).mean())))
    carries = np.array(before) > CARRIES
    print(f"{len(files)} pictures")
    print(f"copy_move shows something in {copied}, double_quantisation in {doubled}")
    print(f"demosaicing: mean beyond ±{CARRIES} in {carries.sum()}", end="")
    left = np.median(np.array(after)[carries] / np.array(before)[carries]) if carries.any() else np.nan
    print(f"; of these, JPEG 90 leaves {left:.2f} of it (median)")
    noise = np.random.default_rng(0).normal(128, SD, (SIDE, SIDE, 3))
    levels = RESIDUALS["noise_level"](np.clip(np.rint(noise), 0, 255).astype(np.uint8))[32:-32:16, 32:-32:16]
    error = 100 * float(np.std(levels)) / SD
    print(f"noise_level on white noise of SD {SD:g}: mean {levels.mean():.2f}, single cells off by {error:.1f} % (SD)")


def _saved(pixels: UInt8Array) -> UInt8Array:
    """Return the picture saved at JPEG 90."""
    data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]


if __name__ == "__main__":
    main()
