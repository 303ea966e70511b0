"""Whether ``forensics examine`` streams: memory against the number of pictures, and runs that were killed and resumed.

``python -m benchmarks.streaming memory 2000`` prints the peak of a process that examines 20 small pictures and that of one
that examines 2,000, with ``--json`` and ``--report``. ``python -m benchmarks.streaming kills 20`` kills as many runs at a
random moment, resumes each, and counts the lines of every picture.
"""

import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 96
OPTIONS = ("--robustness", "none", "--calibration", "none")


def write_pictures(folder: Path, n: int) -> list[Path]:
    """Write small pictures of gradients with grain, no two alike; every tenth is no picture."""
    rng = np.random.default_rng(n)
    slope = np.linspace(0, 60, SIDE)[:, None, None]
    paths = []
    for k in range(n):
        path = folder / f"{k:05}.png"
        if k % 10 == 9:
            path.write_bytes(b"no picture %d" % k)
        else:
            grain = rng.normal(100 + k % 50, 30, (SIDE, SIDE, 3)) + slope
            Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(path)
        paths.append(path)
    return paths


def examine_here(arguments: list[str]) -> None:
    """Run the command in this process, and print the peak of its memory in MB."""
    from typer.testing import CliRunner

    from forensics.cli import app

    done = CliRunner().invoke(app, ["examine", *arguments])
    if done.exit_code not in (0, 1):
        raise SystemExit(done.output or repr(done.exception))
    status = Path("/proc/self/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    sys.stdout.write(f"{int(peak) * 1024 / 1e6:.0f}\n")


def memory(n: int) -> None:
    """Print the peak for 20 pictures and for n."""
    peaks = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in (20, n):
            (folder / str(count)).mkdir()
            pictures = [str(path) for path in write_pictures(folder / str(count), count)]
            lines, report = folder / f"{count}.jsonl", folder / f"{count}.html"
            begun = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "benchmarks.streaming", "one", *pictures, "--json", str(lines), "--report", str(report), *OPTIONS],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            peaks[count] = float(done.stdout.split()[-1])
            print(
                f"{count:,} pictures: peak {peaks[count]:,.0f} MB, {time.perf_counter() - begun:.0f} s; "
                f"{len(lines.read_bytes().splitlines()):,} lines, report of {report.stat().st_size / 1e6:.1f} MB",
                flush=True,
            )
    print(f"difference: {peaks[n] - peaks[20]:.0f} MB")


def kills(times: int, n: int) -> None:
    """Kill runs at a random moment, resume them, and count."""
    from forensics.detector import read_findings
    from forensics.report import read_record

    rng = random.Random(times)  # noqa: S311  # moments, no secrets
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = write_pictures(folder, n)
        command = [sys.executable, "-m", "forensics", "examine", *map(str, pictures), *OPTIONS]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        begun = time.perf_counter()
        subprocess.run(
            [*command, "--json", str(folder / "whole.jsonl"), "--report", str(folder / "whole.html")],
            check=False,
            **quiet,
        )
        whole = time.perf_counter() - begun
        expected = [path.name for path in pictures]
        wrong = 0
        for k in range(times):
            lines, report = folder / f"{k}.jsonl", folder / f"{k}.html"
            outputs = ["--json", str(lines), "--report", str(report)]
            moment = rng.uniform(0, whole)
            process = subprocess.Popen([*command, *outputs], **quiet)
            time.sleep(moment)
            process.kill()
            process.wait()
            left = lines.read_bytes() if lines.exists() else b""
            subprocess.run([*command, *outputs, "--resume"], check=False, **quiet)
            names = [getattr(r, "evidence", r).name.rpartition("/")[2] for r in read_findings(lines)]
            kept = lines.read_bytes().startswith(left[: left.rfind(b"\n") + 1])
            in_report = len(read_record(report)["findings"])
            good = names == expected and set(Counter(names).values()) == {1} and kept and in_report == n
            wrong += not good
            whole_lines, torn = left.count(b"\n"), left[left.rfind(b"\n") + 1 :]
            print(
                f"killed after {moment:5.2f} s with {whole_lines:3} lines{' and a part of one' if torn else ''}; "
                f"resumed: {len(names)} lines, {in_report} exhibits, {'every picture exactly once' if good else 'WRONG'}",
                flush=True,
            )
    print(f"{times - wrong} of {times} runs hold every picture exactly once, in the order given")


def main() -> None:
    """Measure what was asked for."""
    what, *rest = sys.argv[1:] or ["memory"]
    if what == "one":
        examine_here(rest)
    elif what == "kills":
        kills(int(rest[0]) if rest else 20, int(rest[1]) if len(rest) > 1 else 60)
    else:
        memory(int(rest[0]) if rest else 2000)


if __name__ == "__main__":
    main()
