"""Calibrators: log-odds to log10 likelihood ratios, with the priors of the training data taken out.

A calibrator is fitted on the joint log-odds of pictures of known origin. Its LRs never fall as log-odds rise, are finite for
every finite input, and come back bit for bit from its JSON.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from forensics.calibration.counts import checked, isotonic, tally
from forensics.errors import CalibrationError, NotCalibratedError
from forensics.records.arrays import Float64Array, IntArray
from forensics.registry import Registry

__all__ = [
    "CALIBRATORS",
    "MIN_CASES",
    "Calibrator",
    "GaussianCalibrator",
    "IsotonicCalibrator",
    "KdeCalibrator",
    "LogisticCalibrator",
]

JsonObject: TypeAlias = dict[str, Any]

MIN_CASES = 10  # of each class; fewer do not even tell the spread of a class
LN10 = float(np.log(10.0))


class Calibrator(Protocol):
    """What every calibrator can do."""

    name: ClassVar[str]

    def fit(self, log_odds: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Fit on cases of known truth and return self; weights count cases, 1 each if not given."""

    def transform(self, log_odds: ArrayLike) -> Float64Array:
        """Return log10 LRs of the same shape; raises `NotCalibratedError` before `fit`."""

    def to_dict(self) -> JsonObject:
        """Return JSON values; raises `NotCalibratedError` before `fit`."""

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the fitted calibrator that `to_dict` came from."""


CALIBRATORS: Registry[Callable[[], Calibrator]] = Registry("calibrators")


class _Fitted:
    """What the calibrators here share: checks, and fitted values that end in ``_``."""

    name: ClassVar[str]
    fitted: ClassVar[tuple[str, ...]]

    def to_dict(self) -> JsonObject:
        """Return JSON values."""
        self._require_fit()
        values = {key: getattr(self, f"{key}_") for key in self.fitted}
        return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in values.items()}

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the fitted calibrator that `to_dict` came from."""
        made = cls()
        for key in cls.fitted:
            value = record[key]
            setattr(made, f"{key}_", np.array(value, dtype=np.float64) if isinstance(value, list) else float(value))
        return made

    def _require_fit(self) -> None:
        if not hasattr(self, f"{self.fitted[0]}_"):
            raise NotCalibratedError(
                f"this {type(self).__name__} was not fitted. Call fit(log_odds, labels) with cases of known truth first."
            )

    def _inputs(self, log_odds: ArrayLike) -> Float64Array:
        self._require_fit()
        x = np.asarray(log_odds, dtype=np.float64)
        if not np.isfinite(x).all():
            raise CalibrationError("log-odds must be finite, got NaN or infinity. Leave out what could not be scored.")
        return x


class _Line(_Fitted):
    """A calibrator whose log10 LR is a straight line in the log-odds."""

    fitted = ("slope", "intercept")
    slope_: float
    intercept_: float

    def transform(self, log_odds: ArrayLike) -> Float64Array:
        """Return log10 LRs."""
        x = self._inputs(log_odds)
        return np.asarray(self.slope_ * x + self.intercept_)


def _training(
    log_odds: ArrayLike, labels: ArrayLike, weights: ArrayLike | None
) -> tuple[Float64Array, IntArray, Float64Array]:
    """Return checked cases and weights that sum to the number of cases, half for each class."""
    x, y = checked(log_odds, labels, what="log-odds")
    if not np.isfinite(x).all():
        raise CalibrationError(
            f"{int(np.isinf(x).sum())} of {len(x)} log-odds are infinite. Leave those pictures out, and say so."
        )
    n = [int((y == label).sum()) for label in (0, 1)]
    if min(n) < MIN_CASES:
        raise CalibrationError(
            f"a calibration needs at least {MIN_CASES} cases of each class, got {n[1]} of H1 and {n[0]} of H2. Add pictures."
        )
    w = np.ones(len(x)) if weights is None else np.array(weights, dtype=np.float64)
    if w.shape != x.shape or not (np.isfinite(w) & (w >= 0)).all():
        raise CalibrationError(
            "weights must be finite, 0 or more, and one for each case. Leave them out to count each once."
        )
    for label in (0, 1):
        total = w[y == label].sum()
        if not total > 0:
            raise CalibrationError(f"all cases with label {label} have weight 0. Both classes are needed.")
        w[y == label] *= 0.5 * len(x) / total
    return x, y, w


