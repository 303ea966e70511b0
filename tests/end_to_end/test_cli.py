import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forensics import cli
from forensics.commands.shared import found_weights, said
from forensics.custody import CustodyLog
from forensics.detector import ErrorRow, load_detector, read_findings
from forensics.errors import EvidenceError, ReportError
from forensics.report import write_report
from forensics.types import Evidence, Finding
from tests.broken_files import BROKEN, write_broken
from tests.conftest import encoded, textured

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
def test_every_broken_file_is_one_line_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photograph_file: Path
) -> None:
    """All kinds in one process, each examined alone."""
    from forensics import detector

    loaded = detector.load_detector(WEIGHTS)
    monkeypatch.setattr(detector, "load_detector", lambda *_, **__: loaded)
    for name in BROKEN:
        path = write_broken(tmp_path, name)
        target = tmp_path / "out.jsonl"
        result = CliRunner().invoke(cli.app, ["examine", str(path), "--json", str(target)])
        assert result.exit_code == 1, name
        assert result.stdout == ""
        assert len(result.stderr.strip().splitlines()) == 1, result.stderr
        assert name in result.stderr
        (row,) = read_findings(target)
        assert isinstance(row, ErrorRow)
        assert (Path(row.name).name, str(row.error)) == (name, result.stderr.strip())
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


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("when", ["while printing", "at the end"])
def test_a_full_disk_behind_stdout_is_one_line(
    when: str, photograph_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    examine = [sys.executable, "-m", "forensics", "examine", str(photograph_file)]
    print_late = [sys.executable, "-c", "from forensics import cli; print('kept back'); cli._leave(0)"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            examine if when == "while printing" else print_late,
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("No space left on device")
    assert "Traceback" not in done.stderr


def test_an_error_of_the_system_names_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> None:
        raise PermissionError(13, "Permission denied", "o.jsonl")

    left: list[object] = []
    monkeypatch.setattr(cli, "app", refused)
    monkeypatch.setattr(cli, "_leave", left.append)
    cli.main()
    assert left == ["o.jsonl: Permission denied. Make room or choose another place, and run the command again."]


def test_wrong_use_is_exit_code_2() -> None:
    assert CliRunner().invoke(cli.app, ["examine"]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["no-such-command"]).exit_code == 2
    assert CliRunner().invoke(cli.app, ["examine", "x.jpg", "--mode", "quick"]).exit_code == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--report", "x.jpg"], "one of the pictures"), (["--json", "x.jpg"], "one of the pictures"),
     (["--report", "o", "--json", "./o"], "the same file"), (["--json", "other.jpg"], "holds no JSON lines")],
)  # fmt: skip
def test_no_picture_is_written_over(
    options: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept = {name: encoded(textured(80, 80, seed=k), "JPEG") for k, name in enumerate(("x.jpg", "other.jpg"))}
    for name, data in kept.items():
        Path(name).write_bytes(data)
    result = CliRunner().invoke(cli.app, ["examine", "x.jpg", "--weights", str(WEIGHTS), *options])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == kept


def test_a_report_replaces_a_report_and_nothing_else(photograph_file: Path, tmp_path: Path) -> None:
    finding = load_detector(WEIGHTS).examine(photograph_file)
    target = tmp_path / "r.html"
    for _ in range(2):
        assert write_report([finding], target).stat().st_size > 1000
    picture = tmp_path / "p.jpg"
    picture.write_bytes(photograph_file.read_bytes())
    with pytest.raises(ReportError, match=r"p\.jpg exists and is no report"):
        write_report([finding], picture)
    assert picture.read_bytes() == photograph_file.read_bytes()


def test_the_shipped_weights_are_found_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed = CliRunner().invoke(cli.app, ["weights", "list"]).stdout.split()
    shown = CliRunner().invoke(cli.app, ["weights", "show", "starter"]).stdout.splitlines()
    assert [list(json.loads(line)["branches"]) for line in shown] == [["convnext"], ["replknet"], ["statistics"]]
    assert CliRunner().invoke(cli.app, ["weights", "show", listed[0]]).stdout.splitlines() == shown[:1]
    assert CliRunner().invoke(cli.app, ["weights", "verify", "starter"]).exit_code == 0
    (tmp_path / "starter").mkdir()  # a folder of that name is meant, where there is one
    assert found_weights(Path("starter")) == Path("starter")


def test_what_another_process_raised_is_said_without_its_traceback() -> None:
    text = "Caught EvidenceError in DataLoader worker process 0.\nOriginal Traceback\n  File x\nforensics.errors.EvidenceError: a: b. Get it again.\n"
    assert said(EvidenceError(text)) == "a: b. Get it again."
    assert said(EvidenceError("a: b")) == "a: b"


@pytest.mark.parametrize("language", ["de", "tlh"])
def test_a_language_without_a_report_is_refused_before_anything_is_examined(language: str, tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    result = CliRunner().invoke(cli.app, ["examine", "none.jpg", "--report", str(target), "--language", language])
    assert result.exit_code == 2
    assert language in result.stderr
    assert "none.jpg" not in result.stderr
    assert not target.exists()


def test_custody_signing_and_other_files(photograph_file: Path, tmp_path: Path) -> None:
    """A log of what was examined and what was not; a signature that is not replaced; a file that holds nothing to check."""
    run = CliRunner()
    broken, log, report = tmp_path / "broken.jpg", tmp_path / "custody.jsonl", tmp_path / "r.html"
    broken.write_bytes(photograph_file.read_bytes()[:200])
    done = run.invoke(
        cli.app, ["examine", str(photograph_file), str(broken), "--custody", str(log), "--report", str(report)]
    )
    assert done.exit_code == 1, done.output
    entries = list(CustodyLog(log).entries())
    assert [(e.action, [i.name for i in e.inputs]) for e in entries] == [
        ("opened", [photograph_file.name, "broken.jpg"]), ("noted", ["broken.jpg"]), ("examined", [photograph_file.name]), ("reported", []),
    ]  # fmt: skip
    assert "broken.jpg" in report.read_text(encoding="utf-8")
    key = tmp_path / "key.pem"
    assert run.invoke(cli.app, ["keys", "new", str(key), "--no-passphrase"]).exit_code == 0
    assert run.invoke(cli.app, ["sign", str(report), "--key", str(key)]).exit_code == 0
    again = run.invoke(cli.app, ["sign", str(report), "--key", str(key)])
    assert (again.exit_code, "is signed already" in " ".join(again.stderr.replace("│", " ").split())) == (2, True)
    told = run.invoke(cli.app, ["verify", str(report), "--key", f"{key}.pub"])
    assert told.exit_code == 0, told.output
    assert "not shown: that the exhibits are those" in told.stdout
    assert "not shown: that the custody log" in told.stdout
    assert "passed: Not shown" not in told.stdout
    other = run.invoke(cli.app, ["verify", str(broken)])
    assert (other.exit_code, "nothing to check" in other.stdout, "seal" in other.stdout) == (1, True, False)
    assert run.invoke(cli.app, ["sign", str(broken), "--key", str(key)]).exit_code == 0
    signed = run.invoke(cli.app, ["verify", str(broken)])
    assert (signed.exit_code, "seal" in signed.stdout) == (0, False)


def test_options_of_a_report_need_a_report() -> None:
    for options in (["--redact"], ["--redact-faces"], ["--profile", "victim"], ["--language", "ko"]):
        done = CliRunner().invoke(cli.app, ["examine", "none.jpg", *options])
        assert (done.exit_code, "--report REPORT.html" in done.stderr) == (2, True), done.stderr


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
