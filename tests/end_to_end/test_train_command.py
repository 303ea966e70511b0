"""`forensics train --audit` on a folder of generated pictures."""

import csv
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from forensics import cli
from tests.conftest import encoded, textured


def write_folder(folder: Path) -> None:
    rows = []
    for k in range(8):
        name, label = f"{k}.png", ("real", "fake")[k % 2]
        (folder / name).write_bytes(encoded(textured(300, 300, seed=k), "PNG"))
        rows.append({"path": name, "label": label, "source": "one", "face": "0"})
    with (folder / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_the_audit_prints_a_table_and_fails_a_stream_that_leaks(tmp_path: Path) -> None:
    write_folder(tmp_path)
    config = Path(__file__).parent.parent.parent / "configs" / "starter.toml"
    arguments = ["train", str(config), "--data", str(tmp_path), "--audit", "--audit-pairs", "100"]
    sides = ["data.train=['one']", "data.withheld=[]", "data.halved=[]", "forgeries.late_tile=64"]
    shares = [
        "upsample=1.0",
        *(f"{n}=0.0" for n in ("found", "self_blend", "cross_blend", "splice", "copy_move", "removal", "retouch")),
    ]
    for setting in [*sides, "forgeries.shares={" + ",".join(shares) + "}"]:
        arguments += ["--set", setting]
    result = CliRunner().invoke(cli.app, arguments)
    assert "| stream | logistic | 100 |" in result.stdout, result.output
    assert "**failed**" in result.stdout  # up-sampled grain is softer: a sure shortcut
    assert result.exit_code == 1
    assert np.isfinite([float(line.split("|")[4]) for line in result.stdout.splitlines()[2:]]).all()
