"""The validation matrix: what a calibrated detector reaches on pictures of known origin, against criteria declared before.

After Meuwly, Ramos and Haraksim, Forensic Science International 276 (2017): accuracy, discrimination, calibration,
robustness, coherence, generalisation.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np

from forensics.calibration import Card, Estimate, measure
from forensics.calibration.bootstrap import ROUNDS, SEED, draws, percentiles, share
from forensics.calibration.metrics import METRICS
from forensics.errors import CalibrationError
from forensics.evaluation.criteria import CHARACTERISTICS, Criteria, Criterion
from forensics.evaluation.fitting import Sample, coverage, in_strata, independent
from forensics.evaluation.scoring import ScoredCopy
from forensics.judgement.deliveries import AS_RECEIVED, HARMLESS
from forensics.judgement.rules import judge, taken_back
from forensics.records.arrays import Float64Array, IntArray

__all__ = ["MatrixRow", "Validated", "validation_matrix"]

Result: TypeAlias = Literal["passed", "failed", "no limit", "not measured"]

FEWEST = 10  # pictures of each class without which nothing is measured
QUALITIES = ("JPEG 95", "JPEG 85", "JPEG 75", "JPEG 60")  # in falling order, for coherence


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """One line of the matrix.

    Parameters
    ----------
    characteristic, metric : str
    subject : str
        Stratum, delivery or source.
    n : (int, int)
        Pictures of H1 and of H2.
    estimate : Estimate or None
        None if there were too few pictures.
    limit : Criterion or None
    """

    characteristic: str
    metric: str
    subject: str
    n: tuple[int, int]
    estimate: Estimate | None
    limit: Criterion | None

    @property
    def result(self) -> Result:
        """``passed``, ``failed``, ``no limit`` or ``not measured``."""
        if self.estimate is None or np.isnan(self.estimate.value):
            return "not measured"
        if self.limit is None:
            return "no limit"
        return "passed" if self.limit.met(self.estimate.value) else "failed"

    @property
    def shown(self) -> str:
        """Value and interval."""
        if self.estimate is None:
            return "not measured"
        low, high = self.estimate.interval
        return f"{self.estimate.value:.3f}" + ("" if np.isnan(low) else f" ({low:.3f} to {high:.3f})")

    @property
    def criterion(self) -> str:
        """The limit in words."""
        return "no limit" if self.limit is None else str(self.limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validated:
    """What a validation found.

    Parameters
    ----------
    rows : tuple of MatrixRow
    samples : mapping of str to (llrs, labels)
        By stratum, for plots.
    by_source : mapping of str to (llrs, labels)
        By named source, with all pictures of the other class.
    outcomes : mapping of str to mapping of str to int
        Of pictures as received: class to outcome to number.
    reasons : mapping of str to int
        Reason code to number of pictures as received.
    withdrawn : mapping of str to str
        Strata of these pictures that the card holds nothing for, and why.
    left_out : int
        Copies that could not be scored, or are unfit.
    """

    rows: tuple[MatrixRow, ...]
    samples: Mapping[str, tuple[Float64Array, IntArray]]
    by_source: Mapping[str, tuple[Float64Array, IntArray]]
    outcomes: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, int]
    withdrawn: Mapping[str, str]
    left_out: int

    @property
    def passed(self) -> bool:
        """Whether something was measured and nothing failed."""
        results = {row.result for row in self.rows}
        return "passed" in results and "failed" not in results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weighed:
    """A copy with the LR that the card gives it."""

    copy: ScoredCopy
    llr: float


def validation_matrix(scored: Sequence[ScoredCopy], card: Card, criteria: Criteria) -> Validated:
    """Measure a card on scored pictures.

    Parameters
    ----------
    scored : sequence of ScoredCopy
        In every delivery that robustness is asked for, and as received.
    card : Card
    criteria : Criteria

    Raises
    ------
    CalibrationError
        The card holds nothing for any of these pictures.
    """
    scored = independent(scored)
    groups = {member: name for name, s in card.strata.items() for member in s.members}
    strata = {name: sample for name, sample in in_strata(scored, groups).items() if name in card.strata}
    if not strata:
        kinds = sorted({c.stratum for c in scored if c.stratum})
        raise CalibrationError(
            f"the calibration holds nothing for any of these pictures ({'; '.join(kinds) or 'none could be scored'}). Validate with "
            "pictures of the kinds that it was made for, or make another card."
        )
    weighed = [w for w in (_weigh(copy, card) for copy in scored) if w is not None]
    rows = [
        *_of_strata(strata, card, criteria),
        *_of_deliveries(weighed, criteria, list(dict.fromkeys(c.delivery for c in scored))),
        *_of_coherence(weighed, criteria),
        *_of_sources(weighed, criteria),
    ]
    order = list(CHARACTERISTICS)
    outcomes, reasons = _outcomes(scored, card)
    return Validated(
        rows=tuple(sorted(rows, key=lambda row: order.index(row.characteristic))),
        samples={name: (card.strata[name].llrs(s.log_odds), s.labels) for name, s in strata.items()},
        by_source={name: _arrays(own) for name, own in _sources(weighed)},
        outcomes=outcomes,
        reasons=reasons,
        withdrawn={
            name: card.why_not(name).text
            for name in sorted({c.stratum for c in scored if c.stratum and card.group(c.stratum) is None})
        },
        left_out=sum(1 for c in scored if c.problem),
    )


def _weigh(copy: ScoredCopy, card: Card) -> _Weighed | None:
    if copy.log_odds is None or copy.problem:
        return None
    group = card.group(copy.stratum)
    if group is None:
        return None
    return _Weighed(copy=copy, llr=float(card.strata[group].llrs(np.array([copy.log_odds]))[0]))


def _of_strata(strata: Mapping[str, Sample], card: Card, criteria: Criteria) -> Iterator[MatrixRow]:
    for name, sample in strata.items():
        llrs = card.strata[name].llrs(sample.log_odds)
        enough = min(sample.n) >= FEWEST
        estimates = measure(llrs, sample.labels) if enough else {}
        for characteristic in ("accuracy", "discrimination", "calibration"):
            for metric in CHARACTERISTICS[characteristic]:
                estimate = estimates.get(metric)
                if metric.startswith("coverage") and enough:
                    estimate = coverage(sample, card.strata[name], card.level, int(metric.endswith("h1")))
                yield MatrixRow(
                    characteristic=characteristic, metric=metric, subject=name, n=sample.n, estimate=estimate,
                    limit=criteria.of(characteristic, metric),
                )  # fmt: skip


def _arrays(weighed: Sequence[_Weighed]) -> tuple[Float64Array, IntArray]:
    return np.array([w.llr for w in weighed]), np.array([w.copy.label for w in weighed], dtype=np.int64)


def _n(weighed: Sequence[_Weighed]) -> tuple[int, int]:
    n1 = sum(w.copy.label for w in weighed)
    return n1, len(weighed) - n1


def _of_deliveries(weighed: Sequence[_Weighed], criteria: Criteria, deliveries: Sequence[str]) -> Iterator[MatrixRow]:
    """Yield what each delivery costs, on pictures that have an LR both as received and so delivered."""
    received = {w.copy.sha256: w for w in weighed if w.copy.delivery == AS_RECEIVED}
    for delivery in deliveries:
        if delivery == AS_RECEIVED:
            continue
        pairs = [
            (received[w.copy.sha256], w) for w in weighed if w.copy.delivery == delivery and w.copy.sha256 in received
        ]
        n = _n([after for _, after in pairs])
        rise = wrong = None
        if min(n) >= FEWEST:
            rise = _rise([before for before, _ in pairs], [after for _, after in pairs])
            far = [abs(w.llr) > 1 and (w.llr > 0) != bool(w.copy.label) for _, w in pairs]
            wrong = share(sum(far), len(far))
        for metric, estimate in (("cllr_rise", rise), ("misleading_beyond_10", wrong)):
            yield MatrixRow(
                characteristic="robustness", metric=metric, subject=delivery, n=n, estimate=estimate,
                limit=criteria.of("robustness", metric),
            )  # fmt: skip


def _rise(before: Sequence[_Weighed], after: Sequence[_Weighed]) -> Estimate:
    """Return by how much Cllr is higher after than before, the same pictures drawn for both."""
    (x, y), (z, _) = _arrays(before), _arrays(after)
    costs = [np.logaddexp2(0.0, np.where(y == 1, -1.0, 1.0) * v * np.log2(10.0)) for v in (x, z)]
    rise = costs[1] - costs[0]
    classes = [y == label for label in (0, 1)]

    def change(weights: Float64Array) -> float:
        return float(0.5 * sum(np.average(rise[own], weights=weights[own]) for own in classes))

    rises = [change(weights) for weights in draws(y, None, ROUNDS, SEED)]
    return Estimate(value=change(np.ones(len(y))), interval=percentiles(rises))


def _of_coherence(weighed: Sequence[_Weighed], criteria: Criteria) -> Iterator[MatrixRow]:
    """Yield how much the cost falls where quality falls: the same pictures at one quality and the next."""
    by_delivery: dict[str, dict[str, _Weighed]] = {}
    for w in weighed:
        by_delivery.setdefault(w.copy.delivery, {})[w.copy.sha256] = w
    for better, worse in pairwise(QUALITIES):
        both = sorted(set(by_delivery.get(better, {})) & set(by_delivery.get(worse, {})))
        first, second = ([by_delivery[d][digest] for digest in both] for d in (better, worse))
        n = _n(first)
        fall = _rise(second, first) if min(n) >= FEWEST else None
        yield MatrixRow(
            characteristic="coherence", metric="cllr_fall", subject=f"{better} to {worse}", n=n, estimate=fall,
            limit=criteria.of("coherence", "cllr_fall"),
        )  # fmt: skip


def _sources(weighed: Sequence[_Weighed]) -> Iterator[tuple[str, list[_Weighed]]]:
    """Yield each named source with all pictures of the other class; of each picture its first delivery with an LR."""
    first = {w.copy.sha256: w for w in reversed(weighed)}
    pictures = [first[digest] for digest in sorted(first)]
    named = {(w.copy.label, w.copy.source) for w in pictures if w.copy.source != w.copy.sha256}
    for label, source in sorted(named, key=lambda key: (-key[0], key[1])):
        own = [w for w in pictures if w.copy.label != label or w.copy.source == source]
        yield f"{source} ({'generated' if label else 'camera'})", own


def _of_sources(weighed: Sequence[_Weighed], criteria: Criteria) -> Iterator[MatrixRow]:
    for name, own in _sources(weighed):
        n = _n(own)
        estimate = None
        if min(n) >= FEWEST:
            llrs, labels = _arrays(own)
            estimate = measure(llrs, labels, metrics={"cllr": METRICS["cllr"]})["cllr"]
        yield MatrixRow(
            characteristic="generalisation", metric="cllr", subject=name, n=n, estimate=estimate,
            limit=criteria.of("generalisation", "cllr"),
        )  # fmt: skip


def _outcomes(scored: Sequence[ScoredCopy], card: Card) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Count outcomes and reasons of pictures as received, harmless copies taken into account as an examination does."""
    copies: dict[str, dict[str, ScoredCopy]] = {}
    for copy in scored:
        copies.setdefault(copy.sha256, {})[copy.delivery] = copy
    outcomes: dict[str, Counter[str]] = {"H1": Counter(), "H2": Counter()}
    reasons: Counter[str] = Counter()
    for by_delivery in copies.values():
        received = by_delivery.get(AS_RECEIVED)
        if received is None:
            continue
        outcome, codes = _outcome(received, by_delivery, card)
        outcomes["H1" if received.label else "H2"][outcome] += 1
        reasons.update(codes)
    return {name: dict(counts) for name, counts in outcomes.items()}, dict(reasons)


