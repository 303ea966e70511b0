"""What is measured of an explanation: it must tell a true map from one that is made up."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from forensics.attribution import LIMITS, attribute, compare_branches
from forensics.attribution.comparing import rank_correlation
from forensics.attribution.faithfulness import _group_stability as group_stability
from forensics.attribution.faithfulness import _infidelity as infidelity_of
from forensics.attribution.faithfulness import _laid_elsewhere as laid_elsewhere
from forensics.attribution.faithfulness import cell_sums, randomised, removal_curves
from forensics.attribution.methods.baselines import fill_removed
from forensics.attribution.methods.catalogue import Credit
from forensics.attribution.methods.explained_view import cut_view, on_evidence
from forensics.detector import Detector, load_detector
from forensics.errors import AttributionError
from forensics.messages import quoted
from forensics.records.converting import from_record, to_record
from forensics.records.progress import Watch
from forensics.types import Trust, TrustCheck
from forensics.views import Tiles, plan_views
from tests.planted import REGION, SIDE, detector_of, grainy, planted_branch


@pytest.fixture(scope="module")
def detector() -> Detector:
    return detector_of(place=planted_branch(), srm=planted_branch(region=(0, 0, SIDE, SIDE)))


def look_of(detector: Detector, branch: str = "place"):
    pixels = grainy().pixels
    plan = plan_views(pixels, Tiles(size=SIDE, stride=SIDE, turns=("identity",)))
    return cut_view(dict(detector.ensemble.items())[branch], pixels, plan, 0, target="logit_difference", watch=Watch(1))


def truth() -> np.ndarray:
    left, top, right, bottom = (v // 8 for v in REGION)
    cells = np.zeros((16, 16))
    cells[top:bottom, left:right] = 1.0
    return cells


def test_every_limit_has_a_reason_and_one_side() -> None:
    assert all(limit.why and (limit.at_least is None) != (limit.at_most is None) for limit in LIMITS.values())
    assert {name: limit.value for name, limit in LIMITS.items()} == {
        "convergence": 0.02, "deletion": 1.0, "insertion": 1.0, "removal": 0.0, "stability": 0.5, "randomisation": 0.3,
        "infidelity": 1.0, "sensitivity": 1.0, "localisation": 0.7,
    }  # fmt: skip
    assert LIMITS["randomisation"].passed(0.3)
    assert not LIMITS["randomisation"].passed(0.31)
    assert LIMITS["stability"].passed(0.5)
    assert not LIMITS["stability"].passed(0.49)


def test_all_checks_of_a_true_map_pass(detector: Detector) -> None:
    trust = attribute(detector, grainy(), branch="place", trust="full").trust
    named = {c.name: c for c in trust.checks}
    assert set(named) == {
        "convergence", "deletion", "insertion", "removal", "stability", "randomisation", "infidelity", "sensitivity",
    }  # fmt: skip
    for name in ("convergence", "deletion", "insertion", "removal", "infidelity", "sensitivity"):
        limit = LIMITS[name]
        assert limit.passed(named[name].value), named[name]
    assert named["infidelity"].passed is None
    assert 0.2 < named["stability"].value < 0.999  # the copy is another picture


def test_removal_tells_a_true_map_from_a_false_one(detector: Detector) -> None:
    look = look_of(detector)
    true, false = removal_curves(look, truth()), removal_curves(look, -truth())
    assert (true.deletion_beats, true.insertion_beats) == (1.0, 1.0)
    assert (false.deletion_beats, false.insertion_beats) == (0.0, 0.0)
    assert true.gain > 0 > false.gain
    assert true.deletion_elsewhere.shape == true.insertion_elsewhere.shape == (9, 5)


def test_the_control_is_the_same_map_elsewhere() -> None:
    cells = np.zeros((16, 16))
    cells[2:6, 3:9] = np.arange(1.0, 25.0).reshape(4, 6)
    rng = np.random.default_rng(5)
    found = [laid_elsewhere(cells, rng) for _ in range(200)]
    assert all(np.array_equal(np.sort(one, axis=None), np.sort(cells, axis=None)) for one in found)
    neighbours = [np.abs(one - np.roll(one, 1, axis)).sum() for one in (cells, *found) for axis in (0, 1)]
    assert np.allclose(np.add.reduceat(neighbours, np.arange(0, len(neighbours), 2)), sum(neighbours[:2]))  # as clumped
    assert not any(np.array_equal(one, cells) for one in found)
    assert len({tuple(np.argwhere(one == 24.0)[0]) for one in found}) > 100


def test_removed_cells_leave_neither_hole_nor_edge() -> None:
    y, x = np.mgrid[0:64, 0:64].astype(np.float32)
    picture = np.stack([x, y, (x + y) / 2]) / 80.0
    gone = np.zeros((64, 64), np.float32)
    gone[24:40, 24:40] = 1.0
    view = fill_removed(picture, gone)
    assert np.array_equal(view[:, gone == 0], picture[:, gone == 0])
    assert np.abs(view - picture).max() < 0.25
    assert abs(float((view - picture)[:, gone == 1].mean())) < 0.02
    assert np.array_equal(
        fill_removed(np.full((3, 8, 8), 0.4, np.float32), np.ones((8, 8), np.float32)).shape, (3, 8, 8)
    )


def test_shuffled_weights_are_another_network_of_the_same_size() -> None:
    branch = dict(load_detector(calibration="none").ensemble.items())["replknet"]
    before = {name: p.clone() for name, p in branch.named_parameters()}
    keepers = [m for m in branch.modules() if hasattr(m, "_spectrum")]
    assert keepers
    for module in keepers:
        module._spectrum = torch.ones(1)  # as where Fourier transforms pay
    other = randomised(branch)
    assert all(getattr(m, "_spectrum", None) is None for m in other.modules())
    changed = 0
    for name, parameter in other.named_parameters():
        assert torch.equal(
            before[name].flatten().sort().values, parameter.flatten().sort().values
        ) or not name.startswith("body")
        changed += int(not torch.equal(before[name], parameter))
    assert changed > 10
    assert all(torch.equal(before[name], p) for name, p in branch.named_parameters())


def test_maps_of_a_trained_network_and_of_noise_are_apart() -> None:
    starter = load_detector(calibration="none")
    trust = attribute(starter, grainy(side=256), branch="convnext", method="grad_cam", trust="full").trust
    assert {c.name: c.value for c in trust.checks}["randomisation"] < 0.9


def test_infidelity_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that says nothing errs by the whole change, one that says twice as much too; a nearly additive one hardly."""
    monkeypatch.setattr("forensics.attribution.faithfulness.LEAST_DIFFERENCE", 0.0)
    detector = detector_of(place=planted_branch(gain=0.02))
    look = look_of(detector)
    why = attribute(detector, grainy(), branch="place", trust="none")
    cells = cell_sums(why.part.astype(float), look.cell)
    assert infidelity_of(look, 0 * cells) == pytest.approx(1.0, rel=1e-3)
    assert infidelity_of(look, cells) < 0.1
    assert infidelity_of(look, 2 * cells) == pytest.approx(1.0, abs=0.5)


