"""Displays: points by hand, fixed axes, and the same curves in plotly, on axes and in a report."""

import math
import re

import numpy as np
import pytest

from forensics.calibration import (
    DISPLAYS,
    DetDisplay,
    EmpiricalCrossEntropyDisplay,
    PavDisplay,
    ReliabilityDisplay,
    TippettDisplay,
    cllr,
    cllr_min,
)
from forensics.calibration.displays import Curve, DensityDisplay, Display
from forensics.calibration.simulation import simulate_scores, true_llrs
from forensics.errors import CalibrationError
from forensics.report.blocks import curve_plot, llr_plot
from forensics.report.page.curves import draw_curve_plot, draw_llr_plot

LLRS, LABELS = np.array([1.0, 0.5, -0.5, 0.2, -1.0, -2.0]), np.array([1, 1, 1, 0, 0, 0])


def named(display: Display, name: str) -> Curve:
    (curve,) = [c for c in display.curves if c.name == name]
    return curve


def at(curve: Curve, x: float) -> float:
    return curve.y[int(np.argmin(np.abs(np.array(curve.x) - x)))]


def test_tippett_by_hand() -> None:
    display = TippettDisplay.from_llrs(LLRS, LABELS)
    h1, h2 = named(display, "H1 true"), named(display, "H2 true")
    assert (at(h1, -3.0), at(h1, 0.0), at(h1, 0.75), at(h1, 3.0)) == pytest.approx((1.0, 2 / 3, 1 / 3, 0.0), abs=1e-4)
    assert (at(h2, -1.5), at(h2, 0.0), at(h2, 0.3)) == pytest.approx((2 / 3, 1 / 3, 0.0), abs=1e-4)
    tied = named(TippettDisplay.from_llrs([0.0, 1.0, 0.0, -1.0], [1, 1, 0, 0]), "H2 true")
    assert at(tied, 0.0) == pytest.approx(0.5)  # this LR or more
    assert display.summary.startswith("33.3 percent of the pictures of H1 have an LR below 1, 33.3 percent")


def test_pav_by_hand() -> None:
    # In order: H2 H2 H1 H2 H1 H1; -0.5 and 0.2 are pooled to LR 1.
    curve = named(PavDisplay.from_llrs(LLRS, LABELS), "pictures")
    points = dict(zip(curve.x, curve.y, strict=True))
    assert points[-0.5] == points[0.2] == 0.0
    assert points[-2.0] == points[-1.0] == -3.0  # minus infinity, at the edge
    assert points[1.0] == 3.0


def test_empirical_cross_entropy_by_hand() -> None:
    display = EmpiricalCrossEntropyDisplay.from_llrs(LLRS, LABELS)
    assert at(named(display, "LR = 1 always"), 0.0) == pytest.approx(1.0)
    # Prior odds 10: binary entropy of 10/11.
    entropy = -(10 / 11) * math.log2(10 / 11) - (1 / 11) * math.log2(1 / 11)
    assert at(named(display, "LR = 1 always"), 1.0) == pytest.approx(entropy, abs=1e-3)
    system, best = named(display, "LRs as given"), named(display, "after PAV")
    assert all(b <= s + 1e-3 for s, b in zip(system.y, best.y, strict=True))
    assert at(best, 0.0) == pytest.approx(cllr_min(LLRS, LABELS), abs=1e-3)
    assert at(system, 0.0) == pytest.approx(cllr(LLRS, LABELS), abs=1e-3)


def test_reliability_and_densities_by_hand() -> None:
    llrs = np.log10([9.0, 9.0, 1 / 9, 9.0, 1 / 9, 1 / 9])
    curve = named(ReliabilityDisplay.from_llrs(llrs, [1, 1, 1, 0, 0, 0]), "pictures, in bins")
    assert curve.x == pytest.approx((0.1, 0.9))
    assert curve.y == pytest.approx((1 / 3, 2 / 3), abs=1e-4)
    outline = named(DensityDisplay.from_llrs(LLRS, LABELS), "H1 true")
    assert sum(outline.y[::2]) == pytest.approx(1.0, abs=1e-3)


def test_det_runs_from_corner_to_corner() -> None:
    scores, labels = simulate_scores(2000, separation=2.0)
    curve = named(DetDisplay.from_llrs(true_llrs(scores), labels), "pictures")
    # Two normals of equal variance: a straight line of slope -1 at a distance of the separation.
    inside = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if abs(x) < 1.8 and abs(y) < 1.8]
    assert inside
    assert max(abs(x + y + 2.0) for x, y in inside) < 0.25


@pytest.mark.parametrize("display", DISPLAYS)
def test_every_display_is_drawn_in_three_ways(display: type[Display]) -> None:
    scores, labels = simulate_scores(60)
    made = display.from_llrs(true_llrs(scores), labels)
    assert made == display.from_llrs(true_llrs(scores), labels)
    assert made.summary.endswith(".")
    figure = made.plot()
    assert [trace.name for trace in figure.data] == [c.name for c in made.curves]
    assert tuple(figure.layout.xaxis.range) == display.x_range  # fixed, whatever the data
    assert made.plot(figure) is figure
    assert len(figure.data) == 2 * len(made.curves)
    axes = Recorder()
    assert made.plot(axes) is axes
    assert axes.calls["plot"] == len(made.curves)
    assert axes.limits == [display.x_range, display.y_range]
    block = curve_plot(
        made.title,
        ((c.name, c.role, c.x, c.y) for c in made.curves),
        x=(made.x_label, made.x_range),
        y=(made.y_label, made.y_range),
        alt=made.summary,
    )
    svg = str(draw_curve_plot(block))
    assert svg.count("<polyline") == len(made.curves)
    assert "nan" not in svg
    places = [float(v) for pair in re.findall(r'points="([^"]+)"', svg) for v in re.split("[ ,]", pair)]
    assert min(places) >= 0
    with pytest.raises(CalibrationError):
        display.from_llrs([0.0, 1.0], [1, 1])


def test_axes_have_both_their_ends() -> None:
    block = curve_plot("t", [("a", "h1", [0, 1], [0, 1])], x=("x", (0.0, 1.0)), y=("y", (-3.0, 3.0)), alt="")
    svg = str(draw_curve_plot(block))
    for tick in (">0<", ">0.2<", ">1<", ">−3<", ">3<"):
        assert tick in svg


def test_a_ratio_beyond_the_axis_is_drawn_at_its_edge_and_names_are_escaped() -> None:
    rows = [("<b>", 9.0, (8.0, 10.0)), ("none", None, None), ("one", 0.0, None)]
    svg = str(draw_llr_plot(llr_plot("c", rows, bounds=(-1.0, 1.0), alt='"<x>')))
    assert "&lt;b&gt;" in svg
    assert "<b>" not in svg
    assert "no likelihood ratio" in svg
    assert [float(x) for x in re.findall(r'class="llr" cx="([\d.]+)"', svg)] == [620.0, 394.0]
    assert "1/1,000" in svg


def test_the_base_draws_nothing_of_its_own() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Display(curves=(), summary="")


class Recorder:
    """Stands for matplotlib's Axes."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.limits: list[tuple[float, ...]] = []

    def __getattr__(self, name: str) -> object:
        def call(*arguments: object, **_: object) -> None:
            self.calls[name] = self.calls.get(name, 0) + 1
            if name in ("set_xlim", "set_ylim"):
                self.limits.append(arguments)  # type: ignore[arg-type]

        return call
