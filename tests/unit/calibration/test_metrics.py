"""Metrics by hand, against lir's printed digits, and their laws."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from forensics.calibration import (
    METRICS,
    cllr,
    cllr_cal,
    cllr_min,
    devpav,
    eer,
    elub_bounds,
    empirical_cross_entropy,
    expected_calibration_error,
    invariance_value_bounds,
    misleading_rates,
    pav_llrs,
)
from forensics.errors import CalibrationError

LLRS = st.lists(st.floats(-6, 6, allow_nan=False), min_size=2, max_size=30)


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    llrs = np.array(draw(LLRS))
    labels = np.array(draw(st.lists(st.integers(0, 1), min_size=len(llrs), max_size=len(llrs))))
    labels[0], labels[-1] = 1, 0
    return llrs, labels


@pytest.fixture(scope="module")
def published() -> tuple[np.ndarray, np.ndarray]:
    """The sample of the printed digits: seed 0, N(-1, 1) then N(1, 1), 300 each, Platt-scaled by scikit-learn."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(-1, 1, 300), rng.normal(1, 1, 300)])
    labels = np.repeat([0, 1], 300)
    model = LogisticRegression(class_weight="balanced").fit(scores[:, None], labels)
    return (model.intercept_[0] + model.coef_[0, 0] * scores) / math.log(10), labels


# Printed by lir 1.3.1, and the same by 1.8.0: cllr, cllr_min, cllr_cal, metrics.devpav, ELUBBounder, IVBounder.
PRINTED = {"cllr": 0.5089, "cllr_min": 0.4657, "cllr_cal": 0.0432, "devpav": 0.24832}


def test_metrics_are_the_digits_that_lir_prints(published: tuple[np.ndarray, np.ndarray]) -> None:
    llrs, labels = published
    assert cllr(llrs, labels) == pytest.approx(0.508876, abs=5e-7)
    assert cllr_min(llrs, labels) == pytest.approx(0.465703, abs=5e-7)
    assert cllr_cal(llrs, labels) == pytest.approx(PRINTED["cllr_cal"], abs=5e-5)
    assert devpav(llrs, labels) == pytest.approx(PRINTED["devpav"], abs=5e-6)
    assert elub_bounds(llrs, labels) == pytest.approx((-1.35, 1.40), abs=1e-9)
    assert invariance_value_bounds(llrs, labels) == pytest.approx((-1.390, 1.462), abs=5e-4)


@pytest.mark.parametrize("seed", range(6))
def test_metrics_and_bounds_equal_those_of_lir(seed: int) -> None:
    metrics = pytest.importorskip("lir.metrics", reason="needs the extra 'oracle'")
    from lir.algorithms.bayeserror import elub
    from lir.algorithms.invariance_bounds import calculate_invariance_bounds
    from lir.data.models import LLRData
    from lir.metrics.devpav import devpav as lir_devpav

    rng = np.random.default_rng(seed)
    n1, n0 = rng.integers(20, 400, size=2)
    separation, scale = rng.uniform(0.5, 2.5), rng.uniform(0.3, 2.0)
    llrs = scale * np.concatenate([rng.normal(separation, 1, n1), rng.normal(-separation, 1, n0)]).round(2)
    labels = np.repeat([1, 0], [n1, n0])
    data = LLRData(features=llrs.copy(), labels=labels)
    assert cllr(llrs, labels) == pytest.approx(metrics.cllr(data), rel=1e-12)
    assert cllr_min(llrs, labels) == pytest.approx(metrics.cllr_min(data), rel=1e-9)
    assert cllr_cal(llrs, labels) == pytest.approx(metrics.cllr_cal(data), abs=1e-9)
    assert devpav(llrs, labels) == pytest.approx(lir_devpav(llrs.copy(), labels), rel=1e-6)
    assert elub_bounds(llrs, labels) == pytest.approx(elub(llrs.copy(), labels), abs=1e-9)
    lower, upper = np.log10(calculate_invariance_bounds(10.0**llrs, labels)[:2])
    assert invariance_value_bounds(llrs, labels) == pytest.approx((lower, upper), abs=1e-9)


def test_cllr_by_hand() -> None:
    # H1: LR 1 and 3; H2: LR 1/3 and 1. Costs log2(2) = 1 and log2(4/3); the mean of both classes.
    llrs = np.log10([1.0, 3.0, 1.0 / 3.0, 1.0])
    assert cllr(llrs, [1, 1, 0, 0]) == pytest.approx((1.0 + math.log2(4 / 3)) / 2, rel=1e-12)
    # Unequal numbers: each class has its own mean.
    assert cllr([0.0, 0.0, 0.0, math.log10(3)], [1, 0, 0, 0]) == pytest.approx(0.5 * (1 + (2 + math.log2(4)) / 3))
    assert cllr([np.inf, -np.inf], [1, 0]) == 0.0
    assert cllr([np.inf, -np.inf], [0, 1]) == np.inf
    assert cllr([1e308, -1e308], [1, 0]) == 0.0
    assert np.isfinite(cllr([-1e308, 1e308], [1, 0]))


