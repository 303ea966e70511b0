"""Compare fast with exact mode on the pictures of a folder: ``python -m benchmarks.agreement FOLDER [N]``.

N pictures (200 if not given) are taken evenly from the sorted list of all below the folder.
"""

import sys
from pathlib import Path

import numpy as np

from forensics.detector import ErrorRow, load_detector
from forensics.evidence.formats import FORMATS
from forensics.reproducibility import machine


def main() -> None:
    """Print the differences and how many pictures change sides."""
    folder, n = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    suffixes = {suffix for kind in FORMATS.values() for suffix in kind.suffixes}
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)
    files = [files[k] for k in np.linspace(0, len(files) - 1, min(n, len(files))).astype(int)]
    exact, fast = (load_detector(mode=mode) for mode in ("exact", "fast"))
    joint, branches = [], []
    for path in files:
        a, b = (next(iter(detector.examine_many([path]))) for detector in (exact, fast))
        if isinstance(a, ErrorRow) or isinstance(b, ErrorRow) or a.scores is None or b.scores is None:
            continue
        joint.append((a.scores.score, b.scores.score))
        branches.append(np.abs(a.scores.view_scores.mean(axis=1) - b.scores.view_scores.mean(axis=1)))
    scores = np.array(joint)
    difference = np.abs(scores[:, 0] - scores[:, 1])
    here, settings = machine(), fast.computation.settings
    print(f"processor: {here['processor']}, {here['cores']} cores, {here['features']}")
    print(f"fast: {settings['backend']}, {settings['precision']}; {len(scores)} pictures")
    print(f"joint score: largest difference {difference.max():.2g}, median {np.median(difference):.2g}")
    for name, largest in zip(exact.branches, np.max(branches, axis=0), strict=True):
        print(f"{name}: largest difference {largest:.2g}")
    thresholds = [0.5, *np.quantile(scores[:, 0], [0.25, 0.5, 0.75, 0.95])]
    for threshold in thresholds:
        sides = (scores > threshold).sum(axis=0)
        changed = int((np.diff(scores > threshold, axis=1) != 0).sum())
        print(f"above {threshold:.4f}: {sides[0]} exact, {sides[1]} fast; {changed} change sides")


if __name__ == "__main__":
    main()
