"""A wheel, installed with what the core needs into a new environment, examines from a folder of its own: ``make test-wheel``.

Needs a package index, some 6 GB of disk and some minutes for each version of Python, so that `pytest` takes it only by name.
``PYTHONS`` names the interpreters; those that are not there are skipped. `tests/repository/test_extras.py` tries the same
without an index, from the packages at hand.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Nothing of these comes with the core, be it through others.
NOT_OF_THE_CORE = {"av", "captum", "ipywidgets", "jupyterlab", "openvino", "plotly", "scikit-learn", "timm"}


def output(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """Run a command away from the tree and return what it says; it has to end with that code."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, (command, done.stdout, done.stderr)
    return done.stdout if code == 0 else done.stderr


@pytest.mark.parametrize("python", os.environ.get("PYTHONS", sys.executable).split())
def test_the_core_of_a_wheel_in_a_new_environment(python: str, tmp_path: Path) -> None:
    if shutil.which(python) is None:
        pytest.skip(f"{python} is not installed")
    place, away = tmp_path / "environment", tmp_path / "away"
    away.mkdir()
    output(python, "-m", "venv", place, cwd=away)
    own = place / "bin" / "python"
    output(own, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, ROOT, cwd=away)
    (wheel,) = tmp_path.glob("forensics-*.whl")
    try:
        output(own, "-m", "pip", "install", "--quiet", wheel, cwd=away)
        output(own, "-m", "pip", "check", cwd=away)
        installed = json.loads(output(own, "-m", "pip", "list", "--format", "json", cwd=away))
        assert not NOT_OF_THE_CORE & {row["name"].lower() for row in installed}
        found = output(own, "-c", "import forensics; print(forensics.__file__)", cwd=away)
        assert Path(found.strip()).is_relative_to(place)
        program = place / "bin" / "forensics"
        shown = output(program, "demo", cwd=away).splitlines()
        assert sum(".jpg " in line for line in shown) == 7  # a line for each exhibit
        assert shown[-1] == "reports/demo/report.html"
        exhibits = away / "reports" / "demo" / "exhibits"
        lines, report = away / "found.jsonl", away / "found.html"
        output(
            program,
            "examine",
            exhibits / "china.jpg",
            "--json",
            lines,
            "--report",
            report,
            "--language",
            "ko",
            cwd=away,
        )
        assert json.loads(lines.read_text(encoding="utf-8"))["evidence"]["name"] == "china.jpg"
        output(program, "verify", report, "--evidence", exhibits, cwd=away)
        for command, extra in (("lab", "lab"), ("train nothing.toml --data . --out runs", "train")):
            assert f"pip install 'forensics[{extra}]'" in output(program, *command.split(), cwd=away, code=1)
    finally:
        shutil.rmtree(place)