def test_cells_and_agreement_by_hand() -> None:
    assert cell_sums(np.arange(16.0).reshape(4, 4), 2).tolist() == [[10, 18], [42, 50]]
    assert rank_correlation(np.arange(6.0), np.arange(6.0) ** 3) == pytest.approx(1.0)
    assert rank_correlation(np.arange(6.0), -np.arange(6.0)) == pytest.approx(-1.0)
    assert rank_correlation(np.zeros(6), np.arange(6.0)) == 0.0


def test_what_lies_beyond_the_border_is_added_to_what_it_mirrors() -> None:
    pixels = grainy().pixels[:50, :90]
    plan = plan_views(pixels, Tiles(size=SIDE, stride=SIDE, turns=("identity",)))
    rng = np.random.default_rng(0)
    values = rng.normal(size=(SIDE, SIDE))
    folded = on_evidence(values, plan, 0)
    assert folded.shape == (50, 90)
    assert folded.sum() == pytest.approx(values.sum(), rel=1e-4)
    assert folded[0, 0] == pytest.approx(values[0, 0] + values[98, 0], rel=1e-4)  # 2 * 49 mirrors row 0


def test_a_mirrored_view_is_turned_back() -> None:
    pixels = grainy().pixels
    plan = plan_views(pixels, Tiles(size=SIDE, stride=SIDE, turns=("hflip",)))
    values = np.zeros((SIDE, SIDE))
    values[3, 5] = 1.0
    assert np.argwhere(on_evidence(values, plan, 0)).tolist() == [[3, SIDE - 1 - 5]]


