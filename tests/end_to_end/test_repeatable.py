"""The same findings and the same clock give the same bytes, on other processors, zones, languages, seeds and threads."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import processors

SCRIPT = """
import sys, hashlib, pathlib
from tests import report_samples as s
from forensics.report import write_report
import numpy as np
from sklearn.datasets import load_sample_image
flower = s.evidence(np.asarray(load_sample_image("flower.jpg")), name="flower.jpg", exif={})
rows = [s.finding(), s.finding(flower, n_views=6, seed=4), s.unsuitable(), s.unreadable()]
for language in ("en", "zh", "ko"):
    path = write_report(rows, pathlib.Path(sys.argv[1]) / f"{language}.html", case=s.CASE, language=language, now=s.NOW)
    print(language, hashlib.sha256(path.read_bytes()).hexdigest())
"""
MACHINES = (
    {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "COLUMNS": "80"},
    {
        **processors.AVX2,
        "TZ": "Asia/Kolkata",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "12345",
        "OMP_NUM_THREADS": "2",
        "COLUMNS": "200",
        "LANGUAGE": "de",
    },
    {
        **processors.SSE,
        "TZ": "America/St_Johns",
        "LC_ALL": "POSIX",
        "PYTHONHASHSEED": "999",
        "OMP_NUM_THREADS": "3",
        "PYTHONUTF8": "1",
    },
)


def digests(machine: dict[str, str], folder: Path) -> str:
    folder.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        env={**kept, **processors.possible(machine), "PYTHONPATH": str(root)}, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_reports_are_the_same_on_other_machines(tmp_path: Path) -> None:
    found = [digests(machine, tmp_path / str(k)) for k, machine in enumerate(MACHINES)]
    assert found[0].count("\n") == 3
    assert len(set(found)) == 1


@pytest.mark.parametrize("language", ["en", "zh", "ko"])
def test_the_clock_is_all_that_differs(language: str, tmp_path: Path) -> None:
    from datetime import timedelta, timezone

    from forensics.report import write_report
    from tests import report_samples as s

    there = s.NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
    pages = [
        write_report([s.finding()], tmp_path / f"{k}.html", language=language, now=now).read_bytes()
        for k, now in enumerate((s.NOW, there, s.NOW + timedelta(seconds=1)))
    ]
    assert pages[0] == pages[1]
    assert hashlib.sha256(pages[0]).digest() != hashlib.sha256(pages[2]).digest()
