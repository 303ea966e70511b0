"""Measuring attributions on forgeries whose place is known."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.explanations import (
    LOCAL,
    LocalForgery,
    explain_forgeries,
    explanation_rows,
    explanation_table,
    local_forgeries,
)
from forensics.evaluation.labelled import Pictures
from forensics.models.companion import Companion, read_companion, write_companion
from tests.conftest import textured
from tests.planted import REGION, SIDE, detector_of, grainy, planted_branch


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for k in range(8):
        Image.fromarray(textured(300, 320, seed=k)).save(tmp_path / f"{k}.png")
        rows.append({"path": f"{k}.png", "label": "real" if k < 7 else "fake", "source": f"s{k % 2}", "face": "0"})
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Pictures.open(tmp_path)


def test_forgeries_are_local_and_the_same_again(pictures: Pictures) -> None:
    one, other = (list(local_forgeries(pictures, 6)) for _ in range(2))
    assert [f.family for f in one] == list(LOCAL)
    assert [f.source for f in one[:4]] == ["s0", "s1", "s0", "s1"]
    assert all(0.02 <= f.mask.mean() <= 0.5 and f.mask.shape == (256, 256) for f in one)
    assert [f.evidence.sha256 for f in one] == [f.evidence.sha256 for f in other]
    assert "7.png" not in {f.name for f in one}
    with pytest.raises(ValueError, match="Ask for fewer"):
        list(local_forgeries(pictures, 9))


def test_the_forged_place_is_neither_small_nor_large(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.explanations.AREA", (0.15, 0.2))
    assert all(0.15 <= f.mask.mean() <= 0.2 for f in local_forgeries(pictures, 4))


def test_a_branch_that_looks_at_the_place_points_at_it(tmp_path: Path) -> None:
    left, top, right, bottom = REGION
    mask = np.zeros((256, 256), np.uint8)
    mask[2 * top : 2 * bottom, 2 * left : 2 * right] = 1
    evidence = grainy(side=SIDE)
    truth = mask[::2, ::2]
    forgery = LocalForgery(name="a", source="s", family="splice", evidence=evidence, mask=truth)
    detector = detector_of(place=planted_branch())
    records = explain_forgeries(detector, [forgery], judged=0, keep=tmp_path / "kept.jsonl")
    assert {r["method"] for r in records if r["hit"]} >= {"integrated_gradients", "occlusion", "grad_cam"}
    again = explain_forgeries(detector, [forgery], judged=0, keep=tmp_path / "kept.jsonl")
    assert again == records


def test_rows_by_hand() -> None:
    record = {"branch": "b", "method": "m", "hit": True, "chance": 0.2, "delta": None, "checks": {"randomisation": 0.1}}
    records = [
        record,
        record | {"hit": False, "chance": 0.4, "checks": {"randomisation": 0.5}},
        record | {"checks": {}},
    ]
    (row,) = explanation_rows(records)
    assert (row["n"], row["pointing"], row["n_checked"], row["randomisation"]) == (3, 0.6667, 2, 0.3)
    assert row["chance"] == pytest.approx(0.8 / 3, abs=1e-4)
    assert row["pointing_interval"] == pytest.approx([0.2077, 0.9385], abs=1e-4)  # Wilson's of 2 of 3
    assert "0.667" in explanation_table([row])


def test_rows_lie_with_the_weights(tmp_path: Path) -> None:
    companion = Companion(weights_sha256="1" * 64, attributions=({"branch": "b", "method": "m", "pointing": 0.5},))
    write_companion(tmp_path / "c.json", companion)
    assert read_companion(tmp_path / "c.json") == replace(companion, fitted_on={})
