"""The fitted joint judgement: logistic regression on the branches' pooled log-odds, with weights that cannot be negative.

Fitted on sources that no branch was trained on, and judged on sources that it was not itself fitted on.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from forensics.training.scoring import ScoredPicture
from forensics.types import Float64Array, Fusion, IntArray

__all__ = ["fit_fusion", "out_of_source"]

PENALTY = 1e-2  # on the squared distance from equal weights, where the fit ends up if the data say little


def fit_fusion(scored: Sequence[ScoredPicture], *, weights_sha256: str) -> Fusion:
    """Fit the joint judgement on scored pictures.

    Parameters
    ----------
    scored : sequence of ScoredPicture
        Of sources that the branches were not trained on; both classes. Each source weighs as much as any other of its
        class, and so do the classes, so that the bias holds no share of fakes.
    weights_sha256 : str
        Of the weights that scored them.

    Returns
    -------
    Fusion

    Raises
    ------
    ValueError
        A class is missing.
    """
    labels = np.array([s.label for s in scored])
    if set(labels.tolist()) != {0, 1}:
        raise ValueError("a fusion needs pictures of both classes. Withhold a source with fakes.")
    branches = list(scored[0].pooled)
    features = np.array([[s.pooled[b][k] for b in branches for k in (0, 1)] for s in scored])  # (n, 2B)
    fitted = _fit(features, labels, _weights(scored))
    by_branch = fitted[:-1].reshape(-1, 2)
    return Fusion(
        bias=float(fitted[-1]),
        mean={b: float(w[0]) for b, w in zip(branches, by_branch, strict=True)},
        top={b: float(w[1]) for b, w in zip(branches, by_branch, strict=True)},
        weights_sha256=weights_sha256,
    )


def out_of_source(scored: Sequence[ScoredPicture]) -> list[float]:
    """Return the joint log-odds of each picture from a fusion fitted without its source (its own class alone)."""
    joint = np.zeros(len(scored))
    for source in {(s.source, s.label) for s in scored}:
        rest = [s for s in scored if (s.source, s.label) != source]
        fusion = fit_fusion(rest, weights_sha256="0" * 64)
        for k, s in enumerate(scored):
            if (s.source, s.label) == source:
                joint[k] = fusion.log_odds(s.pooled)
    return [float(z) for z in joint]


def _weights(scored: Sequence[ScoredPicture]) -> Float64Array:
    counts: dict[tuple[int, str], int] = {}
    for s in scored:
        counts[s.label, s.source] = counts.get((s.label, s.source), 0) + 1
    sources = {label: sum(1 for key in counts if key[0] == label) for label in (0, 1)}
    return np.array([0.5 / (sources[s.label] * counts[s.label, s.source]) for s in scored])


def _fit(features: Float64Array, labels: IntArray, weights: Float64Array) -> Float64Array:
    """Return the weights and the bias that minimise the weighted logistic loss and the distance from equal weights."""
    signs = 2.0 * labels - 1.0
    equal = np.full(features.shape[1], 1.0 / features.shape[1])

    def loss(theta: Float64Array) -> tuple[float, Float64Array]:
        margin = signs * (features @ theta[:-1] + theta[-1])
        slope = -signs * weights / (1.0 + np.exp(np.clip(margin, -700, 700)))
        value = float((weights * np.logaddexp(0.0, -margin)).sum() + PENALTY * ((theta[:-1] - equal) ** 2).sum())
        return value, np.append(features.T @ slope + 2 * PENALTY * (theta[:-1] - equal), slope.sum())

    bounds = [(0.0, None)] * features.shape[1] + [(None, None)]
    return np.asarray(minimize(loss, np.append(equal, 0.0), jac=True, bounds=bounds, method="L-BFGS-B").x)
