"""Scores of DeepFakeDefenders checkpoints equal those of the published code; origin of the numbers in README.md."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.detector import Detector, load_detector
from forensics.errors import WeightsMismatchError
from forensics.models import BRANCHES, read_weights, write_weights
from forensics.models.execution.modes import TOLERANCE
from forensics.models.networks.channels import ReferenceChannels
from forensics.models.weights import BranchSpec, Manifest
from forensics.types import Evidence
from forensics.units import log_odds_from_logits, probability_from_log_odds
from forensics.views import FixedFrame, cut, plan_views

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text())
MERGED = HERE / "dfd_tiny.pth"
BY_BRANCH = {"convnext": HERE / "dfd_tiny_convnext.pth", "replknet": HERE / "dfd_tiny_replknet.pth"}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return Evidence.from_file(HERE / "picture_300x200.png")


@pytest.mark.processor
@pytest.mark.parametrize("source", [MERGED, BY_BRANCH], ids=["merged", "by branch"])
def test_score_and_logits_equal_the_reference(source: object, evidence: Evidence) -> None:
    scores = load_detector(source).examine(evidence).scores
    assert scores.views == tuple(EXPECTED["views"])
    assert abs(scores.score - EXPECTED["score"]) < 1e-5
    for b, branch in enumerate(scores.branches):
        assert np.abs(scores.logits[b] - np.array(EXPECTED[f"logits_{branch}"])).max() < 1e-4


@pytest.mark.processor
def test_fast_mode_is_within_its_tolerance_of_the_reference(evidence: Evidence) -> None:
    scores = load_detector(MERGED, mode="fast").examine(evidence).scores
    assert abs(scores.score - EXPECTED["score"]) <= TOLERANCE["fast"]
    for b, branch in enumerate(scores.branches):
        expected = probability_from_log_odds(log_odds_from_logits(np.array(EXPECTED[f"logits_{branch}"])))
        assert np.abs(scores.view_scores[b] - expected).max() <= TOLERANCE["fast"]


@pytest.mark.processor
def test_unmerged_network_gives_the_same(evidence: Evidence) -> None:
    loaded = read_weights(MERGED)
    before = Detector(loaded, device=torch.device("cpu")).examine(evidence).scores
    loaded.ensemble.reparameterize()
    after = Detector(loaded, device=torch.device("cpu")).examine(evidence).scores
    assert np.abs(before.logits - after.logits).max() < 1e-4
    assert abs(before.score - EXPECTED["score"]) < 1e-5


@pytest.mark.processor
def test_views_and_channels_equal_the_reference(evidence: Evidence) -> None:
    rows = np.load(HERE / "views_512_first_rows.npz")["views"]  # (6, 6, 8, 512): RGB and SRM
    views = next(cut(evidence.pixels, plan_views(evidence.pixels, FixedFrame()), 6))
    channels = ReferenceChannels()(torch.tensor(views.pixels)).numpy()
    assert np.abs(channels[:, :, : rows.shape[2]] - rows).max() < 1e-5


def test_module_prefix_is_stripped(tmp_path: Path, evidence: Evidence) -> None:
    state = torch.load(BY_BRANCH["replknet"], weights_only=True)["state_dict"]
    torch.save({"state_dict": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "ddp.pth")
    scores = load_detector(tmp_path / "ddp.pth").examine(evidence).scores
    assert np.abs(scores.logits[0] - np.array(EXPECTED["logits_replknet"])).max() < 1e-4


def test_missing_and_surplus_keys_are_named(tmp_path: Path) -> None:
    state = dict(torch.load(MERGED, weights_only=True)["state_dict"])
    state["convnext.model.extra"] = state.pop("convnext.model.head.bias")
    torch.save({"state_dict": state}, tmp_path / "odd.pth")
    with pytest.raises(WeightsMismatchError, match=r"missing convnext\.body\.network\.head\.fc\.bias.*surplus .*extra"):
        load_detector(tmp_path / "odd.pth")


def test_swapped_branches_are_refused() -> None:
    with pytest.raises(WeightsMismatchError, match="Swap the two files"):
        load_detector({"convnext": BY_BRANCH["replknet"], "replknet": BY_BRANCH["convnext"]})


class _Boom:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("code was run",))


def test_a_pickle_that_runs_code_stays_closed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": _Boom()}, tmp_path / "boom.pth")
    with pytest.raises(WeightsMismatchError, match="could run code"):
        load_detector(tmp_path / "boom.pth")
    assert "code was run" not in capsys.readouterr().out


@pytest.mark.slow
def test_full_size_shapes_load_through_the_same_code(tmp_path: Path) -> None:
    """Sizes of ConvNeXt-B and RepLKNet-31B; 87.57 and 78.84 million parameters with two classes (adapter included)."""
    sizes = {
        "convnext": ("reference_convnext", {"depths": [3, 3, 27, 3], "widths": [128, 256, 512, 1024]}),
        "replknet": (
            "reference_replknet",
            {"kernel_sizes": [31, 29, 27, 13], "layers": [2, 2, 18, 2], "widths": [128, 256, 512, 1024]},
        ),
    }
    millions = {}
    for name, (architecture, arguments) in sizes.items():
        branch = BRANCHES[architecture](**arguments)
        millions[name] = sum(p.numel() for p in branch.parameters()) / 1e6
        manifest = Manifest(
            name="full size",
            branches={name: BranchSpec(architecture=architecture, arguments=arguments)},
            scheme=FixedFrame(),
            licence="none",
        )
        write_weights(tmp_path / f"{name}.safetensors", branches={name: branch}, manifest=manifest)
    assert millions["convnext"] == pytest.approx(87.57, abs=0.01)
    assert millions["replknet"] == pytest.approx(78.84, abs=0.01)
    assert set(read_weights(tmp_path).ensemble.names) == {"convnext", "replknet"}
