"""The map of forged places: the head, the way to the evidence grid, the record, and what lies beside the weights."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.detector import load_detector
from forensics.errors import WeightsMismatchError
from forensics.models import BRANCHES
from forensics.models.companion import FILE_NAME, Companion, read_companion, write_companion
from forensics.models.localising import MapSum
from forensics.models.weights import BranchSpec, Manifest, write_weights
from forensics.records.converting import from_record, to_record
from forensics.training.losses import mask_loss
from forensics.types import BranchScores, Evidence, Finding, Fusion, Localisation, Views
from forensics.views import Tiles, cut, plan_views
from tests.conftest import textured

TINY = {"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8], "mask_width": 8}
DIGEST = "0" * 64


def spec() -> BranchSpec:
    return BranchSpec(architecture="starter_replknet", arguments=TINY)


def folder_of_weights(folder: Path) -> str:
    torch.manual_seed(1)
    branch = spec().build()
    manifest = Manifest(name="tiny", branches={"replknet": spec()}, scheme=Tiles(size=64, stride=64), licence="none")
    return write_weights(folder / "tiny.safetensors", branches={"replknet": branch}, manifest=manifest)


def test_the_head_gives_a_map_at_a_quarter_and_survives_reparameterisation() -> None:
    torch.manual_seed(0)
    branch = BRANCHES["starter_replknet"](**TINY).eval()
    pixels = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        logits, mask = branch.localise(branch.channels(pixels))
        assert mask is not None
        assert mask.shape == (2, 1, 16, 16)
        assert torch.equal(logits, branch(pixels))
        branch.reparameterize()
        merged, merged_mask = branch.localise(branch.channels(pixels))
    assert torch.allclose(logits, merged, atol=1e-4)
    assert torch.allclose(mask, merged_mask, atol=1e-4)


def test_the_highest_places_of_the_map_decide_too() -> None:
    """The last feature of the linear head is the mean of the top tenth: 25 of 256 places."""
    torch.manual_seed(0)
    branch = BRANCHES["starter_replknet"](**TINY).eval()
    network = branch.body
    with torch.inference_mode():
        network.head.weight.zero_()
        network.head.bias.zero_()
        network.head.weight[1, -1] = 1.0
        logits, mask = branch.localise(branch.channels(torch.rand(3, 3, 64, 64)))
    highest = mask.flatten(1).sort(dim=1, descending=True).values[:, :25].mean(dim=1)
    assert torch.allclose(logits[:, 1], highest, atol=1e-6)


def test_mask_loss_by_hand() -> None:
    """All logits 0 over a forged left half: entropy ln 2 everywhere, Dice 2 * 0.25 * n / (0.25 * 2n + 1 * n + 1)."""
    truth = torch.zeros(2, 1, 8, 8)
    truth[1, :, :, :4] = 1.0
    dice = 2 * 32 * 0.5 / (64 * 0.25 + 32 + 1)
    expected = np.log(2) + 0.5 * (1 - dice)
    assert float(mask_loss(torch.zeros(2, 1, 8, 8), truth)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("turn", ["identity", "hflip", "rot90", "antitranspose"])
def test_maps_come_back_to_where_they_were(turn: str) -> None:
    """A map that is bright where the picture is bright is bright in the right cells, whatever the turn."""
    pixels = textured(64, 128)
    pixels[8:16, 96:112] = 255
    plan = plan_views(pixels, Tiles(size=64, stride=64, turns=(turn,)))
    total = MapSum(width=128, height=64)
    for views in cut(pixels, plan):
        bright = (views.pixels.min(axis=1) > 0.99).astype(np.float32)
        total.add(
            bright.reshape(len(bright), 16, 4, 16, 4).mean(axis=(2, 4)), boxes=views.boxes, turns=views.turns, side=64
        )
    assert total.cell == 8
    expected = np.zeros((8, 16))
    expected[1, 12:14] = 1.0
    assert np.array_equal(total.mean, expected)


def test_padding_counts_nowhere_and_unseen_cells_are_unknown() -> None:
    total = MapSum(width=40, height=24)
    box = np.array([[0, 0, 24, 24]])
    views = Views(names=("v",), pixels=np.zeros((1, 3, 64, 64), np.float32), boxes=box, turns=("identity",))
    total.add(np.full((1, 16, 16), 0.25, np.float32), boxes=views.boxes, turns=views.turns, side=64)
    assert np.array_equal(np.isnan(total.mean), [[False, False, False, True, True]] * 3)
    assert np.nanmax(total.mean) == np.nanmin(total.mean) == 0.25


def test_a_large_picture_has_at_most_64_cells_a_side() -> None:
    total = MapSum(width=6000, height=4000)
    assert total.mean.shape == (43, 64)
    assert total.cell == 94


def test_a_localisation_and_its_json_are_loss_free() -> None:
    values = np.array([[0.12345, np.nan], [1.0, 0.0]], np.float32)
    one = Localisation(branch="b", cell=8, values=values, measured={"pointing": 0.5})
    again = from_record(Localisation, json.loads(json.dumps(to_record(one))))
    assert np.array_equal(again.values, one.values, equal_nan=True)
    assert again.measured == one.measured
    assert one.values[0, 0] == np.float32(0.123)


def test_a_detector_puts_the_map_into_its_finding_on_request(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    folder_of_weights(tmp_path)
    exhibit = make_evidence(textured(100, 130))
    finding = load_detector(tmp_path).examine(exhibit)
    assert finding.localisation is not None
    assert finding.localisation.values.shape == (13, 17)
    assert np.isfinite(finding.localisation.values).all()
    again = Finding.from_json(finding.to_json())
    assert np.array_equal(again.localisation.values, finding.localisation.values)
    without = load_detector(tmp_path, localise=False).examine(exhibit)
    assert without.localisation is None
    assert np.array_equal(without.scores.logits, finding.scores.logits)


def test_the_fitted_judgement_is_used_and_the_mean_stays(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    digest = folder_of_weights(tmp_path)
    fusion = Fusion(bias=0.5, mean={"replknet": 2.0}, top={"replknet": 1.0}, weights_sha256=digest)
    companion = Companion(
        weights_sha256=digest,
        fusion=fusion,
        maps={"pointing": 0.3},
        fitted_on={"sources": ["x"]},
        withdrawn="weights_withdrawn",
    )
    write_companion(tmp_path / FILE_NAME, companion)
    assert read_companion(tmp_path / FILE_NAME) == companion
    exhibit = make_evidence(textured(100, 130))
    finding = load_detector(tmp_path).examine(exhibit)
    mean, top = finding.scores.pooled["replknet"]
    assert finding.scores.log_odds == pytest.approx(0.5 + 2.0 * mean + 1.0 * top)
    assert finding.scores.score == pytest.approx(1 / (1 + np.exp(-finding.scores.log_odds)))
    assert finding.localisation.measured == {"pointing": 0.3}
    assert "fitted" in finding.run.settings["joint_judgement"]
    plain = load_detector(tmp_path, judgement="mean").examine(exhibit)
    assert plain.scores.score == plain.scores.mean_score == finding.scores.mean_score
    assert Finding.from_json(finding.to_json()).scores.score == finding.scores.score


def test_pooled_log_odds_by_hand() -> None:
    """Eight views with log-odds 1 to 8: the mean is 4.5, the highest quarter 7 and 8."""
    logits = np.zeros((1, 8, 2))
    logits[0, :, 1] = [3, 1, 8, 4, 2, 7, 6, 5]
    names = tuple(str(k) for k in range(8))
    scores = BranchScores(branches=("a",), views=names, logits=logits, boxes=np.zeros((8, 4)))
    assert scores.pooled == {"a": (4.5, 7.5)}


@pytest.mark.parametrize("text", ["", "{}", '{"format": "forensics.companion/9"}', None])
def test_what_lies_beside_the_weights_must_belong_to_them(tmp_path: Path, text: str | None) -> None:
    folder_of_weights(tmp_path)
    if text is None:
        write_companion(tmp_path / FILE_NAME, Companion(weights_sha256=DIGEST))
    else:
        (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(WeightsMismatchError, match=r"companion\.json"):
        load_detector(tmp_path)
