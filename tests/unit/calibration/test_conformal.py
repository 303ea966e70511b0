"""Conformal p-values by hand, and their promise on exchangeable data."""

import numpy as np
import pytest

from benchmarks.calibration import attainable_level, error_bounds
from forensics.calibration import class_p_value
from forensics.calibration.conformal import scores_by_class
from forensics.errors import CalibrationError


def test_p_values_by_hand() -> None:
    scores = np.arange(1.0, 10.0)  # nine pictures; with the one examined there are ten
    assert (
        class_p_value(scores, 5.0) == 1.0
    )  # the median: six of ten at or below, six at or above; twice that, at most 1
    assert class_p_value(scores, 0.0) == pytest.approx(2 * 1 / 10)
    assert class_p_value(scores, 100.0) == pytest.approx(2 * 1 / 10)
    assert class_p_value(scores, 2.5) == pytest.approx(2 * 3 / 10)
    assert class_p_value(scores, np.array([[2.0]])).shape == (1, 1)
    assert class_p_value(scores, 2.0) == pytest.approx(2 * 3 / 10)  # ties count on both sides


@pytest.mark.parametrize("n", [20, 100, 500])
def test_exchangeable_pictures_are_rejected_no_more_often_than_the_level(n: int) -> None:
    rng = np.random.default_rng(n)
    rejected = 0
    for _ in range(2000):
        drawn = rng.gamma(2.0, size=n + 1)  # any distribution will do
        rejected += bool(class_p_value(np.sort(drawn[:-1]), drawn[-1]) <= 0.05)
    level = attainable_level(n, 0.05)
    low, high = error_bounds(2000, level=level)
    assert level <= 0.05
    assert low <= rejected <= high


def test_the_level_that_few_pictures_attain_by_hand() -> None:
    # Two-sided p-values are 2 k / (n + 1): with 30 pictures the smallest is 2 / 31 = 0.0645, with 100 k = 2 gives 4 / 101.
    assert attainable_level(30, 0.05) == 0.0
    assert attainable_level(39, 0.05) == pytest.approx(0.05)
    assert attainable_level(100, 0.05) == pytest.approx(4 / 101)


def test_scores_that_a_card_keeps() -> None:
    z = np.random.default_rng(0).normal(size=5000)
    y = np.arange(5000) % 2
    h1, h2 = scores_by_class(z, y)
    assert len(h1) == len(h2) == 1000
    assert h1[0] == z[y == 1].min()
    assert h1[-1] == z[y == 1].max()
    for at in (-2.0, 0.0, 1.7):
        assert class_p_value(h1, at) == pytest.approx(float(class_p_value(np.sort(z[y == 1]), at)), abs=0.005)
    with pytest.raises(CalibrationError, match="finite"):
        scores_by_class([np.inf, 0.0], [1, 0])
