"""Tests under other processors: the masks that this machine can imitate, and a table of what passed under each.

``make test-processors`` runs the tests marked ``processor`` once under every mask; ``python -m tests.processors AVX2``
under those with AVX2 in their names. A mask holds instructions back by
the variables that the libraries offer, and hides them from our own look at the processor. What this machine does not
have cannot be held back: such a mask is named and not run.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from forensics import reproducibility

ROOT = Path(__file__).parent.parent
FEATURES, MISSING = "TEST_PROCESSOR_FEATURES", "TEST_MISSING_PACKAGES"  # variables that `imitate` reads
NUMPY = "NPY_DISABLE_CPU_FEATURES"
COUNTS = ("passed", "failed", "errors", "skipped")

# The libraries' own names for what they hold back. https://uxlfoundation.github.io/oneDNN (cpu_dispatcher_control),
# https://numpy.org/doc/stable/reference/simd/build-options.html, OpenCV's modules/core/src/system.cpp and ipp.
AVX2 = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # PyTorch's oneDNN and OpenVINO's, which has no other variable
    "ATEN_CPU_CAPABILITY": "avx2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENCV_CPU_DISABLE": "AVX512-SKX",
    "OPENCV_IPP": "avx2",
    NUMPY: "X86_V4 AVX512_ICL AVX512_SPR",
}
SSE = {
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENCV_CPU_DISABLE": "AVX512-SKX,AVX2,FMA3,FP16,AVX,SSE4.2,SSE4.1",
    "OPENCV_IPP": "sse42",
    NUMPY: "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
    "JSIMD_FORCENONE": "1",  # libjpeg-turbo
}


@dataclass(frozen=True, kw_only=True)
class Mask:
    """One processor that is imitated.

    Parameters
    ----------
    name : str
    needs : str
        The feature that this machine must have, else there is nothing to hold back; empty for none.
    variables : mapping of str to str
        Of the libraries.
    features : str or None
        What our own look at the processor finds, separated by commas; None for what is there.
    missing : str
        Packages that cannot be imported, separated by commas.
    threads : int
        Of one operation.
    """

    name: str
    needs: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    features: str | None = None
    missing: str = ""
    threads: int = 1


MASKS = (
    Mask(name="as it is, 3 threads", threads=3),
    Mask(name="oneDNN: AVX-512 without bfloat16", needs="avx512_bf16", variables={"ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}),
    Mask(name="oneDNN: AVX2", needs="avx512f", variables={"ONEDNN_MAX_CPU_ISA": "AVX2"}),
    Mask(name="ATen: no AVX", needs="avx2", variables={"ATEN_CPU_CAPABILITY": "default"}),
    Mask(name="all libraries: AVX2, as most laptops", needs="avx512f", variables=AVX2, features="avx2", threads=2),
    Mask(name="all libraries: no AVX", needs="avx2", variables=SSE, features="", missing="openvino"),
    Mask(name="a system that does not tell, no OpenVINO", features="", missing="openvino"),
)  # fmt: skip


def imitate() -> None:
    """Let this process see the processor and the packages that the variables of a mask describe; nothing without them."""
    if (features := os.environ.get(FEATURES)) is not None:
        reproducibility.CPUINFO = Path(tempfile.mkdtemp(prefix="processor-")) / "cpuinfo"
        reproducibility.CPUINFO.write_text(f"flags\t: {features.replace(',', ' ')}\n")
        for name, feature in (("_is_avx512_bf16_supported", "avx512_bf16"), ("_is_amx_tile_supported", "amx_bf16")):
            setattr(torch.cpu, name, lambda feature=feature: feature in features.split(","))
    for package in filter(None, os.environ.get(MISSING, "").split(",")):
        sys.modules[package] = None


def marked() -> list[str]:
    """Return the files that have tests for this, so that no other is imported."""
    files = sorted((ROOT / "tests").rglob("test_*.py"))
    return [str(path) for path in files if "mark.processor" in path.read_text(encoding="utf-8")]


def possible(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables without the features of which NumPy would warn that this processor has none."""
    there = np.show_config(mode="dicts")["SIMD Extensions"].get("found", ())
    held_back = " ".join(name for name in variables.get(NUMPY, "").split() if name in there)
    return {**variables, NUMPY: held_back} if held_back else {k: v for k, v in variables.items() if k != NUMPY}


def environment(mask: Mask) -> dict[str, str]:
    """Return the variables of a process under the mask."""
    own = {"OMP_NUM_THREADS": str(mask.threads)}
    if mask.features is not None:
        own[FEATURES] = mask.features
    if mask.missing:
        own[MISSING] = mask.missing
    return {**os.environ, **possible(mask.variables), **own}


def run(mask: Mask) -> tuple[dict[str, int], float, str]:
    """Return the counts of the tests under the mask, the seconds they took, and all that was printed."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *marked(), "-m", "processor", "-q", "-p", "no:cacheprovider",
             "--basetemp", f"{folder}/tests"],
            cwd=ROOT, env=environment(mask), capture_output=True, text=True, check=False,
        )  # fmt: skip
    last = (done.stdout.splitlines() or [""])[-1]
    counts = dict.fromkeys(COUNTS, 0) | {name: int(n) for n, name in re.findall(r"(\d+) (passed|failed|skipped)", last)}
    counts["errors"] = int(match[1]) if (match := re.search(r"(\d+) errors?", last)) else 0
    if done.returncode:
        counts["failed"] = max(counts["failed"], 1)  # also where pytest itself did not come to an end
    return counts, time.monotonic() - start, done.stdout + done.stderr


def main(words: Sequence[str]) -> int:
    """Run the masks with one of the words in their names, or all; print the table and return 1 if a test failed."""
    there = reproducibility.processor_features()
    wanted = [mask for mask in MASKS if not words or any(word in mask.name for word in words)]
    masks = [mask for mask in wanted if not mask.needs or mask.needs in there]
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        results = {mask.name: result for mask, result in zip(masks, workers.map(run, masks), strict=True)}
    for name, (counts, _, printed) in results.items():
        if counts["failed"] or counts["errors"]:
            print(f"==== {name}\n{printed}")
    print(f"This processor: {', '.join(there) or 'unknown'}; {os.cpu_count()} cores\n")
    print(f"| mask | {' | '.join(COUNTS)} | seconds | by |")
    print(f"|---|{'---:|' * (len(COUNTS) + 1)}---|")
    for mask in wanted:
        if mask.name not in results:
            print(f"| {mask.name} |{' |' * (len(COUNTS) + 1)} not run: this machine has no {mask.needs} |")
            continue
        counts, seconds, _ = results[mask.name]
        print(f"| {mask.name} | {' | '.join(str(counts[k]) for k in COUNTS)} | {seconds:.0f} | {written(mask)} |")
    return int(any(counts["failed"] or counts["errors"] for counts, *_ in results.values()))


def written(mask: Mask) -> str:
    """Return what the mask sets, as it is typed before a command."""
    given = {name: value for name, value in environment(mask).items() if os.environ.get(name) != value}
    return " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
