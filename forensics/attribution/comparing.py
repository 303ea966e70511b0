"""Where two branches, or two methods, agree about the same view."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.stats import spearmanr

from forensics.attribution.arguments import require_attribution
from forensics.attribution.record import Attribution
from forensics.errors import AttributionError
from forensics.records.arrays import Float32Array, Float64Array

__all__ = ["Agreement", "compare_branches", "rank_correlation"]

AnyMap: TypeAlias = Float64Array | Float32Array

TOP = 10  # one cell in ten counts as the strongest


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """How far two attributions of one view tell the same.

    Parameters
    ----------
    rank_correlation : float
        Spearman's, over the cells, in [-1, 1].
    shared_top : float
        Share of the tenth of the cells that speak most for “fake” in one that they are in the other too, in [0, 1].
    expected_top : float
        The same for two maps that know nothing of each other.
    same_sign : float
        Share of the cells with the same sign, in [0, 1].
    common : array of the shape of the cells, float32
        The smaller of the two in size where the signs agree, else 0; in log-odds per cell.
    words : str
    """

    rank_correlation: float
    shared_top: float
    expected_top: float
    same_sign: float
    common: Float32Array
    words: str


def compare_branches(one: Attribution, other: Attribution) -> Agreement:
    """Return where two attributions of the same view agree.

    Parameters
    ----------
    one, other : Attribution
        Of the same picture and view, with places.

    Raises
    ------
    AttributionError
        They are of different pictures or views, or one credits no places.
    TypeError
        One is no attribution.
    """
    one, other = (require_attribution(x, takes="compare_branches") for x in (one, other))
    if one.evidence_sha256 != other.evidence_sha256:
        raise AttributionError(
            f"the attributions are of different pictures, {one.evidence_sha256[:12]}… and {other.evidence_sha256[:12]}…. Compare two of the same."
        )
    a, b = one.cells, other.cells
    if a is None or b is None:
        raise AttributionError(
            f"{one.method if a is None else other.method} credits channel groups and no places. Compare methods that give a map."
        )
    if (one.box, one.view) != (other.box, other.view):
        raise AttributionError(
            f"the attributions are of different views, {one.view!r} and {other.view!r}. Pass view= to make both of the same."
        )
    n = max(1, a.size // TOP)
    strongest = [set(np.argsort(-x, axis=None, kind="stable")[:n].tolist()) for x in (a, b)]
    shared = len(strongest[0] & strongest[1]) / n
    correlation = rank_correlation(a, b)
    same = float(np.mean(np.sign(a) == np.sign(b)))
    common = np.where(np.sign(a) == np.sign(b), np.sign(a) * np.minimum(np.abs(a), np.abs(b)), 0.0)
    expected = n / a.size
    words = (
        f"{_name(one)} and {_name(other)}: rank correlation {correlation:+.2f} over {a.size} cells; of the tenth that speaks most for "
        f"“fake” they have {100 * shared:.0f} % in common, where chance has {100 * expected:.0f} %."
    )
    return Agreement(
        rank_correlation=correlation,
        shared_top=shared,
        expected_top=expected,
        same_sign=same,
        common=common.astype(np.float32),
        words=words,
    )


def rank_correlation(one: AnyMap, other: AnyMap) -> float:
    """Return Spearman's rank correlation of two maps, in [-1, 1]; 0 where one of them is constant."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one, other, axis=None).statistic)


def _name(attribution: Attribution) -> str:
    return f"{attribution.branch} ({attribution.method})"
