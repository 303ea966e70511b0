"""Labelled likelihood ratios as counts: how many of each class have each value, and what PAV makes of them.

Every metric is a function of these counts, so that a bootstrap round is a change of counts and nothing is sorted twice.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensics.errors import CalibrationError
from forensics.records.arrays import Float64Array, IntArray

__all__ = ["Blocks", "Counted", "Values", "checked", "costs", "counted", "isotonic", "pav_llrs", "tally"]

LN10 = float(np.log(10.0))
LOG2_10 = float(np.log2(10.0))
LARGEST = 1e300  # log10 LR


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
    try:
        x = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as err:
        raise CalibrationError(f"{what} must be real numbers: {err}. Pass an array of floats.") from err
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


class Values:
    """The distinct values of a sample, and what metrics compute from them alone: once, however often cases are redrawn.

    Parameters
    ----------
    llrs : array of shape (k,), float64
        Increasing, each value once.
    """

    def __init__(self, llrs: Float64Array) -> None:
        self.llrs = llrs
        self._costs: dict[float, tuple[Float64Array, Float64Array]] = {}
        self._posteriors: dict[float, Float64Array] = {}

    def costs(self, prior_log10_odds: float = 0.0) -> tuple[Float64Array, Float64Array]:
        """Return what each value costs in bits at these prior odds, where H1 is true and where H2 is."""
        if prior_log10_odds not in self._costs:
            self._costs[prior_log10_odds] = costs(self.llrs + prior_log10_odds)
        return self._costs[prior_log10_odds]

    def posterior(self, prior: float) -> Float64Array:
        """Return the posterior probability of H1 at a prior."""
        if prior not in self._posteriors:
            log_odds = LN10 * self.llrs + np.log(prior / (1.0 - prior))
            self._posteriors[prior] = np.asarray(np.exp(-np.logaddexp(0.0, -log_odds)))
        return self._posteriors[prior]


def costs(llrs: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return log2(1 + 1/LR) and log2(1 + LR), without overflow for any LR that float64 can hold."""
    llrs = np.where(np.isinf(llrs), llrs, np.clip(llrs, -LARGEST, LARGEST))
    return np.logaddexp2(0.0, -LOG2_10 * llrs), np.logaddexp2(0.0, LOG2_10 * llrs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """What PAV pools: neighbouring values whose cases are taken together.

    Parameters
    ----------
    llrs : array of shape (b,)
        PAV-calibrated log10 LR of each block, never falling; infinite where only one class is found at an end.
    w1, w0 : arrays of shape (b,)
        Share of the cases of H1 and of H2 in it.
    first, last : arrays of shape (b,)
        Lowest and highest value in it.
    sizes : array of shape (b,)
        Distinct values in it.
    """

    llrs: Float64Array
    w1: Float64Array
    w0: Float64Array
    first: Float64Array
    last: Float64Array
    sizes: NDArray[np.intp]


class Counted:
    """How many cases of each class have each value.

    Parameters
    ----------
    values : Values
        With k distinct values.
    n1, n0 : arrays of shape (k,)
        Cases of H1 and of H2 with that value; both may be 0.
    """

    def __init__(self, values: Values, n1: Float64Array, n0: Float64Array) -> None:
        self.values, self.n1, self.n0 = values, n1, n0

    @property
    def llrs(self) -> Float64Array:
        """The distinct values."""
        return self.values.llrs

    def recounted(self, n1: Float64Array, n0: Float64Array) -> "Counted":
        """Return the same values with other counts."""
        return Counted(self.values, n1, n0)

    @cached_property
    def w1(self) -> Float64Array:
        """Share of the cases of H1 with each value; sums to 1."""
        return np.asarray(self.n1 / self.n1.sum())

    @cached_property
    def w0(self) -> Float64Array:
        """Share of the cases of H2 with each value; sums to 1."""
        return np.asarray(self.n0 / self.n0.sum())

    @cached_property
    def blocks(self) -> Blocks:
        """What PAV makes of the cases."""
        from scipy.optimize import isotonic_regression  # takes longer to import than to examine a picture with a card

        there = np.flatnonzero(self.w1 + self.w0 > 0)
        w1, w0, llrs = self.w1[there], self.w0[there], self.llrs[there]
        mass = w1 + w0
        starts = np.asarray(isotonic_regression(w1 / mass, weights=mass).blocks[:-1])
        h1, h2 = np.add.reduceat(w1, starts), np.add.reduceat(w0, starts)
        ends = np.append(starts[1:], len(there))
        with np.errstate(divide="ignore"):
            # Neighbouring blocks of one value differ in the last digit, either way.
            pav = np.maximum.accumulate(np.log10(h1) - np.log10(h2))
        return Blocks(llrs=pav, w1=h1, w0=h2, first=llrs[starts], last=llrs[ends - 1], sizes=ends - starts)


def counted(llrs: ArrayLike, labels: ArrayLike) -> Counted:
    """Return the counts of labelled values; raises as `checked` does."""
    x, y = checked(llrs, labels)
    values, place = np.unique(x, return_inverse=True)
    n1 = tally(place, y.astype(np.float64), len(values))
    return Counted(Values(values), n1, tally(place, np.ones(len(x)), len(values)) - n1)


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
    pav = np.repeat(sample.blocks.llrs, sample.blocks.sizes)
    return np.asarray(pav[np.searchsorted(sample.llrs, np.asarray(llrs, dtype=np.float64))])


def isotonic(values: Float64Array, weights: Float64Array) -> Float64Array:
    """Return the values that never fall and are nearest to the given ones in weighted squares (pool-adjacent-violators)."""
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(values, weights=weights).x, dtype=np.float64)


def tally(place: NDArray[np.intp], weights: Float64Array, n: int) -> Float64Array:
    """Return the sum of the weights at each of n places."""
    return np.bincount(place, weights=weights, minlength=n).astype(np.float64, copy=False)
