"""Shortcut audit: what file-level statistics alone know about the classes of a training stream.

A network learns the easiest difference between its classes. If sharpness, file size or brightness of a tile can tell
original from forged, it will learn these and fail, or reverse, where they do not hold. So simple statistics are given
to a linear model and to boosted trees, and neither may succeed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensics.errors import needed_by
from forensics.evaluation.labelled import Pictures
from forensics.evaluation.shortcuts import STATISTICS, boosted_trees, tile_statistics
from forensics.evaluation.tables import markdown_table
from forensics.records.arrays import Float64Array
from forensics.training.config import Config
from forensics.training.pairs.stream import Pair, PairStream, stream_for

with needed_by("Training"):
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

__all__ = [
    "COUNTED",
    "WHOLE",
    "AuditRow",
    "audit_pairs",
    "audit_run",
    "audit_stream",
    "audit_table",
]

WHOLE, COUNTED = "stream", "stream of the statistics"
FOLDS = 5
FEWEST = 100  # pairs of a family below which its rows are not printed: the AUC would be noise
# Upper limits, from a measurement of what harmless streams reach; the linear ones are two-sided around 0.5.
LINEAR_STREAM, LINEAR_FAMILY, TREES_STREAM, TREES_FAMILY, PAIRED = 0.03, 0.05, 0.56, 0.60, 0.66


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One figure of the audit.

    Parameters
    ----------
    family : str
        Maker, ``found``, or ``stream`` for all pairs; ``stream of the statistics`` where statistical branches have one
        of their own.
    test : str
        ``logistic`` and ``trees`` on single tiles, ``paired`` on differences within independently drawn pairs, or
        ``sign: NAME``, the share of pairs whose forged member has the higher statistic.
    n_pairs : int
    value : float
        Cross-validated AUC, folds grouped by picture; a share for ``sign``.
    limit : float or None
        The value must not lie further from 0.5; None where the figure is for information.
    """

    family: str
    test: str
    n_pairs: int
    value: float
    limit: float | None

    @property
    def passed(self) -> bool:
        """Whether the figure is within its limit."""
        if self.limit is None:
            return True
        two_sided = self.test == "logistic"
        return (abs(self.value - 0.5) if two_sided else self.value - 0.5) <= self.limit + 1e-12


def audit_pairs(pairs: Sequence[Pair]) -> list[AuditRow]:
    """Return the rows of the audit, the whole stream first, then each family with enough pairs.

    Parameters
    ----------
    pairs : sequence of Pair
        At least 100; some thousand for figures to rely on.

    Returns
    -------
    list of AuditRow

    Raises
    ------
    ValueError
        There are too few pairs.
    """
    if len(pairs) < FEWEST:
        raise ValueError(f"an audit needs at least {FEWEST} pairs, got {len(pairs)}. Raise the number of pairs.")
    values = np.array([[tile_statistics(p.real), tile_statistics(p.fake)] for p in pairs])  # (n, 2, 7)
    groups = np.unique([p.picture for p in pairs], return_inverse=True)[1]
    independent = np.array([p.independent for p in pairs])
    families = np.array([p.family for p in pairs])
    rows = list(_rows(WHOLE, values, groups, independent, linear=LINEAR_STREAM, trees=TREES_STREAM))
    for family in sorted(set(families.tolist())):
        own = families == family
        if own.sum() >= FEWEST:
            rows += _rows(family, values[own], groups[own], independent[own], linear=LINEAR_FAMILY, trees=TREES_FAMILY)
    return rows


def audit_stream(stream: PairStream, *, tile: int, pairs: int, first: int = 10_000_000) -> list[AuditRow]:
    """Return the audit of a stream.

    Parameters
    ----------
    stream : PairStream
        As `forensics.training.pairs.stream.stream_for` gives it.
    tile : int
        Side of the tiles.
    pairs : int
        How many to draw.
    first : int
        Number of the first pair; by default far beyond those that a run trains on.
    """
    return audit_pairs([stream.pair(k, tile=tile) for k in range(first, first + pairs)])


def audit_run(config: Config, training: Pictures, *, pairs: int) -> list[AuditRow]:
    """Audit the networks' stream, and that of the statistical branches if it is another.

    Parameters
    ----------
    config : Config
    training : Pictures
        The training side.
    pairs : int
        To draw from each stream; 2,000 for figures to rely on.
    """
    stream = stream_for(config, training)
    rows = audit_stream(stream, tile=config.forgeries.late_tile, pairs=pairs)
    if config.counted != config:
        counted = stream_for(config.counted, training)
        own = audit_stream(counted, tile=config.statistics.tile, pairs=pairs)
        rows += [replace(row, family=COUNTED) for row in own if row.family == WHOLE]
    return rows


def _rows(
    family: str, values: Float64Array, groups: np.ndarray, independent: np.ndarray, *, linear: float, trees: float
) -> Iterator[AuditRow]:
    n = len(values)
    labels, owners = np.tile([0, 1], n), np.repeat(groups, 2)
    single = values.reshape(2 * n, -1)
    logistic = make_pipeline(StandardScaler(), LogisticRegression())
    yield AuditRow(
        family=family, test="logistic", n_pairs=n, value=_auc(logistic, single, labels, owners), limit=linear
    )
    yield AuditRow(
        family=family, test="trees", n_pairs=n, value=_auc(boosted_trees(), single, labels, owners), limit=trees - 0.5
    )
    if independent.sum() >= FEWEST:
        own = values[independent]
        difference = own[:, 1] - own[:, 0]
        both = np.stack([-difference, difference], axis=1).reshape(2 * len(own), -1)
        paired = make_pipeline(StandardScaler(with_mean=False), LogisticRegression(fit_intercept=False))
        value = _auc(paired, both, np.tile([0, 1], len(own)), np.repeat(groups[independent], 2))
        yield AuditRow(family=family, test="paired", n_pairs=len(own), value=value, limit=PAIRED - 0.5)
    for k, name in enumerate(STATISTICS):
        gap = values[:, 1, k] - values[:, 0, k]
        share = float(((gap > 0) + 0.5 * (gap == 0)).mean())
        yield AuditRow(family=family, test=f"sign: {name}", n_pairs=n, value=share, limit=None)


def _auc(model: object, x: Float64Array, y: np.ndarray, groups: np.ndarray) -> float:
    folds = min(FOLDS, len(set(groups.tolist())))
    method = "predict_proba"
    predicted = cross_val_predict(model, x, y, groups=groups, cv=GroupKFold(folds), method=method)[:, 1]
    return float(roc_auc_score(y, predicted))


def audit_table(rows: Sequence[AuditRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("family", "test", "pairs", "value", "limit", "result"),
        ((r.family, r.test, r.n_pairs, r.value, *_judged(r)) for r in rows),
    )


def _judged(row: AuditRow) -> tuple[str, str]:
    if row.limit is None:
        return "", ""
    limit = f"0.50 ± {row.limit:.2f}" if row.test == "logistic" else f"{0.5 + row.limit:.2f}"
    return limit, "passed" if row.passed else "**failed**"
