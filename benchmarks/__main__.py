"""Print the table of ratios, the roofline and the peak memory of this machine, and write them as JSON.

``python -m benchmarks`` runs all of it in about twenty minutes; ``--row`` picks rows. docs/speed.md explains each row.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from benchmarks.machine import floating_point_operations, moved_bytes, peaks
from benchmarks.memory import peak_memory
from benchmarks.rows import ROWS
from benchmarks.subjects import full_size_branches, full_size_weights
from benchmarks.timing import Row
from forensics.detector import starter_files
from forensics.models.weights import read_weights
from forensics.reproducibility import machine, record_run, utc_now


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--row", action="append", choices=[*ROWS, "roofline", "memory"], help="only these")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved runs; the slow rows take 3 at most")
    parser.add_argument("--json", type=Path, default=Path("runs/benchmarks.json"))
    options = parser.parse_args()
    chosen = options.row or [*ROWS, "roofline", "memory"]
    here, software = (
        machine(),
        record_run(now=utc_now(), weights={}, settings={}, device="cpu", also=("timm", "openvino")).software,
    )
    print(f"processor: {here['processor']}, {here['cores']} cores, {here['features']}")
    print("software: " + ", ".join(f"{name} {number}" for name, number in software.items()))
    print(f"threads: {torch.get_num_threads()}; {options.rounds} rounds")
    rows: list[Row] = []
    print("\n| row | baseline | s | variant | s | times as fast | range |\n|---|---|---|---|---|---|---|", flush=True)
    for name, row in ROWS.items():
        if name not in chosen:
            continue
        rounds = min(options.rounds, 3) if name in ("full_ensemble", "starter") else options.rounds
        for found in row(rounds):
            rows.append(found)
            print(
                f"| {found.name} | {found.baseline} | {found.baseline_seconds:.3f} | {found.variant} | "
                f"{found.seconds:.3f} | {found.times_as_fast:.2f} | {found.lowest:.2f} to {found.highest:.2f} |",
                flush=True,
            )
    record: dict[str, object] = {"machine": here, "software": dict(software), "rows": [asdict(r) for r in rows]}
    if "roofline" in chosen:
        record["roofline"] = roofline()
    if "memory" in chosen:
        with full_size_weights() as folder:
            record["peak_memory_gb"] = peak_memory(str(folder))
        print("\n| peak memory of the process | GB |\n|---|---|")
        for name, value in record["peak_memory_gb"].items():  # type: ignore[attr-defined]  # a mapping
            print(f"| {name} | {value:.2f} |")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(f"\n{options.json}")


def roofline() -> dict[str, object]:
    """Print and return what each branch computes and moves, and the least time that takes on this machine."""
    limits = peaks()
    print("\nmeasured peaks: " + ", ".join(f"{name} {value:.0f}" for name, value in limits.items()))
    print("\n| branch | GFLOP a view | GB moved | ms at the float32 peak | ms at the bfloat16 peak | ms to move |")
    print("|---|---|---|---|---|---|")
    subjects = {f"full {name}": (branch.eval(), 512) for name, branch in full_size_branches().items()}
    subjects |= {f"starter {name}": (branch, 256) for name, branch in read_weights(starter_files()).ensemble.items()}
    needs = {name: (floating_point_operations(b, side), moved_bytes(b, side)) for name, (b, side) in subjects.items()}
    layer = 2 * 128**3 * 31**2 / 1e9, 4 * (2 * 128**3 + 128 * 31**2) / 1e9  # 128 channels, 128 x 128
    found: dict[str, object] = {"peaks": limits}
    for name, (work, moved) in {**needs, "depth-wise 31 x 31 layer": layer}.items():
        least = [1000 * work / limits.get(f"{kind} GFLOP/s", np.nan) for kind in ("float32", "bfloat16")]
        to_move = 1000 * moved / limits["copy GB/s"]
        print(f"| {name} | {work:.2f} | {moved:.2f} | {least[0]:.1f} | {least[1]:.1f} | {to_move:.1f} |", flush=True)
        found[name] = {"gflop": work, "gb": moved, "ms_float32": least[0], "ms_bfloat16": least[1], "ms_move": to_move}
    return found


if __name__ == "__main__":
    main()
