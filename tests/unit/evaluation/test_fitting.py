"""Cards from scored pictures: what counts once, what is taken together, what is withdrawn."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from forensics.calibration import Card, cllr, elub_bounds
from forensics.calibration.calibrators import LogisticCalibrator
from forensics.errors import CalibrationError, UnknownNameError
from forensics.evaluation.fitting import _shown_to_be_rare, check_card, fit_card, in_strata, independent
from forensics.evaluation.scoring import ScoredCopy
from tests.calibrations import FACE, FEW, NEIGHBOURS, NOW, OTHER, scored_copies


def fit(scored: list[ScoredCopy], **options: object) -> Card:
    return fit_card(
        scored, detector_sha256="0" * 64, weights={"name": "x"}, now=NOW, **{"minimum": 40, "together": 40, **options}
    )  # type: ignore[arg-type]


def test_each_picture_counts_once_in_a_stratum_whatever_its_copies() -> None:
    scored = list(scored_copies(50, deliveries=("as received", "JPEG 75", "JPEG 60")))
    sample = in_strata(scored)[FACE]
    assert sample.n == (50, 50)
    assert len({c.sha256 for c in sample.copies}) == 100
    assert {c.delivery for c in sample.copies} == {"as received", "JPEG 75", "JPEG 60"}
    # Which copy is taken does not depend on its score, nor on the order.
    shifted = [replace(c, log_odds=-1.0 * c.log_odds) for c in reversed(scored) if c.log_odds is not None]
    assert [(c.sha256, c.delivery) for c in in_strata(shifted)[FACE].copies] == [
        (c.sha256, c.delivery) for c in sample.copies
    ]


def test_pictures_of_a_cluster_are_one_witness() -> None:
    scored = list(scored_copies(120, deliveries=("as received", "JPEG 75")))
    frames = [replace(c, cluster=f"clip {c.label} {int(c.sha256, 16) % 50}") for c in scored]
    card = fit(frames)
    clips = [len({c.cluster for c in frames if c.label == label}) for label in (1, 0)]
    assert card.strata[FACE].n == tuple(clips)
    assert max(clips) <= 50
    kept = independent(frames)
    assert len(kept) == 2 * sum(clips)  # both deliveries of one frame
    broken = [replace(c, problem="too_compressed") if c.sha256 == kept[0].sha256 else c for c in frames]
    assert kept[0].sha256 not in {c.sha256 for c in independent(broken)}  # another frame stands for the clip


def test_copies_that_were_not_scored_or_are_unfit_count_nowhere() -> None:
    scored = list(scored_copies(50))
    scored[0] = replace(scored[0], log_odds=None, problem="too small, or flat all over")
    scored[1] = replace(scored[1], problem="screenshot_like")
    assert in_strata(scored)[FACE].n == (48, 50)
    assert fit(scored).data["left_out"] == 2


def test_bounds_and_metrics_are_those_of_held_out_sources() -> None:
    scored = list(scored_copies(120, sources=(3, 2)))
    own = fit(scored).strata[FACE]
    assert own.held_out == "sources"
    unseen = []
    for copy in scored:
        rest = [c for c in scored if (c.label, c.source) != (copy.label, copy.source)]
        # Every source of a class counts as much as any other.
        weights = [1 / sum((d.label, d.source) == (c.label, c.source) for d in rest) for c in rest]
        fitted = LogisticCalibrator().fit([c.log_odds for c in rest], [c.label for c in rest], weights)  # type: ignore[arg-type]
        unseen.append(float(fitted.transform(copy.log_odds)))  # type: ignore[arg-type]
    labels = [c.label for c in scored]
    # 120 pictures cannot show that an LR beyond 10 misleads in less than one case in a hundred.
    bounds = np.clip(elub_bounds(unseen, labels), -1.0, 1.0)
    assert own.bounds == pytest.approx(tuple(bounds))
    assert own.metrics["cllr"].value == pytest.approx(cllr(np.clip(unseen, *own.bounds), labels), rel=1e-6)


def test_a_ratio_beyond_ten_has_to_be_earned() -> None:
    # 298 cases without a misleading one leave 1.0003 % open at 95 % confidence (1 - 0.05 ** (1 / 298)), 299 leave 0.997 %.
    assert [_shown_to_be_rare(0, n) for n in (120, 298, 299)] == [False, False, True]
    assert [_shown_to_be_rare(1, n) for n in (472, 473)] == [False, True]
    assert not _shown_to_be_rare(300, 300)
    few = fit(list(scored_copies(250, separation=6, sources=(0, 0)))).strata[FACE].bounds
    many = fit(list(scored_copies(600, separation=6, sources=(0, 0), seed=2))).strata[FACE].bounds
    assert few == (-1.0, 1.0)
    assert many[0] < -1.5
    assert many[1] > 1.5
    assert max(many) <= math.log10(601)


def test_sources_that_differ_make_bounds_narrow() -> None:
    alike = list(scored_copies(150, sources=(2, 2)))
    apart = [
        replace(c, log_odds=c.log_odds + (1.5 if c.source == "fake-0" else 0.0))
        for c in alike
        if c.log_odds is not None
    ]
    apart = [
        replace(c, log_odds=c.log_odds - (1.5 if c.source == "fake-1" else 0.0))
        for c in apart
        if c.log_odds is not None
    ]
    assert -fit(apart).strata[FACE].bounds[0] < -0.5 * fit(alike).strata[FACE].bounds[0]


def test_without_named_sources_pictures_are_held_out() -> None:
    own = fit(list(scored_copies(60, sources=(0, 0)))).strata[FACE]
    assert own.held_out == "pictures"
    assert fit(list(scored_copies(60, sources=(1, 2)))).strata[NEIGHBOURS].held_out == "pictures"


def test_a_kind_with_too_few_pictures_or_one_source_joins_its_neighbours() -> None:
    card = fit([*scored_copies(60), *scored_copies(30, stratum=OTHER, seed=1)])
    assert set(card.strata) == {NEIGHBOURS}
    assert card.strata[NEIGHBOURS].n == (90, 90)
    assert set(card.strata[NEIGHBOURS].members) == {FACE, OTHER}
    both = fit([*scored_copies(60), *scored_copies(60, stratum=OTHER, seed=1)])
    assert set(both.strata) == {FACE, OTHER}
    assert both.strata[FACE].members == ()
    assert (
        "20 generated pictures and 20 camera"
        in fit([*scored_copies(60), *scored_copies(20, stratum=FEW)]).withdrawn[FEW].text
    )


def test_a_kind_whose_scores_say_nothing_is_withdrawn() -> None:
    nothing = list(scored_copies(80, separation=0.0, seed=3))
    card = fit([*nothing, *scored_copies(80, stratum=FEW)])
    assert "no more than LR = 1" in card.withdrawn[FACE].text
    with pytest.raises(CalibrationError, match="no more than LR = 1"):
        fit(nothing)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: [c for c in s if c.label], "no kind of picture"),
        (lambda s: s[:5] + s[-5:], "at least 40 of each"),
        (lambda s: s[:0], "no picture could be scored"),
        (lambda s: [replace(s[0], log_odds=math.nan), *s[1:]], "1 scores are NaN or infinite"),
        (lambda s: [replace(s[0], log_odds=math.inf), *s[1:]], "NaN or infinite"),
    ],
)
def test_what_cannot_serve_is_told(change: Callable[[list[ScoredCopy]], list[ScoredCopy]], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        fit(change(list(scored_copies(50))))


def test_wrong_options_are_told() -> None:
    scored = list(scored_copies(50))
    with pytest.raises(CalibrationError, match="level"):
        fit(scored, level=1.0)
    with pytest.raises(UnknownNameError, match="logistic"):
        fit(scored, calibrator="logit")


def test_a_check_on_other_sources_keeps_what_passes_and_withdraws_what_fails() -> None:
    made_from = [*scored_copies(120, separation=6), *scored_copies(120, separation=6, stratum=FEW, seed=1)]
    card = fit(made_from)
    good = list(scored_copies(80, separation=6, seed=5, prefix="other-"))
    reversed_ = [
        replace(c, log_odds=-c.log_odds)
        for c in scored_copies(80, separation=6, stratum=FEW, seed=6, prefix="other-")
        if c.log_odds
    ]
    checked = check_card(card, [*good, *reversed_], made_from=made_from)
    assert set(checked.strata) == {FACE}
    assert checked.strata[FACE].checked_n == (80, 80)
    llrs = checked.strata[FACE].llrs(np.array([c.log_odds for c in good]))
    assert checked.strata[FACE].checked["cllr"].value == pytest.approx(cllr(llrs, [c.label for c in good]))
    assert checked.withdrawn[FEW].text.startswith(
        "on other sources (80 generated pictures, 80 camera pictures) it failed: cllr"
    )
    assert "cllr_cal 2." in checked.withdrawn[FEW].text
    assert checked.checked_on["fake"] == 160
    assert checked.sha256 != card.sha256
    assert "could not be checked" in check_card(card, good, made_from=made_from).withdrawn[FEW].text
    with pytest.raises(CalibrationError, match="no kind of picture passed"):
        check_card(card, reversed_, made_from=made_from)
    with pytest.raises(CalibrationError, match="on both sides: fake-0"):
        check_card(card, made_from, made_from=made_from)


def test_a_stratum_that_was_taken_together_is_checked_together() -> None:
    made_from = [*scored_copies(60, separation=6), *scored_copies(30, separation=6, stratum=OTHER, seed=1)]
    others = [
        *scored_copies(30, separation=6, seed=7, prefix="o-"),
        *scored_copies(30, separation=6, stratum=OTHER, seed=8, prefix="o-"),
    ]
    checked = check_card(fit(made_from), others, made_from=made_from)
    assert checked.strata[NEIGHBOURS].checked_n == (60, 60)
