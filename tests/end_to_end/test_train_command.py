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
from forensics.models.companion import FILE_NAME, read_companion
from forensics.models.weights import BranchSpec, Manifest, write_weights
from forensics.training import pairs
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
    result = CliRunner().invoke(cli.app, arguments(tmp_path, "--audit", "--audit-pairs", "100"))
    assert "| stream | logistic | 100 |" in result.stdout, result.output
    assert "**failed**" in result.stdout  # no forgery is bright: a sure shortcut
    assert result.exit_code == 1
    assert np.isfinite([float(line.split("|")[4]) for line in result.stdout.splitlines()[2:]]).all()


def test_a_contact_sheet_is_written_as_a_picture(tmp_path: Path) -> None:
    write_folder(tmp_path)
    sheet = tmp_path / "new" / "sheet.png"
    result = CliRunner().invoke(cli.app, arguments(tmp_path, "--contact-sheet", str(sheet)))
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(sheet)
    with Image.open(sheet) as picture:
        assert picture.width > 1000


@pytest.mark.slow
def test_measuring_prints_every_table_and_fits_the_joint_judgement(tmp_path: Path) -> None:
    folder, weights = tmp_path / "pictures", tmp_path / "weights"
    for path in (folder, weights):
        path.mkdir()
    write_folder(folder, sources=("one", "two"))
    spec = BranchSpec(
        architecture="starter_replknet",
        arguments={"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8], "mask_width": 8},
    )
    manifest = Manifest(name="tiny", branches={"b": spec}, scheme=Tiles(size=64, stride=64), licence="none")
    digest = write_weights(weights / "tiny.safetensors", branches={"b": spec.build()}, manifest=manifest)
    companion = weights / FILE_NAME
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
    fitted_on = read_companion(companion).fitted_on
    assert fitted_on["index_sha256"] == Pictures.open(folder).digest()
    assert (fitted_on["sources"], fitted_on["real"], fitted_on["fake"]) == (["one", "two"], 4, 4)
    assert load_detector(weights).companion.fusion is not None
    assert [len(rows) for rows in read_scores(tmp_path / "scores.jsonl").values()] == [2] * 8


def test_an_unknown_condition_is_wrong_use(tmp_path: Path) -> None:
    write_folder(tmp_path, sources=("one", "two"))
    sides = ["data.train=['one']", "data.withheld=['two']", "data.halved=[]"]
    result = CliRunner().invoke(cli.app, arguments(tmp_path, "--evaluate", "--condition", "moonlight", sides=sides))
    assert result.exit_code == 2
    assert "moonlight" in result.stderr
    assert "JPEG 75" in result.stderr


def arguments(
    folder: Path, *options: str, sides: Sequence[str] = ("data.train=['one']", "data.withheld=[]")
) -> list[str]:
    names = ("found", "self_blend", "cross_blend", "splice", "copy_move", "removal", "retouch")
    shares = ",".join(["upsample=1.0", *(f"{n}=0.0" for n in names)])
    settings = [*sides, "data.halved=[]", "forgeries.late_tile=64", f"forgeries.shares={{{shares}}}"]
    return ["train", str(STARTER), "--data", str(folder), *options, *(x for s in settings for x in ("--set", s))]
