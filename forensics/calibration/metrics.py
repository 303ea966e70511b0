"""Metrics of likelihood ratios: what they are worth, on cases whose truth is known.

All take ``(llrs, labels)``: log10 likelihood ratios, and 1 where H1 is true, 0 where H2 is. Classes weigh the same whatever
their numbers. Not to be confused: *empirical cross-entropy* (forensics) and *expected calibration error* (machine learning),
which share an abbreviation.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from forensics.calibration.counts import Counted, costs, counted
from forensics.records.arrays import Float64Array

__all__ = [
    "METRICS",
    "RATES",
    "auc",
    "cllr",
    "cllr_cal",
    "cllr_min",
    "devpav",
    "eer",
    "empirical_cross_entropy",
    "expected_calibration_error",
    "misleading_rates",
]

Metric: TypeAlias = Callable[[Counted], float]

BINS = 15


def cllr(llrs: ArrayLike, labels: ArrayLike) -> float:
    """Return the log-likelihood-ratio cost.

    Parameters
    ----------
    llrs : array of shape (n,)
        log10 likelihood ratios; infinities are allowed.
    labels : array of shape (n,)
        1 where H1 is true, 0 where H2 is.

    Returns
    -------
    float
        In bits: 0 for a perfect system, 1 for one that always says LR = 1, infinite for one that is infinitely wrong.

    Raises
    ------
    CalibrationError
        A class is missing, or a value is NaN.

    References
    ----------
    Brümmer and du Preez, Computer Speech and Language 20 (2006).

    Examples
    --------
    >>> cllr([0.0, 0.0, 0.0, 0.0], [1, 1, 0, 0])
    1.0
    """
    return _cllr(counted(llrs, labels))


def cllr_min(llrs: ArrayLike, labels: ArrayLike) -> float:
    """Return `cllr` after PAV calibration on the same cases: what is lost by lack of discrimination alone.

    Parameters, errors and reference as for `cllr`.

    Examples
    --------
    >>> cllr_min([-3.0, -2.0, 1.0, 2.0], [0, 0, 1, 1])
    0.0
    """
    return _cllr_min(counted(llrs, labels))


def cllr_cal(llrs: ArrayLike, labels: ArrayLike) -> float:
    """Return ``cllr - cllr_min``: what is lost by poor calibration.

    Parameters, errors and reference as for `cllr`.
    """
    return _cllr_cal(counted(llrs, labels))


def devpav(llrs: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean distance of the PAV curve from the identity, in units of log10 LR.

    Parameters
    ----------
    llrs, labels
        As for `cllr`.

    Returns
    -------
    float
        Area between curve and identity over the range of LRs with a finite PAV value, divided by that range. Infinite if an
        infinite LR meets a finite PAV value; NaN if no PAV value is finite, as when the classes do not overlap.

    Raises
    ------
    CalibrationError

    References
    ----------
    Vergeer, van Es, de Jongh, Alberink and Stoel; compared with others in Vergeer et al., Forensic Science International 321
    (2021).
    """
    return _devpav(counted(llrs, labels))


def eer(llrs: ArrayLike, labels: ArrayLike) -> float:
    """Return the equal error rate on the convex hull of the ROC, in [0, 0.5].

    Parameters and errors as for `cllr`.

    References
    ----------
    Brümmer, Measuring, refining and calibrating speaker and language information (PhD thesis, Stellenbosch, 2010), ROCCH-EER.

    Examples
    --------
    >>> eer([-1.0, 1.0, -1.0, 1.0], [0, 0, 1, 1])
    0.5
    """
    return _eer(counted(llrs, labels))


def empirical_cross_entropy(llrs: ArrayLike, labels: ArrayLike, *, prior_log10_odds: ArrayLike = 0.0) -> Float64Array:
    """Return the empirical cross-entropy at given prior odds, in bits.

    Parameters
    ----------
    llrs, labels
        As for `cllr`.
    prior_log10_odds : array of any shape
        log10 of P(H1) / P(H2) before the findings.

    Returns
    -------
    array of the shape of `prior_log10_odds`
        At 0 it is `cllr`.

    References
    ----------
    Ramos, Gonzalez-Rodriguez, Zadora and Aitken, Journal of Forensic Sciences 58 (2013).
    """
    return _empirical_cross_entropy(counted(llrs, labels), np.asarray(prior_log10_odds, dtype=np.float64))


def expected_calibration_error(llrs: ArrayLike, labels: ArrayLike, *, prior: float = 0.5, n_bins: int = BINS) -> float:
    """Return the expected calibration error of the posterior probabilities at one prior.

    Parameters
    ----------
    llrs, labels
        As for `cllr`; the classes are weighted to the prior.
    prior : float
        P(H1) before the findings, in (0, 1).
    n_bins : int
        Of equal width.

    Returns
    -------
    float
        In [0, 1]: mean over cases of the distance between posterior and share of H1, bin by bin.

    References
    ----------
    Naeini, Cooper and Hauskrecht, AAAI 2015; Guo et al., ICML 2017.
    """
    if not 0 < prior < 1 or n_bins < 1:
        raise ValueError(f"prior must lie in (0, 1) and n_bins be at least 1, got {prior} and {n_bins}")
    return _expected_calibration_error(counted(llrs, labels), prior=prior, n_bins=n_bins)


