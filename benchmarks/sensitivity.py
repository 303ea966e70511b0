"""Whether the score of an original follows its file instead of its making: the audit of a trained detector.

The audit of the stream (`forensics.training.measuring.audit`) asks what could be learned; this one asks what was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from benchmarks.withheld import arguments, sides
from forensics.detector import load_detector
from forensics.evaluation.comparison import auc_interval
from forensics.evaluation.scoring import ALL, ScoredCopy, chosen_deliveries, score_labelled, usable
from forensics.evaluation.tables import markdown_table
from forensics.judgement.deliveries import AS_RECEIVED

__all__ = ["SensitivityRow", "sensitivity", "sensitivity_table"]

DRIFT = 0.10  # a tenth of the way from no effect to telling every changed file from its original
CORRELATION = 0.30  # below it the statistic explains less than a tenth of the ranks


@dataclass(frozen=True, slots=True, kw_only=True)
class SensitivityRow:
    """One figure.

    Parameters
    ----------
    what : str
        A delivery, or a statistic of the file.
    measure : str
        ``drift``: the AUC by which the score tells originals under the delivery from the same originals as received,
        0.5 if it does not. ``correlation``: Spearman's, of the score with the statistic, over originals as received.
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


def sensitivity(scored: Sequence[ScoredCopy]) -> list[SensitivityRow]:
    """Return how far each delivery moves the scores of originals, and how far scores follow each statistic.

    Parameters
    ----------
    scored : sequence of ScoredCopy
        Originals as received among them; fakes are left out.
    """
    originals = [s for s in scored if s.label == 0]
    plain = {s.sha256: s for s in originals if s.delivery == AS_RECEIVED}
    rows = []
    for delivery in dict.fromkeys(s.delivery for s in originals if s.delivery != AS_RECEIVED):
        own = [s for s in originals if s.delivery == delivery and s.sha256 in plain]
        before, after = ([s.joint for s in part] for part in ([plain[s.sha256] for s in own], own))
        value, _ = auc_interval(np.array([*before, *after]), np.repeat([0, 1], len(own)))
        rows.append(SensitivityRow(what=delivery, measure="drift", n=len(own), value=value, limit=DRIFT))
    scores = [s.joint for s in plain.values()]
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


def main() -> None:
    """Print the table of weights on withheld originals."""
    options = arguments("sensitivity", __doc__, "weights", "at-most", "scores").parse_args()
    _, _, withheld = sides(options)
    pictures = withheld.where(lambda p: p.label == 0)
    pictures = (pictures if options.at_most is None else pictures.thinned(options.at_most)).distinct()
    detector = load_detector(options.weights, judgement="mean")
    chosen = chosen_deliveries([ALL])
    scored = score_labelled(detector, pictures, deliveries=chosen, keep=options.scores, progress=True)
    print(sensitivity_table(sensitivity(usable(scored))))


if __name__ == "__main__":
    main()
