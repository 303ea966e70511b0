"""From a score to an outcome: what may be said of one picture, and why not more. No other module decides an outcome.

Rules in order; the first that holds decides. Every one has a code, so that an outcome can be counted and explained.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from forensics.calibration import Card
from forensics.calibration.likelihood import ENFSI_2015, LikelihoodRatio, VerbalScale
from forensics.evidence.record import Evidence
from forensics.judgement.deliveries import HARMLESS, delivery_words
from forensics.judgement.outcomes import Outcome
from forensics.judgement.robustness import Robustness
from forensics.judgement.suitability import MIN_SIDE, stratum_of, stratum_words, too_small, unfit
from forensics.messages import Message

__all__ = [
    "REASONS",
    "WITHDRAWALS",
    "Judgement",
    "after_processing",
    "contradicts",
    "decided",
    "judge",
    "judge_picture",
    "taken_back",
]

WITHDRAWALS = ("weights_withdrawn",)  # why weights are withdrawn as evidence; see `Companion.withdrawn`
# Code to what it means, for documentation; the sentence of a finding names the values.
REASONS = {
    "too_small": "the short side has fewer pixels than one view needs",
    "flat": "there is no structure in which traces could be found",
    "too_compressed": "the estimated JPEG quality is below what leaves traces",
    "screenshot_like": "the file has the marks of a screenshot",
    "not_calibrated": "no calibration card is loaded",
    "weights_withdrawn": "no calibration card is loaded, and the weights do no better than chance on pictures unlike those of their making",
    "no_card_for_stratum": "the card holds nothing for pictures of this kind, or was withdrawn for them",
    "outside_domain": "the score fits neither class of the calibration pictures",
    "fits_both_classes": "the score fits both classes of the calibration pictures",
    "interval_includes_1": "the interval of the likelihood ratio includes 1",
    "no_useful_support": "the end of the interval nearer to 1 is a likelihood ratio for which the verbal scale in force has no word of support",
    "sides_disagree": "the likelihood ratio and the conformal test point to different sides",
    "flips_under_processing": "a harmless way of saving the picture moves the likelihood ratio to the other side of 1",
    "fits_h1_only": "the score fits H1 and not H2, and the interval of the likelihood ratio lies above 1",
    "fits_h2_only": "the score fits H2 and not H1, and the interval of the likelihood ratio lies below 1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What may be said of one picture.

    Parameters
    ----------
    outcome : str
    reasons : tuple of Message
        Their codes are those of `REASONS`.
    lr : LikelihoodRatio or None
        None if the outcome is ``unsuitable`` or ``uncalibrated``.
    caveats : tuple of Message
    """

    outcome: Outcome
    reasons: tuple[Message, ...]
    lr: LikelihoodRatio | None = None
    caveats: tuple[Message, ...] = ()

    @property
    def reason(self) -> str:
        """The reasons in English."""
        return " ".join(reason.text for reason in self.reasons)

    @property
    def codes(self) -> tuple[str, ...]:
        """The reasons for machines."""
        return tuple(reason.code for reason in self.reasons)


def judge_picture(
    evidence: Evidence,
    log_odds: float | None,
    *,
    card: Card | None,
    scale: VerbalScale = ENFSI_2015,
    withdrawn: str = "",
) -> Judgement:
    """Judge one picture with its score.

    Parameters
    ----------
    evidence : Evidence
        With pixels.
    log_odds : float or None
        Joint; None if the picture has no score, because it is too small or all of it is flat.
    card : Card or None
    scale : VerbalScale
        The words in force.
    withdrawn : str
        As in `judge`.
    """
    if too_small(evidence):
        short = min(evidence.width, evidence.height)
        return _unsuitable(Message("too_small", {"n": short, "least": MIN_SIDE}))
    if log_odds is None:
        return _unsuitable(Message("flat"))
    stratum = "" if card is None else stratum_of(evidence)
    return judge(log_odds, stratum=stratum, card=card, against=unfit(evidence), scale=scale, withdrawn=withdrawn)


