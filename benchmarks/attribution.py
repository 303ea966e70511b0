"""Seconds per attribution method, and the memory that one takes on a full-size branch.

``python -m benchmarks.attribution`` prints both; ``time`` or ``memory`` picks one.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.subjects import full_size_weights, jpeg, photograph
from forensics.reproducibility import machine

STEPS = 8  # of integrated gradients on a full-size branch; memory does not depend on their number


def times() -> None:
    """Print how long each method takes on one tile of the starter, without its checks, and with the quick ones."""
    from forensics.attribution import attribute, usable_methods
    from forensics.detector import load_detector
    from forensics.types import Evidence

    detector = load_detector(calibration="none")
    evidence = Evidence.from_bytes(jpeg(photograph(1)[:256, :256]))
    print("\n| branch | method | seconds | as a share of occlusion's | with quick checks |\n|---|---|---|---|---|")
    for branch in detector.branches:
        found = {}
        for method in ("occlusion", *usable_methods(detector, branch)):  # the first is cold, and measured again
            alone = attribute(detector, evidence, branch=branch, view=0, method=method, trust="none").seconds
            began = time.perf_counter()
            attribute(detector, evidence, branch=branch, view=0, method=method)
            found[method] = alone, time.perf_counter() - began
        for method in usable_methods(detector, branch):
            alone, whole = found[method]
            print(
                f"| {branch} | {method} | {alone:.2f} | {alone / found['occlusion'][0]:.2f} | {whole:.2f} |", flush=True
            )


def memory() -> None:
    """Print the peak of a process that attributes on a full-size branch at 512 x 512, beyond the loaded ensemble."""
    print("\n| branch | method | GB beyond the loaded ensemble |\n|---|---|---|")
    with full_size_weights() as weights, tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "photograph.jpg"
        picture.write_bytes(jpeg(photograph(1)))
        for branch in ("convnext", "replknet"):
            for method in ("integrated_gradients", "grad_cam"):
                command = [
                    sys.executable,
                    "-m",
                    "benchmarks.attribution",
                    "one",
                    str(weights),
                    str(picture),
                    branch,
                    method,
                ]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                print(f"| {branch} | {method} | {float(done.stdout.split()[-1]):.2f} |", flush=True)


def one(weights: str, picture: str, branch: str, method: str) -> float:
    """Return by how many GB the peak of this process grows in one attribution."""
    from forensics.attribution import attribute
    from forensics.detector import load_detector
    from forensics.types import Evidence

    detector, evidence = load_detector(weights), Evidence.from_file(picture)
    before = _status("VmRSS")
    steps = STEPS if method == "integrated_gradients" else None
    attribute(detector, evidence, branch=branch, view=0, method=method, trust="none", steps=steps)
    return _status("VmHWM") - before


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(name))) * 1024 / 1e9


def main() -> None:
    """Run what was asked for."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked == "one":
        print(one(*sys.argv[2:6]))
        return
    here = machine()
    print(f"processor: {here['processor']}, {here['cores']} cores, {here['features']}")
    if asked in ("", "time"):
        times()
    if asked in ("", "memory"):
        memory()


if __name__ == "__main__":
    main()
