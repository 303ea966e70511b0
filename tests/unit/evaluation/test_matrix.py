"""The validation matrix on simulated scores: every line counted by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from forensics.calibration import Card, cllr
from forensics.errors import CalibrationError
from forensics.evaluation.criteria import Criterion, read_criteria
from forensics.evaluation.fitting import fit_card
from forensics.evaluation.matrix import Validated, as_json, validation_matrix
from forensics.evaluation.scoring import ScoredCopy
from tests.calibrations import FACE, FEW, NOW, scored_copies

CRITERIA = read_criteria()


@pytest.fixture(scope="module")
def card() -> Card:
    scored = list(scored_copies(400, separation=3, sources=(0, 0)))
    return fit_card(scored, detector_sha256="0" * 64, weights={}, now=NOW)


def row(validated: Validated, characteristic: str, metric: str, subject: str) -> object:
    (found,) = [
        r for r in validated.rows if (r.characteristic, r.metric, r.subject) == (characteristic, metric, subject)
    ]
    return found


def fixed(z: list[float], labels: list[int], delivery: str = "as received", stratum: str = FACE) -> list[ScoredCopy]:
    return [
        ScoredCopy(
            sha256=f"{k:064d}", label=label, source=f"source-{label}-{k % 2}", delivery=delivery, stratum=stratum,
            log_odds=value, pooled={},
        )
        for k, (value, label) in enumerate(zip(z, labels, strict=True))
    ]  # fmt: skip


def test_lines_of_a_kind_of_picture(card: Card) -> None:
    scored = list(scored_copies(50, separation=3, seed=4))
    validated = validation_matrix(scored, card, CRITERIA)
    llrs = card.strata[FACE].llrs(np.array([c.log_odds for c in scored]))
    labels = [c.label for c in scored]
    accuracy = row(validated, "accuracy", "cllr", FACE)
    assert accuracy.n == (50, 50)
    assert accuracy.estimate.value == pytest.approx(cllr(llrs, labels))
    assert accuracy.result == "passed"
    covered = row(validated, "calibration", "coverage_h1", FACE)
    fits = [card.strata[FACE].p_values(c.log_odds)[0] > 0.05 for c in scored if c.label]
    assert covered.estimate.value == pytest.approx(np.mean(fits))


def test_deliveries_are_compared_with_the_same_pictures_as_received() -> None:
    sharp = list(scored_copies(600, separation=6, sources=(0, 0), seed=2))  # enough of them for LRs beyond 10
    card = fit_card(sharp, detector_sha256="0" * 64, weights={}, now=NOW)
    labels = [1] * 12 + [0] * 12
    good = [1.0] * 12 + [-1.0] * 12
    turned = [-3.0] * 3 + [1.0] * 9 + [-1.0] * 12  # three generated pictures far on the wrong side
    scored = [*fixed(good, labels), *fixed(turned, labels, "JPEG 60"), *fixed(good, labels, "JPEG 95")]
    scored += fixed(good[:2], labels[:2], "cropped")
    validated = validation_matrix(scored, card, CRITERIA)
    assert card.strata[FACE].bounds[0] < -1
    wrong = row(validated, "robustness", "misleading_beyond_10", "JPEG 60")
    assert wrong.estimate.value == pytest.approx(3 / 24)
    assert wrong.result == "failed"
    rise = row(validated, "robustness", "cllr_rise", "JPEG 60")
    before, after = (card.strata[FACE].llrs(np.array(z)) for z in (good, turned))
    assert rise.estimate.value == pytest.approx(cllr(after, labels) - cllr(before, labels))
    assert row(validated, "robustness", "cllr_rise", "JPEG 95").estimate.value == 0.0
    assert row(validated, "robustness", "cllr_rise", "cropped").result == "not measured"
    fall = row(validated, "coherence", "cllr_fall", "JPEG 75 to JPEG 60")
    assert fall.result == "not measured"
    other = fixed(
        good, labels, "messenger-like", stratum=FEW
    )  # a delivery for whose copies the card holds nothing is listed too
    again = validation_matrix([*scored, *other], card, CRITERIA)
    assert row(again, "robustness", "cllr_rise", "messenger-like").result == "not measured"
    assert not validated.passed


def test_coherence_looks_at_neighbouring_qualities(card: Card) -> None:
    labels = [1] * 12 + [0] * 12
    good, poor = [1.5] * 12 + [-1.5] * 12, [0.1] * 12 + [-0.1] * 12
    scored = [*fixed(good, labels), *fixed(poor, labels, "JPEG 85"), *fixed(good, labels, "JPEG 75")]
    fall = row(validation_matrix(scored, card, CRITERIA), "coherence", "cllr_fall", "JPEG 85 to JPEG 75")
    first, second = (cllr(card.strata[FACE].llrs(np.array(z)), labels) for z in (poor, good))
    assert fall.estimate.value == pytest.approx(first - second)
    assert fall.result == "failed"


def test_every_source_is_held_against_the_other_class(card: Card) -> None:
    labels = [1] * 24 + [0] * 24
    z = [(2.0 if k % 2 else -2.0) for k in range(24)] + [-1.0] * 24
    validated = validation_matrix(fixed(z, labels), card, CRITERIA)
    good = row(validated, "generalisation", "cllr", "source-1-1 (generated)")
    bad = row(validated, "generalisation", "cllr", "source-1-0 (generated)")
    assert (good.n, bad.n) == ((12, 24), (12, 24))
    assert (good.result, bad.result) == ("passed", "failed")
    assert row(validated, "generalisation", "cllr", "source-0-0 (camera)").n == (24, 12)


def test_frames_of_a_clip_count_once(card: Card) -> None:
    scored = [replace(c, cluster=f"{c.label} {k % 12}") for k, c in enumerate(scored_copies(50, separation=3, seed=4))]
    validated = validation_matrix(scored, card, CRITERIA)
    assert row(validated, "accuracy", "cllr", FACE).n == (12, 12)
    assert sum(validated.outcomes["H1"].values()) == 12


def test_outcomes_are_those_of_an_examination(card: Card) -> None:
    labels = [1, 1, 1, 0, 0, 1]
    received = fixed([3.0, 3.0, 0.0, -3.0, -50.0, 3.0], labels)
    copies = fixed([3.0, -0.5, 0.0, -3.0, -50.0, 3.0], labels, "JPEG 85")
    received[5] = replace(received[5], problem="screenshot_like")
    few = fixed([1.0] * 7, [0] * 7, stratum=FEW)[6:]
    more = list(scored_copies(20, separation=3, seed=9, deliveries=("JPEG 75",)))  # not as received: in no count
    validated = validation_matrix([*received, *copies, *few, *more], card, CRITERIA)
    assert validated.outcomes == {
        "H1": {"supports_h1": 1, "inconclusive": 2, "unsuitable": 1},
        "H2": {"supports_h2": 1, "unsuitable": 1, "uncalibrated": 1},
    }
    assert validated.reasons["flips_under_processing"] == 1
    assert validated.reasons["screenshot_like"] == 1
    assert validated.reasons["outside_domain"] == 1
    assert list(validated.withdrawn) == [FEW]
    assert validated.left_out == 1
    record = as_json(validated)
    assert record["outcomes"] == validated.outcomes
    assert len(record["rows"]) == len(validated.rows)


def test_what_the_card_holds_nothing_for_cannot_be_validated(card: Card) -> None:
    with pytest.raises(CalibrationError, match="holds nothing for any of these pictures"):
        validation_matrix(list(scored_copies(50, stratum=FEW)), card, CRITERIA)


@pytest.mark.parametrize(
    ("sense", "value", "met"),
    [
        ("below", 1.0, False), ("below", 0.99, True), ("at_most", 1.0, True), ("at_most", 1.01, False),
        ("at_least", 1.0, True), ("at_least", 0.99, False), ("below", math.nan, False), ("at_least", math.nan, False),
    ],
)  # fmt: skip
def test_criteria(sense: str, value: float, met: bool) -> None:
    assert Criterion(sense=sense, limit=1.0).met(value) is met  # type: ignore[arg-type]


def test_the_criteria_that_ship_name_every_metric() -> None:
    from forensics.evaluation.criteria import CHARACTERISTICS
    from forensics.evaluation.document import METRICS

    assert {name: tuple(limits) for name, limits in CRITERIA.limits.items()} == CHARACTERISTICS
    assert set(METRICS) == {metric for metrics in CHARACTERISTICS.values() for metric in metrics}
    assert len(CRITERIA.sha256) == 64
