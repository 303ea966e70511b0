"""Bounds of likelihood ratios, from the cases they were validated on: beyond them they are extrapolation."""

import numpy as np
from numpy.typing import ArrayLike

from forensics.calibration.counts import checked
from forensics.records.arrays import Float64Array

__all__ = ["elub_bounds", "invariance_value_bounds"]

ELUB_STEP = 0.01  # log10, as in lir
ELUB_EXTREME = 9.0  # log10; stands for infinite
INVARIANCE_STEP = 0.001
INVARIANCE_EXTREME = 20.0 / np.log(10.0)
JEFFREYS = 0.5


def elub_bounds(llrs: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Return the empirical lower and upper bounds, one consequential misleading case added to each class.

    Parameters
    ----------
    llrs : array of shape (n,)
        log10 likelihood ratios; infinities are allowed.
    labels : array of shape (n,)
        1 where H1 is true, 0 where H2 is.

    Returns
    -------
    (float, float)
        Lower, at most 0, and upper, at least 0: the thresholds nearest to 0 beyond which decisions by these LRs are worth
        no more than decisions by LR = 1. Never beyond log10(n + 1) of the opposite class, whatever the detector.

    Raises
    ------
    CalibrationError

    References
    ----------
    Vergeer, van Es, de Jongh, Alberink and Stoel, Science & Justice 56 (2016); grid and choice of threshold as in lir 1.3.1.
    """
    x, y = checked(llrs, labels)
    x = np.clip(x, -ELUB_EXTREME, ELUB_EXTREME)
    h1, h2 = np.sort(x[y == 1]), np.sort(x[y == 0])
    lowest = max(float(x.min()), -float(np.log10(len(h1) + 1)))
    highest = min(float(x.max()), float(np.log10(len(h2) + 1)))
    first = min(0, int(lowest // ELUB_STEP))
    last = max(0, int(highest // ELUB_STEP) + 1)
    thresholds = np.linspace(first * ELUB_STEP, last * ELUB_STEP, last - first + 1)
    # Cost of deciding for H1 above the threshold, and of deciding with LR = 1 always.
    missed = 1.0 - _above(10.0**h1, 10.0**thresholds) / (len(h1) + 1)
    alarms = (_above(10.0**h2, 10.0**thresholds) + 1) / (len(h2) + 1)
    system = missed + 10.0**thresholds * alarms
    neutral = np.where(10.0**thresholds < 1.0, 10.0**thresholds, 1.0)
    useless = neutral / system < 1.0
    left = thresholds[useless & (thresholds <= 0)]
    right = thresholds[useless & (thresholds >= 0)]
    lower = float(np.max(left + ELUB_STEP, initial=thresholds[0]))
    upper = float(np.min(right - ELUB_STEP, initial=thresholds[-1]))
    # The grid has steps of 0.01: what differs from it is rounding.
    return min(round(lower, 10), 0.0), max(round(upper, 10), 0.0)


def invariance_value_bounds(llrs: ArrayLike, labels: ArrayLike) -> tuple[float, float]:
    """Return the bounds up to which an LR of a threshold or more is itself worth that much.

    Parameters
    ----------
    llrs, labels
        As for `elub_bounds`.

    Returns
    -------
    (float, float)
        Lower, at most 0, and upper, at least 0.

    Raises
    ------
    CalibrationError

    References
    ----------
    Alberink, Leegwater, Malmborg, Nordgaard, Sjerps and van der Ham, A transparent method to determine limit values for
    likelihood ratio systems (submitted 2025); Jeffreys' prior and grid as in lir 1.3.1.
    """
    x, y = checked(llrs, labels)
    x = np.clip(x, -INVARIANCE_EXTREME, INVARIANCE_EXTREME)
    h1, h2 = np.sort(x[y == 1]), np.sort(x[y == 0])
    thresholds = np.arange(min(0.0, x.min()), max(0.0, x.max()) + INVARIANCE_STEP, INVARIANCE_STEP)
    h1_above, h2_above = (_share_at_least(h, thresholds) for h in (h1, h2))
    too_high = np.flatnonzero(np.log10(h1_above) - np.log10(h2_above) < thresholds)
    too_low = np.flatnonzero(np.log10(1 - h1_above) - np.log10(1 - h2_above) > thresholds)
    upper = thresholds[max(0, too_high[0] - 1)] if len(too_high) else h1[-1]
    lower = thresholds[min(len(thresholds) - 1, too_low[-1] + 1)] if len(too_low) else h2[0]
    return min(float(lower), 0.0), max(float(upper), 0.0)


def _above(ordered: Float64Array, thresholds: Float64Array) -> Float64Array:
    """Return how many values lie above each threshold."""
    return np.asarray(len(ordered) - np.searchsorted(ordered, thresholds, side="right"), dtype=np.float64)


def _share_at_least(ordered: Float64Array, thresholds: Float64Array) -> Float64Array:
    count = len(ordered) - np.searchsorted(ordered, thresholds, side="left")
    return np.asarray((count + JEFFREYS) / (len(ordered) + 2 * JEFFREYS))
