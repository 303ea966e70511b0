"""What the networks look at, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

import numpy as np

from forensics.types.values import Float32Array, Float64Array, IntArray, JsonObject, frozen
from forensics.units import log_odds_from_logits, log_odds_from_probability, probability_from_log_odds

__all__ = ["BranchScores", "Views"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """What the networks look at: V square looks at one picture.

    Parameters
    ----------
    names : tuple of str, length V
        Unique, printed in the report.
    pixels : array of shape (V, 3, S, S), float32 in [0, 1]
    boxes : array of shape (V, 4), int64
        (left, top, right, bottom) on the evidence grid; right and bottom exclusive.
    turns : tuple of str, length V
        Names of the geometric operations, see `forensics.views`; each has an inverse there.
    """

    names: tuple[str, ...]
    pixels: Float32Array = field(repr=False)
    boxes: IntArray
    turns: tuple[str, ...]

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        v = len(self.names)
        if pixels.ndim != 4 or pixels.shape[:2] != (v, 3) or pixels.shape[2] != pixels.shape[3]:
            raise ValueError(f"pixels must have shape ({v}, 3, S, S), got {pixels.shape}")
        if np.shape(self.boxes) != (v, 4) or len(self.turns) != v:
            raise ValueError(f"{v} views need boxes of shape ({v}, 4) and {v} turns")
        object.__setattr__(self, "pixels", frozen(pixels, np.float32))
        object.__setattr__(self, "boxes", frozen(self.boxes, np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchScores:
    """Logits of every branch on every view, and what follows from them.

    The joint judgement is the published one: softmax per view, mean over views, then mean over branches.

    Parameters
    ----------
    branches : tuple of str, length B
    views : tuple of str, length V
    logits : array of shape (B, V, 2), float64
        Raw class outputs in the order (real, fake).
    boxes : array of shape (V, 4), int64
        Where each view lies on the evidence grid: (left, top, right, bottom).
    """

    branches: tuple[str, ...]
    views: tuple[str, ...]
    logits: Float64Array
    boxes: IntArray

    def __post_init__(self) -> None:
        shape = (len(self.branches), len(self.views), 2)
        if np.shape(self.logits) != shape or 0 in shape:
            raise ValueError(f"logits must have shape {shape} with no empty axis, got {np.shape(self.logits)}")
        if np.shape(self.boxes) != (len(self.views), 4):
            raise ValueError(f"boxes must have shape ({len(self.views)}, 4), got {np.shape(self.boxes)}")
        if not np.all(np.isfinite(self.logits)):
            raise ValueError("logits must be finite")
        object.__setattr__(self, "logits", frozen(self.logits, np.float64))
        object.__setattr__(self, "boxes", frozen(self.boxes, np.int64))
        object.__setattr__(self, "branches", tuple(self.branches))
        object.__setattr__(self, "views", tuple(self.views))

    @property
    def view_scores(self) -> Float64Array:
        """Uncalibrated score of each branch on each view, shape (B, V), in [0, 1]."""
        return probability_from_log_odds(log_odds_from_logits(self.logits))

    @property
    def score(self) -> float:
        """Joint uncalibrated score in [0, 1]. Not a probability of anything."""
        return float(self.view_scores.mean(axis=1).mean())

    @property
    def log_odds(self) -> float:
        """Natural-log odds of `score`; what calibrators take."""
        return _finite_log_odds(self.score)

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
    def spread(self) -> float:
        """Standard deviation of the view scores over all branches and views, in [0, 0.5]."""
        return float(self.view_scores.std())

    def to_dict(self) -> JsonObject:
        """Return JSON values: the logits, and beside them what follows from them for readers of the file."""
        return {
            "branches": list(self.branches),
            "views": list(self.views),
            "boxes": self.boxes.tolist(),
            "logits": self.logits.tolist(),
            "score": self.score,
            "log_odds": self.log_odds,
            "by_branch": dict(self.by_branch),
            "spread": self.spread,
        }

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the record that `to_dict` came from; derived values are computed anew."""
        return cls(
            branches=tuple(record["branches"]),
            views=tuple(record["views"]),
            logits=np.array(record["logits"], dtype=np.float64),
            boxes=np.array(record["boxes"], dtype=np.int64),
        )


def _finite_log_odds(probability: float) -> float:
    """Return log-odds, held within ±745, the largest that float64 can carry back to a probability above 0."""
    return float(np.clip(log_odds_from_probability(np.asarray(probability)), -745.0, 745.0))
