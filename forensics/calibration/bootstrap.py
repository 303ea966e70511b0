"""Intervals by resampling: of metrics over cases or clusters of cases, and of the LR that a calibrator gives.

Each class is resampled on its own. A cluster (the frames of a clip, the pictures of one source) is drawn whole, because
cases of one cluster are alike and fewer than they seem.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forensics.calibration.calibrators import CALIBRATORS, Calibrator, LogisticCalibrator, firth_lines
from forensics.calibration.counts import checked, counted, tally
from forensics.calibration.metrics import METRICS, RATES, Metric
from forensics.errors import CalibrationError
from forensics.records.arrays import Float64Array, IntArray

__all__ = ["Estimate", "LlrBand", "draws", "llr_band", "measure", "percentiles", "share"]

ROUNDS = 200
SEED = 20260
LEVEL = 0.95
BAND_POINTS = 161
GATHERED = 2048  # places of each class, where a logistic band is fitted on many cases


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A measured value with its 95 % interval.

    Parameters
    ----------
    value : float
    interval : (float, float)
        Percentiles of the bootstrap, Wilson's for a share of single cases; NaN where the value is not defined in most rounds.
    """

    value: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class LlrBand:
    """The 95 % interval of a calibrator's LR at any log-odds.

    Parameters
    ----------
    points : array of shape (k,)
        Increasing log-odds, over the cases that it was made from.
    lower, upper : arrays of shape (k,)
        log10 LR, before any bound.
    """

    points: Float64Array
    lower: Float64Array
    upper: Float64Array

    def at(self, log_odds: float) -> tuple[float, float]:
        """Return the interval at one value; beyond the ends the outermost slope goes on."""
        k = int(np.clip(np.searchsorted(self.points, log_odds) - 1, 0, len(self.points) - 2))
        share = (log_odds - self.points[k]) / (self.points[k + 1] - self.points[k])
        low, high = (float(v[k] + share * (v[k + 1] - v[k])) for v in (self.lower, self.upper))
        return min(low, high), max(low, high)


def measure(
    llrs: ArrayLike,
    labels: ArrayLike,
    *,
    clusters: ArrayLike | None = None,
    rounds: int = ROUNDS,
    seed: int = SEED,
    metrics: Mapping[str, Metric] | None = None,
) -> dict[str, Estimate]:
    """Return metrics with bootstrap intervals.

    Parameters
    ----------
    llrs, labels : arrays of shape (n,)
        log10 LRs, and 1 where H1 is true, 0 where H2 is.
    clusters : array of shape (n,), optional
        What each case belongs to; each case is a cluster of its own if not given.
    rounds : int
    seed : int
    metrics : mapping, optional
        Of `forensics.calibration.metrics.METRICS`; all if not given.

    Raises
    ------
    CalibrationError
        As `cllr` does, or a class has but one cluster.
    """
    chosen = METRICS if metrics is None else metrics
    x, y = checked(llrs, labels)
    sample = counted(x, y)
    place = np.searchsorted(sample.llrs, x)
    drawn: dict[str, list[float]] = {name: [] for name in chosen}
    for weights in draws(y, clusters, rounds, seed):
        n1 = tally(place, weights * y, len(sample.llrs))
        n0 = tally(place, weights * (1 - y), len(sample.llrs))
        again = sample.recounted(n1, n0)
        for name, metric in chosen.items():
            drawn[name].append(metric(again))
    found = {name: Estimate(value=metric(sample), interval=percentiles(drawn[name])) for name, metric in chosen.items()}
    if clusters is None:  # a bootstrap of no misleading case would say that there can be none
        for name, label in RATES.items():
            if name in found:
                n = int((y == label).sum())
                found[name] = share(round(found[name].value * n), n)
    return found


def share(k: int, n: int) -> Estimate:
    """Return k of n as a share, with the 95 % interval of Wilson (1927)."""
    from scipy.stats import binomtest  # takes longer to import than to examine a picture with a card

    found = binomtest(k, n).proportion_ci(LEVEL, method="wilson")
    return Estimate(value=k / n, interval=(float(found.low), float(found.high)))


def llr_band(
    log_odds: ArrayLike,
    labels: ArrayLike,
    *,
    calibrator: str = "logistic",
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    rounds: int = ROUNDS,
    seed: int = SEED,
) -> LlrBand:
    """Return the interval of a calibrator's LR over the range of its cases.

    The bootstrap's standard error times the t quantile for the smaller class, round the LR of all cases. Percentiles of the
    rounds cover too rarely where cases are few (``python -m benchmarks.calibration``).

    Parameters
    ----------
    log_odds, labels : arrays of shape (n,)
    calibrator : str
        Of `CALIBRATORS`.
    weights : array of shape (n,), optional
        What each case counts for in the fit; 1 if not given.
    clusters, rounds, seed
        As for `measure`.

    Raises
    ------
    CalibrationError
    """
    from scipy.stats import t as student

    x, y = checked(log_odds, labels, what="log-odds")
    counts = np.ones(len(x)) if weights is None else np.array(weights, dtype=np.float64)
    whole = CALIBRATORS[calibrator]().fit(x, y, counts)
    reach = 0.25 * np.ptp(x)
    points = np.linspace(x.min() - reach, x.max() + reach, BAND_POINTS)
    centre = whole.transform(points)
    spread = np.std([c.transform(points) for c in _refits(whole, x, y, counts, clusters, rounds, seed)], axis=0)
    n = min(_clusters_of_class(y, clusters, label)[1] for label in (0, 1))
    half = float(student.ppf(0.5 + LEVEL / 2, n - 1)) * spread
    return LlrBand(points=points, lower=centre - half, upper=centre + half)


