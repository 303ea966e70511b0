"""A calibration card from scored pictures of known origin, checked on others if there are others."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from forensics import __version__
from forensics.calibration import CALIBRATORS, Card, Estimate, StratumCard, elub_bounds, llr_band, measure
from forensics.calibration.bootstrap import share
from forensics.calibration.calibrators import MIN_CASES
from forensics.calibration.conformal import scores_by_class
from forensics.calibration.likelihood import Propositions
from forensics.errors import CalibrationError
from forensics.evaluation.scoring import ScoredCopy
from forensics.judgement.suitability import neighbourhood
from forensics.messages import Message
from forensics.records.arrays import Float64Array, IntArray

__all__ = ["CHECKS", "MINIMUM", "Sample", "check_card", "coverage", "described", "fit_card", "in_strata", "independent"]

TOGETHER = 100  # pictures of each class; a stratum with fewer is taken together with its neighbours
MINIMUM = 30  # of each class; with fewer there is no LR. With fewer than 39 the conformal test can reject nothing
CHECK_MINIMUM = 50  # of each class, to check a stratum at all
LEVEL = 0.05  # of the conformal test
FOLDS = 10
SOFTWARE = (
    "numpy",
    "opencv-python",
    "pillow",
    "scikit-image",
    "scipy",
    "torch",
)  # what can change a score or a stratum
UNNAMED = "not named"  # stands for the source of pictures of which nobody said it
MISLEADING = 0.01  # share of cases in which an LR beyond 10 may point to the wrong side
# What a stratum must reach on other sources, or it is withdrawn.
CHECKS: Mapping[str, float] = {
    "cllr": 1.0,  # a system that always says LR = 1 has that
    "cllr_cal": 0.15,
    "misleading_h2_beyond_10": MISLEADING,
    "misleading_h1_beyond_10": MISLEADING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The pictures of one stratum, each there once.

    Parameters
    ----------
    copies : tuple of ScoredCopy
    log_odds : array of shape (n,)
    labels : array of shape (n,)
    """

    copies: tuple[ScoredCopy, ...]
    log_odds: Float64Array
    labels: IntArray

    @property
    def n(self) -> tuple[int, int]:
        """Pictures of H1 and of H2."""
        return int(self.labels.sum()), int(len(self.labels) - self.labels.sum())

    def sources(self, label: int) -> list[str]:
        """Return the named sources of a class; empty where nobody said where its pictures come from."""
        own = [c for c in self.copies if c.label == label]
        return sorted({c.source for c in own}) if all(c.source != c.sha256 for c in own) else []

    def suffices(self, minimum: int) -> bool:
        """Return whether there are pictures enough, and of two sources or more if sources are named."""
        return min(self.n) >= minimum and all(len(self.sources(label)) != 1 for label in (0, 1))

    def weights(self) -> Float64Array:
        """Return what each picture counts for: every source of a class as much as any other."""
        counts = Counter((c.label, c.source) for c in self.copies)
        return np.array([1.0 / counts[c.label, c.source] for c in self.copies])


def independent(scored: Sequence[ScoredCopy]) -> list[ScoredCopy]:
    """Return the copies of one picture of each cluster, chosen by digest among those that count."""
    usable = {c.sha256 for c in scored if not c.problem and c.log_odds is not None}
    witnesses: dict[str, str] = {}
    for copy in sorted(scored, key=lambda c: (c.sha256 not in usable, c.sha256)):
        witnesses.setdefault(copy.witness, copy.sha256)
    return [c for c in scored if witnesses[c.witness] == c.sha256]


