"""Tables of an evaluation: AUC, false alarms and changes of side, each with n and its interval."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from forensics.calibration.bootstrap import share
from forensics.errors import needed_by
from forensics.records.arrays import Float64Array, IntArray
from forensics.training.scoring import DELIVERED, JOINT, ScoredPicture
from forensics.training.tables import interval_cell, markdown_table

with needed_by("Training"):
    from sklearn.metrics import roc_auc_score

__all__ = [
    "AucRow",
    "RateRow",
    "auc_interval",
    "auc_rows",
    "auc_table",
    "false_alarms",
    "flips",
    "rate_table",
]

RESAMPLES = 2000
SEED = 7
FALSE_ALARMS = 0.05  # share of originals above the working point, by which the working point is set


@dataclass(frozen=True, slots=True, kw_only=True)
class AucRow:
    """One line of a table: withheld fakes of one source (or all) against all withheld originals."""

    source: str
    condition: str
    branch: str
    n_real: int
    n_fake: int
    auc: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """A share of pictures, with the 95 % interval of Wilson."""

    source: str
    condition: str
    n: int
    rate: float
    interval: tuple[float, float]


def auc_rows(scored: Sequence[ScoredPicture]) -> list[AucRow]:
    """Return the AUC of each source of fakes against all originals, per condition and branch.

    Raises
    ------
    ValueError
        A class is missing.
    """
    if {s.label for s in scored} != {0, 1}:
        raise ValueError("evaluation needs withheld pictures of both classes. Withhold a source with fakes.")
    rows = []
    for condition in dict.fromkeys(s.condition for s in scored):
        own = [s for s in scored if s.condition == condition]
        fakes = sorted({s.source for s in own if s.label == 1})
        for branch in own[0].log_odds:
            for source in [*fakes, "all"]:
                kept = [s for s in own if s.label == 0 or source in (s.source, "all")]
                values = np.array([s.log_odds[branch] for s in kept])
                labels = np.array([s.label for s in kept])
                auc, interval = auc_interval(values, labels)
                n_fake = int(labels.sum())
                rows.append(
                    AucRow(
                        source=source, condition=condition, branch=branch, n_real=len(labels) - n_fake, n_fake=n_fake,
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
    """
    rng = np.random.default_rng(SEED)
    real, fake = np.sort(scores[labels == 0]), scores[labels == 1]
    # Each fake's share of originals below it (ties count half); its mean is the AUC.
    below = (np.searchsorted(real, fake, "left") + np.searchsorted(real, fake, "right")) / (2 * len(real))
    auc = float(roc_auc_score(labels, scores))
    if not np.isclose(below.mean(), auc):
        raise RuntimeError("the two ways to compute the AUC disagree; report this as an error of the package.")
    resampled = []
    for _ in range(RESAMPLES):
        r = np.sort(rng.choice(real, len(real)))
        f = rng.choice(fake, len(fake))
        share = (np.searchsorted(r, f, "left") + np.searchsorted(r, f, "right")) / (2 * len(r))
        resampled.append(float(share.mean()))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return auc, (float(low), float(high))


def false_alarms(scored: Sequence[ScoredPicture]) -> list[RateRow]:
    """Return the share of originals above the working point, per source and condition.

    The working point is the joint log-odds that 5 % of the originals as delivered exceed. It is set for each source
    on the originals of all other sources, so that no picture is judged by a threshold it helped to set.
    """
    originals = [s for s in scored if s.label == 0]
    points = _working_points(originals)
    rows = []
    for condition in dict.fromkeys(s.condition for s in originals):
        own = [s for s in originals if s.condition == condition]
        for source in [*sorted(points), "all"]:
            alarms = [s.log_odds[JOINT] > points[s.source] for s in own if source in (s.source, "all")]
            if alarms:
                rows.append(_rate_row(source, condition, alarms))
    return rows


def flips(scored: Sequence[ScoredPicture]) -> list[RateRow]:
    """Return the share of pictures that change their side of the working point, against the file as delivered.

    Fakes are judged by the working point of all originals.
    """
    originals = [s for s in scored if s.label == 0]
    points = _working_points(originals)
    common = _threshold(originals)
    before = {(s.label, s.name): s.log_odds[JOINT] > points.get(s.source, common) for s in scored if _delivered(s)}
    rows = []
    for condition in dict.fromkeys(s.condition for s in scored if not _delivered(s)):
        for label, called in ((0, "originals"), (1, "fakes")):
            own = [s for s in scored if s.condition == condition and s.label == label]
            changed = [(s.log_odds[JOINT] > points.get(s.source, common)) != before[s.label, s.name] for s in own]
            if changed:
                rows.append(_rate_row(called, condition, changed))
    return rows


def _delivered(scored: ScoredPicture) -> bool:
    return scored.condition == DELIVERED


def _working_points(originals: Sequence[ScoredPicture]) -> dict[str, float]:
    sources = sorted({s.source for s in originals})
    if len(sources) < 2:
        raise ValueError("false alarms need originals of two sources or more. Withhold another source.")
    return {source: _threshold([s for s in originals if s.source != source]) for source in sources}


def _threshold(originals: Sequence[ScoredPicture]) -> float:
    return float(np.quantile([s.log_odds[JOINT] for s in originals if _delivered(s)], 1 - FALSE_ALARMS))


def _rate_row(source: str, condition: str, hits: Sequence[bool]) -> RateRow:
    found = share(sum(hits), len(hits))
    return RateRow(source=source, condition=condition, n=len(hits), rate=found.value, interval=found.interval)


def auc_table(rows: Iterable[AucRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("condition", "withheld source", "branch", "real", "fake", "AUC", "95 % interval"),
        ((r.condition, r.source, r.branch, r.n_real, r.n_fake, r.auc, interval_cell(r.interval)) for r in rows),
    )


def rate_table(rows: Iterable[RateRow], *, what: str) -> str:
    """Return the rows as a Markdown table; `what` names the share."""
    return markdown_table(
        ("condition", "of", "pictures", what, "95 % interval"),
        ((r.condition, r.source, r.n, r.rate, interval_cell(r.interval)) for r in rows),
    )
