"""Fit of the statistical branch, which is not trained: the features of many pairs are counted, then its head is solved."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from forensics.errors import needed_by
from forensics.evaluation.labelled import Pictures
from forensics.models.branch import Branch
from forensics.models.execution.threads import in_processes
from forensics.models.networks.statistics import FARTHEST, StatisticalNetwork
from forensics.records.arrays import Float32Array, IntArray
from forensics.records.canonical import canonical_text, digest
from forensics.records.converting import to_record
from forensics.records.writing import write_atomically
from forensics.training.config import Config
from forensics.training.pairs.stream import stream_for

with needed_by("Training"):
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

__all__ = ["fit_branch", "is_statistical"]

logger = logging.getLogger(__name__)

ARCHITECTURE = "starter_statistics"
CHUNK = 250  # pairs a file: what a run that was cut off loses at most
# Inverse strength, as scikit-learn's C, of all tiles together: the same for any number of them. Weaker ones do ever better
# on families that no fit has seen and ever worse on the output of generators: they learn what forgeries made here have in
# common. Decision 009.
PENALTY = 0.03
# Main directions in which originals differ from one another, sharpness above all, that the head is blind to.
BLIND = 1
FOLDS = 4
ITERATIONS = 400
LEAST_SD = 1e-4


def is_statistical(branch: Branch) -> bool:
    """Return whether a branch is fitted instead of trained step by step."""
    return isinstance(branch.body, StatisticalNetwork)


def fit_branch(branch: Branch, config: Config, pictures: Pictures, out: Path, *, workers: int = 1) -> float:
    """Fit the head of a statistical branch, in place.

    Parameters
    ----------
    branch : Branch
        Built by ``starter_statistics``.
    config : Config
        `config.statistics` says how many pairs to count, and of what side.
    pictures : Pictures
        The training side.
    out : path
        Folder for the counted features; those that are there already are not counted again.
    workers : int
        Processes that make pairs and count; does not change the result.

    Returns
    -------
    float
        AUC of tiles on training sources, each scored by a fit that had not seen its source.

    Raises
    ------
    TypeError
        The branch is of another kind.
    """
    network = branch.body
    if not isinstance(network, StatisticalNetwork):
        raise TypeError(f"only a statistical branch is fitted, got {type(network).__name__}")
    folder = out / f"features-{_origin(config)}"
    folder.mkdir(parents=True, exist_ok=True)
    counted = list(_counted(branch, config, pictures, folder, workers))
    values = np.concatenate([chunk for chunk, _ in counted])  # (pairs, 2, features), float16
    sources = np.repeat(np.concatenate([owner for _, owner in counted]), 2)
    features = values.reshape(-1, values.shape[-1]).astype(np.float32)
    labels = np.tile([0, 1], len(values))
    mean, std = features.mean(axis=0), np.maximum(features.std(axis=0), LEAST_SD)
    features = np.clip((features - mean) / std, -FARTHEST, FARTHEST)
    auc = _auc_of_unseen_sources(features, labels, sources)
    weight, bias = _solve(features, labels)
    with torch.no_grad():
        network.mean.copy_(torch.from_numpy(mean))
        network.std.copy_(torch.from_numpy(std))
        network.head.weight.zero_()[1].copy_(torch.from_numpy(weight))
        network.head.bias.zero_()[1].fill_(bias)
    return auc


def _origin(config: Config) -> str:
    """Return a digest of what the features depend on beside the code, so that a change of the networks counts nothing anew."""
    counted = config.counted
    parts = {
        "seed": config.seed,
        "data": to_record(config.data),
        "statistics": to_record(config.statistics),
        "forgeries": [dict(counted.forgeries.shares), config.forgeries.independent],
        "branches": [to_record(spec) for spec in config.branches.values() if spec.architecture == ARCHITECTURE],
    }
    return digest(canonical_text(parts))[:16]


@torch.inference_mode()
def _describe(branch: Branch, tiles: np.ndarray) -> Float32Array:
    pixels = torch.from_numpy(tiles).permute(0, 3, 1, 2).float() / 255.0
    features = branch.body.describe(branch.channels(pixels))  # type: ignore[operator]  # checked by fit_branch
    return np.asarray(features.numpy(), dtype=np.float16)


def _counted(
    branch: Branch, config: Config, pictures: Pictures, folder: Path, workers: int
) -> Iterator[tuple[Float32Array, IntArray]]:
    """Yield chunks of features (CHUNK, 2, n), float16, with the source of each original, counted or read."""
    stream, settings = stream_for(config.counted, pictures), config.statistics
    names = sorted({p.source for p in pictures})
    source_of = {p.name: names.index(p.source) for p in pictures}
    branch.eval()

    def chunk(number: int) -> tuple[Float32Array, IntArray]:
        path = folder / f"{number:05d}.npz"
        if not path.is_file():
            own = range(number * CHUNK, min((number + 1) * CHUNK, settings.pairs))
            pairs = (stream.pair(k, tile=settings.tile) for k in own)
            rows = [(_describe(branch, np.stack([p.real, p.fake])), source_of[p.picture]) for p in pairs]
            features, sources = (np.array(part) for part in zip(*rows, strict=True))
            write_atomically(path, lambda file: np.savez(file, features=features, sources=sources), sync=False)
        with np.load(path) as content:
            return content["features"], content["sources"]

    chunks = range(-(-settings.pairs // CHUNK))
    for k, found in zip(chunks, in_processes(chunk, chunks, workers=workers), strict=True):
        logger.info("counted %d of %d pairs", min((k + 1) * CHUNK, settings.pairs), settings.pairs)
        yield found


def _auc_of_unseen_sources(features: Float32Array, labels: IntArray, sources: IntArray) -> float:
    """Return the AUC over all tiles, each scored by a fit without the tiles of its own source."""
    names = np.unique(sources)
    folds = [names[k::FOLDS] for k in range(min(FOLDS, len(names)))]
    if len(folds) < 2:
        return float("nan")  # one source cannot be left out
    scores = np.zeros(len(labels))
    for fold in folds:
        own = np.isin(sources, fold)
        weight, bias = _solve(features[~own], labels[~own])
        scores[own] = features[own] @ weight + bias
    return float(roc_auc_score(labels, scores))


def _solve(features: Float32Array, labels: IntArray) -> tuple[Float32Array, float]:
    """Return weights and bias of log-odds: ridge logistic regression, blind to how originals differ, then scaled.

    A strong penalty makes log-odds small; a second regression on them alone gives them the size that fits the tiles.
    """
    differ = PCA(BLIND, svd_solver="randomized", random_state=0).fit(features[labels == 0]).components_  # (BLIND, n)
    seen = features - (features @ differ.T) @ differ
    fitted = LogisticRegression(C=PENALTY / len(labels), max_iter=ITERATIONS).fit(seen, labels)
    direction = fitted.coef_[0]  # a ridge fit keeps to the span of what it saw
    scaled = LogisticRegression(C=np.inf).fit((features @ direction)[:, None], labels)
    return (direction * scaled.coef_[0, 0]).astype(np.float32), float(scaled.intercept_[0])