def misleading_rates(llrs: ArrayLike, labels: ArrayLike, *, beyond: float = 0.0) -> tuple[float, float]:
    """Return how often evidence points to the wrong side.

    Parameters
    ----------
    llrs, labels
        As for `cllr`.
    beyond : float
        log10; 0 counts every LR on the wrong side of 1, 1 only those above 10 (or below 1/10).

    Returns
    -------
    (float, float)
        Share of the cases of H2 with ``llr > beyond``, and share of the cases of H1 with ``llr < -beyond``.

    References
    ----------
    Royall, Journal of the American Statistical Association 95 (2000).
    """
    sample = counted(llrs, labels)
    return _misleading_h2(sample, beyond), _misleading_h1(sample, beyond)


def _mean(weights: Float64Array, values: Float64Array) -> float:
    """Return the weighted mean, where nothing times infinity is nothing."""
    if np.isfinite(values[[0, -1]]).all():  # values increase or decrease: what is infinite lies at an end
        return float(np.dot(weights, values))
    there = weights > 0
    return float(np.dot(weights[there], values[there]))


def _cllr(sample: Counted) -> float:
    h1, h2 = sample.values.costs()
    return 0.5 * (_mean(sample.w1, h1) + _mean(sample.w0, h2))


def _cllr_min(sample: Counted) -> float:
    blocks = sample.blocks
    h1, h2 = costs(blocks.llrs)
    return 0.5 * (_mean(blocks.w1, h1) + _mean(blocks.w0, h2))


def _cllr_cal(sample: Counted) -> float:
    return _cllr(sample) - _cllr_min(sample)


def _devpav(sample: Counted) -> float:
    blocks = sample.blocks
    finite = np.isfinite(blocks.llrs)
    # Within a block the PAV value is one, so that its two ends say all.
    x = np.column_stack([blocks.first, blocks.last])[finite].ravel()
    distance = np.repeat(blocks.llrs[finite], 2) - x
    if np.isinf(x).any():
        return float("inf")
    if not len(x):
        return float("nan")
    if x[0] == x[-1]:
        return float(abs(distance[0]))
    here, there = distance[:-1], distance[1:]
    total = np.abs(here) + np.abs(there)
    # Between two points the distance is linear: a trapezium, or two triangles where the curve crosses the identity.
    crossed = (here * here + there * there) / np.where(total > 0, total, 1.0)
    height = 0.5 * np.where(here * there < 0, crossed, total)
    return float(np.dot(height, np.diff(x)) / (x[-1] - x[0]))


def _eer(sample: Counted) -> float:
    missed = np.concatenate([[0.0], np.cumsum(sample.blocks.w1)])
    alarms = np.concatenate([[1.0], 1.0 - np.cumsum(sample.blocks.w0)])
    k = int(np.argmax(missed >= alarms))
    gap, before = missed[k] - alarms[k], alarms[k - 1] - missed[k - 1]
    share = before / (before + gap)
    return float(np.clip(missed[k - 1] + share * (missed[k] - missed[k - 1]), 0.0, 0.5))


def _empirical_cross_entropy(sample: Counted, prior_log10_odds: Float64Array) -> Float64Array:
    values = []
    for odds in prior_log10_odds.ravel().tolist():
        p = 1.0 / (1.0 + 10.0**-odds)
        h1, h2 = sample.values.costs(odds)
        values.append(p * _mean(sample.w1, h1) + (1.0 - p) * _mean(sample.w0, h2))
    return np.array(values).reshape(prior_log10_odds.shape)


def _expected_calibration_error(sample: Counted, *, prior: float = 0.5, n_bins: int = BINS) -> float:
    posterior = sample.values.posterior(prior)
    # Values increase, and so do posteriors: a bin is a stretch of them.
    ends = np.searchsorted(posterior, np.arange(1, n_bins) / n_bins, side="left")
    h1, h2 = prior * sample.w1, (1.0 - prior) * sample.w0
    gaps = np.split(h1 - (h1 + h2) * posterior, ends)
    return float(sum(abs(float(gap.sum())) for gap in gaps))


def auc(sample: Counted) -> float:
    """Return the area under the ROC, ties half: how often a case of H1 has the larger value than one of H2.

    Of values that are no likelihood ratios too; not among `METRICS`, which cards hold.
    """
    below = np.cumsum(sample.w0) - 0.5 * sample.w0
    return float(np.dot(sample.w1, below))


def _misleading_h2(sample: Counted, beyond: float) -> float:
    return float(sample.w0[np.searchsorted(sample.llrs, beyond, side="right") :].sum())


def _misleading_h1(sample: Counted, beyond: float) -> float:
    return float(sample.w1[: np.searchsorted(sample.llrs, -beyond, side="left")].sum())


# Those that are one number, for bootstrap and reports.
METRICS: dict[str, Metric] = {
    "cllr": _cllr,
    "cllr_min": _cllr_min,
    "cllr_cal": _cllr_cal,
    "devpav": _devpav,
    "eer": _eer,
    "expected_calibration_error": _expected_calibration_error,
    "misleading_h2": lambda sample: _misleading_h2(sample, 0.0),
    "misleading_h1": lambda sample: _misleading_h1(sample, 0.0),
    "misleading_h2_beyond_10": lambda sample: _misleading_h2(sample, 1.0),
    "misleading_h1_beyond_10": lambda sample: _misleading_h1(sample, 1.0),
    "empirical_cross_entropy_at_1_to_10": lambda sample: float(_empirical_cross_entropy(sample, np.array(-1.0))),
    "empirical_cross_entropy_at_10_to_1": lambda sample: float(_empirical_cross_entropy(sample, np.array(1.0))),
}
# Those that are shares of the cases of one class.
RATES = {"misleading_h2": 0, "misleading_h1": 1, "misleading_h2_beyond_10": 0, "misleading_h1_beyond_10": 1}
