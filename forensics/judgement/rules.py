"""From a score to an outcome: what may be said of one picture, and why not more.

Rules in order; the first that holds decides. Every one has a code, so that an outcome can be counted and explained.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forensics.calibration import Card
from forensics.calibration.likelihood import LikelihoodRatio
from forensics.errors import NotCalibratedError
from forensics.judgement.deliveries import HARMLESS
from forensics.judgement.outcomes import Outcome
from forensics.judgement.robustness import Robustness
from forensics.messages import Caveat

__all__ = ["NOT_CALIBRATED", "REASONS", "WITHDRAWALS", "Judgement", "after_processing", "judge"]

NOT_CALIBRATED = (
    "No calibration card is loaded, so the score has no known meaning as evidence; "
    "it may only be used to decide what to look at more closely."
)
# Why weights are withdrawn as evidence, by the code that stands in the file beside them; see `Companion.withdrawn`.
WITHDRAWALS = {
    "weights_withdrawn": "These weights are withdrawn as evidence: on pictures unlike those of their making they do no better than "
    "chance and take face swaps for photographs; nothing may be concluded from the score.",
}
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
    "no_useful_support": "the end of the interval nearer to 1 is a likelihood ratio of 2 (or 1/2) or less",
    "sides_disagree": "the likelihood ratio and the conformal test point to different sides",
    "flips_under_processing": "a harmless way of saving the picture moves the likelihood ratio to the other side of 1",
    "fits_h1_only": "the score fits H1 and not H2, and the interval of the likelihood ratio lies above 1",
    "fits_h2_only": "the score fits H2 and not H1, and the interval of the likelihood ratio lies below 1",
}
USEFUL = 2.0  # likelihood ratio, or its inverse, up to which nothing is supported
LOW_LR = Caveat(
    code="h2_means_unlike_tested",
    text="Support for H2 is no sign that the picture is unaltered. It says that the picture is unlike the generated pictures of "
    "the calibration, no more: other generators and alterations of a part may leave no trace that the detector knows.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What may be said of one picture.

    Parameters
    ----------
    outcome : str
    reason : str
        In sentences.
    codes : tuple of str
        Of `REASONS`.
    lr : LikelihoodRatio or None
        None if the outcome is ``unsuitable`` or ``uncalibrated``.
    caveats : tuple of Caveat
    """

    outcome: Outcome
    reason: str
    codes: tuple[str, ...]
    lr: LikelihoodRatio | None = None
    caveats: tuple[Caveat, ...] = ()


def judge(
    log_odds: float, *, stratum: str, card: Card | None, against: Sequence[Caveat] = (), withdrawn: str = ""
) -> Judgement:
    """Judge one score.

    Parameters
    ----------
    log_odds : float
        Joint.
    stratum : str
        See `forensics.judgement.suitability.stratum_of`; unused without a card.
    card : Card or None
    against : sequence of Caveat
        What makes the picture unfit whatever its score; see `forensics.judgement.suitability.unfit`.
    withdrawn : str
        Code of `WITHDRAWALS` if the weights are withdrawn as evidence; unused with a card, which was made for them.
    """
    if card is None:
        code, text = (withdrawn, WITHDRAWALS[withdrawn]) if withdrawn else ("not_calibrated", NOT_CALIBRATED)
        # The same in a caveat, where readers look for what limits a finding.
        return Judgement(outcome="uncalibrated", reason=text, codes=(code,), caveats=(Caveat(code=code, text=text),))
    if against:
        text = " ".join(a.text for a in against)
        return Judgement(outcome="unsuitable", reason=text, codes=tuple(a.code for a in against))
    try:
        lr = card.weigh(log_odds, stratum)
    except NotCalibratedError as err:
        text = str(err)[:1].upper() + str(err)[1:]
        return Judgement(outcome="uncalibrated", reason=text, codes=("no_card_for_stratum",))
    return _weighed(lr, card.level)


def _weighed(lr: LikelihoodRatio, level: float) -> Judgement:
    p1, p0 = lr.p_values
    fits_h1, fits_h2 = p1 > level, p0 > level
    words = f"(p = {p1:.3f} for H1, {p0:.3f} for H2; a class fits above {level:g})"
    if not fits_h1 and not fits_h2:
        return Judgement(
            outcome="unsuitable",
            reason=f"The score fits neither the generated nor the camera pictures of the calibration {words}: the picture lies "
            "outside what was validated.",
            codes=("outside_domain",),
        )
    doubts = []
    if fits_h1 and fits_h2:
        doubts.append(
            (
                "fits_both_classes",
                f"The score is common among generated and among camera pictures of the calibration {words}.",
            )
        )
    if lr.cautious == 0.0:
        doubts.append(("interval_includes_1", "The interval of the likelihood ratio includes 1."))
    elif abs(lr.cautious) <= math.log10(USEFUL) + 1e-12:
        doubts.append(
            (
                "no_useful_support",
                f"The end of the interval of the likelihood ratio nearer to 1 lies between 1/{USEFUL:g} and {USEFUL:g}.",
            )
        )
    if not doubts and fits_h1 != (lr.cautious > 0):
        doubts.append(
            (
                "sides_disagree",
                f"The likelihood ratio and the class that the score fits {words} point to different sides.",
            )
        )
    if doubts:
        return Judgement(
            outcome="inconclusive",
            reason=" ".join(text for _, text in doubts),
            codes=tuple(code for code, _ in doubts),
            lr=lr,
        )
    side, other = ("H1", "H2") if fits_h1 else ("H2", "H1")
    return Judgement(
        outcome="supports_h1" if fits_h1 else "supports_h2",
        reason=f"Among the pictures of the calibration such a score fits {side} and not {other} {words}, and the whole interval "
        f"of the likelihood ratio lies on the side of {side}.",
        codes=("fits_h1_only" if fits_h1 else "fits_h2_only",),
        lr=lr,
        caveats=() if fits_h1 else (LOW_LR,),
    )


def after_processing(judgement: Judgement, robustness: Robustness) -> Judgement:
    """Return the judgement, taken back to ``inconclusive`` if a harmless copy lies on the other side of 1."""
    flips = [name for name in robustness.flips if name in HARMLESS]
    if judgement.outcome not in ("supports_h1", "supports_h2") or not flips:
        return judgement
    return replace(
        judgement,
        outcome="inconclusive",
        reason=f"The likelihood ratio moves to the other side of 1 when the picture is delivered otherwise "
        f"({', '.join(flips)}); its content is the same.",
        codes=("flips_under_processing",),
        caveats=(),
    )
