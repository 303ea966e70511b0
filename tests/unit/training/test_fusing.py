"""The fitted joint judgement, on scores that can be judged by hand."""

from dataclasses import replace

import numpy as np
import pytest

from forensics.evaluation.scoring import ScoredCopy
from forensics.judgement.deliveries import AS_RECEIVED
from forensics.training.measuring.fusing import best_branch, fit_fusion, out_of_source
from forensics.training.measuring.withheld import MEAN, _worth_fitting


def scored(source: str, label: int, joint: float, *, name: str = "p", delivery: str = AS_RECEIVED) -> ScoredCopy:
    return ScoredCopy(
        sha256=name, source=source, label=label, delivery=delivery, stratum="any", log_odds=joint,
        by_branch={"a": -joint}, pooled={"a": (-joint, 0.0), "b": (joint, joint)},
    )  # fmt: skip


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
    assert best_branch([*rows, *(replace(r, delivery="JPEG 75", label=1 - r.label) for r in rows[:4])]) == "b"


def test_out_of_source_scores_do_not_depend_on_the_own_source() -> None:
    rng = np.random.default_rng(1)
    parts = {("r", 0): -1.0, ("s", 0): -0.5, ("x", 1): 1.0, ("y", 1): 0.5}
    rows = [scored(s, label, v) for (s, label), mean in parts.items() for v in rng.normal(mean, 1, 30)]
    others = [r for r in rows if r.source != "x"]
    own = fit_fusion(others, weights_sha256="0" * 64)
    expected = [own.log_odds(r.pooled) for r in rows if r.source == "x"]
    assert [z for z, r in zip(out_of_source(rows), rows, strict=True) if r.source == "x"] == pytest.approx(expected)


@pytest.mark.parametrize(("fitted", "kept"), [(3.0, True), (-3.0, False), (0.0, False)])
def test_a_fitted_judgement_is_kept_only_if_it_is_ahead_of_the_plain_mean(fitted: float, kept: bool) -> None:
    """The plain mean tells nothing (all 0, AUC 0.5); the fitted one tells fakes, reverses them, or tells nothing too."""
    rows = [
        replace(
            scored(source, label, fitted * label, name=f"{source}{k}"),
            log_odds=fitted * label,
            by_branch={MEAN: 0.0},
        )
        for source, label in (("a", 0), ("b", 1))
        for k in range(4)
    ]
    assert _worth_fitting(rows) == kept