def test_pav_by_hand() -> None:
    # In order: H2, H1, H2, H1. The middle two violate the order and are pooled: one of each class, LR 1.
    assert pav_llrs([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 1]) == pytest.approx([-np.inf, 0.0, 0.0, np.inf])
    assert cllr_min([1.0, 2.0, 3.0, 4.0], [0, 1, 0, 1]) == pytest.approx(0.5)
    # Ties are one value; one H1 and three H2 with it, of 2 and 3: LR (1/2) / (3/3).
    assert pav_llrs([0.0, 0.0, 0.0, 0.0, 1.0], [1, 0, 0, 0, 1]) == pytest.approx([math.log10(0.5)] * 4 + [np.inf])


def test_devpav_by_hand() -> None:
    # Finite PAV values: -0.1 and 0.3 are pooled to LR 1, so the curve lies at 0 there and the identity crosses it. The area
    # is two triangles, 0.1 * 0.1 / 2 + 0.3 * 0.3 / 2, over a range of 0.4.
    assert devpav([-2.0, -0.1, 0.3, 2.0], [0, 1, 0, 1]) == pytest.approx((0.005 + 0.045) / 0.4)
    # A trapezium: both ends above the identity.
    assert devpav([-2.0, -0.4, -0.2, 2.0], [0, 1, 0, 1]) == pytest.approx(0.3)
    assert math.isnan(devpav([-1.0, 1.0], [0, 1]))
    assert devpav([-np.inf, 0.0, 1.0, 2.0], [1, 0, 1, 0]) == np.inf


def test_eer_by_hand() -> None:
    assert eer([-1.0, 1.0], [0, 1]) == 0.0
    assert eer([1.0, -1.0], [0, 1]) == 0.5  # the hull of a reversed ROC is the diagonal
    # Order H2 H2 H1 H2 H1 H1: the pool (H1, H2) has its vertices at (1/3, 0) and (0, 1/3), so that equal errors are at 1/6.
    assert eer([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 1, 1]) == pytest.approx(1 / 6)


def test_empirical_cross_entropy_by_hand() -> None:
    llrs, labels = np.log10([3.0, 1.0 / 3.0]), [1, 0]
    # Prior odds 3: P(H1) = 3/4. Posterior odds 9 and 1: costs log2(10/9) and log2(2).
    value = empirical_cross_entropy(llrs, labels, prior_log10_odds=math.log10(3))
    assert float(value) == pytest.approx(0.75 * math.log2(10 / 9) + 0.25 * 1.0)
    grid = empirical_cross_entropy(llrs, labels, prior_log10_odds=[[-1.0, 0.0]])
    assert grid.shape == (1, 2)
    assert grid[0, 1] == pytest.approx(cllr(llrs, labels))


def test_expected_calibration_error_by_hand() -> None:
    # Posterior 3/4 for two of H1 and one of H2, 1/4 for the other of H2; classes weigh the same: bins hold 3/4 and 1/4 of the
    # cases. Share of H1 in the upper bin (1/2) / (3/4) = 2/3, in the lower 0.
    llrs = np.log10([3.0, 3.0, 3.0, 1.0 / 3.0])
    assert expected_calibration_error(llrs, [1, 1, 0, 0]) == pytest.approx(0.75 * (3 / 4 - 2 / 3) + 0.25 * 0.25)
    assert expected_calibration_error([0.0, 0.0], [1, 0], prior=0.2) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match="prior"):
        expected_calibration_error([0.0, 0.0], [1, 0], prior=1.0)


def test_misleading_rates_by_hand() -> None:
    llrs, labels = [1.5, -1.5, 0.2, 2.0, -0.5, 0.0], [1, 1, 1, 0, 0, 0]
    assert misleading_rates(llrs, labels) == pytest.approx((1 / 3, 1 / 3))
    assert misleading_rates(llrs, labels, beyond=1.0) == pytest.approx((1 / 3, 1 / 3))
    assert misleading_rates(llrs, labels, beyond=1.6) == pytest.approx((1 / 3, 0.0))


def test_elub_is_capped_by_the_number_of_the_opposite_class() -> None:
    for n in (30, 100, 1000):
        lower, upper = elub_bounds(np.repeat([9.0, -9.0], n), np.repeat([1, 0], n))
        # Within three steps of the grid, and never beyond.
        assert math.log10(n + 1) - 0.03 <= upper <= math.log10(n + 1)
        assert -math.log10(n + 1) <= lower <= -math.log10(n + 1) + 0.03


