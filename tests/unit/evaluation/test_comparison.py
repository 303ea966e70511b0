"""Tables of an evaluation, each on a handful of scores that can be counted by hand."""

import pytest

from forensics.evaluation.comparison import auc_rows, false_alarms, flips
from forensics.evaluation.scoring import JOINT, ScoredCopy
from forensics.judgement.deliveries import AS_RECEIVED


def scored(source: str, label: int, joint: float, *, name: str = "p", delivery: str = AS_RECEIVED) -> ScoredCopy:
    return ScoredCopy(
        sha256=name, source=source, label=label, delivery=delivery, stratum="any", log_odds=joint,
        by_branch={"a": -joint}, pooled={"a": (-joint, 0.0), "b": (joint, joint)},
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
        scored("a", 0, 3.0, name="a0.0", delivery="JPEG 75"), scored("a", 0, 1.0, name="a1.0", delivery="JPEG 75"),
        scored("x", 1, 4.0, delivery="JPEG 75"),
    ]  # fmt: skip
    assert {(r.source, r.n, r.rate) for r in flips([*rows, *worse])} == {("originals", 2, 0.5), ("fakes", 1, 0.0)}
