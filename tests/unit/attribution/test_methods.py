"""Every method on branches whose evidence is known, and what they add up to."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.attribution import METHODS, attribute, usable_methods
from forensics.detector import Detector, load_detector
from forensics.types import Attribution, Evidence
from tests.planted import REGION, SIDE, detector_of, grainy, planted_branch

PARITY = Path(__file__).parent.parent.parent / "parity"
PLACES = [name for name in METHODS if METHODS[name].gives_places]
GROUPS = [name for name in METHODS if METHODS[name].gives_groups]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return detector_of(place=planted_branch(), srm=planted_branch(region=(0, 0, SIDE, SIDE)))


@pytest.fixture(scope="module")
def picture() -> Evidence:
    return grainy()


def within(why: Attribution) -> float:
    """The share of the positive mass that lies in the region."""
    left, top, right, bottom = REGION
    positive = np.clip(why.values, 0, None)
    return float(positive[top:bottom, left:right].sum() / positive.sum())


def test_all_that_were_promised_are_there() -> None:
    assert tuple(METHODS) == (
        "integrated_gradients", "gradient_shap", "occlusion", "grad_cam",
        "group_ablation", "group_shapley", "region_ablation", "region_shapley",
    )  # fmt: skip
    assert all(m.title and m.look_at and m.ignore and m.reference for m in (METHODS[name] for name in METHODS))


@pytest.mark.parametrize("method", PLACES)
def test_the_region_that_a_branch_responds_to_gets_the_mass(method: str, detector: Detector, picture: Evidence) -> None:
    why = attribute(detector, picture, branch="place", method=method, trust="none")
    assert within(why) >= 0.9
    assert why.part is not None
    assert why.part.sum() > 0.5


@pytest.mark.parametrize("method", ["region_ablation", "region_shapley"])
def test_superpixels_find_it_too(method: str, detector: Detector, picture: Evidence) -> None:
    why = attribute(detector, picture, branch="place", method=method, regions="superpixels", trust="none")
    assert within(why) >= 0.9
    assert why.settings["regions"] == "superpixels"


@pytest.mark.parametrize("baseline", ["median_blur", "grey", "noise"])
def test_whatever_nothing_is_taken_to_be(baseline: str, detector: Detector, picture: Evidence) -> None:
    why = attribute(detector, picture, branch="place", baseline=baseline, trust="none")
    sign = np.sign(
        why.output - why.reference
    )  # noise has more grain than the picture, so that it is the one that responds
    left, top, right, bottom = REGION
    mass = np.clip(sign * why.values, 0, None)
    assert mass[top:bottom, left:right].sum() >= 0.9 * mass.sum()
    assert why.baseline == baseline


@pytest.mark.parametrize("method", GROUPS)
def test_the_group_that_a_branch_responds_to_gets_the_credit(
    method: str, detector: Detector, picture: Evidence
) -> None:
    why = attribute(detector, picture, branch="srm", method=method, trust="none")
    total = sum(abs(v) for v in why.groups.values())
    assert set(why.groups) == {"rgb", "srm", "relative", "npr"}
    assert abs(why.groups["srm"]) >= 0.9 * total > 0


@pytest.mark.parametrize("baseline", ["median_blur", "grey", "noise"])
def test_integrated_gradients_add_up(baseline: str, detector: Detector, picture: Evidence) -> None:
    why = attribute(detector, picture, branch="place", baseline=baseline, trust="none")
    assert why.part is not None
    assert why.part.astype(np.float64).sum() == pytest.approx(why.output - why.reference, rel=0.02)
    assert sum(why.groups.values()) == pytest.approx(why.output - why.reference, rel=0.02)
    assert abs(why.delta) <= 0.02 * abs(why.output - why.reference)


def test_shapley_values_add_up(detector: Detector, picture: Evidence) -> None:
    for method in ("group_shapley", "region_shapley"):
        why = attribute(detector, picture, branch="place", method=method, trust="none")
        assert why.delta == pytest.approx(0, abs=1e-5)


def test_shapley_values_of_groups_by_hand(detector: Detector, picture: Evidence) -> None:
    """A game with one player who matters: it gets all that there is, whatever the order."""
    why = attribute(detector, picture, branch="srm", method="group_shapley", trust="none")
    assert why.settings["orders"] == "all"
    assert why.groups["srm"] == pytest.approx(why.output - why.reference, abs=1e-5)
    assert why.groups["rgb"] == pytest.approx(0, abs=1e-6)


def test_grad_cam_sums_to_what_the_layer_adds(detector: Detector, picture: Evidence) -> None:
    """The derivative of 6 tanh(g m) is 6 g (1 - tanh²): of the mean gated energy m the map holds that times m."""
    why = attribute(detector, picture, branch="place", method="grad_cam", trust="none")
    t = (why.output + 0.6) / 6.0
    assert why.part.sum() == pytest.approx(6.0 * (1 - t**2) * np.arctanh(t), rel=1e-3)


def test_another_layer_is_asked(detector: Detector, picture: Evidence) -> None:
    gate = attribute(detector, picture, branch="place", method="grad_cam", trust="none")
    ahead = attribute(detector, picture, branch="place", method="grad_cam", layer="body.squares", trust="none")
    assert ahead.settings["layer"] == "body.squares"
    assert within(ahead) < within(gate)


def test_the_targets_are_two_logits_and_their_difference(detector: Detector, picture: Evidence) -> None:
    found = {
        target: attribute(detector, picture, branch="place", target=target, method="region_ablation", trust="none")
        for target in ("logit_difference", "logit_fake", "logit_real")
    }
    assert found["logit_difference"].output == pytest.approx(
        found["logit_fake"].output - found["logit_real"].output, abs=1e-5
    )
    assert np.allclose(
        found["logit_difference"].values, found["logit_fake"].values - found["logit_real"].values, atol=1e-6
    )


def test_more_steps_are_taken_where_the_sum_is_off(
    detector: Detector, picture: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert attribute(detector, picture, branch="place", trust="none").settings["steps"] == 64
    monkeypatch.setattr("forensics.attribution.methods.gradients.CLOSE", 0.0)  # no sum is exact
    assert attribute(detector, picture, branch="place", trust="none").settings["steps"] == 128
    assert attribute(detector, picture, branch="place", steps=5, trust="none").settings["steps"] == 5


def test_counted_statistics_can_be_asked_without_gradients(picture: Evidence) -> None:
    starter = load_detector(calibration="none")
    assert usable_methods(starter, "statistics") == (
        "occlusion", "group_ablation", "group_shapley", "region_ablation", "region_shapley",
    )  # fmt: skip
    assert usable_methods(starter, "replknet") == tuple(METHODS)
    why = attribute(starter, picture, branch="statistics", method="group_shapley", trust="none")
    assert set(why.groups) == {"luminance", "chroma", "luminance at 1/2", "chroma at 1/2"}
    assert sum(why.groups.values()) == pytest.approx(why.output - why.reference, abs=1e-4)


def test_the_view_with_the_highest_log_odds_is_the_default() -> None:
    detector = load_detector(calibration="none")
    picture = grainy(side=600)
    scores = detector.score(picture)
    highest = int(np.argmax(scores.logits[2, :, 1] - scores.logits[2, :, 0]))
    why = attribute(detector, picture, branch="statistics", method="group_ablation", trust="none")
    assert why.view == scores.views[highest]
    assert why.settings["view chosen"] == f"the highest of {len(scores.views)}"
    assert why.output == pytest.approx(scores.logits[2, highest, 1] - scores.logits[2, highest, 0], abs=1e-4)
    named = attribute(detector, picture, branch="statistics", view=why.view, method="group_ablation", trust="none")
    assert named.groups == why.groups
    assert "view chosen" not in named.settings


def test_two_runs_give_the_same_bits(detector: Detector, picture: Evidence) -> None:
    for method in METHODS:
        one, other = (attribute(detector, picture, branch="place", method=method, trust="none") for _ in range(2))
        assert one.values.tobytes() == other.values.tobytes()
        assert one.groups == other.groups
        torch.rand(3)  # what was drawn before does not matter


def test_the_published_arrangement_is_explained_too(picture: Evidence) -> None:
    """Whole-picture views at 512: the map comes back at the size of the picture and adds up to the same."""
    published = load_detector(PARITY / "dfd_tiny.pth")
    for branch in published.branches:
        why = attribute(published, picture, branch=branch, view="hflip", steps=16, trust="none")
        assert why.box == (0, 0, SIDE, SIDE)
        assert set(why.groups) == {"rgb", "srm"}
        assert sum(why.groups.values()) == pytest.approx(why.output - why.reference, rel=0.02, abs=1e-4)
        assert why.part.sum() == pytest.approx(sum(why.groups.values()), rel=0.1, abs=1e-2)
        cam = attribute(published, picture, branch=branch, view="rot90_fixed_frame", method="grad_cam", trust="none")
        assert cam.values.shape == (SIDE, SIDE)


def test_all_eight_are_registered_when_the_package_is_imported_and_neither_torch_nor_captum_is_loaded() -> None:
    code = (
        "import sys, forensics.attribution as a; print(*a.METHODS.names()); "
        "print([m for m in ('torch', 'captum', 'skimage') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == [
        "integrated_gradients gradient_shap occlusion grad_cam group_ablation group_shapley region_ablation region_shapley",
        "[]",
    ]


@pytest.mark.parametrize("module", ["methods.catalogue", "record", "rendering", "limits"])
def test_all_eight_are_registered_whatever_module_comes_first(module: str) -> None:
    code = f"import forensics.attribution.{module}; from forensics.attribution.methods.catalogue import METHODS; print(len(METHODS.names()))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == "8\n"
