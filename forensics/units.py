"""The only conversions between logits, probabilities, natural-log odds and log10 likelihood ratios.

All functions take and return float64; arrays keep their shape. Exponentials and logarithms are those of the C library,
not NumPy's, whose last digit follows the processor (it has its own with AVX-512): what is derived from a stored score is
the same bytes wherever it is derived.
"""

import math

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "llr_from_log_odds",
    "log_odds_from_logits",
    "log_odds_from_probability",
    "probability_from_log_odds",
]

LN10 = math.log(10.0)

Float64Array = NDArray[np.float64]

_exp = np.vectorize(math.exp, otypes=[np.float64])
_log = np.vectorize(lambda x: math.log(x) if x else -math.inf, otypes=[np.float64])
_log1p = np.vectorize(lambda x: math.log1p(x) if x != -1 else -math.inf, otypes=[np.float64])


def log_odds_from_logits(logits: Float64Array) -> Float64Array:
    """Return the log-odds of class 1 (fake) from two-class logits.

    Parameters
    ----------
    logits : array of shape (..., 2)
        Raw class outputs in the order (real, fake).

    Returns
    -------
    array of shape (...)
        Natural-log odds, which is ``logits[..., 1] - logits[..., 0]`` for a softmax over two classes.
    """
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim == 0 or logits.shape[-1] != 2:
        raise ValueError(f"logits must have a last axis of length 2 (real, fake), got shape {logits.shape}")
    return np.asarray(logits[..., 1] - logits[..., 0])


def probability_from_log_odds(log_odds: Float64Array) -> Float64Array:
    """Return ``1 / (1 + exp(-log_odds))``, without overflow for any finite or infinite input."""
    x = np.asarray(log_odds, dtype=np.float64)
    e = _exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0 / (1.0 + e), e / (1.0 + e)))


def log_odds_from_probability(probability: Float64Array) -> Float64Array:
    """Return ``ln(p / (1 - p))``; 0 and 1 give minus and plus infinity.

    Raises
    ------
    ValueError
        If any value lies outside [0, 1] or is NaN.
    """
    p = np.asarray(probability, dtype=np.float64)
    if not bool(np.all((p >= 0) & (p <= 1))):
        raise ValueError("probabilities must lie in [0, 1]")
    return np.asarray(_log(p) - _log1p(-p))


def llr_from_log_odds(log_odds: Float64Array) -> Float64Array:
    """Return log10 likelihood ratios from natural-log posterior odds at prior odds 1."""
    return np.asarray(np.asarray(log_odds, dtype=np.float64) / LN10)
