"""Labelled likelihood ratios as counts: how many of each class have each value, and what PAV makes of them.

Every metric is a function of these counts, so that a bootstrap round is a change of counts and nothing is sorted twice.
"""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensics.errors import CalibrationError
from forensics.types import Float64Array, IntArray

__all__ = ["Counted", "checked", "counted", "isotonic", "pav_llrs", "tally"]


def checked(values: ArrayLike, labels: ArrayLike, *, what: str = "llrs") -> tuple[Float64Array, IntArray]:
    """Return values and labels as arrays of their own, or say what is wrong with them.

    Parameters
    ----------
    values : array of shape (n,)
    labels : array of shape (n,)
        1 where H1 is true, 0 where H2 is.
    what : str
        What the values are called in errors.

    Raises
    ------
    CalibrationError
        The shapes differ, a value is NaN, a label is neither 0 nor 1, or a class is missing.
    """
    x = np.array(values, dtype=np.float64)
    given = np.asarray(labels)
    if x.ndim != 1 or given.shape != x.shape:
        raise CalibrationError(
            f"{what} and labels must have one axis and the same length, got shapes {x.shape} and {given.shape}. "
            "Pass one label for each."
        )
    if np.isnan(x).any():
        raise CalibrationError(
            f"{int(np.isnan(x).sum())} of {len(x)} {what} are NaN. Leave those pictures out, and say so."
        )
    if not np.isin(given, (0, 1)).all():
        raise CalibrationError("labels must be 1 (H1) or 0 (H2). Write them so.")
    y = given.astype(np.int64)
    for label, name in ((1, "H1"), (0, "H2")):
        if not (y == label).any():
            raise CalibrationError(
                f"there is no case in which {name} is true (label {label}) among {len(y)}. Both classes are needed."
            )
    return x, y


class Counted:
    """How many cases of each class have each value.

    Parameters
    ----------
    llrs : array of shape (k,), float64
        Increasing, each value once.
    n1, n0 : arrays of shape (k,)
        Cases of H1 and of H2 with that value; not both 0.
    """

    def __init__(self, llrs: Float64Array, n1: Float64Array, n0: Float64Array) -> None:
        self.llrs, self.n1, self.n0 = llrs, n1, n0

    def recounted(self, n1: Float64Array, n0: Float64Array) -> "Counted":
        """Return the same values with other counts; values that nothing has are left out."""
        there = (n1 + n0) > 0
        return Counted(self.llrs[there], n1[there], n0[there])

    @cached_property
    def w1(self) -> Float64Array:
        """Share of the cases of H1 with each value; sums to 1."""
        return np.asarray(self.n1 / self.n1.sum())

    @cached_property
    def w0(self) -> Float64Array:
        """Share of the cases of H2 with each value; sums to 1."""
        return np.asarray(self.n0 / self.n0.sum())

    @cached_property
    def pav(self) -> Float64Array:
        """PAV-calibrated log10 LR of each value: what is best for these labels and never falls as values rise.

        Minus or plus infinity where only one class is found at an end.
        """
        mass = self.w1 + self.w0
        p = np.clip(isotonic(self.w1 / mass, mass), 0.0, 1.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log10(p) - np.log10(1.0 - p))


def counted(llrs: ArrayLike, labels: ArrayLike) -> Counted:
    """Return the counts of labelled values; raises as `checked` does."""
    x, y = checked(llrs, labels)
    values, place = np.unique(x, return_inverse=True)
    n1 = tally(place, y.astype(np.float64), len(values))
    return Counted(values, n1, tally(place, np.ones(len(x)), len(values)) - n1)


def pav_llrs(llrs: ArrayLike, labels: ArrayLike) -> Float64Array:
    """Return PAV-calibrated log10 LRs in the order of the input, with priors taken out.

    Parameters
    ----------
    llrs : array of shape (n,)
        Any values that rise with H1; only their order counts.
    labels : array of shape (n,)

    Raises
    ------
    CalibrationError

    References
    ----------
    Pool-adjacent-violators: Ayer et al., Annals of Mathematical Statistics 26 (1955).
    """
    sample = counted(llrs, labels)
    return np.asarray(sample.pav[np.searchsorted(sample.llrs, np.asarray(llrs, dtype=np.float64))])


def isotonic(values: Float64Array, weights: Float64Array) -> Float64Array:
    """Return the values that never fall and are nearest to the given ones in weighted squares (pool-adjacent-violators)."""
    from scipy.optimize import isotonic_regression  # takes longer to import than to examine a picture with a card

    return np.asarray(isotonic_regression(values, weights=weights).x, dtype=np.float64)


def tally(place: NDArray[np.intp], weights: Float64Array, n: int) -> Float64Array:
    """Return the sum of the weights at each of n places."""
    return np.bincount(place, weights=weights, minlength=n).astype(np.float64, copy=False)
