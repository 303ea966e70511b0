"""From a score to an outcome: every reason by name, and words from bounded ratios only."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.calibration import Card
from forensics.errors import CalibrationError
from forensics.judgement.rules import REASONS, WITHDRAWALS, _weighed, after_processing, contradicts, judge
from forensics.records.converting import from_record, to_record
from forensics.types import ENFSI_2015, Caveat, DeliveredScore, LikelihoodRatio, Robustness, VerbalScale
from tests.calibrations import FACE, FEW, make_card


@pytest.fixture(scope="module")
def card() -> Card:
    return make_card()


def ratio(llr: float, *, interval: tuple[float, float] | None = None) -> LikelihoodRatio:
    return LikelihoodRatio(
        llr=llr, interval=interval or (llr, llr), bounds=(-20.0, 20.0), at_bound=False, stratum="s", calibration_sha256="0" * 64
    )  # fmt: skip


@pytest.mark.parametrize(
    ("log_odds", "outcome", "codes"),
    [
        (2.3, "supports_h1", ("fits_h1_only",)),
        (-2.3, "supports_h2", ("fits_h2_only",)),
        (0.6, "inconclusive", ("fits_both_classes",)),
        (9.0, "unsuitable", ("outside_domain",)),
        (-9.0, "unsuitable", ("outside_domain",)),
    ],
)
def test_the_outcome_and_its_reasons(card: Card, log_odds: float, outcome: str, codes: tuple[str, ...]) -> None:
    judgement = judge(log_odds, stratum=FACE, card=card)
    assert (judgement.outcome, judgement.codes) == (outcome, codes)
    assert set(judgement.codes) <= set(REASONS)
    assert (judgement.lr is None) == (outcome == "unsuitable")
    assert judgement.reason.endswith(".")


def test_an_interval_that_includes_one_is_named(card: Card) -> None:
    fitted = card.strata[FACE].calibrator.to_dict()
    judgement = judge(-fitted["intercept"] / fitted["slope"], stratum=FACE, card=card)  # where the LR is 1
    assert (judgement.outcome, judgement.codes) == ("inconclusive", ("fits_both_classes", "interval_includes_1"))


def test_a_ratio_of_no_use_supports_nothing(card: Card) -> None:
    lr = card.weigh(2.3, FACE)
    weak = replace(lr, interval=(math.log10(2), lr.llr))
    assert _weighed(weak, card.level).codes == ("no_useful_support",)
    assert weak.words() == "no useful support for either proposition"
    assert _weighed(replace(lr, interval=(math.log10(2.01), lr.llr)), card.level).outcome == "supports_h1"


def own_scale(first: float) -> VerbalScale:
    return VerbalScale(
        name="Own", source="Manual", version="7", neutral="neutral", bands=((first, "a word"), (10**6, "more"))
    )


def test_a_laboratory_whose_words_begin_at_5_has_no_outcome_below(card: Card) -> None:
    lr = card.weigh(2.3, FACE)
    between = replace(lr, interval=(math.log10(4), lr.llr))
    assert _weighed(between, card.level, ENFSI_2015).outcome == "supports_h1"
    judgement = _weighed(between, card.level, own_scale(5))
    assert (judgement.outcome, judgement.codes) == ("inconclusive", ("no_useful_support",))
    assert "lies between 1/5 and 5." in judgement.reason
    assert _weighed(replace(lr, interval=(math.log10(1.5), lr.llr)), card.level, own_scale(1)).outcome == "supports_h1"
    assert contradicts("supports_h1", between, own_scale(5))
    assert not contradicts("supports_h1", between, ENFSI_2015)
    assert not contradicts("inconclusive", between, own_scale(5))


@given(st.floats(-3, 3), st.floats(0, 2), st.floats(1, 1000), st.booleans())
def test_outcome_and_words_never_contradict_each_other(llr: float, half: float, first: float, h1: bool) -> None:
    scale = own_scale(first)
    lr = replace(ratio(llr, interval=(llr - half, llr + half)), p_values=(0.5, 0.01) if h1 else (0.01, 0.5))
    judgement = _weighed(lr, 0.05, scale)
    neutral = lr.words(scale) == "neutral for either proposition"
    if judgement.outcome == "inconclusive":
        assert neutral or judgement.codes == ("sides_disagree",)
    else:
        assert not neutral
        assert judgement.outcome == ("supports_h1" if lr.cautious > 0 else "supports_h2")


def test_a_ratio_and_a_fit_on_different_sides_decide_nothing(card: Card) -> None:
    lr = replace(card.weigh(2.3, FACE), interval=(-0.8, -0.5), llr=-0.6)
    assert _weighed(lr, card.level).codes == ("sides_disagree",)


def test_without_a_card_or_a_fit_picture_nothing_is_weighed(card: Card) -> None:
    assert judge(1.0, stratum=FACE, card=None).codes == ("not_calibrated",)
    assert judge(1.0, stratum=FACE, card=None, withdrawn="weights_withdrawn").codes == ("weights_withdrawn",)
    assert judge(2.3, stratum=FACE, card=card, withdrawn="weights_withdrawn").outcome == "supports_h1"
    assert set(WITHDRAWALS) <= set(REASONS)
    unknown = judge(1.0, stratum=FEW, card=card)
    assert (unknown.outcome, unknown.codes, unknown.lr) == ("uncalibrated", ("no_card_for_stratum",), None)
    assert FEW in unknown.reason
    against = (Caveat(code="too_compressed", text="Too much."), Caveat(code="screenshot_like", text="A screen."))
    unfit = judge(2.3, stratum=FACE, card=card, against=against)
    assert (unfit.outcome, unfit.codes, unfit.lr) == ("unsuitable", ("too_compressed", "screenshot_like"), None)


def test_support_for_h2_says_no_more_than_it_means(card: Card) -> None:
    assert [c.code for c in judge(-2.3, stratum=FACE, card=card).caveats] == ["h2_means_unlike_tested"]
    assert judge(2.3, stratum=FACE, card=card).caveats == ()


@pytest.mark.parametrize(
    ("delivery", "llr", "outcome"),
    [
        ("JPEG 85", -0.01, "inconclusive"),
        ("JPEG 85", 0.01, "supports_h1"),
        ("JPEG 85", None, "supports_h1"),
        ("messenger-like", -1.0, "supports_h1"),  # shown in the panel; it is not harmless
    ],
)
def test_an_outcome_that_a_harmless_copy_changes_is_taken_back(
    card: Card, delivery: str, llr: float | None, outcome: str
) -> None:
    judgement = judge(2.3, stratum=FACE, card=card)
    assert judgement.lr is not None
    received = DeliveredScore(
        delivery="as received", text="", score=0.9, llr=judgement.lr.llr, outcome="supports_h1", stratum=FACE
    )
    panel = Robustness(received=received, copies=(replace(received, delivery=delivery, llr=llr),))
    after = after_processing(judgement, panel)
    assert after.outcome == outcome
    assert (after.codes == ("flips_under_processing",)) == (outcome == "inconclusive")
    assert (delivery in panel.flips) == (llr is not None and llr < 0)
    assert from_record(Robustness, to_record(panel)) == panel


def test_the_panel_ranges() -> None:
    received = DeliveredScore(delivery="as received", text="", score=0.5, llr=None, outcome="uncalibrated", stratum="")
    panel = Robustness(received=received, copies=(replace(received, score=0.7, llr=0.3), replace(received, score=None)))
    assert panel.llr_range == (0.3, 0.3)
    assert panel.score_range == (0.5, 0.7)
    assert panel.flips == ()


@pytest.mark.parametrize(
    ("lr", "words"),
    [
        # ENFSI guideline, version 3.0: 2-10 weak, 10-100 moderate, 100-1000 moderately strong, 1000-10000 strong,
        # 10000-1000000 very strong, above that extremely strong. An edge belongs to the band below.
        (1, "no useful support for either proposition"),
        (2, "no useful support for either proposition"),
        (2.01, "weak support for H1 over H2"),
        (10, "weak support for H1 over H2"),
        (10.1, "moderate support for H1 over H2"),
        (100, "moderate support for H1 over H2"),
        (101, "moderately strong support for H1 over H2"),
        (1001, "strong support for H1 over H2"),
        (10_000, "strong support for H1 over H2"),
        (10_001, "very strong support for H1 over H2"),
        (1_000_001, "extremely strong support for H1 over H2"),
        (1 / 2, "no useful support for either proposition"),
        (1 / 10, "weak support for H2 over H1"),
        (1 / 11, "moderate support for H2 over H1"),
    ],
)
def test_words_of_the_scale(lr: float, words: str) -> None:
    assert ratio(math.log10(lr)).words() == words


def test_a_ratio_outside_its_interval_or_bounds_is_no_record() -> None:
    for values in ({"llr": 3.0}, {"interval": (-3.0, 0.5)}, {"interval": (0.6, 0.5)}):
        with pytest.raises(ValueError, match="lies within"):
            replace(ratio(0.5), bounds=(-1.0, 1.0), **values)


def test_words_come_from_the_end_nearer_to_one() -> None:
    assert ratio(1.5, interval=(0.8, 2.5)).words() == "weak support for H1 over H2"
    assert ratio(-1.5, interval=(-2.5, -0.8)).words() == "weak support for H2 over H1"
    assert ratio(1.5, interval=(-0.1, 2.5)).words() == "no useful support for either proposition"


@given(st.floats(-8, 8), st.floats(0, 3), st.floats(0, 3))
def test_no_word_is_stronger_than_the_ratio(llr: float, below: float, above: float) -> None:
    order = [ENFSI_2015.neutral, *(words for _, words in ENFSI_2015.bands)]
    lr = ratio(llr, interval=(llr - below, llr + above))
    assert order.index(ENFSI_2015.strength(lr.cautious)) <= order.index(ENFSI_2015.strength(llr))


def test_no_word_above_what_the_number_of_pictures_allows(card: Card) -> None:
    order = [ENFSI_2015.neutral, *(words for _, words in ENFSI_2015.bands)]
    for z in np.linspace(-20, 20, 81):
        lr = card.weigh(float(z), FACE)
        allowed = math.log10(max(lr.n) + 1)
        assert order.index(ENFSI_2015.strength(lr.cautious)) <= order.index(ENFSI_2015.strength(allowed))


def test_a_laboratory_may_swap_the_table(tmp_path: Path) -> None:
    own = tmp_path / "scale.toml"
    own.write_text(
        'name = "Own"\nsource = "Manual 7"\nversion = "2"\nneutral = "none"\nbands = [[1, "some"], [50, "much"]]\n'
    )
    scale = VerbalScale.from_file(own)
    assert ratio(math.log10(60)).words(scale) == "much for H1 over H2"
    assert scale.sha256 != ENFSI_2015.sha256
    assert from_record(VerbalScale, to_record(scale)) == scale
    number = 'name="x"\nsource="x"\nversion="x"\nneutral="x"\nbands=[[2, 5]]'
    for text in (
        "",
        "name = 1",
        number,
        number.replace("[[2, 5]]", "2"),
        number + "\nmore = 1",
        "\x00",
        'name="x"\nsource="x"\nversion="x"\nneutral="x"\nbands=[[10, "a"], [5, "b"]]',
    ):
        own.write_text(text)
        with pytest.raises(CalibrationError, match="verbal scale"):
            VerbalScale.from_file(own)
    with pytest.raises(CalibrationError, match="cannot be read as a verbal scale"):
        VerbalScale.from_file(tmp_path / "missing.toml")