def _refits(
    whole: Calibrator,
    x: Float64Array,
    y: IntArray,
    counts: Float64Array,
    clusters: ArrayLike | None,
    rounds: int,
    seed: int,
) -> Iterator[Calibrator]:
    """Yield the calibrator fitted on each draw of the cases."""
    if not isinstance(whole, LogisticCalibrator):
        for weights in draws(y, clusters, rounds, seed):
            there = weights > 0
            yield type(whole)().fit(x[there], y[there], (weights * counts)[there])
        return
    if clusters is None and len(x) > 4 * GATHERED and np.ptp(counts) == 0:
        x, y, numbers = _gather(x, y)
        counts = np.ones(len(x))
        drawn = _scaled_draws(numbers, rounds, seed)
    else:
        drawn = draws(y, clusters, rounds, seed)
    batch = max(1, 4_000_000 // len(x))
    rows: list[Float64Array] = []
    for k, weights in enumerate(drawn, start=1):
        rows.append(_balanced(weights * counts, y))
        if len(rows) == batch or k == rounds:
            for slope, intercept in zip(*firth_lines(x, y, np.array(rows)), strict=True):
                again = LogisticCalibrator()
                again.slope_, again.intercept_ = float(slope), float(intercept)
                yield again
            rows = []


def _gather(x: Float64Array, y: IntArray) -> tuple[Float64Array, IntArray, Float64Array]:
    """Put many cases into few places of equal numbers, and return how many are in each."""
    places, labels, numbers = [], [], []
    for label in (0, 1):
        parts = np.array_split(np.sort(x[y == label]), min(GATHERED, int((y == label).sum())))
        places += [part.mean() for part in parts]
        numbers += [len(part) for part in parts]
        labels += [label] * len(parts)
    return np.array(places), np.array(labels), np.array(numbers, dtype=np.float64)


def _scaled_draws(counts: Float64Array, rounds: int, seed: int) -> Iterator[Float64Array]:
    """Yield how many cases are drawn from each place."""
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        yield rng.poisson(counts).astype(np.float64)


def _balanced(weights: Float64Array, y: IntArray) -> Float64Array:
    """Return weights with half their sum on each class."""
    total = weights.sum()
    return np.asarray(np.where(y == 1, weights / weights[y == 1].sum(), weights / weights[y == 0].sum()) * total / 2.0)


def draws(y: IntArray, clusters: ArrayLike | None, rounds: int, seed: int) -> Iterator[Float64Array]:
    """Yield how often each case is drawn: its cluster, each class on its own.

    Parameters
    ----------
    y : array of shape (n,)
        1 where H1 is true, 0 where H2 is.
    clusters : array of shape (n,), optional
        What each case belongs to.
    rounds, seed : int

    Yields
    ------
    array of shape (n,), float64

    Raises
    ------
    CalibrationError
        A class has but one cluster.
    """
    if rounds < 2:
        raise ValueError(f"a bootstrap needs at least 2 rounds, got {rounds}")
    rng = np.random.default_rng(seed)
    members = []
    for label in (0, 1):
        own = np.flatnonzero(y == label)
        place, n = _clusters_of_class(y, clusters, label)
        if n < 2:
            raise CalibrationError(
                f"the cases with label {label} are all of one cluster, so that nothing is known of how clusters differ. "
                "Add others, or leave clusters out."
            )
        members.append((own, place, n))
    for _ in range(rounds):
        weights = np.zeros(len(y))
        for own, place, n in members:
            weights[own] = np.bincount(rng.integers(n, size=n), minlength=n)[place]
        yield weights


def _clusters_of_class(y: IntArray, clusters: ArrayLike | None, label: int) -> tuple[NDArray[np.intp], int]:
    """Return the cluster of each case of a class, from 0, and how many clusters it has."""
    own = np.flatnonzero(y == label)
    if clusters is None:
        return np.arange(len(own)), len(own)
    names = np.asarray(clusters)
    if names.shape != y.shape:
        raise CalibrationError(f"clusters must name one for each of {len(y)} cases, got shape {names.shape}.")
    distinct, place = np.unique(names[own], return_inverse=True)
    return place, len(distinct)


def percentiles(values: list[float]) -> tuple[float, float]:
    """Return the ends of the 95 % interval of resampled values; NaN where most are not defined."""
    array = np.array(values)
    known = array[~np.isnan(array)]
    if 2 * len(known) < len(array):
        return float("nan"), float("nan")
    tail = 50.0 * (1.0 - LEVEL)
    # Infinite rounds are kept as they are: between two of them there is nothing to interpolate.
    low, high = np.percentile(known, [tail, 100.0 - tail], method="closest_observation")
    return float(low), float(high)