@pytest.mark.parametrize("bounds", [elub_bounds, invariance_value_bounds])
def test_bounds_of_useless_and_reversed_systems_are_zero(bounds: object) -> None:
    rng = np.random.default_rng(1)
    labels = np.repeat([1, 0], 100)
    reversed_llrs = np.concatenate([rng.normal(-2, 0.1, 100), rng.normal(2, 0.1, 100)])
    assert bounds(reversed_llrs, labels) == (0.0, 0.0)  # type: ignore[operator]


@given(cases())
def test_metrics_do_not_depend_on_the_order_of_cases(sample: tuple[np.ndarray, np.ndarray]) -> None:
    llrs, labels = sample
    order = np.random.default_rng(0).permutation(len(llrs))
    for function in (cllr, cllr_min, devpav, eer, expected_calibration_error):
        first, second = function(llrs, labels), function(llrs[order], labels[order])
        assert first == pytest.approx(second, nan_ok=True, rel=1e-9, abs=1e-12)
    assert elub_bounds(llrs, labels) == pytest.approx(elub_bounds(llrs[order], labels[order]))
    assert invariance_value_bounds(llrs, labels) == invariance_value_bounds(llrs[order], labels[order])


@given(cases())
@example(  # blocks of the same value whose logarithms differ in the last digit
    (
        np.array([0.0, 2.0, 0.0, -1.0, -1.0, -1.0, 0.0, -1.0, -1.0, -1.0, 1.0, -1.0, -1.0]),
        np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0]),
    )
)
def test_pav_is_monotone_and_costs_least(sample: tuple[np.ndarray, np.ndarray]) -> None:
    llrs, labels = sample
    best = cllr_min(llrs, labels)
    after = pav_llrs(llrs, labels)
    ordered = after[np.argsort(llrs, kind="stable")]
    assert all(a <= b for a, b in pairwise(ordered))
    assert cllr(after, labels) == pytest.approx(best)
    # No rising change of the values costs less.
    for change in (llrs, 0.3 * llrs, 2 * llrs + 0.5, np.tanh(llrs), np.zeros(len(llrs))):
        assert best <= cllr(change, labels) + 1e-9
    assert -1e-9 <= best <= 1 + 1e-9


@given(st.lists(st.integers(0, 1), min_size=0, max_size=20))
def test_cllr_of_neutral_evidence_is_one(labels: list[int]) -> None:
    assert cllr(np.zeros(len(labels) + 2), [1, 0, *labels]) == pytest.approx(1.0)


@given(cases())
def test_bounds_lie_on_both_sides_of_zero_within_what_n_allows(sample: tuple[np.ndarray, np.ndarray]) -> None:
    llrs, labels = sample
    n1, n0 = int(labels.sum()), int(len(labels) - labels.sum())
    lower, upper = elub_bounds(llrs, labels)
    assert -math.log10(n1 + 1) - 0.011 <= lower <= 0 <= upper <= math.log10(n0 + 1) + 0.011


def test_every_metric_of_the_table_is_one_number_and_leaves_its_input_alone() -> None:
    rng = np.random.default_rng(2)
    llrs, labels = rng.normal(size=40), np.repeat([0, 1], 20)
    before = llrs.copy(), labels.copy()
    from forensics.calibration.counts import counted

    values = {name: metric(counted(llrs, labels)) for name, metric in METRICS.items()}
    elub_bounds(llrs, labels), invariance_value_bounds(llrs, labels)
    assert all(isinstance(v, float) and np.isfinite(v) for v in values.values()), values
    assert np.array_equal(before[0], llrs)
    assert np.array_equal(before[1], labels)


@pytest.mark.parametrize("function", [cllr, cllr_min, cllr_cal, devpav, eer, elub_bounds, invariance_value_bounds])
@pytest.mark.parametrize(
    ("llrs", "labels", "message"),
    [
        ([0.0, 1.0], [1, 1], "H2 is true"),
        ([0.0, 1.0], [0, 0], "H1 is true"),
        ([0.0, np.nan], [0, 1], "NaN"),
        ([0.0, 1.0], [0, 2], "must be 1"),
        ([0.0, 1.0, 2.0], [0, 1], "same length"),
        ([[0.0, 1.0]], [[0, 1]], "one axis"),
        ([], [], "H1 is true"),
        (["a", "b"], [0, 1], "real numbers"),
        ([1j, 2j], [0, 1], "real numbers"),
    ],
)
def test_bad_input_is_told_clearly(function: object, llrs: list[float], labels: list[int], message: str) -> None:
    with pytest.raises(CalibrationError, match=message):
        function(llrs, labels)  # type: ignore[operator]