def in_strata(scored: Sequence[ScoredCopy], groups: Mapping[str, str] | None = None) -> dict[str, Sample]:
    """Return the usable copies by stratum: of each picture one, chosen by digest and not by score.

    Several copies of a picture are one witness heard several times; counting them all would make every n too large.

    Parameters
    ----------
    scored : sequence of ScoredCopy
    groups : mapping of str to str, optional
        Stratum to the name under which it is taken together with others.
    """
    named = groups or {}
    chosen: dict[tuple[str, str], tuple[str, ScoredCopy]] = {}
    for copy in scored:
        if copy.log_odds is None or copy.problem:
            continue
        lot = hashlib.sha256(f"{copy.sha256} {copy.delivery}".encode()).hexdigest()
        key = (named.get(copy.stratum, copy.stratum), copy.sha256)
        if key not in chosen or lot < chosen[key][0]:
            chosen[key] = (lot, copy)
    by_stratum: dict[str, list[ScoredCopy]] = {}
    for (stratum, _), (_, copy) in sorted(chosen.items()):
        by_stratum.setdefault(stratum, []).append(copy)
    return {
        name: Sample(
            copies=tuple(copies),
            log_odds=np.array([c.log_odds for c in copies], dtype=np.float64),
            labels=np.array([c.label for c in copies], dtype=np.int64),
        )
        for name, copies in by_stratum.items()
    }


def _groups(scored: Sequence[ScoredCopy], enough: int) -> dict[str, str]:
    """Return which strata are taken together with their neighbours: those that lack pictures or sources of a class."""
    alone = in_strata(scored)
    lacking = {neighbourhood(name) for name, sample in alone.items() if not sample.suffices(enough)}
    return {name: neighbourhood(name) for name in alone if neighbourhood(name) in lacking}


def fit_card(
    scored: Sequence[ScoredCopy],
    *,
    detector_sha256: str,
    weights: Mapping[str, str],
    now: datetime,
    propositions: Propositions | None = None,
    calibrator: str = "logistic",
    minimum: int = MINIMUM,
    together: int = TOGETHER,
    level: float = LEVEL,
) -> Card:
    """Fit a card.

    Nine parameters: four are stated in the card as they are, four are choices of the fit.

    Parameters
    ----------
    scored : sequence of ScoredCopy
        Of pictures that the weights never saw; of every cluster one picture counts.
    detector_sha256 : str
    weights : mapping
        Name and digest, for people.
    now : datetime
        Aware; written in UTC.
    propositions : Propositions, optional
        What the two classes stand for.
    calibrator : str
        Of `CALIBRATORS`.
    minimum : int
        Pictures of each class without which a stratum gets no LR.
    together : int
        Pictures of each class without which a stratum is taken together with its neighbours.
    level : float
        Of the conformal test, in (0, 1).

    Raises
    ------
    CalibrationError
        No stratum has enough pictures of both classes, or a score is not finite.
    """
    scored = independent(scored)
    if not 0 < level < 1:
        raise CalibrationError(f"the level of the conformal test must lie in (0, 1), got {level}. Use 0.05.")
    infinite = [c for c in scored if c.log_odds is not None and not np.isfinite(c.log_odds)]
    if infinite:
        raise CalibrationError(
            f"{len(infinite)} scores are NaN or infinite, the first of the picture {infinite[0].sha256}. Check the weights with "
            "'forensics weights verify', or leave those pictures out."
        )
    strata: dict[str, StratumCard] = {}
    withdrawn: dict[str, Message] = {}
    groups = _groups(scored, max(minimum, together))
    for name, sample in in_strata(scored, groups).items():
        members = tuple(sorted(stratum for stratum, group in groups.items() if group == name))
        n1, n0 = sample.n
        if min(n1, n0) < minimum:
            found = {**_pictures(n1, n0), "least": minimum}
            reason = Message("strata_too_small", found) if members else Message("stratum_too_small", found)
            withdrawn |= dict.fromkeys(members or (name,), reason)
            continue
        fitted = replace(_fit_stratum(sample, calibrator), members=members)
        if fitted.bounds == (0.0, 0.0):
            by_source = fitted.held_out == "sources"
            reason = Message("worth_nothing_sources") if by_source else Message("worth_nothing_pictures")
            withdrawn |= dict.fromkeys(members or (name,), reason)
        else:
            strata[name] = fitted
    if not strata:
        counts = (
            "; ".join(f"{name}: {reason}" for name, reason in sorted(withdrawn.items())) or "no picture could be scored"
        )
        raise CalibrationError(
            f"no kind of picture can get a likelihood ratio ({counts}). Add pictures of known origin, or use a detector that tells them apart."
        )
    return Card(
        detector_sha256=detector_sha256,
        weights=weights,
        created=now.astimezone(UTC).isoformat(timespec="seconds"),
        software={"forensics": __version__, **{name: version(name) for name in SOFTWARE}},
        propositions=propositions or Propositions(),
        level=level,
        data=described(scored),
        strata=strata,
        withdrawn=withdrawn,
    )


