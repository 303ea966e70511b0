"""The commands around a training, and the measurements that are benchmarks, on a folder of generated pictures."""

import csv
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks import acceptance, contact_sheet, imprint, left_out, views
from forensics import cli
from forensics.commands.training import MOVED
from forensics.detector import load_detector
from forensics.evaluation.labelled import Pictures
from forensics.models.companion import FILE_NAME, Companion, read_companion, write_companion
from forensics.models.weights import BranchSpec, Manifest, write_weights
from forensics.training.measuring import withheld
from forensics.training.pairs import stream
from forensics.views import Tiles
from tests.conftest import encoded, textured

STARTER = Path(__file__).parent.parent.parent / "configs" / "starter.toml"


def write_folder(folder: Path, *, sources: Sequence[str] = ("one",)) -> None:
    rows = []
    for k in range(8):
        name, label = f"{k}.png", ("real", "fake")[k % 2]
        (folder / name).write_bytes(encoded(textured(300, 300, seed=k), "PNG"))
        rows.append({"path": name, "label": label, "source": sources[k // 2 % len(sources)], "face": "0"})
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_audit_prints_a_table_and_fails_a_stream_that_leaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path)
    monkeypatch.setattr(stream, "equalise", lambda real, fake, _: (real, np.minimum(fake, 110)))
    own = ("--set", "statistics={tile=64, shares={copy_move=1.0}}")
    result = CliRunner().invoke(cli.app, [*arguments("audit", tmp_path, "--pairs", "100"), *own])
    assert "| stream | logistic | 100 |" in result.stdout, result.output
    assert "| stream of the statistics | logistic | 100 |" in result.stdout
    assert "**failed**" in result.stdout  # no forgery is bright: a sure shortcut
    assert result.exit_code == 1
    lines = result.stdout.strip().splitlines()[2:]
    assert np.isfinite([float(line.split("|")[4]) for line in lines]).all()


def test_imprints_of_the_makers_are_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path)
    run_benchmark(monkeypatch, imprint, arguments("", tmp_path, "--forgeries", "100"))
    assert "| upsample | 100 |" in capsys.readouterr().out


def test_a_contact_sheet_is_written_as_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_folder(tmp_path)
    sheet = tmp_path / "new" / "sheet.png"
    run_benchmark(monkeypatch, contact_sheet, arguments("", tmp_path, str(sheet)))
    assert capsys.readouterr().out.strip() == str(sheet)
    with Image.open(sheet) as picture:
        assert picture.width > 1000


def run_benchmark(monkeypatch: pytest.MonkeyPatch, module: ModuleType, arguments: Sequence[str]) -> None:
    """Run a benchmark as ``python -m`` would."""
    monkeypatch.setattr("sys.argv", [module.__name__, *arguments[1:]])
    module.main()


def write_tiny_weights(folder: Path) -> str:
    """Write an untrained small RepLKNet with a mask head and return the digest of its file."""
    spec = BranchSpec(
        architecture="starter_replknet",
        arguments={"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8], "mask_width": 8, "trace_width": 8},
    )
    manifest = Manifest(name="tiny", branches={"b": spec}, scheme=Tiles(size=64, stride=64), licence="none")
    return write_weights(folder / "tiny.safetensors", branches={"b": spec.build()}, manifest=manifest)


@pytest.mark.slow
def test_the_acceptance_table_and_what_was_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two", "three"))
    digest = write_tiny_weights(weights)
    less = str(tmp_path / "left-out.jsonl")
    sides = ["data.train=['one']", "data.withheld=['two','three']"]
    common = ["--weights", str(weights), "--at-most", "4"]
    options = arguments("", folder, less, "--without", "splice", *common, sides=sides, shares="splice=0.5")
    run_benchmark(monkeypatch, left_out, options)
    assert "| splice | as trained | joint | 4 |" in capsys.readouterr().out
    (row, _) = left_out.read_left_out(Path(less))
    assert (row.name, row.kind, row.weights_sha256) == ("splice", "family", digest)
    options = ["--left-out", less, "--pairs", "100", "--delivery", "JPEG 75"]
    run_benchmark(monkeypatch, acceptance, arguments("", folder, *options, *common, sides=sides))
    lines = capsys.readouterr().out.strip().splitlines()[2:]
    assert [int(line.split("|")[1]) for line in lines] == list(range(1, 26))
    assert "splice" in lines[6]
    assert "tiny.safetensors" in lines[22]
    assert "bits" in lines[23]  # which of the two depends on the number of threads


@pytest.mark.slow
def test_what_each_view_adds_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two"))
    write_tiny_weights(weights)
    sides = ["data.train=['one']", "data.withheld=['two']"]
    options = arguments("", folder, "--weights", str(weights), "--at-most", "2", sides=sides)
    run_benchmark(monkeypatch, views, options)
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 2 + 7 + 4 + 2  # head; seven turns, four tones; the published six, all


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [True, False])
def test_measuring_prints_every_table_and_fits_the_joint_judgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    monkeypatch.setattr(withheld, "_worth_fitting", lambda _: ahead)
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two"))
    digest = write_tiny_weights(weights)
    companion = weights / FILE_NAME
    write_companion(companion, Companion(weights_sha256=digest, withdrawn="weights_withdrawn"))
    options = ["--weights", str(weights), "--at-most", "4", "--companion", str(companion)]
    options += ["--delivery", "JPEG 75", "--scores", str(tmp_path / "scores.jsonl")]
    sides = ["data.train=[]", "data.withheld=['one','two']", "data.halved=[]"]
    result = CliRunner().invoke(cli.app, arguments("evaluate", folder, *options, sides=sides))
    assert result.exit_code == 0, result.output
    for head in ("| JPEG 75 | all | joint |", "| as received | all | plain mean |", "false alarms", "changed side",
                 "AUC of file statistics", "| splice | joint |", "pixel F1"):  # fmt: skip
        assert head in result.stdout, head
    assert read_companion(companion).weights_sha256 == digest
    assert read_companion(companion).maps["n"] > 0
    assert read_companion(companion).withdrawn == "weights_withdrawn"  # measuring anew takes nothing back
    fitted_on = read_companion(companion).fitted_on
    assert fitted_on["index_sha256"] == Pictures.open(folder).digest()
    assert (fitted_on["sources"], fitted_on["real"], fitted_on["fake"]) == (["one", "two"], 4, 4)
    assert (load_detector(weights).companion.fusion is not None) == ahead
    lines = (tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()[1:]
    assert [len(json.loads(line)["rows"]) for line in lines] == [2] * 8


def test_an_unknown_delivery_is_wrong_use(tmp_path: Path) -> None:
    write_folder(tmp_path, sources=("one", "two"))
    sides = ["data.train=['one']", "data.withheld=['two']", "data.halved=[]"]
    options = arguments("evaluate", tmp_path, "--delivery", "moonlight", sides=sides)
    result = CliRunner().invoke(cli.app, options)
    assert result.exit_code == 2
    message = " ".join(result.stderr.replace("│", " ").split())
    assert "No 'moonlight' among the deliveries" in message
    assert "JPEG 75" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--evaluate"], "no longer an option of 'train'. Use: forensics evaluate CONFIG --data FOLDER"),
     (["--audit", "--audit-pairs", "100"], "Use: forensics audit CONFIG"), (["--plot", "x.html"], "forensics plot RUN"),
     (["--condition", "JPEG 75"], "--delivery NAME"), (["--weights=none"], "Use: forensics evaluate"),
     (["--acceptance"], "python -m benchmarks.acceptance"), (["--attribution", "4"], "python -m benchmarks.explanations"),
     (["--moonlight"], "'train' takes no '--moonlight'"), (["more"], "'train' takes no 'more'")],
)  # fmt: skip
def test_what_train_no_longer_takes_is_told(options: list[str], message: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    result = CliRunner().invoke(cli.app, [*arguments("train", tmp_path, *options), "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


def test_every_option_that_train_once_had_has_a_place_now() -> None:
    commands = {command.callback.__name__ for command in cli.app.registered_commands if command.callback is not None}
    for place in MOVED.values():
        tool, name, *_ = place.split()
        assert name in commands if tool == "forensics" else find_spec(place.split()[2]) is not None, place


def test_one_source_of_photographs_leaves_two_tables_out_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder)
    write_tiny_weights(weights)
    monkeypatch.setattr(withheld, "evaluate_families", lambda *_args, **_options: ([], []))
    monkeypatch.setattr(withheld, "evaluate_swaps", lambda *_args, **_options: [])
    sides = ["data.train=[]", "data.withheld=['one']"]
    options = ["--weights", str(weights), "--at-most", "2", "--delivery", "as received"]
    result = CliRunner().invoke(cli.app, arguments("evaluate", folder, *options, sides=sides))
    assert result.exit_code == 0, result.output
    assert "| as received | all | joint |" in result.stdout
    assert "need photographs of two sources or more" in result.stdout
    assert "false alarms |" not in result.stdout


def arguments(
    command: str,
    folder: Path,
    *options: str,
    sides: Sequence[str] = ("data.train=['one']", "data.withheld=[]"),
    shares: str = "upsample=1.0",
) -> list[str]:
    rest = ",upsample=0.5" if shares != "upsample=1.0" else ""
    settings = [
        "statistics.shares={}",
        "data.halved=[]",
        "forgeries.late_tile=64",
        f"forgeries.shares={{{shares}{rest}}}",
    ]
    settings = [*settings, *sides]
    return [command, str(STARTER), "--data", str(folder), *options, *(x for s in settings for x in ("--set", s))]
