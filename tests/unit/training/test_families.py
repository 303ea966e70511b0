"""Swapped faces as frames of a clip."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.evaluation.scoring import JOINT
from forensics.models import BRANCHES
from forensics.models.ensemble import Ensemble
from forensics.training.measuring import families
from forensics.training.measuring.families import _joint, _pixel_f1, evaluate_families, evaluate_swaps
from forensics.types import Fusion
from tests.conftest import textured


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for k in range(3):
        path = tmp_path / f"{k}.png"
        Image.fromarray(textured(260, 260, seed=k)).save(path)
        rows.append(LabelledPicture(path=path, name=path.name, label=0, source="one", face=k < 2))
    return Pictures(rows)


def test_faces_are_swapped_and_both_members_pass_the_codec(pictures: Pictures, monkeypatch: pytest.MonkeyPatch) -> None:
    coded: list[int] = []

    def spied(pixels: np.ndarray, *, crf: int) -> np.ndarray:
        coded.append(crf)
        return pixels

    monkeypatch.setattr(families, "h264", spied)
    torch.manual_seed(0)
    branch = BRANCHES["starter_replknet"](layers=[1, 1, 1, 1], widths=[8, 8, 8, 8]).eval()
    rows = evaluate_swaps(Ensemble({"b": branch}), pictures, pairs=4, tile=64)
    assert [(r.family, r.branch, r.n_pairs) for r in rows] == [("poisson_blend, H.264", b, 4) for b in ("b", JOINT)]
    assert coded == [28] * 8
    faceless = Pictures([replace(p, face=False) for p in pictures])
    assert evaluate_swaps(Ensemble({"b": branch}), faceless, pairs=4) == []


def test_forgeries_are_judged_as_findings_are(pictures: Pictures) -> None:
    """Branch a counts nothing and branch b twice: the joint figures are those of b; without a fusion they are of neither."""
    names = ("a", "b")
    branches = {}
    for seed, name in enumerate(names):
        torch.manual_seed(seed)
        branches[name] = BRANCHES["starter_replknet"](layers=[1, 1, 1, 1], widths=[8, 8, 8, 8]).eval()
    fusion = Fusion(bias=5.0, mean={"a": 0.0, "b": 1.5}, top={"a": 0.0, "b": 0.5}, weights_sha256="0" * 64)
    for judge, same in ((fusion, True), (None, False)):
        rows, _ = evaluate_families(Ensemble(branches), pictures, pairs=6, tile=64, families=["splice"], fusion=judge)
        found = {r.branch: (r.auc, r.interval) for r in rows if r.family == "splice"}
        assert (found[JOINT] == found["b"]) == same
    odds = _joint({"a": np.array([9.0]), "b": np.array([1.0])}, fusion)
    assert odds.tolist() == [7.0]


def test_pixel_f1_leaves_the_border_of_the_truth_out() -> None:
    """Truth 40 x 40, painted one pixel wider on all sides: all of the surplus lies in the band, F1 is 1."""
    truth, values = np.zeros((96, 96), np.uint8), np.zeros((96, 96), np.float32)
    truth[28:68, 28:68] = 1
    values[27:69, 27:69] = 0.9
    assert _pixel_f1(values, truth) == 1.0
    values[:] = 0.0
    values[28:68, 28:48] = 0.9  # left half: 26 x 26 count, 13 columns of them are found; 2 * 338 / (338 + 676)
    assert _pixel_f1(values, truth) == pytest.approx(2 / 3)