@CALIBRATORS.register("logistic")
class LogisticCalibrator(_Line):
    """A straight line from log-odds to LR, by logistic regression with Firth's correction.

    The correction takes out the bias of small samples and keeps the line finite where the classes do not overlap. A falling
    line becomes a flat one: scores that point the wrong way have LR 1.

    References
    ----------
    Platt, Advances in Large Margin Classifiers (1999); Firth, Biometrika 80 (1993); Heinze and Schemper, Statistics in
    Medicine 21 (2002).

    Examples
    --------
    >>> z = np.linspace(-3, 3, 40)
    >>> llrs = LogisticCalibrator().fit(z, z > 0).transform([-2.0, 0.0, 2.0])
    >>> bool(abs(llrs[1]) < 1e-9 and llrs[0] < -0.5 and llrs[2] > 0.5)
    True
    """

    name = "logistic"

    def fit(self, log_odds: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Fit the line."""
        x, y, w = _training(log_odds, labels, weights)
        slopes, intercepts = firth_lines(x, y, w[None])
        self.slope_, self.intercept_ = float(slopes[0]), float(intercepts[0])
        return self


def firth_lines(x: Float64Array, y: IntArray, weights: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Fit many lines at once, one for each row of weights.

    Parameters
    ----------
    x : array of shape (n,)
    y : array of shape (n,)
    weights : array of shape (b, n)
        Each row half for each class; rows sum to what the cases count for.

    Returns
    -------
    slopes, intercepts : arrays of shape (b,)
        log10 LR per unit of `x`, and at 0.
    """
    total = weights.sum(axis=1)
    mean = weights @ x / total
    spread = np.sqrt(np.maximum(weights @ (x * x) / total - mean**2, 1e-24))
    z = (x - mean[:, None]) / spread[:, None]
    target = y.astype(np.float64)
    a, b = np.zeros(len(weights)), np.ones(len(weights))
    for _ in range(60):
        p = 1.0 / (1.0 + np.exp(-np.clip(a[:, None] + b[:, None] * z, -40.0, 40.0)))
        v = weights * p * (1.0 - p)
        vz = v * z
        i11, i12, i22 = v.sum(axis=1), vz.sum(axis=1), (vz * z).sum(axis=1)
        det = np.maximum(i11 * i22 - i12**2, 1e-12)
        # Firth: every case also counts as half a case of each class, as much as it decides (its leverage).
        leverage = v * ((i22[:, None] - 2.0 * i12[:, None] * z + i11[:, None] * z * z) / det[:, None])
        rest = weights * (target - p) + leverage * (0.5 - p)
        g1, g2 = rest.sum(axis=1), (rest * z).sum(axis=1)
        step_a, step_b = (i22 * g1 - i12 * g2) / det, (i11 * g2 - i12 * g1) / det
        largest = np.maximum(np.abs(step_a), np.abs(step_b))
        damped = np.minimum(1.0, 2.0 / np.maximum(largest, 1e-12))
        a, b = a + damped * step_a, b + damped * step_b
        if largest.max() < 1e-10:
            break
    falling = b < 0
    slope = np.where(falling, 0.0, b / spread)
    intercept = np.where(falling, 0.0, a - slope * mean)
    return slope / LN10, intercept / LN10


@CALIBRATORS.register("isotonic")
class IsotonicCalibrator(_Fitted):
    """Steps that never fall, by pool-adjacent-violators, with one misleading case of each class beyond the ends.

    The two cases keep the ends finite: the best of n cases of one class cannot say more than about n + 1.

    References
    ----------
    Ayer et al., Annals of Mathematical Statistics 26 (1955); Zadrozny and Elkan, KDD 2002.
    """

    name = "isotonic"
    fitted = ("points", "llrs")
    points_: Float64Array
    llrs_: Float64Array

    def fit(self, log_odds: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Fit the steps."""
        x, y, w = _training(log_odds, labels, weights)
        n1, n0 = (float((y == label).sum()) for label in (1, 0))
        values, place = np.unique(x, return_inverse=True)
        own = w * np.where(y == 1, 2.0 * n1, 2.0 * n0) / len(x)  # back to cases, n of each class
        h1 = tally(place, own * (y == 1), len(values))
        h2 = tally(place, own * (y == 0), len(values))
        there = (h1 + h2) > 0
        values = np.concatenate([[x.min()], values[there], [x.max()]])
        h1 = np.concatenate([[1.0], h1[there], [0.0]]) / (n1 + 1.0)
        h2 = np.concatenate([[0.0], h2[there], [1.0]]) / (n0 + 1.0)
        p = isotonic(h1 / (h1 + h2), h1 + h2)[1:-1]
        p = np.clip(p, 1.0 / (n0 + 2.0) / 2.0, 1.0 - 1.0 / (n1 + 2.0) / 2.0)
        ends = np.ones(len(p), dtype=bool)
        ends[1:-1] = (p[1:-1] != p[:-2]) | (p[1:-1] != p[2:])  # within a step its two ends say all
        self.points_ = values[1:-1][ends]
        self.llrs_ = np.log10(p[ends]) - np.log10(1.0 - p[ends])
        return self

    def transform(self, log_odds: ArrayLike) -> Float64Array:
        """Return log10 LRs; between two steps on the line that joins them, beyond the ends that of the end."""
        return np.asarray(np.interp(self._inputs(log_odds), self.points_, self.llrs_))


@CALIBRATORS.register("gaussian")
class GaussianCalibrator(_Line):
    """A straight line from two normal densities with a common variance (linear discriminant analysis).

    Right where both classes are normal; where they are not, `logistic` asks less of them.
    """

    name = "gaussian"

    def fit(self, log_odds: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Fit the two means and the variance."""
        x, y, w = _training(log_odds, labels, weights)
        m0, m1 = (float(np.average(x[y == label], weights=w[y == label])) for label in (0, 1))
        variance = float(np.average((x - np.where(y == 1, m1, m0)) ** 2, weights=w))
        if not variance > 0:
            raise CalibrationError("all log-odds of a class are the same, so that no density fits. Use 'logistic'.")
        self.slope_ = max(0.0, m1 - m0) / variance / LN10
        self.intercept_ = -self.slope_ * (m0 + m1) / 2.0
        return self


@CALIBRATORS.register("kde")
class KdeCalibrator(_Fitted):
    """The ratio of two kernel densities, on a grid over the cases and one bandwidth beyond; constant outside.

    Parameters
    ----------
    monotone : bool
        Pool what falls, as PAV does. A ratio of kernel densities falls and rises where cases are few; an LR that falls while
        the score rises is an artefact.

    References
    ----------
    Silverman, Density Estimation for Statistics and Data Analysis (1986), rule of thumb for Gaussian kernels.
    """

    name = "kde"
    fitted = ("grid", "llrs")
    grid_: Float64Array
    llrs_: Float64Array
    n_points: ClassVar[int] = 1001
    n_bins: ClassVar[int] = 4096  # cases are gathered in bins where there are more of them

    def __init__(self, *, monotone: bool = True) -> None:
        self.monotone = monotone

    def fit(self, log_odds: ArrayLike, labels: ArrayLike, weights: ArrayLike | None = None) -> Self:
        """Fit both densities."""
        x, y, w = _training(log_odds, labels, weights)
        classes = [_gathered(x[y == label], w[y == label], self.n_bins) for label in (0, 1)]
        n = [int((y == label).sum()) for label in (0, 1)]
        widths = [_silverman(*points, n=k) for points, k in zip(classes, n, strict=True)]
        if not min(widths) > 0:
            raise CalibrationError("all log-odds of a class are the same, so that no density fits. Use 'logistic'.")
        reach = max(widths)
        self.grid_ = np.linspace(x.min() - reach, x.max() + reach, self.n_points)
        logs = [_log_density(self.grid_, *points, width=h) for points, h in zip(classes, widths, strict=True)]
        llrs = (logs[1] - logs[0]) / LN10
        if self.monotone:
            mass = np.exp(np.logaddexp(logs[0], logs[1]))
            llrs = isotonic(llrs, mass + mass.max() * 1e-12)
        self.llrs_ = np.asarray(llrs, dtype=np.float64)
        return self

    def transform(self, log_odds: ArrayLike) -> Float64Array:
        """Return log10 LRs."""
        return np.asarray(np.interp(self._inputs(log_odds), self.grid_, self.llrs_))


def _gathered(x: Float64Array, w: Float64Array, n_bins: int) -> tuple[Float64Array, Float64Array]:
    """Return points and weights, at most `n_bins` of them, each in the middle of the mass it stands for."""
    if len(x) <= n_bins:
        return x, w
    place = np.minimum(((x - x.min()) / (np.ptp(x) or 1.0) * n_bins).astype(np.int64), n_bins - 1)
    mass = tally(place, w, n_bins)
    there = mass > 0
    return tally(place, w * x, n_bins)[there] / mass[there], mass[there]


def _silverman(x: Float64Array, w: Float64Array, *, n: int) -> float:
    mean = np.average(x, weights=w)
    return float(np.sqrt(np.average((x - mean) ** 2, weights=w)) * (4.0 / (3.0 * n)) ** 0.2)


def _log_density(grid: Float64Array, x: Float64Array, w: Float64Array, *, width: float) -> Float64Array:
    from scipy.special import logsumexp  # takes longer to import than to examine a picture with a card

    exponents = (-0.5 * ((part[:, None] - x) / width) ** 2 for part in np.array_split(grid, 16))  # bounded memory
    parts = np.concatenate([logsumexp(part, axis=1, b=w / w.sum()) for part in exponents])
    return parts - np.log(width * np.sqrt(2.0 * np.pi))
