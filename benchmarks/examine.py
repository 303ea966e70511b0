"""Time ``forensics examine`` on one photograph of 2 megapixels, from the start of the process to its end.

Two measurements: the command as people run it, and the same steps one by one in a fresh process, for their shares.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNS = 5
SIZE = (1632, 1224)


def write_photograph(path: Path) -> None:
    """Write 2 megapixels of a real photograph, mirrored side by side: content does not change the work."""
    import numpy as np
    from PIL import Image
    from sklearn.datasets import load_sample_image

    pixels = np.asarray(load_sample_image("china.jpg"))
    height, width = pixels.shape[:2]
    wide = np.pad(pixels, ((0, SIZE[1] - height), (0, SIZE[0] - width), (0, 0)), mode="symmetric")
    Image.fromarray(wide).save(path, quality=92)


def steps(path: Path) -> dict[str, float]:
    """Carry out the steps of the command in this process and return the seconds of each."""
    taken: dict[str, float] = {}

    def timed(name: str, action: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        value = action()
        taken[name] = taken.get(name, 0.0) + time.perf_counter() - start
        return value

    timed("import torch", lambda: __import__("torch"))
    timed("import forensics", lambda: (__import__("forensics.cli"), __import__("forensics.detector")))
    from forensics.detector import load_detector
    from forensics.types import Evidence
    from forensics.views import plan_views

    detector = timed("load the weights, fuse, check", load_detector)
    evidence = timed("read and decode", lambda: Evidence.from_file(path))
    plan = timed("plan the views", lambda: plan_views(evidence.pixels, detector.weights.manifest.scheme))
    engine = detector.computation.engine
    spent: dict[str, float] = {}
    for name, runner in engine._runners.items():
        engine._runners[name] = _counted(runner, name, spent)
    timed(f"look at {len(plan.names)} tiles", lambda: engine.look(evidence.pixels, plan))
    return taken | {f"(of which {name}, seconds of a thread)": value for name, value in spent.items()}


def _counted(runner: Callable[[Any], Any], name: str, spent: dict[str, float]) -> Callable[[Any], Any]:
    """Return the runner, adding up the time that threads spend in it."""

    def run(channels: Any) -> Any:
        start = time.perf_counter()
        result = runner(channels)
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - start
        return result

    return run


def main() -> None:
    """Print the table."""
    from forensics.reproducibility import machine

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photograph.jpg"
        write_photograph(path)
        command = [sys.executable, "-m", "forensics", "examine", str(path), "--json", str(Path(folder) / "o.jsonl")]
        totals, tables = [], []
        for _ in range(RUNS):
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            totals.append(time.perf_counter() - start)
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.examine", str(path)], check=True, capture_output=True, text=True
            )
            tables.append(json.loads(done.stdout) | {"process": time.perf_counter() - start})
    here = machine()
    print(f"processor: {here['processor']}, {here['cores']} cores; {SIZE[0]} x {SIZE[1]} pixels, {RUNS} runs")
    total = statistics.median(totals)
    print(f"forensics examine, whole process: median {total:.2f} s, {min(totals):.2f} to {max(totals):.2f} s")
    medians = {name: statistics.median(t[name] for t in tables) for name in tables[0]}
    whole = medians.pop("process")
    medians["interpreter and the rest"] = whole - sum(v for name, v in medians.items() if not name.startswith("("))
    print(f"\n| step | seconds | share of {whole:.2f} s |\n|---|---|---|")
    for name, seconds in medians.items():
        print(f"| {name} | {seconds:.2f} | {100 * seconds / whole:.0f} % |")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(steps(Path(sys.argv[1]))))
    else:
        main()
