"""Pictures of likelihood ratios: computed first, then drawn on fixed axes, by plotly, by matplotlib or into a report.

After scikit-learn's displays: ``TippettDisplay.from_llrs(llrs, labels).plot()``.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from forensics.calibration.counts import Counted, checked, counted, pav_llrs
from forensics.calibration.metrics import cllr, empirical_cross_entropy
from forensics.figures import Line, draw_axes
from forensics.records.arrays import Float64Array

__all__ = [
    "DISPLAYS",
    "Curve",
    "DensityDisplay",
    "DetDisplay",
    "Display",
    "EmpiricalCrossEntropyDisplay",
    "PavDisplay",
    "ReliabilityDisplay",
    "TippettDisplay",
]

Role: TypeAlias = Literal["h1", "h2", "system", "best", "reference"]

REACH = 3.0  # log10 LR that the axes show in either direction; what lies beyond is drawn at the edge
POINTS = 201
BINS = 10
LOWEST_RATE = 0.001
ROLES: dict[Role, tuple[str, str]] = {  # colour and dash: never colour alone (Okabe and Ito's palette)
    "h1": ("#b3470f", "solid"),
    "h2": ("#0b5c94", "dash"),
    "system": ("#0b5c94", "solid"),
    "best": ("#00684a", "dash"),
    "reference": ("#767676", "dot"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line of a display.

    Parameters
    ----------
    name : str
    role : str
        ``h1``, ``h2``, ``system``, ``best`` or ``reference``: how it is drawn.
    x, y : tuple of float
    """

    name: str
    role: Role
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Display(ABC):
    """Curves on fixed axes.

    Parameters
    ----------
    curves : tuple of Curve
    summary : str
        What they show, with numbers, for those who cannot see them.
    """

    curves: tuple[Curve, ...]
    summary: str
    title: ClassVar[str] = ""
    x_label: ClassVar[str] = ""
    y_label: ClassVar[str] = ""
    x_range: ClassVar[tuple[float, float]] = (-REACH, REACH)
    y_range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    @classmethod
    @abstractmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute the display of labelled log10 LRs.

        Raises
        ------
        CalibrationError
            As `forensics.calibration.cllr` does.
        """

    def plot(self, ax: Any = None) -> Any:
        """Draw.

        Parameters
        ----------
        ax : plotly Figure or matplotlib Axes, optional
            Drawn into; a new plotly figure if not given.

        Returns
        -------
        The figure or axes that was drawn into.
        """
        if hasattr(ax, "set_xlim"):
            return self._on_axes(ax)
        lines = [Line(name=c.name, x=c.x, y=c.y, colour=ROLES[c.role][0], dash=ROLES[c.role][1]) for c in self.curves]
        axes = {"x": (self.x_label, self.x_range), "y": (self.y_label, self.y_range)}
        return draw_axes(ax, lines, title=self.title, **axes)

    def _on_axes(self, ax: Any) -> Any:
        dashes = {"solid": "-", "dash": "--", "dot": ":"}
        for curve in self.curves:
            colour, dash = ROLES[curve.role]
            ax.plot(curve.x, curve.y, color=colour, linestyle=dashes[dash], label=curve.name)
        ax.set_xlim(*self.x_range)
        ax.set_ylim(*self.y_range)
        ax.set_xlabel(self.x_label)
        ax.set_ylabel(self.y_label)
        ax.set_title(self.title)
        ax.legend()
        return ax


class TippettDisplay(Display):
    """Share of cases of each class with an LR of at least so much (Tippett et al. 1968; Evett and Buckleton 1996)."""

    title = "Tippett plot"
    x_label = "log10 likelihood ratio"
    y_label = "share of pictures with this LR or more"

    @classmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute the two curves."""
        sample = counted(llrs, labels)
        grid = np.linspace(-REACH, REACH, POINTS)
        h1, h2 = (_at_least(sample, w, grid) for w in (sample.w1, sample.w0))
        return cls(
            curves=(
                _curve("H1 true", "h1", grid, h1),
                _curve("H2 true", "h2", grid, h2),
                Curve(name="LR = 1", role="reference", x=(0.0, 0.0), y=(0.0, 1.0)),
            ),
            summary=f"{100 * (1 - _at(sample, sample.w1)):.1f} percent of the pictures of H1 have an LR below 1, "
            f"{100 * float(sample.w0[sample.llrs > 0].sum()):.1f} percent of those of H2 one above 1.",
        )


class PavDisplay(Display):
    """LRs against what PAV would make of them: on the diagonal they are calibrated (Brümmer and du Preez 2006)."""

    title = "PAV plot"
    x_label = "log10 likelihood ratio, as given"
    y_label = "log10 likelihood ratio after PAV"
    y_range = (-REACH, REACH)

    @classmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute the curve."""
        sample = counted(llrs, labels)
        ends = np.column_stack([sample.blocks.first, sample.blocks.last]).ravel()
        x, y = (np.clip(v, -REACH, REACH) for v in (ends, np.repeat(sample.blocks.llrs, 2)))
        return cls(
            curves=(
                _curve("pictures", "system", x, y),
                Curve(name="calibrated", role="reference", x=(-REACH, REACH), y=(-REACH, REACH)),
            ),
            summary=f"PAV values from {y.min():.2f} to {y.max():.2f} for LRs from {x.min():.2f} to {x.max():.2f}, log10.",
        )


class EmpiricalCrossEntropyDisplay(Display):
    """Cost of the LRs at every prior, beside LR = 1 always and beside the best calibration (Ramos et al. 2013)."""

    title = "Empirical cross-entropy"
    x_label = "log10 prior odds of H1"
    y_label = "empirical cross-entropy, bits"
    x_range = (-2.5, 2.5)

    @classmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute the three curves."""
        x, y = checked(llrs, labels)
        grid = np.linspace(*cls.x_range, 101)
        best = pav_llrs(x, y)
        system, after, none = (
            empirical_cross_entropy(values, y, prior_log10_odds=grid) for values in (x, best, np.zeros(len(x)))
        )
        return cls(
            curves=(
                _curve("LRs as given", "system", grid, np.minimum(system, 2.0)),
                _curve("after PAV", "best", grid, after),
                _curve("LR = 1 always", "reference", grid, none),
            ),
            summary=f"At prior odds 1 the LRs cost {cllr(x, y):.3f} bits (1 for LR = 1 always, {cllr(best, y):.3f} after PAV). "
            f"They cost more than LR = 1 at {100 * float((system > none + 1e-12).mean()):.0f} percent of the priors shown.",
        )


