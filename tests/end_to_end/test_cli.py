import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from forensics import cli
from forensics.errors import EvidenceError
from forensics.types import Evidence, Finding
from tests.broken_files import BROKEN, write_broken

WEIGHTS = Path(__file__).parent.parent / "parity" / "dfd_tiny.pth"


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "forensics", *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_examine_prints_results_only_and_writes_json(photograph_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "findings.jsonl"
    done = run("examine", photograph_file, "--weights", WEIGHTS, "--json", target)
    assert done.returncode == 0, done.stderr
    assert "uncalibrated score" in done.stdout
    assert "not a probability" in done.stdout
    finding = Finding.from_json(target.read_text())
    assert finding.evidence.name == "china.jpg"
    assert finding.outcome == "uncalibrated"
    again = run("examine", photograph_file, "--weights", WEIGHTS, "--json", "-")
    first, second = (json.loads(t) for t in (target.read_text(), again.stdout))
    for record in (first, second):
        record["run"].pop("examined_at")
    assert first == second


@pytest.mark.slow
def test_every_broken_file_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph_file: Path
) -> None:
    """All kinds in one process, each examined alone."""
    from forensics import detector

    loaded = detector.load_detector(WEIGHTS)
    monkeypatch.setattr(detector, "load_detector", lambda _: loaded)
    for name in BROKEN:
        path = write_broken(tmp_path, name)
        target = tmp_path / "out.jsonl"
        result = CliRunner().invoke(cli.app, ["examine", str(path), "--json", str(target)])
        assert result.exit_code == 1, name
        assert result.stdout == ""
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert name in result.stderr
        assert not target.exists()
        assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize(
    ("make", "message"),
    [(Path.touch, "x.jpg is empty. Get the file again"), (Path.mkdir, "x.jpg is a folder. Name the pictures in it")],
)  # fmt: skip
def test_a_message_says_one_thing(make: Callable[[Path], None], message: str, tmp_path: Path) -> None:
    make(tmp_path / "x.jpg")
    with pytest.raises(EvidenceError) as caught:
        Evidence.from_file(tmp_path / "x.jpg")
    assert str(caught.value).startswith(message)
    assert "permissions" not in str(caught.value)


def test_json_goes_into_a_new_folder_and_a_place_that_is_taken_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli._write_lines(tmp_path / "new" / "o.jsonl", ["{}"])
    assert (tmp_path / "new" / "o.jsonl").read_text() == "{}\n"
    (tmp_path / "taken").mkdir()
    with pytest.raises(typer.Exit):
        cli._write_lines(tmp_path / "taken", ["{}"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "taken"]
    assert "Choose another place" in capsys.readouterr().err


def test_wrong_use_is_exit_code_2() -> None:
    assert CliRunner().invoke(cli.app, ["examine"]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["no-such-command"]).exit_code == 2


@pytest.mark.parametrize("language", ["zh", "tlh"])
def test_a_language_without_a_report_is_refused_before_anything_is_examined(language: str, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    result = CliRunner().invoke(cli.app, ["examine", "none.jpg", "--report", str(target), "--language", language])
    assert result.exit_code == 2
    assert language in result.stderr
    assert "none.jpg" not in result.stderr
    assert not target.exists()


@pytest.mark.parametrize("by_branch", [False, True])
def test_imported_weights_give_the_same_scores(by_branch: bool, tmp_path: Path) -> None:
    from forensics.detector import load_detector

    parity = WEIGHTS.parent
    sources = [str(WEIGHTS)]
    if by_branch:
        sources = [f"{name}={parity / f'dfd_tiny_{name}.pth'}" for name in ("convnext", "replknet")]
    target = tmp_path / "new" / "ours.safetensors"
    arguments = ["weights", "import", *sources, "--out", str(target), "--licence", "CC0"]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 0, result.output
    picture = parity / "picture_300x200.png"
    ours, theirs = (load_detector(w).examine(picture) for w in (target, WEIGHTS))
    assert (ours.scores.logits == theirs.scores.logits).all()
    assert ours.run.weights["licence"] == "CC0"
    assert CliRunner().invoke(cli.app, ["weights", "verify", str(target)]).exit_code == 0
    again = CliRunner().invoke(cli.app, arguments)
    assert again.exit_code == 1
    assert "exists already" in str(again.exception)


def test_an_import_that_fails_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"no weights")
    for source in (str(tmp_path / "w.pth"), str(tmp_path / "none.pth")):
        out = tmp_path / "out.safetensors"
        assert CliRunner().invoke(cli.app, ["weights", "import", source, "--out", str(out)]).exit_code == 1
        assert [p.name for p in tmp_path.iterdir()] == ["w.pth"]
    mixed = ["weights", "import", "convnext=a.pth", "b.pth", "--out", "x.safetensors"]
    assert CliRunner().invoke(cli.app, mixed).exit_code == 2


@pytest.mark.slow
def test_foreign_weights_are_one_line(photograph_file: Path, tmp_path: Path) -> None:
    (tmp_path / "w.pth").write_bytes(b"no weights")
    done = run("examine", photograph_file, "--weights", tmp_path / "w.pth")
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "w.pth" in done.stderr