def _fit_stratum(sample: Sample, calibrator: str) -> StratumCard:
    z, y, weights = sample.log_odds, sample.labels, sample.weights()
    folds, held_out = _folds(sample)
    unseen = _out_of_fold(sample, folds, calibrator)
    bounds = _bounds(unseen, y)
    return StratumCard(
        calibrator=CALIBRATORS[calibrator]().fit(z, y, weights),
        bounds=bounds,
        band=llr_band(z, y, weights=weights, calibrator=calibrator),
        scores=scores_by_class(z, y),
        n=sample.n,
        metrics=measure(np.clip(unseen, *bounds), y),
        held_out=held_out,
    )


def _bounds(unseen: Float64Array, y: IntArray) -> tuple[float, float]:
    """Return how far the LRs of a stratum may go, from those of held-out pictures.

    The empirical bounds, never beyond n + 1 of the opposite class; and not beyond 10 in a direction in which it was not shown
    that so strong an LR misleads in no more than `MISLEADING` of cases. With none in n cases that takes 299 of them.
    """
    lower, upper = elub_bounds(unseen, y)
    n1, n0 = int(y.sum()), int(len(y) - y.sum())
    lower, upper = max(lower, -float(np.log10(n1 + 1))), min(upper, float(np.log10(n0 + 1)))
    if not _shown_to_be_rare(int((np.clip(unseen, lower, upper)[y == 1] < -1.0).sum()), n1):
        lower = max(lower, -1.0)
    if not _shown_to_be_rare(int((np.clip(unseen, lower, upper)[y == 0] > 1.0).sum()), n0):
        upper = min(upper, 1.0)
    return lower, upper


def _shown_to_be_rare(k: int, n: int) -> bool:
    """Return whether k in n shows, at 95 % confidence, a share of at most `MISLEADING` (Clopper and Pearson 1934)."""
    from scipy.stats import binomtest

    return bool(binomtest(k, n, alternative="less").proportion_ci(0.95, method="exact").high <= MISLEADING)


def _folds(sample: Sample) -> tuple[IntArray, str]:
    """Return which pictures are held out together: a source at a time, or where none is named a tenth of each class."""
    folds = np.zeros(len(sample.labels), dtype=np.int64)
    first = 0
    held_out = "sources"
    for label in (0, 1):
        own = np.flatnonzero(sample.labels == label)
        names = sample.sources(label)
        if len(names) > 1 and _others_suffice(sample, label, names):
            folds[own] = [first + names.index(sample.copies[k].source) for k in own]
            first += len(names)
        else:
            order = sorted(own, key=lambda k: hashlib.sha256(f"fold {sample.copies[k].sha256}".encode()).hexdigest())
            folds[order] = first + np.arange(len(own)) % FOLDS
            first, held_out = first + FOLDS, "pictures"
    return folds, held_out


def _others_suffice(sample: Sample, label: int, names: Sequence[str]) -> bool:
    counts = Counter(c.source for c in sample.copies if c.label == label)
    return sum(counts.values()) - max(counts[name] for name in names) >= MIN_CASES


def _out_of_fold(sample: Sample, folds: IntArray, calibrator: str) -> Float64Array:
    """Return the LR of each picture from a fit that had not seen it, nor others of its fold."""
    llrs = np.empty(len(folds))
    weights = sample.weights()
    for fold in np.unique(folds):
        inside = folds == fold
        fitted = CALIBRATORS[calibrator]().fit(sample.log_odds[~inside], sample.labels[~inside], weights[~inside])
        llrs[inside] = fitted.transform(sample.log_odds[inside])
    return llrs