class ReliabilityDisplay(Display):
    """Posterior probability at prior odds 1 against the share of H1, in bins (DeGroot and Fienberg 1983)."""

    title = "Reliability diagram at prior odds 1"
    x_label = "posterior probability of H1"
    y_label = "share of H1 among such pictures"
    x_range = (0.0, 1.0)

    @classmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute the curve; classes weigh the same, empty bins are left out."""
        sample = counted(llrs, labels)
        posterior = np.exp(-np.logaddexp(0.0, -np.log(10.0) * sample.llrs))
        place = np.minimum((posterior * BINS).astype(np.int64), BINS - 1)
        h1 = np.bincount(place, weights=sample.w1, minlength=BINS)
        both = h1 + np.bincount(place, weights=sample.w0, minlength=BINS)
        mean = np.bincount(place, weights=(sample.w1 + sample.w0) * posterior, minlength=BINS)
        there = both > 0
        x, y = mean[there] / both[there], h1[there] / both[there]
        return cls(
            curves=(
                _curve("pictures, in bins", "system", x, y),
                Curve(name="calibrated", role="reference", x=(0.0, 1.0), y=(0.0, 1.0)),
            ),
            summary=f"Over {len(x)} bins, posterior and share of H1 are at most {float(np.abs(x - y).max()):.2f} apart.",
        )


class DetDisplay(Display):
    """Missed H1 against false H1, on normal deviates (Martin et al. 1997)."""

    title = "Detection error trade-off"
    x_label = "H2 above the threshold, normal deviate"
    y_label = "H1 below the threshold, normal deviate"
    x_range = (-3.2, 3.2)
    y_range = (-3.2, 3.2)

    @classmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute the curve."""
        from scipy.stats import norm

        sample = counted(llrs, labels)
        missed = np.clip(np.concatenate([[0.0], np.cumsum(sample.w1)]), LOWEST_RATE, 1 - LOWEST_RATE)
        alarms = np.clip(1.0 - np.concatenate([[0.0], np.cumsum(sample.w0)]), LOWEST_RATE, 1 - LOWEST_RATE)
        shown = _thinned(len(missed))
        nearest = int(np.argmin(np.abs(missed - alarms)))
        return cls(
            curves=(
                _curve("pictures", "system", norm.ppf(alarms[shown]), norm.ppf(missed[shown])),
                Curve(name="equal errors", role="reference", x=(-3.2, 3.2), y=(-3.2, 3.2)),
            ),
            summary=f"Where both errors are about equal they are at {100 * float(missed[nearest]):.1f} percent.",
        )


class DensityDisplay(Display):
    """How LRs are spread in each class: histograms of equal bins, each of area 1."""

    title = "Densities of likelihood ratios"
    x_label = "log10 likelihood ratio"
    y_label = "share of pictures per bin"

    @classmethod
    def from_llrs(cls, llrs: ArrayLike, labels: ArrayLike) -> Self:
        """Compute two outlines of histograms."""
        x, y = checked(llrs, labels)
        edges = np.linspace(-REACH, REACH, 61)
        curves = []
        for label, name, role in ((1, "H1 true", "h1"), (0, "H2 true", "h2")):
            counts = np.histogram(np.clip(x[y == label], -REACH, REACH), bins=edges)[0]
            share = np.repeat(counts / counts.sum(), 2)
            curves.append(_curve(name, "h1" if role == "h1" else "h2", np.repeat(edges, 2)[1:-1], share))
        medians = [float(np.median(x[y == label])) for label in (1, 0)]
        return cls(
            curves=tuple(curves),
            summary=f"Median log10 LR {medians[0]:.2f} where H1 is true, {medians[1]:.2f} where H2 is.",
        )


DISPLAYS: tuple[type[Display], ...] = (
    TippettDisplay,
    PavDisplay,
    EmpiricalCrossEntropyDisplay,
    ReliabilityDisplay,
    DetDisplay,
    DensityDisplay,
)


def _curve(name: str, role: Role, x: Float64Array, y: Float64Array) -> Curve:
    return Curve(name=name, role=role, x=_rounded(x), y=_rounded(y))


def _rounded(values: Float64Array | Sequence[float]) -> tuple[float, ...]:
    return tuple(round(float(v), 4) for v in values)


def _thinned(n: int) -> Float64Array:
    """Return which of n points to draw: all of a few, evenly spaced of many, both ends always."""
    return np.unique(np.linspace(0, n - 1, min(n, 4 * POINTS)).round().astype(np.int64))


def _at_least(sample: Counted, weights: Float64Array, grid: Float64Array) -> Float64Array:
    from_here = np.append(np.cumsum(weights[::-1])[::-1], 0.0)
    return np.asarray(from_here[np.searchsorted(sample.llrs, grid, side="left")])


def _at(sample: Counted, weights: Float64Array) -> float:
    return float(_at_least(sample, weights, np.zeros(1))[0])
