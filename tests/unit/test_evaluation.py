"""Tables of an evaluation, each on a handful of scores that can be counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

from forensics.training.evaluation import auc_rows, false_alarms, flips
from forensics.training.families import _pixel_f1
from forensics.training.fusing import best_branch, fit_fusion, out_of_source
from forensics.training.scoring import CONDITIONS, DELIVERED, JOINT, MEAN, ScoredPicture
from forensics.training.sensitivity import sensitivity
from forensics.training.tasks import _worth_fitting
from tests.conftest import textured


def scored(source: str, label: int, joint: float, *, name: str = "p", condition: str = DELIVERED) -> ScoredPicture:
    return ScoredPicture(
        name=name, source=source, label=label, condition=condition, log_odds={"a": -joint, JOINT: joint},
        pooled={"a": (-joint, 0.0), "b": (joint, joint)},
    )  # fmt: skip


def test_auc_of_every_source_and_branch_by_hand() -> None:
    """Fakes of x beat 2 of 2 originals, the one of y beats 1 of 2; branch a is the joint judgement upside down."""
    rows = auc_rows([scored("r", 0, 0.0), scored("r", 0, 2.0), scored("x", 1, 3.0), scored("y", 1, 1.0)])
    values = {(r.source, r.branch): r.auc for r in rows}
    assert values == {
        ("x", JOINT): 1.0, ("y", JOINT): 0.5, ("all", JOINT): 0.75,
        ("x", "a"): 0.0, ("y", "a"): 0.5, ("all", "a"): 0.25,
    }  # fmt: skip
    assert [(r.n_real, r.n_fake) for r in rows if r.source == "all"] == [(2, 2), (2, 2)]


def test_false_alarms_are_counted_by_thresholds_from_other_sources() -> None:
    """The 95 % quantile of 0..100 is 95: of source b, whose 20 pictures have 90 to 109, 14 lie above."""
    a = [scored("a", 0, float(k), name=f"a{k}") for k in range(101)]
    b = [scored("b", 0, float(k), name=f"b{k}") for k in range(90, 110)]
    rates = {r.source: (r.n, r.rate) for r in false_alarms([*a, *b])}
    assert rates["b"] == (20, pytest.approx(14 / 20))
    assert rates["a"] == (101, 0.0)  # the quantile of 90..109 is 108.05
    assert rates["all"] == (121, pytest.approx(14 / 121))
    row = next(r for r in false_alarms([*a, *b]) if r.source == "b")
    assert row.interval == pytest.approx((0.4810, 0.8545), abs=1e-4)  # Wilson's formula worked out for 14 of 20
    with pytest.raises(ValueError, match="two sources"):
        false_alarms(a)


def test_changes_of_side_by_hand() -> None:
    """Two originals a source; the thresholds lie near 1 and 11 for both; one original and no fake crosses."""
    rows = [scored("a", 0, v, name=f"a{v}") for v in (0.0, 1.0)] + [scored("b", 0, v, name=f"b{v}") for v in (0.0, 1.0)]
    rows.append(scored("x", 1, 5.0))
    worse = [
        scored("a", 0, 3.0, name="a0.0", condition="JPEG 75"), scored("a", 0, 1.0, name="a1.0", condition="JPEG 75"),
        scored("x", 1, 4.0, condition="JPEG 75"),
    ]  # fmt: skip
    assert {(r.source, r.n, r.rate) for r in flips([*rows, *worse])} == {("originals", 2, 0.5), ("fakes", 1, 0.0)}


def test_conditions_leave_the_picture_and_change_what_they_say() -> None:
    picture = textured(120, 160)
    before = picture.copy()
    shapes = {name: change(picture).shape for name, change in CONDITIONS.items()}
    assert np.array_equal(picture, before)
    assert shapes["resized 75 %"] == (90, 120, 3)
    assert shapes["JPEG 75"] == picture.shape
    errors = [np.abs(CONDITIONS[c](picture).astype(int) - picture).mean() for c in ("JPEG 90", "JPEG 75", "JPEG 60")]
    assert errors == sorted(errors)
    assert errors[0] > 0


def test_what_moves_the_score_of_an_original_is_seen() -> None:
    """Changed files lie 1 above 3 of 4 and level with the 4th; the score falls as the statistic rises."""
    rows = [
        replace(scored("r", 0, v, name=str(v)), statistics={"sharpness": -v, "contrast": (v - 1.5) ** 2})
        for v in (0.0, 1.0, 2.0, 3.0)
    ]
    worse = [scored("r", 0, 3.0, name=str(v), condition="blurred") for v in (0.0, 1.0, 2.0, 3.0)]
    found = {(r.what, r.measure): (r.value, r.passed) for r in sensitivity([*rows, *worse, scored("x", 1, 9.0)])}
    assert found["blurred", "drift"] == (pytest.approx(3.5 / 4), False)
    assert found["sharpness", "correlation"] == (pytest.approx(-1.0), False)
    assert found["contrast", "correlation"] == (pytest.approx(0.0, abs=1e-9), True)


def test_a_fusion_ignores_a_branch_that_is_reversed_and_takes_no_side_for_the_larger_class() -> None:
    rng = np.random.default_rng(0)
    rows = [scored("r", 0, v, name=str(k)) for k, v in enumerate(rng.normal(-1, 1, 400))]
    rows += [scored("x", 1, v) for v in rng.normal(1, 1, 40)]
    fusion = fit_fusion(rows, weights_sha256="0" * 64)
    assert fusion.mean["a"] == 0.0
    assert fusion.mean["b"] + fusion.top["b"] > 0.5
    assert abs(fusion.bias) < 0.4  # ten originals for each fake do not push it: log 10 would be 2.3
    assert fusion.log_odds({"a": (0.0, 0.0), "b": (2.0, 2.0)}) > fusion.log_odds({"a": (0.0, 0.0), "b": (1.0, 1.0)})


def test_a_fusion_stays_near_the_best_branch_alone() -> None:
    """Branch b, 2 apart at SD 1, is better than its reverse a; it counts as it is, within the little that the data move it."""
    rng = np.random.default_rng(0)
    rows = [scored("r", 0, v, name=str(k)) for k, v in enumerate(rng.normal(-1, 1, 60))]
    rows += [scored("x", 1, v) for v in rng.normal(1, 1, 60)]
    assert best_branch(rows) == "b"
    fusion = fit_fusion(rows, weights_sha256="0" * 64)
    assert fusion.mean["b"] == pytest.approx(1.0, abs=0.2)
    assert fusion.top["b"] == pytest.approx(0.0, abs=0.2)
    turned = [replace(r, pooled={"a": r.pooled["b"], "b": r.pooled["a"]}) for r in rows]
    assert best_branch(turned) == "a"
    # By condition: fakes that stand out as delivered alone do not hide that they are below the originals elsewhere.
    assert best_branch([*rows, *(replace(r, condition="JPEG 75", label=1 - r.label) for r in rows[:4])]) == "b"


def test_out_of_source_scores_do_not_depend_on_the_own_source() -> None:
    rng = np.random.default_rng(1)
    parts = {("r", 0): -1.0, ("s", 0): -0.5, ("x", 1): 1.0, ("y", 1): 0.5}
    rows = [scored(s, label, v) for (s, label), mean in parts.items() for v in rng.normal(mean, 1, 30)]
    others = [r for r in rows if r.source != "x"]
    own = fit_fusion(others, weights_sha256="0" * 64)
    expected = [own.log_odds(r.pooled) for r in rows if r.source == "x"]
    assert [z for z, r in zip(out_of_source(rows), rows, strict=True) if r.source == "x"] == pytest.approx(expected)


def test_pixel_f1_leaves_the_border_of_the_truth_out() -> None:
    """Truth 40 x 40, painted one pixel wider on all sides: all of the surplus lies in the band, F1 is 1."""
    truth, values = np.zeros((96, 96), np.uint8), np.zeros((96, 96), np.float32)
    truth[28:68, 28:68] = 1
    values[27:69, 27:69] = 0.9
    assert _pixel_f1(values, truth) == 1.0
    values[:] = 0.0
    values[28:68, 28:48] = 0.9  # left half: 26 x 26 count, 13 columns of them are found; 2 * 338 / (338 + 676)
    assert _pixel_f1(values, truth) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("fitted", "kept"), [(3.0, True), (-3.0, False), (0.0, False)])
def test_a_fitted_judgement_is_kept_only_if_it_is_ahead_of_the_plain_mean(fitted: float, kept: bool) -> None:
    """The plain mean tells nothing (all 0, AUC 0.5); the fitted one tells fakes, reverses them, or tells nothing too."""
    rows = [
        replace(
            scored(source, label, fitted * label, name=f"{source}{k}"),
            log_odds={JOINT: fitted * label, MEAN: 0.0},
        )
        for source, label in (("a", 0), ("b", 1))
        for k in range(4)
    ]
    assert _worth_fitting(rows) == kept
