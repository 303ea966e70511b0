"""The fitted joint judgement: logistic regression on the branches' pooled log-odds, with weights that cannot be negative.

Fitted on sources that no branch was trained on, and judged on sources that it was not itself fitted on.
"""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from forensics.calibration.counts import counted
from forensics.calibration.metrics import auc
from forensics.evaluation.scoring import ScoredCopy
from forensics.records.arrays import Float64Array, IntArray
from forensics.scores import Fusion

__all__ = ["best_branch", "fit_fusion", "out_of_source"]

# On the squared distance from the best branch alone, where the fit ends up if the data say little. A free fit gives weight to
# branches that help on the sources at hand and on no others (decision 009).
PENALTY = 1.0


def fit_fusion(scored: Sequence[ScoredCopy], *, weights_sha256: str) -> Fusion:
    """Fit the joint judgement on scored pictures.

    Parameters
    ----------
    scored : sequence of ScoredCopy
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
    alone = np.zeros(features.shape[1])
    alone[2 * branches.index(best_branch(scored))] = 1.0
    fitted = _fit(features, labels, _weights(scored), alone)
    by_branch = fitted[:-1].reshape(-1, 2)
    return Fusion(
        bias=float(fitted[-1]),
        mean={b: float(w[0]) for b, w in zip(branches, by_branch, strict=True)},
        top={b: float(w[1]) for b, w in zip(branches, by_branch, strict=True)},
        weights_sha256=weights_sha256,
    )


def out_of_source(scored: Sequence[ScoredCopy]) -> list[float]:
    """Return the joint log-odds of each picture from a fusion fitted without its source (its own class alone)."""
    joint = np.zeros(len(scored))
    for source in {(s.source, s.label) for s in scored}:
        rest = [s for s in scored if (s.source, s.label) != source]
        fusion = fit_fusion(rest, weights_sha256="0" * 64)
        for k, s in enumerate(scored):
            if (s.source, s.label) == source:
                joint[k] = fusion.log_odds(s.pooled)
    return [float(z) for z in joint]


def best_branch(scored: Sequence[ScoredCopy]) -> str:
    """Return the branch with the largest mean AUC over sources of fakes and deliveries."""
    rows: dict[tuple[str, str], list[ScoredCopy]] = {}
    for s in scored:
        if s.label:
            rows.setdefault((s.source, s.delivery), []).append(s)
    reals = {delivery: [s for s in scored if not s.label and s.delivery == delivery] for _, delivery in rows}
    comparisons = [[*reals[delivery], *fakes] for (_, delivery), fakes in rows.items() if reals[delivery]]

    def mean_auc(branch: str) -> float:
        return float(
            np.mean(
                [auc(counted([s.pooled[branch][0] for s in both], [s.label for s in both])) for both in comparisons]
            )
        )

    return max(scored[0].pooled, key=mean_auc)


def _weights(scored: Sequence[ScoredCopy]) -> Float64Array:
    counts: dict[tuple[int, str], int] = {}
    for s in scored:
        counts[s.label, s.source] = counts.get((s.label, s.source), 0) + 1
    sources = {label: sum(1 for key in counts if key[0] == label) for label in (0, 1)}
    return np.array([0.5 / (sources[s.label] * counts[s.label, s.source]) for s in scored])


def _fit(features: Float64Array, labels: IntArray, weights: Float64Array, prior: Float64Array) -> Float64Array:
    """Return the weights and the bias that minimise the weighted logistic loss and the distance from prior weights."""
    signs = 2.0 * labels - 1.0

    def loss(theta: Float64Array) -> tuple[float, Float64Array]:
        margin = signs * (features @ theta[:-1] + theta[-1])
        slope = -signs * weights / (1.0 + np.exp(np.clip(margin, -700, 700)))
        value = float((weights * np.logaddexp(0.0, -margin)).sum() + PENALTY * ((theta[:-1] - prior) ** 2).sum())
        return value, np.append(features.T @ slope + 2 * PENALTY * (theta[:-1] - prior), slope.sum())

    bounds = [(0.0, None)] * features.shape[1] + [(None, None)]
    return np.asarray(minimize(loss, np.append(prior, 0.0), jac=True, bounds=bounds, method="L-BFGS-B").x)