def _outcome(received: ScoredCopy, by_delivery: Mapping[str, ScoredCopy], card: Card) -> tuple[str, tuple[str, ...]]:
    if received.log_odds is None or received.problem:
        return "unsuitable", received.reasons[:1]
    judgement = judge(received.log_odds, stratum=received.stratum, card=card)
    others = {name: _weigh(by_delivery[name], card) for name in HARMLESS if name in by_delivery}
    judgement = taken_back(judgement, {name: None if w is None else w.llr for name, w in others.items()})
    return judgement.outcome, judgement.codes


def as_json(validated: Validated) -> dict[str, Any]:
    """Return the matrix as JSON values; what is not finite becomes text."""

    def number(value: float) -> float | str:
        return float(value) if np.isfinite(value) else str(float(value))

    return {
        "rows": [
            {
                "characteristic": row.characteristic,
                "metric": row.metric,
                "subject": row.subject,
                "n_h1": row.n[0],
                "n_h2": row.n[1],
                "value": None if row.estimate is None else number(row.estimate.value),
                "interval": None if row.estimate is None else [number(v) for v in row.estimate.interval],
                "criterion": row.criterion,
                "result": row.result,
            }
            for row in validated.rows
        ],
        "outcomes": {name: dict(counts) for name, counts in validated.outcomes.items()},
        "reasons": dict(validated.reasons),
        "withdrawn": dict(validated.withdrawn),
        "left_out": validated.left_out,
        "passed": validated.passed,
    }