def test_states_of_trust() -> None:
    passed = TrustCheck(name="a", value=1.0, limit=0.5, passed=True, message=quoted(""))
    failed, told = replace(passed, name="b", passed=False), replace(passed, limit=None, passed=None)
    assert Trust().state == "not_checked"
    assert Trust(checks=(told,)).state == "not_checked"
    assert Trust(checks=(passed, told)).state == "reliable"
    assert (Trust(checks=(passed, told)).judged, Trust(checks=(passed, told)).words) == (1, "1 check made, passed")
    assert Trust(checks=(passed, passed)).words == "2 checks made, all passed"
    both = Trust(checks=(passed, failed))
    assert (both.state, both.failed, both.words) == ("not_reliable", ("b",), "not reliable: failed b")
    assert from_record(Trust, to_record(both)) == both


def test_the_words_for_groups_say_how_little_was_checked(detector: Detector) -> None:
    words = {
        method: attribute(detector, grainy(), branch="srm", method=method, trust="full").trust.words
        for method in ("group_ablation", "group_shapley")
    }
    assert words == {"group_ablation": "1 check made, passed", "group_shapley": "2 checks made, all passed"}


def test_what_was_measured_of_the_method_counts_too(detector: Detector) -> None:
    row = {
        "branch": "place", "method": "occlusion", "n": 100, "pointing": 0.4, "pointing_interval": [0.31, 0.5], "chance": 0.2,
        "randomisation": 0.6, "n_checked": 10,
    }  # fmt: skip
    other = detector_of(place=planted_branch())
    other.companion = replace(other.companion, attributions=(row,))
    trust = attribute(other, grainy(), branch="place", method="occlusion").trust
    assert trust.state == "not_reliable"
    assert trust.failed[-2:] == ("randomisation", "localisation")
    assert "40 of 100 (31 to 50), where chance has 20" in trust.checks[-1].text


def test_what_was_checked_of_the_picture_is_not_told_twice() -> None:
    row = {
        "branch": "place", "method": "grad_cam", "n": 9, "pointing": 0.9, "pointing_interval": [0.6, 1.0], "chance": 0.2,
        "randomisation": 0.6, "n_checked": 10,
    }  # fmt: skip
    other = detector_of(place=planted_branch())
    other.companion = replace(other.companion, attributions=(row,))
    names = [c.name for c in attribute(other, grainy(), branch="place", method="grad_cam", trust="full").trust.checks]
    assert names.count("randomisation") == 1
    assert names[-1] == "localisation"


def test_stability_of_groups_by_hand() -> None:
    def credit(**groups: float) -> Credit:
        return Credit(values=None, output=0.0, groups=groups)

    assert group_stability(credit(a=1.0, b=-1.0), credit(a=1.0, b=-1.0)).value == 1.0
    assert group_stability(credit(a=1.0, b=-1.0), credit(a=0.5, b=-1.0)).value == pytest.approx(0.75)
    assert group_stability(credit(a=1.0, b=-1.0), credit(a=-1.0, b=-1.0)).passed is False


def test_branches_that_respond_to_the_same_agree() -> None:
    detector = detector_of(a=planted_branch(), b=planted_branch(gain=0.2), c=planted_branch(region=(96, 96, 128, 128)))
    a, b, c = (attribute(detector, grainy(), branch=name, method="occlusion", trust="none") for name in "abc")
    alike, apart = compare_branches(a, b), compare_branches(a, c)
    assert alike.shared_top > 0.7 > 0.3 > apart.shared_top
    assert alike.expected_top == pytest.approx(25 / 256)
    assert np.abs(apart.common).max() < np.abs(alike.common).max()
    assert "in common" in alike.words
    weaker = replace(a, part=a.part / 2)
    assert np.allclose(compare_branches(a, weaker).common, weaker.cells, atol=1e-7)
    against = compare_branches(a, replace(a, part=-a.part))
    assert (against.rank_correlation, np.abs(against.common).max()) == (pytest.approx(-1.0), 0.0)
    with pytest.raises(AttributionError, match="channel groups"):
        compare_branches(a, attribute(detector, grainy(), branch="a", method="group_ablation", trust="none"))
    with pytest.raises(AttributionError, match=r"different pictures.*Compare two of the same"):
        compare_branches(a, attribute(detector, grainy(seed=3), branch="b", method="occlusion", trust="none"))
    with pytest.raises(AttributionError, match=r"different views.*Pass view="):
        compare_branches(a, replace(a, view="tile 0,128 identity"))
    with pytest.raises(
        TypeError, match=r"compare_branches takes an Attribution, got str\. Pass what attribute returned"
    ):
        compare_branches(a, "b")