def check_card(card: Card, scored: Sequence[ScoredCopy], *, made_from: Sequence[ScoredCopy]) -> Card:
    """Return the card with what it reaches on other sources, without the strata that fail there.

    Parameters
    ----------
    card : Card
    scored : sequence of ScoredCopy
        Of sources that neither the weights nor the card have seen.
    made_from : sequence of ScoredCopy
        What the card was made from; no source may be in both.

    Raises
    ------
    CalibrationError
        A picture or a source is on both sides, or no stratum passes.
    """
    both = sorted({c.source for c in scored} & {c.source for c in made_from})
    if both:
        raise CalibrationError(
            f"these sources are on both sides: {', '.join(both[:5])}{' and more' if len(both) > 5 else ''}. What checks a card must "
            "come from other sources than the card."
        )
    scored = independent(scored)
    others = in_strata(scored, {member: name for name, s in card.strata.items() for member in s.members})
    strata: dict[str, StratumCard] = {}
    withdrawn = dict(card.withdrawn)
    for name, stratum in card.strata.items():
        sample = others.get(name)
        n = (0, 0) if sample is None else sample.n
        if sample is None or min(n) < CHECK_MINIMUM:
            withdrawn |= dict.fromkeys(
                stratum.members or (name,), Message("not_checked_elsewhere", {**_pictures(*n), "least": CHECK_MINIMUM})
            )
            continue
        measured = measure(stratum.llrs(sample.log_odds), sample.labels)
        failed = _failed(measured)
        if failed:
            reason = Message("failed_elsewhere", {**_pictures(*n), "figures": failed})
            withdrawn |= dict.fromkeys(stratum.members or (name,), reason)
        else:
            covered = {f"coverage_h{2 - label}": coverage(sample, stratum, card.level, label) for label in (1, 0)}
            strata[name] = replace(stratum, checked={**measured, **covered}, checked_n=n)
    if not strata:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in withdrawn.items())
        raise CalibrationError(f"no kind of picture passed the check ({reasons}). Calibrate with more sources.")
    return replace(card, strata=strata, withdrawn=withdrawn, checked_on=described(scored))


def coverage(sample: Sample, stratum: StratumCard, level: float, label: int) -> Estimate:
    """Return the share of a class that fits it in the conformal test, with Wilson's interval."""
    own = sample.log_odds[sample.labels == label]
    place = 0 if label else 1
    return share(sum(stratum.p_values(float(z))[place] > level for z in own), len(own))


def _failed(measured: Mapping[str, Estimate]) -> list[Message]:
    over = []
    for name, limit in CHECKS.items():
        value = measured[name].value
        if value >= limit if name == "cllr" else value > limit:
            over.append(Message("figure_beyond_limit", {"figure": name, "value": value, "limit": limit}))
    return over


def described(scored: Sequence[ScoredCopy]) -> dict[str, Any]:
    """Return what a card says of its pictures: numbers, sources, deliveries, and a digest that names them all."""
    pictures = {c.sha256: c for c in scored}
    lines = "".join(f"{c.label} {c.source} {digest}\n" for digest, c in sorted(pictures.items()))
    sources: dict[str, dict[str, int]] = {}
    for label, name in ((1, "fake"), (0, "real")):
        counts = Counter("" if c.source == c.sha256 else c.source for c in pictures.values() if c.label == label)
        sources[name] = {source or UNNAMED: n for source, n in sorted(counts.items())}
    problems = Counter(c.problem for c in scored if c.problem)
    return {
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
        "fake": sum(sources["fake"].values()),
        "real": sum(sources["real"].values()),
        "sources": sources,
        "deliveries": list(dict.fromkeys(c.delivery for c in scored)),
        "left_out": sum(problems.values()),
    }


def _pictures(h1: int, h2: int) -> dict[str, Message]:
    return {"generated": Message("generated_pictures", {"n": h1}), "camera": Message("camera_pictures", {"n": h2})}
