"""A folder of residual views in bounded memory, and what one view of an explorer sends to the browser.

``python -m benchmarks.explorers [N]`` renders N views (500 if not given) of pictures of two megapixels and prints the memory
in use on the way; then times the tabs of an explorer and prints their size.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.subjects import jpeg, photograph
from forensics.detector import load_detector
from forensics.explorers import explore
from forensics.explorers.drawing.picture_layers import residual_row
from forensics.explorers.state import TABS
from forensics.reproducibility import machine
from forensics.types import Evidence

NAMES = (
    "srm",
    "wavelet_noise",
    "double_quantisation",
)  # a small filter, one that reaches far, one of the whole picture


def in_use() -> float:
    """Return the memory in use in megabytes."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) / 1000


def folder_of_views(path: Path, n: int) -> None:
    """Print the memory in use after each tenth of the views, and the time for one."""
    data = jpeg(photograph(2))

    def pictures() -> Iterator[Path]:
        for k in range(n):  # each is another file: what is kept of one is of no use for the next
            path.write_bytes(data + bytes(f"{k}", "ascii"))
            yield path

    for name in NAMES:
        began, seen = time.perf_counter(), []
        for k, row in enumerate(residual_row(pictures(), name=name), start=1):
            if row.problem:
                raise RuntimeError(row.problem)
            if k % max(1, n // 10) == 0:
                seen.append(in_use())
        took = 1000 * (time.perf_counter() - began) / n
        print(f"{name:<20} {n} views, {took:.0f} ms each; MB in use: {' '.join(f'{v:.0f}' for v in seen)}")


def tabs() -> None:
    """Print how long each tab takes at first, and the size of the page without widgets."""
    detector = load_detector()
    finding = detector.examine(Evidence.from_bytes(jpeg(photograph(2))), robustness="none")
    explorer = explore(detector, finding)
    for tab in TABS:
        began = time.perf_counter()
        explorer.choose(tab=tab)
        blocked = time.perf_counter() - began
        while explorer.background.busy:
            time.sleep(0.01)
        whole = time.perf_counter() - began
        print(f"{tab:<12} {1000 * blocked:6.0f} ms until the kernel is free, {1000 * whole:6.0f} ms until it is shown")
    print(f"page without widgets: {len(explorer.to_html()) / 1e6:.2f} MB")


if __name__ == "__main__":
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        folder_of_views(Path(folder) / "picture.jpg", int(sys.argv[1]) if len(sys.argv) > 1 else 500)
    tabs()
