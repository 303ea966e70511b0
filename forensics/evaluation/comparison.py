"""Comparisons of scored pictures: AUC, false alarms and changes of side, each with n and its interval, and as tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.calibration.bootstrap import measure, share
from forensics.calibration.counts import counted
from forensics.calibration.metrics import auc
from forensics.evaluation.scoring import ScoredCopy
from forensics.evaluation.shortcuts import known_by_trees
from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.judgement.deliveries import AS_RECEIVED
from forensics.records.arrays import Float64Array, IntArray

__all__ = [
    "AucRow",
    "RateRow",
    "auc_interval",
    "auc_rows",
    "auc_table",
    "false_alarms",
    "flips",
    "known_by_file",
    "rate_table",
]

RESAMPLES = 2000
SEED = 7
FALSE_ALARMS = 0.05  # share of originals above the working point, by which the working point is set


@dataclass(frozen=True, slots=True, kw_only=True)
class AucRow:
    """One line of a table: withheld fakes of one source (or all) against all withheld originals."""

    source: str
    delivery: str
    branch: str
    n_real: int
    n_fake: int
    auc: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """A share of pictures, with the 95 % interval of Wilson."""

    source: str
    delivery: str
    n: int
    rate: float
    interval: tuple[float, float]


def auc_rows(scored: Sequence[ScoredCopy]) -> list[AucRow]:
    """Return the AUC of each source of fakes against all originals, per delivery and branch.

    Raises
    ------
    ValueError
        A class is missing.
    """
    if {s.label for s in scored} != {0, 1}:
        raise ValueError("evaluation needs withheld pictures of both classes. Withhold a source with fakes.")
    rows = []
    for delivery in dict.fromkeys(s.delivery for s in scored):
        own = [s for s in scored if s.delivery == delivery]
        fakes = sorted({s.source for s in own if s.label == 1})
        for branch in own[0].judgements:
            for source in [*fakes, "all"]:
                compared = [s for s in own if s.label == 0 or source in (s.source, "all")]
                values = np.array([s.judgements[branch] for s in compared])
                labels = np.array([s.label for s in compared])
                auc, interval = auc_interval(values, labels)
                n_fake = int(labels.sum())
                rows.append(
                    AucRow(
                        source=source, delivery=delivery, branch=branch, n_real=len(labels) - n_fake, n_fake=n_fake,
                        auc=auc, interval=interval,
                    )
                )  # fmt: skip
    return rows


def auc_interval(scores: Float64Array, labels: IntArray) -> tuple[float, tuple[float, float]]:
    """Return the AUC and its 95 % bootstrap interval over pictures, each class resampled on its own.

    Parameters
    ----------
    scores : array of shape (n,)
        Larger means H1.
    labels : array of shape (n,)
        1 where H1 is true.

    Returns
    -------
    (float, (float, float))
        The ends of the interval are NaN where a class has a single picture.
    """
    if min(labels.sum(), len(labels) - labels.sum()) < 2:
        return auc(counted(scores, labels)), (float("nan"), float("nan"))
    found = measure(scores, labels, rounds=RESAMPLES, seed=SEED, metrics={"auc": auc})["auc"]
    return found.value, found.interval


def known_by_file(scored: Sequence[ScoredCopy]) -> dict[str, float]:
    """Return what boosted trees reach on file statistics alone, by source of fakes: what its AUC has to be read against.

    Copies as received count; a source with fewer than five pictures is left out.
    """
    own = [c for c in scored if _received(c) and c.statistics]
    originals = [c for c in own if c.label == 0]
    found = {}
    for source in sorted({c.source for c in own if c.label == 1}):
        both = [*originals, *(c for c in own if c.label == 1 and c.source == source)]
        value = known_by_trees([list(c.statistics.values()) for c in both], np.array([c.label for c in both]))
        if value is not None:
            found[source] = value
    return found


def false_alarms(scored: Sequence[ScoredCopy]) -> list[RateRow]:
    """Return the share of originals above the working point, per source and delivery.

    The working point is the joint log-odds that 5 % of the originals as received exceed. It is set for each source
    on the originals of all other sources, so that no picture is judged by a threshold it helped to set.
    """
    originals = [s for s in scored if s.label == 0]
    points = _working_points(originals)
    rows = []
    for delivery in dict.fromkeys(s.delivery for s in originals):
        own = [s for s in originals if s.delivery == delivery]
        for source in [*sorted(points), "all"]:
            alarms = [s.joint > points[s.source] for s in own if source in (s.source, "all")]
            if alarms:
                rows.append(_rate_row(source, delivery, alarms))
    return rows


def flips(scored: Sequence[ScoredCopy]) -> list[RateRow]:
    """Return the share of pictures that change their side of the working point, against the file as received.

    Fakes are judged by the working point of all originals.
    """
    originals = [s for s in scored if s.label == 0]
    points = _working_points(originals)
    common = _threshold(originals)
    before = {(s.label, s.sha256): s.joint > points.get(s.source, common) for s in scored if _received(s)}
    rows = []
    for delivery in dict.fromkeys(s.delivery for s in scored if not _received(s)):
        for label, called in ((0, "originals"), (1, "fakes")):
            own = [s for s in scored if s.delivery == delivery and s.label == label]
            changed = [(s.joint > points.get(s.source, common)) != before[s.label, s.sha256] for s in own]
            if changed:
                rows.append(_rate_row(called, delivery, changed))
    return rows


def _received(scored: ScoredCopy) -> bool:
    return scored.delivery == AS_RECEIVED


def _working_points(originals: Sequence[ScoredCopy]) -> dict[str, float]:
    sources = sorted({s.source for s in originals})
    if len(sources) < 2:
        raise ValueError("false alarms need originals of two sources or more. Withhold another source.")
    return {source: _threshold([s for s in originals if s.source != source]) for source in sources}


def _threshold(originals: Sequence[ScoredCopy]) -> float:
    return float(np.quantile([s.joint for s in originals if _received(s)], 1 - FALSE_ALARMS))


def _rate_row(source: str, delivery: str, hits: Sequence[bool]) -> RateRow:
    found = share(sum(hits), len(hits))
    return RateRow(source=source, delivery=delivery, n=len(hits), rate=found.value, interval=found.interval)


def auc_table(rows: Iterable[AucRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("delivery", "withheld source", "branch", "real", "fake", "AUC", "95 % interval"),
        ((r.delivery, r.source, r.branch, r.n_real, r.n_fake, r.auc, interval_cell(r.interval)) for r in rows),
    )


def rate_table(rows: Iterable[RateRow], *, what: str) -> str:
    """Return the rows as a Markdown table; `what` names the share."""
    return markdown_table(
        ("delivery", "of", "pictures", what, "95 % interval"),
        ((r.delivery, r.source, r.n, r.rate, interval_cell(r.interval)) for r in rows),
    )
