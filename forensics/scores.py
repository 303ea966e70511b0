"""Scores of one picture: what the networks answer on its views, and the joint judgement of their branches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from forensics.records.arrays import Float32Array, Float64Array, IntArray, keep_copies, read_only
from forensics.records.converting import as_field, recorded
from forensics.units import log_odds_from_logits, log_odds_from_probability, probability_from_log_odds

__all__ = ["BranchScores", "Fusion", "Localisation"]

TOP = 4  # the highest quarter of the views, at least one, is pooled beside the mean of all
LARGEST_LOG_ODDS = 745.0  # the largest that float64 can carry back to a probability above 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """A fitted joint judgement: a weighted sum of the branches' log-odds.

    Parameters
    ----------
    bias : float
    mean : mapping of str to float
        Branch to the weight, 0 or more, of its mean log-odds over the views.
    top : mapping of str to float
        Branch to the weight, 0 or more, of its mean log-odds over the highest quarter of the views.
    weights_sha256 : str
        Digest of the weights that it was fitted for.
    """

    bias: float
    mean: Mapping[str, float]
    top: Mapping[str, float]
    weights_sha256: str

    def __post_init__(self) -> None:
        if set(self.mean) != set(self.top) or min(*self.mean.values(), *self.top.values()) < 0:
            raise ValueError(f"a fusion needs a mean and a top weight of 0 or more for each branch, got {self}")
        keep_copies(self)

    @property
    def shares(self) -> Mapping[str, float]:
        """Branch name to its share of the weights; they sum to 1, or are all 0 where nothing counts."""
        weights = {branch: self.mean[branch] + self.top[branch] for branch in self.mean}
        total = sum(weights.values()) or 1.0
        return MappingProxyType({branch: weight / total for branch, weight in weights.items()})

    def contributions(self, pooled: Mapping[str, tuple[float, float]]) -> dict[str, float]:
        """Return what each branch adds to the joint log-odds of `BranchScores.pooled`, beside the bias."""
        return {b: self.mean[b] * mean + self.top[b] * top for b, (mean, top) in pooled.items()}

    def log_odds(self, pooled: Mapping[str, tuple[float, float]]) -> float:
        """Return the joint log-odds of `BranchScores.pooled`."""
        return self.bias + sum(self.contributions(pooled).values())


@recorded(derived=("score", "mean_score", "log_odds", "by_branch", "spread"))
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchScores:
    """Logits of every branch on every view, and what follows from them.

    Without a fusion the joint judgement is the published one: softmax per view, mean over views, then over branches.

    Parameters
    ----------
    branches : tuple of str, length B
    views : tuple of str, length V
    logits : array of shape (B, V, 2), float64
        Raw class outputs in the order (real, fake).
    boxes : array of shape (V, 4), int64
        Where each view lies on the evidence grid: (left, top, right, bottom).
    fusion : Fusion or None
        The fitted joint judgement, if the weights bring one.
    """

    branches: tuple[str, ...]
    views: tuple[str, ...]
    logits: Float64Array
    boxes: IntArray
    fusion: Fusion | None = None

    def __post_init__(self) -> None:
        shape = (len(self.branches), len(self.views), 2)
        if np.shape(self.logits) != shape or 0 in shape:
            raise ValueError(f"logits must have shape {shape} with no empty axis, got {np.shape(self.logits)}")
        if np.shape(self.boxes) != (len(self.views), 4):
            raise ValueError(f"boxes must have shape ({len(self.views)}, 4), got {np.shape(self.boxes)}")
        if not np.all(np.isfinite(self.logits)):
            raise ValueError("logits must be finite")
        if self.fusion is not None and set(self.fusion.mean) != set(self.branches):
            raise ValueError(f"the fusion is for {sorted(self.fusion.mean)}, the branches are {sorted(self.branches)}")
        keep_copies(self)

    @property
    def view_scores(self) -> Float64Array:
        """Uncalibrated score of each branch on each view, shape (B, V), in [0, 1]."""
        return probability_from_log_odds(log_odds_from_logits(self.logits))

    @property
    def mean_score(self) -> float:
        """Plain mean over branches of the mean score over views, in [0, 1]."""
        return float(self.view_scores.mean(axis=1).mean())

    @property
    def pooled(self) -> Mapping[str, tuple[float, float]]:
        """Branch name to its log-odds averaged over all views, and over the highest quarter of them."""
        log_odds = np.sort(log_odds_from_logits(self.logits), axis=1)
        n = max(1, log_odds.shape[1] // TOP)
        return MappingProxyType(
            {b: (float(z.mean()), float(z[-n:].mean())) for b, z in zip(self.branches, log_odds, strict=True)}
        )

    @property
    def shares(self) -> Mapping[str, float]:
        """Branch name to how much it counts in the joint judgement: its share of the weights, or an equal one of a plain mean."""
        if self.fusion is not None:
            return self.fusion.shares
        return MappingProxyType({branch: 1.0 / len(self.branches) for branch in self.branches})

    @property
    def contributions(self) -> Mapping[str, float]:
        """Branch name to what it adds to the joint log-odds of this picture; with the bias of the fusion they sum to them.

        Empty without a fusion, whose mean of scores is no sum of log-odds.
        """
        return MappingProxyType({} if self.fusion is None else self.fusion.contributions(self.pooled))

    @property
    def leading(self) -> str:
        """The branch that moved the joint judgement of this picture most, to either side; of a plain mean the one farthest from 0."""
        moved = self.contributions or self.by_branch
        return max(self.branches, key=lambda branch: abs(moved[branch]))

    @property
    def log_odds(self) -> float:
        """Natural-log odds of `score`; what calibrators take."""
        if self.fusion is not None:
            return float(np.clip(self.fusion.log_odds(self.pooled), -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS))
        return _finite_log_odds(self.mean_score)

    @property
    def score(self) -> float:
        """Joint uncalibrated score in [0, 1]: of the fusion if there is one, else `mean_score`.

        Not a probability of anything.
        """
        if self.fusion is None:
            return self.mean_score
        return float(probability_from_log_odds(np.asarray(self.log_odds)))

    @property
    def by_branch(self) -> Mapping[str, float]:
        """Branch name to the log-odds of its mean score."""
        means = self.view_scores.mean(axis=1)
        return MappingProxyType({b: _finite_log_odds(m) for b, m in zip(self.branches, means, strict=True)})

    @property
    def by_view(self) -> Mapping[str, float]:
        """View name to the log-odds of the mean score over branches."""
        means = self.view_scores.mean(axis=0)
        return MappingProxyType({v: _finite_log_odds(m) for v, m in zip(self.views, means, strict=True)})

    @property
    def joint_view_scores(self) -> Float64Array:
        """Uncalibrated joint score of each view alone, shape (V,), in [0, 1]: judged as `score` judges all of them."""
        if self.fusion is None:
            return np.asarray(self.view_scores.mean(axis=0))
        odds = log_odds_from_logits(self.logits)
        joint = [
            self.fusion.log_odds({b: (float(z), float(z)) for b, z in zip(self.branches, view, strict=True)})
            for view in odds.T
        ]
        return probability_from_log_odds(np.asarray(joint))

    @property
    def spread(self) -> float:
        """Standard deviation of the view scores over all branches and views, in [0, 0.5]."""
        return float(self.view_scores.std())


def _thousandths(values: Float32Array) -> list[list[float | None]]:
    return [[None if np.isnan(v) else round(float(v), 3) for v in row] for row in values]


@recorded(values=as_field(unstruct_hook=_thousandths))
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Localisation:
    """Where one branch finds the picture to look forged. A prediction like the score; it paints originals too.

    Parameters
    ----------
    branch : str
    cell : int
        Side of a cell in pixels on the evidence grid.
    values : array of shape (rows, columns), float32
        Mean over the views, 0 to 1, in steps of 0.001; NaN where no view looked.
    measured : mapping of str to float
        What was measured of such maps on withheld pictures: ``pointing``, ``chance``, ``pixel_f1``, ``false_area``;
        empty if nothing was.
    """

    branch: str
    cell: int
    values: Float32Array
    measured: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values = np.asarray(self.values, dtype=np.float32)
        if values.ndim != 2 or self.cell < 1 or not np.nanmin(values, initial=0) >= 0:
            raise ValueError(f"a localisation needs rows and columns of values of 0 or more, got {values.shape}")
        object.__setattr__(self, "values", read_only(np.round(values.astype(np.float64), 3), np.float32))
        keep_copies(self)


def _finite_log_odds(probability: float) -> float:
    log_odds = log_odds_from_probability(np.asarray(probability))
    return float(np.clip(log_odds, -LARGEST_LOG_ODDS, LARGEST_LOG_ODDS))
