"""``forensics examine`` over many pictures: nothing is lost when it is stopped, and it goes on where it was."""

import hashlib
import json
import os
import subprocess
import sys
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import forensics.evidence.loading
from forensics import cli, detector
from forensics.custody import CustodyLog
from forensics.detector import Detector, ErrorRow, load_detector, read_findings
from forensics.report import read_record, verify_report
from forensics.types import Evidence, Finding
from tests.conftest import encoded, textured

WEIGHTS = Path(__file__).parent.parent / "parity" / "dfd_tiny.pth"

Examine = Callable[..., Result]


@pytest.fixture(scope="module")
def loaded() -> Detector:
    return load_detector(WEIGHTS)


@pytest.fixture
def examine(loaded: Detector, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Run the command in this process."""
    monkeypatch.setattr(detector, "load_detector", lambda *_, **__: loaded)

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, ["examine", *map(str, arguments)])

    return run


def pictures(folder: Path, n: int, *, broken: int | None = None) -> list[Path]:
    paths = [folder / f"{k:02}.png" for k in range(n)]
    for k, path in enumerate(paths):
        path.write_bytes(b"no picture" if k == broken else encoded(textured(80, 96, k)))
    return paths


def named(path: Path) -> list[str]:
    return [Path(r.name).name if isinstance(r, ErrorRow) else r.evidence.name for r in read_findings(path)]


def said(result: Result) -> str:
    return " ".join(result.stderr.replace("│", " ").split())


def stop_after(n: int, loaded: Detector, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Press Ctrl-C while the picture after the first n is examined; return the names of what was examined, as it grows."""
    done: list[str] = []
    whole = Detector.examine

    def examine(picture: Evidence, **options: object) -> Finding:
        if len(done) == n:
            raise KeyboardInterrupt
        done.append(picture.name)
        return whole(loaded, picture, **options)

    monkeypatch.setattr(loaded, "examine", examine)
    return done


@pytest.mark.slow
def test_what_was_killed_goes_on_and_holds_every_picture_once(tmp_path: Path) -> None:
    """Killed three times, each time after another picture, at whatever the program is doing then."""
    files = pictures(tmp_path, 30, broken=7)
    lines, report = tmp_path / "f.jsonl", tmp_path / "r.html"
    command = [sys.executable, "-m", "forensics", "examine", *files, "--weights", WEIGHTS, "--json", lines]
    command += ["--report", report, "--robustness", "none", "--resume"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}
    rng = np.random.default_rng(3)
    before = b""
    for goal in (3, 8, 15):
        process = subprocess.Popen(list(map(str, command)), **quiet)
        while process.poll() is None and (not lines.exists() or lines.read_bytes().count(b"\n") < goal):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        process.kill()
        process.wait()
        left = lines.read_bytes()
        assert left.startswith(before)
        assert not report.exists()
        before = left[: left.rindex(b"\n") + 1]
        assert before.count(b"\n") >= goal
    lines.write_bytes(before + b'{"caveats": [')  # and cut off in the middle of a line
    done = subprocess.run(list(map(str, command)), check=False, **quiet)
    assert done.returncode == 1  # one is no picture
    assert lines.read_bytes().startswith(before)
    assert named(lines) == [f.name for f in files]
    record = read_record(report)
    assert [row.get("evidence", row)["name"] for row in record["findings"]] == [f.name for f in files]
    assert verify_report(report, evidence=tmp_path).ok


def test_ctrl_c_ends_with_what_is_done_and_says_how_to_go_on(
    examine: Examine, loaded: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = pictures(tmp_path, 5)
    lines, log, report = tmp_path / "f.jsonl", tmp_path / "c.jsonl", tmp_path / "r.html"
    options = ("--json", lines, "--custody", log, "--report", report)
    with monkeypatch.context() as patched:
        stop_after(2, loaded, patched)
        stopped = examine(*files, *options)
    assert stopped.exit_code == 130
    assert stopped.stderr.strip().endswith(
        f"Stopped; 2 of 5 pictures are examined. The lines so far are in {lines}. Run the same command with --resume to go on."
    )
    assert named(lines) == ["00.png", "01.png"]
    assert not report.exists()
    first = lines.read_bytes()
    with monkeypatch.context() as patched:
        again = stop_after(9, loaded, patched)
        gone_on = examine(*files, *options, "--resume")
    assert gone_on.exit_code == 0, gone_on.output
    assert again == ["02.png", "03.png", "04.png"]
    assert "2 of 5 pictures were examined before" in gone_on.stderr
    assert lines.read_bytes().startswith(first)
    assert named(lines) == [f.name for f in files]
    assert len(read_record(report)["findings"]) == 5
    entries = [(e.action, [i.name for i in e.inputs]) for e in CustodyLog(log).entries()]
    everything = [f.name for f in files]
    assert entries == [
        ("opened", everything), ("examined", everything[:2]),
        ("opened", everything), ("noted", everything[:2]), ("examined", everything[2:]), ("reported", []),
    ]  # fmt: skip


def test_without_a_file_of_lines_a_stopped_run_says_so(
    examine: Examine, loaded: Detector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(1, loaded, monkeypatch)
    stopped = examine(*pictures(tmp_path, 2))
    assert (stopped.exit_code, "Nothing was kept" in stopped.stderr) == (130, True)


def test_a_file_that_cannot_be_examined_has_its_line(examine: Examine, tmp_path: Path) -> None:
    files = [*pictures(tmp_path, 3, broken=1), tmp_path / "none.png"]
    lines = tmp_path / "f.jsonl"
    done = examine(*files, "--json", lines)
    assert done.exit_code == 1
    good, bad, _good, missing = list(read_findings(lines))
    assert isinstance(good, Finding)
    assert isinstance(bad, ErrorRow)
    assert (bad.name, bad.n_bytes, bad.message.code) == (str(files[1]), 10, "not_a_picture")
    assert bad.sha256 == hashlib.sha256(b"no picture").hexdigest()
    assert str(bad.error) in done.stderr
    assert (missing.sha256, missing.n_bytes) == ("", 0)
    printed = examine(*files, "--json", "-")
    assert [json.loads(line)["schema"] for line in printed.stdout.splitlines()] == [
        json.loads(line)["schema"] for line in lines.read_text().splitlines()
    ]


def test_lines_keep_the_order_given_and_one_for_each_time_a_file_is_given(examine: Examine, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, other = pictures(tmp_path / "a", 2), pictures(tmp_path / "b", 1)
    other[0].write_bytes(encoded(textured(80, 96, 50)))  # of the same name as the first, another picture
    lines = tmp_path / "f.jsonl"
    assert examine(first[1], first[0], "--json", lines).exit_code == 0
    given = [first[0], other[0], first[0], first[1]]
    done = examine(*given, "--json", lines, "--resume")
    assert done.exit_code == 0, done.output
    found = [r.evidence.sha256 for r in read_findings(lines)]
    assert found == [Evidence.from_file(path).sha256 for path in given]
    assert "2 of 4 pictures were examined before" in done.stderr


def test_a_file_that_can_be_read_now_is_examined_and_its_error_goes(examine: Examine, tmp_path: Path) -> None:
    files = pictures(tmp_path, 2)
    lines, late = tmp_path / "f.jsonl", tmp_path / "late.png"
    assert examine(files[0], late, files[1], "--json", lines).exit_code == 1
    again = examine(files[0], late, files[1], "--json", lines, "--resume")
    assert (again.exit_code, named(lines)) == (1, ["00.png", "late.png", "01.png"])
    late.write_bytes(encoded(textured(80, 96, 9)))
    done = examine(files[0], late, files[1], "--json", lines, "--resume")
    assert done.exit_code == 0, done.output
    assert all(isinstance(r, Finding) for r in read_findings(lines))
    assert named(lines) == ["00.png", "late.png", "01.png"]


def test_what_does_not_fit_is_refused_with_the_next_step(examine: Examine, tmp_path: Path) -> None:
    files = pictures(tmp_path, 2)
    lines = tmp_path / "f.jsonl"
    assert examine(*files, "--json", lines).exit_code == 0
    kept = lines.read_bytes()
    left_out = examine(files[0], "--json", lines, "--resume")
    assert (left_out.exit_code, "a line about '01.png', which is not among the pictures given" in said(left_out)) == (
        2,
        True,
    )
    other = examine(*files, "--json", lines, "--resume", "--robustness", "full")
    assert (other.exit_code, "robustness was quick, and is full" in said(other)) == (2, True)
    files[1].write_bytes(encoded(textured(80, 96, 77)))
    changed = examine(*files, "--json", lines, "--resume")
    assert (changed.exit_code, "'01.png' was changed since" in said(changed)) == (2, True)
    without = examine(*files, "--resume")
    assert (without.exit_code, "Name it with --json" in said(without)) == (2, True)
    assert lines.read_bytes() == kept
    (tmp_path / "folder").mkdir()
    for option in ("--json", "--report", "--custody"):
        taken = examine(*files, option, tmp_path / "folder")
        assert (taken.exit_code, "is a folder. Name a file" in said(taken)) == (2, True)
    below = examine(*files, "--json", files[0] / "f.jsonl")
    assert (below.exit_code, "cannot be written" in said(below)) == (2, True)


def test_no_more_pictures_are_in_memory_however_many_there_are(
    examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While they are examined, and while the report is written, which reads each again."""
    alive: list[weakref.ref[np.ndarray]] = []
    counts: list[int] = []
    load = forensics.evidence.loading.load_file

    def counted(*arguments: object, **options: object) -> Evidence:
        evidence = load(*arguments, **options)
        alive.append(weakref.ref(evidence.pixels))
        counts.append(sum(ref() is not None for ref in alive))
        return evidence

    monkeypatch.setattr(forensics.evidence.loading, "load_file", counted)
    files = pictures(tmp_path, 24)
    done = examine(*files, "--json", tmp_path / "f.jsonl", "--report", tmp_path / "r.html", "--robustness", "none")
    assert done.exit_code == 0, done.output
    assert len(counts) == 48
    assert max(counts) <= 2
