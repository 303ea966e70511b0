"""What `forensics train` does besides training, on a folder of generated pictures."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from forensics import cli
from forensics.detector import load_detector
from forensics.models.companion import FILE_NAME, Companion, read_companion, write_companion
from forensics.models.weights import BranchSpec, Manifest, write_weights
from forensics.training import pairs, tasks
from forensics.training.left_out import read_left_out
from forensics.training.pictures import Pictures
from forensics.training.scoring import read_scores
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
    monkeypatch.setattr(pairs, "equalise", lambda real, fake, _: (real, np.minimum(fake, 110)))
    own = ("--set", "statistics={tile=64, shares={copy_move=1.0}}")
    result = CliRunner().invoke(cli.app, [*arguments(tmp_path, "--audit", "--audit-pairs", "100"), *own])
    assert "| stream | logistic | 100 |" in result.stdout, result.output
    assert "| stream of the statistics | logistic | 100 |" in result.stdout
    assert "**failed**" in result.stdout  # no forgery is bright: a sure shortcut
    assert result.exit_code == 1
    shortcuts, imprints = result.stdout.strip().split("\n\n")
    assert np.isfinite([float(line.split("|")[4]) for line in shortcuts.splitlines()[2:]]).all()
    assert "| upsample | 100 |" in imprints


def test_a_contact_sheet_is_written_as_a_picture(tmp_path: Path) -> None:
    write_folder(tmp_path)
    sheet = tmp_path / "new" / "sheet.png"
    result = CliRunner().invoke(cli.app, arguments(tmp_path, "--contact-sheet", str(sheet)))
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(sheet)
    with Image.open(sheet) as picture:
        assert picture.width > 1000


def write_tiny_weights(folder: Path) -> str:
    """Write an untrained small RepLKNet with a mask head and return the digest of its file."""
    spec = BranchSpec(
        architecture="starter_replknet",
        arguments={"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8], "mask_width": 8},
    )
    manifest = Manifest(name="tiny", branches={"b": spec}, scheme=Tiles(size=64, stride=64), licence="none")
    return write_weights(folder / "tiny.safetensors", branches={"b": spec.build()}, manifest=manifest)


@pytest.mark.slow
def test_the_acceptance_table_and_what_was_left_out(tmp_path: Path) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two", "three"))
    digest = write_tiny_weights(weights)
    less = str(tmp_path / "left-out.jsonl")
    sides = ["data.train=['one']", "data.withheld=['two','three']"]
    common = ["--weights", str(weights), "--at-most", "4", "--left-out", less]
    result = CliRunner().invoke(
        cli.app, arguments(folder, "--evaluate", "--without", "splice", *common, sides=sides, shares="splice=0.5")
    )
    assert result.exit_code == 0, result.output
    assert "| splice | as trained | joint | 4 |" in result.stdout
    (row, _) = read_left_out(Path(less))
    assert (row.name, row.kind, row.weights_sha256) == ("splice", "family", digest)
    result = CliRunner().invoke(
        cli.app, arguments(folder, "--acceptance", "--audit-pairs", "100", "--out", str(tmp_path), *common, sides=sides)
    )
    assert result.exit_code == 0, result.output
    lines = result.stdout.strip().splitlines()[2:]
    assert [int(line.split("|")[1]) for line in lines] == list(range(1, 26))
    assert "splice" in lines[6]
    assert "tiny.safetensors" in lines[22]
    assert "bits" in lines[23]  # which of the two depends on the number of threads


@pytest.mark.slow
def test_what_each_view_adds_is_printed(tmp_path: Path) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two"))
    write_tiny_weights(weights)
    sides = ["data.train=['one']", "data.withheld=['two']"]
    options = ["--views", "--weights", str(weights), "--at-most", "2"]
    result = CliRunner().invoke(cli.app, arguments(folder, *options, sides=sides))
    assert result.exit_code == 0, result.output
    lines = result.stdout.strip().splitlines()
    assert len(lines) == 2 + 7 + 4 + 2  # head; seven turns, four tones; the published six, all


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [True, False])
def test_measuring_prints_every_table_and_fits_the_joint_judgement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead: bool
) -> None:
    monkeypatch.setattr(tasks, "_worth_fitting", lambda _: ahead)
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two"))
    digest = write_tiny_weights(weights)
    companion = weights / FILE_NAME
    write_companion(companion, Companion(weights_sha256=digest, withdrawn="weights_withdrawn"))
    options = ["--evaluate", "--weights", str(weights), "--at-most", "4", "--companion", str(companion)]
    options += ["--condition", "as delivered", "--condition", "JPEG 75", "--scores", str(tmp_path / "scores.jsonl")]
    sides = ["data.train=[]", "data.withheld=['one','two']", "data.halved=[]"]
    result = CliRunner().invoke(cli.app, arguments(folder, *options, sides=sides))
    assert result.exit_code == 0, result.output
    for head in ("| JPEG 75 | all | joint |", "| as delivered | all | plain mean |", "false alarms", "changed side",
                 "| sharpness | correlation |", "| splice | joint |", "pixel F1"):  # fmt: skip
        assert head in result.stdout, head
    assert read_companion(companion).weights_sha256 == digest
    assert read_companion(companion).maps["n"] > 0
    assert read_companion(companion).withdrawn == "weights_withdrawn"  # measuring anew takes nothing back
    fitted_on = read_companion(companion).fitted_on
    assert fitted_on["index_sha256"] == Pictures.open(folder).digest()
    assert (fitted_on["sources"], fitted_on["real"], fitted_on["fake"]) == (["one", "two"], 4, 4)
    assert (load_detector(weights).companion.fusion is not None) == ahead
    assert [len(rows) for rows in read_scores(tmp_path / "scores.jsonl").values()] == [2] * 8


def test_an_unknown_condition_is_wrong_use(tmp_path: Path) -> None:
    write_folder(tmp_path, sources=("one", "two"))
    sides = ["data.train=['one']", "data.withheld=['two']", "data.halved=[]"]
    result = CliRunner().invoke(cli.app, arguments(tmp_path, "--evaluate", "--condition", "moonlight", sides=sides))
    assert result.exit_code == 2
    assert "moonlight" in result.stderr
    assert "JPEG 75" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--condition", "JPEG 75"], "Add --evaluate"), (["--weights", "none"], "Add --evaluate"),
     (["--evaluate", "--audit"], "--evaluate and --audit are different tasks")],
)  # fmt: skip
def test_options_without_effect_are_wrong_use(options: list[str], message: str, tmp_path: Path) -> None:
    write_folder(tmp_path)
    result = CliRunner().invoke(cli.app, [*arguments(tmp_path, *options), "--out", str(tmp_path / "run")])
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


def test_one_source_of_photographs_leaves_two_tables_out_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder)
    write_tiny_weights(weights)
    monkeypatch.setattr(tasks, "evaluate_families", lambda *_args, **_options: ([], []))
    monkeypatch.setattr(tasks, "evaluate_swaps", lambda *_args, **_options: [])
    sides = ["data.train=[]", "data.withheld=['one']"]
    options = ["--evaluate", "--weights", str(weights), "--at-most", "2", "--condition", "as delivered"]
    result = CliRunner().invoke(cli.app, arguments(folder, *options, sides=sides))
    assert result.exit_code == 0, result.output
    assert "| as delivered | all | joint |" in result.stdout
    assert "need photographs of two sources or more" in result.stdout
    assert "false alarms |" not in result.stdout


def arguments(
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
    return ["train", str(STARTER), "--data", str(folder), *options, *(x for s in settings for x in ("--set", s))]
