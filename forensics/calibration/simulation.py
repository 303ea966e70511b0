"""Detectors whose likelihood ratios are known, for teaching and for testing calibrations."""

import numpy as np

from forensics.records.arrays import Float64Array, IntArray

__all__ = ["simulate_scores", "true_llrs"]


def simulate_scores(n: int, *, separation: float = 2.0, seed: int = 2024) -> tuple[Float64Array, IntArray]:
    """Return scores of n pictures of each class: two normals of unit variance, so far apart.

    Parameters
    ----------
    n : int
    separation : float
        Distance of the means, 0 or more; 0 tells nothing apart.
    seed : int

    Returns
    -------
    scores : array of shape (2 n,)
    labels : array of shape (2 n,)
        1 for H1, 0 for H2, in turns, so that every second case is a half of both classes.

    Examples
    --------
    >>> scores, labels = simulate_scores(3)
    >>> labels.tolist()
    [1, 0, 1, 0, 1, 0]
    """
    labels = np.tile([1, 0], n)
    noise = np.random.default_rng(seed).normal(size=2 * n)
    return noise + separation * (labels - 0.5), labels.astype(np.int64)


def true_llrs(scores: Float64Array, *, separation: float = 2.0) -> Float64Array:
    """Return the exact log10 likelihood ratios of `simulate_scores`."""
    return np.asarray(separation * np.asarray(scores, dtype=np.float64) / np.log(10.0))