def judge(
    log_odds: float,
    *,
    stratum: str,
    card: Card | None,
    against: Sequence[Message] = (),
    scale: VerbalScale = ENFSI_2015,
    withdrawn: str = "",
) -> Judgement:
    """Judge one score.

    Parameters
    ----------
    log_odds : float
        Joint.
    stratum : str
        See `forensics.judgement.suitability.stratum_of`; unused without a card.
    card : Card or None
    against : sequence of Message
        What makes the picture unfit whatever its score; see `forensics.judgement.suitability.unfit`.
    scale : VerbalScale
        The words in force: where they have none of support, the outcome supports nothing.
    withdrawn : str
        Code of `WITHDRAWALS` if the weights are withdrawn as evidence; unused with a card, which was made for them.
    """
    if card is None:
        # The same in a caveat, where readers look for what limits a finding.
        reason = Message(withdrawn or "not_calibrated")
        return Judgement(outcome="uncalibrated", reasons=(reason,), caveats=(reason,))
    if against:
        return _unsuitable(*against)
    if card.group(stratum) is None:
        values = {"stratum": stratum_words(stratum), "why": card.why_not(stratum)}
        return Judgement(outcome="uncalibrated", reasons=(Message("no_card_for_stratum", values),))
    return _weighed(card.weigh(log_odds, stratum), card.level, scale)


def after_processing(judgement: Judgement, robustness: Robustness | None) -> Judgement:
    """Return the judgement, taken back to ``inconclusive`` if a harmless copy lies on the other side of 1."""
    copies = () if robustness is None else robustness.copies
    return taken_back(judgement, {copy.delivery: copy.llr for copy in copies})


def taken_back(judgement: Judgement, llrs: Mapping[str, float | None]) -> Judgement:
    """Return the same from the log10 LRs of copies by delivery; None of copies without one."""
    own = judgement.lr
    if own is None or not decided(judgement.outcome):
        return judgement
    flips = [name for name in HARMLESS if (llrs.get(name) or 0.0) * own.llr < 0]
    if not flips:
        return judgement
    reason = Message("flips_under_processing", {"deliveries": [delivery_words(name) for name in flips]})
    return replace(judgement, outcome="inconclusive", reasons=(reason,), caveats=())


def decided(outcome: str) -> bool:
    """Return whether an outcome is on a side, so that words of support are given."""
    return outcome in ("supports_h1", "supports_h2")


def contradicts(outcome: str, lr: LikelihoodRatio | None, scale: VerbalScale) -> bool:
    """Return whether words of this scale would take back an outcome that was decided with another one."""
    return decided(outcome) and lr is not None and scale.is_neutral(lr.cautious)


def _unsuitable(*reasons: Message) -> Judgement:
    return Judgement(outcome="unsuitable", reasons=reasons)


def _weighed(lr: LikelihoodRatio, level: float, scale: VerbalScale = ENFSI_2015) -> Judgement:
    p1, p0 = lr.p_values
    fits_h1, fits_h2 = p1 > level, p0 > level
    values = {"p1": p1, "p2": p0, "level": level}
    if not fits_h1 and not fits_h2:
        return _unsuitable(Message("outside_domain", values))
    doubts = []
    if fits_h1 and fits_h2:
        doubts.append(Message("fits_both_classes", values))
    if lr.cautious == 0.0:
        doubts.append(Message("interval_includes_1"))
    elif scale.is_neutral(lr.cautious):
        doubts.append(Message("no_useful_support", {"edge": scale.bands[0][0]}))
    if not doubts and fits_h1 != (lr.cautious > 0):
        doubts.append(Message("sides_disagree", values))
    if doubts:
        return Judgement(outcome="inconclusive", reasons=tuple(doubts), lr=lr)
    if fits_h1:
        return Judgement(outcome="supports_h1", reasons=(Message("fits_h1_only", values),), lr=lr)
    return Judgement(
        outcome="supports_h2",
        reasons=(Message("fits_h2_only", values),),
        lr=lr,
        caveats=(Message("h2_means_unlike_tested"),),
    )
