"""Class-conditional (Mondrian) conformal p-values: whether a picture fits a class at all.

The p-value of a class is how rare a score so far out is among the pictures of that class in the same stratum, this picture
counted among them. If neither class fits, the picture lies outside what was validated; if both fit, nothing is decided.

References
----------
Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World (2005), sections 2 and 4.5.
"""

import numpy as np
from numpy.typing import ArrayLike

from forensics.calibration.counts import checked
from forensics.errors import CalibrationError
from forensics.records.arrays import Float64Array

__all__ = ["class_p_value", "scores_by_class"]

KEPT = 1000  # scores of a class that a card keeps, evenly spaced in rank


def class_p_value(scores: Float64Array, log_odds: ArrayLike) -> Float64Array:
    """Return the two-sided conformal p-values of log-odds for one class.

    Both ends count: a score higher than nearly all of the generated pictures does not fit them either, since nothing is
    known out there.

    Parameters
    ----------
    scores : array of shape (n,)
        Log-odds of the pictures of the class, increasing.
    log_odds : array of any shape

    Returns
    -------
    array of the shape of `log_odds`
        In [1 / (n + 1), 1]. For a picture exchangeable with those of the class it is at most α in at most a share α of cases.
    """
    z = np.asarray(log_odds, dtype=np.float64)
    n = len(scores)
    below = np.searchsorted(scores, z, side="right") + 1  # this picture with them
    above = n - np.searchsorted(scores, z, side="left") + 1
    return np.asarray(np.minimum(1.0, 2.0 * np.minimum(below, above) / (n + 1)))


def scores_by_class(log_odds: ArrayLike, labels: ArrayLike) -> tuple[Float64Array, Float64Array]:
    """Return the ordered log-odds of H1 and of H2, at most `KEPT` of each.

    Raises
    ------
    CalibrationError
    """
    x, y = checked(log_odds, labels, what="log-odds")
    if not np.isfinite(x).all():
        raise CalibrationError("log-odds must be finite. Leave out what could not be scored.")
    h1, h2 = (_thinned(np.sort(x[y == label])) for label in (1, 0))
    return h1, h2


def _thinned(ordered: Float64Array) -> Float64Array:
    if len(ordered) <= KEPT:
        return ordered
    return ordered[np.linspace(0, len(ordered) - 1, KEPT).round().astype(np.int64)]
