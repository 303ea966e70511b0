"""Single values of the methods, computed again in another way."""

import numpy as np
import pytest
import torch

from forensics.attribution import BASELINES, attribute
from forensics.attribution.methods.ablation import regions_of
from forensics.attribution.methods.explained_view import ExplainedView, cut_view
from forensics.detector import Detector, load_detector
from forensics.records.progress import Watch
from forensics.views import Tiles, plan_views
from tests.planted import REGION, SIDE, detector_of, grainy, planted_branch


@pytest.fixture(scope="module")
def detector() -> Detector:
    return detector_of(place=planted_branch())


@pytest.fixture
def look(detector: Detector) -> ExplainedView:
    pixels = grainy().pixels
    plan = plan_views(pixels, Tiles(size=SIDE, stride=SIDE, turns=("identity",)))
    branch = dict(detector.ensemble.items())["place"]
    return cut_view(branch, pixels, plan, 0, target="logit_difference", watch=Watch(1))


def test_what_nothing_is(look: ExplainedView) -> None:
    levels = np.full((32, 32, 3), 90, np.uint8)
    levels[16, 16] = 200
    assert (BASELINES["median_blur"](levels) == 90).all()
    assert (BASELINES["grey"](levels) == 127.5).all()
    noise = BASELINES["noise"](np.zeros((128, 128, 3), np.uint8))
    assert noise.mean() == pytest.approx(127.5, abs=1)
    assert noise.std() == pytest.approx(20, abs=1)
    assert np.array_equal(noise, BASELINES["noise"](np.zeros((128, 128, 3), np.uint8)))
    assert torch.allclose(look.baseline("grey"), torch.tensor(0.5), atol=1e-6)


def without(look: ExplainedView, top: int, left: int, side: int) -> float:
    """By how much the response falls when a square is replaced by its blurred copy."""
    pixels = look.pixels.clone()
    square = (..., slice(top, top + side), slice(left, left + side))
    pixels[square] = look.baseline("median_blur")[square]
    whole, less = look.answer(torch.cat([look.pixels, pixels]))
    return float(whole - less)


def test_a_cell_of_occlusion(detector: Detector, look: ExplainedView) -> None:
    cells = attribute(detector, grainy(), branch="place", method="occlusion", trust="none").cells
    for row, column in ((6, 5), (4, 4), (12, 12)):
        assert cells[row, column] == pytest.approx(without(look, 8 * row, 8 * column, 8), abs=1e-4)


def test_a_region_left_out(detector: Detector, look: ExplainedView) -> None:
    values = attribute(detector, grainy(), branch="place", method="region_ablation", trust="none").values
    for row, column in ((3, 2), (5, 3), (0, 7)):
        square = values[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        assert square.sum() == pytest.approx(without(look, 16 * row, 16 * column, 16), abs=1e-4)
        assert np.ptp(square) == 0


def test_superpixels_follow_colours(look: ExplainedView) -> None:
    grid, areas = (regions_of(look, kind, per_side=8) for kind in ("grid", "superpixels"))
    assert np.unique(grid).size == 64
    assert np.array_equal(np.unique(areas), np.arange(areas.max() + 1))
    # With the colours moved by 8 pixels, squares of 16 lie astride their border, and areas keep to one side of it.
    moved = ExplainedView(
        branch=look.branch, target=look.target, pixels=look.pixels.roll((8, 8), dims=(-2, -1)), watch=look.watch
    )
    left, top, right, bottom = (v + 8 for v in REGION)
    inside = np.zeros((SIDE, SIDE), dtype=int)
    inside[top:bottom, left:right] = 1
    pure = []
    for kind in ("grid", "superpixels"):
        numbers = regions_of(moved, kind, per_side=8).ravel()
        within = np.bincount(numbers, weights=inside.ravel())
        pure.append(np.maximum(within, np.bincount(numbers) - within).sum() / SIDE**2)
    assert pure[0] < 0.95 < 0.97 < pure[1]


def test_grad_cam_is_signed(detector: Detector) -> None:
    fake, real = (
        attribute(detector, grainy(), branch="place", method="grad_cam", target=target, trust="none").part
        for target in ("logit_fake", "logit_real")
    )
    assert fake.sum() > 0 > real.sum()
    assert np.allclose(fake, -real)


def test_grad_cam_of_a_coarse_layer_keeps_its_sum() -> None:
    """The sum over channels of mean gradient times activation, taken with a hook of our own."""
    starter, picture = load_detector(calibration="none"), grainy(side=256)
    branch = dict(starter.ensemble.items())["replknet"]
    why = attribute(starter, picture, branch="replknet", method="grad_cam", trust="none")
    kept: list[torch.Tensor] = []
    handle = branch.get_submodule(branch.attribution_layer).register_forward_hook(lambda _m, _i, o: kept.append(o))
    pixels = torch.from_numpy(picture.pixels.transpose(2, 0, 1)[None] / np.float32(255))
    logits = branch.body(branch.channels(pixels).detach().requires_grad_())
    handle.remove()
    (gradient,) = torch.autograd.grad(logits[0, 1] - logits[0, 0], kept)
    expected = float((gradient.mean(dim=(2, 3)) * kept[0].detach().sum(dim=(2, 3))).sum())
    assert why.settings["rows"] == 8
    assert why.part.sum() == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_expected_gradients_sum_up_on_average(detector: Detector) -> None:
    why = attribute(
        detector, grainy(), branch="place", method="gradient_shap", baseline="median_blur", steps=128, trust="quick"
    )
    assert why.part.sum() == pytest.approx(why.output - why.reference, rel=0.25)
    assert {c.name: c.passed for c in why.trust.checks}["convergence"] is None
