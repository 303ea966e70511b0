"""Whether the score of an original follows its file instead of its making: the audit of a trained detector.

The audit of the stream (`forensics.training.audit`) asks what could be learned; this one asks what was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from forensics.training.evaluation import auc_interval
from forensics.training.scoring import DELIVERED, JOINT, ScoredPicture
from forensics.training.tables import markdown_table

__all__ = ["SensitivityRow", "sensitivity", "sensitivity_table"]

DRIFT = 0.10  # a tenth of the way from no effect to telling every changed file from its original
CORRELATION = 0.30  # below it the statistic explains less than a tenth of the ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityRow:
    """One figure.

    Parameters
    ----------
    what : str
        A condition, or a statistic of the file.
    measure : str
        ``drift``: the AUC by which the score tells originals under the condition from the same originals as delivered,
        0.5 if it does not. ``correlation``: Spearman's, of the score with the statistic, over originals as delivered.
    n : int
        Originals.
    value : float
    limit : float
        The value may lie this far from its neutral value.
    """

    what: str
    measure: str
    n: int
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the figure is within its limit."""
        neutral = 0.5 if self.measure == "drift" else 0.0
        return abs(self.value - neutral) <= self.limit + 1e-12


def sensitivity(scored: Sequence[ScoredPicture]) -> list[SensitivityRow]:
    """Return how far each condition moves the scores of originals, and how far scores follow each statistic.

    Parameters
    ----------
    scored : sequence of ScoredPicture
        Originals as delivered among them; fakes are left out.
    """
    originals = [s for s in scored if s.label == 0]
    plain = {s.name: s for s in originals if s.condition == DELIVERED}
    rows = []
    for condition in dict.fromkeys(s.condition for s in originals if s.condition != DELIVERED):
        own = [s for s in originals if s.condition == condition and s.name in plain]
        before, after = ([s.log_odds[JOINT] for s in part] for part in ([plain[s.name] for s in own], own))
        value, _ = auc_interval(np.array([*before, *after]), np.repeat([0, 1], len(own)))
        rows.append(SensitivityRow(what=condition, measure="drift", n=len(own), value=value, limit=DRIFT))
    scores = [s.log_odds[JOINT] for s in plain.values()]
    for name in dict.fromkeys(n for s in plain.values() for n in s.statistics):
        values = [s.statistics[name] for s in plain.values()]
        constant = len(set(values)) < 2 or len(set(scores)) < 2  # the coefficient is not defined there
        value = 0.0 if constant else float(spearmanr(scores, values).statistic)
        rows.append(SensitivityRow(what=name, measure="correlation", n=len(scores), value=value, limit=CORRELATION))
    return rows


def sensitivity_table(rows: Iterable[SensitivityRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("originals, by", "measure", "n", "value", "limit", "result"),
        (
            (
                r.what,
                r.measure,
                r.n,
                r.value,
                f"{'0.50' if r.measure == 'drift' else '0.00'} ± {r.limit:.2f}",
                "passed" if r.passed else "**failed**",
            )
            for r in rows
        ),
    )
