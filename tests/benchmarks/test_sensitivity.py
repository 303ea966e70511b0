"""What moves the score of an original."""

from dataclasses import replace

import pytest

from benchmarks.sensitivity import sensitivity
from forensics.evaluation.scoring import ScoredCopy
from forensics.judgement.deliveries import AS_RECEIVED


def scored(source: str, label: int, joint: float, *, name: str = "p", delivery: str = AS_RECEIVED) -> ScoredCopy:
    return ScoredCopy(
        sha256=name, source=source, label=label, delivery=delivery, stratum="any", log_odds=joint,
        by_branch={"a": -joint}, pooled={"a": (-joint, 0.0), "b": (joint, joint)},
    )  # fmt: skip


def test_what_moves_the_score_of_an_original_is_seen() -> None:
    """Changed files lie 1 above 3 of 4 and level with the 4th; the score falls as the statistic rises."""
    rows = [
        replace(scored("r", 0, v, name=str(v)), statistics={"sharpness": -v, "contrast": (v - 1.5) ** 2})
        for v in (0.0, 1.0, 2.0, 3.0)
    ]
    worse = [scored("r", 0, 3.0, name=str(v), delivery="JPEG 60") for v in (0.0, 1.0, 2.0, 3.0)]
    found = {(r.what, r.measure): (r.value, r.passed) for r in sensitivity([*rows, *worse, scored("x", 1, 9.0)])}
    assert found["JPEG 60", "drift"] == (pytest.approx(3.5 / 4), False)
    assert found["sharpness", "correlation"] == (pytest.approx(-1.0), False)
    assert found["contrast", "correlation"] == (pytest.approx(0.0, abs=1e-9), True)
