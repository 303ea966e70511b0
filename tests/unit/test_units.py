import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.units import (
    llr_from_log_odds,
    log_odds_from_logits,
    log_odds_from_probability,
    probability_from_log_odds,
)


def test_log_odds_are_the_difference_of_logits() -> None:
    assert log_odds_from_logits(np.array([[1.0, 3.5], [2.0, -1.0]])).tolist() == [2.5, -3.0]


def test_known_values() -> None:
    assert probability_from_log_odds(np.array(0.0)) == 0.5
    assert probability_from_log_odds(np.array(math.log(3))) == pytest.approx(0.75)
    assert log_odds_from_probability(np.array(0.75)) == pytest.approx(math.log(3))
    assert llr_from_log_odds(np.array(math.log(1000))) == pytest.approx(3.0)


def test_extremes_do_not_overflow() -> None:
    assert probability_from_log_odds(np.array([-1e4, 1e4, -np.inf, np.inf])).tolist() == [0.0, 1.0, 0.0, 1.0]
    assert log_odds_from_probability(np.array([0.0, 1.0])).tolist() == [-np.inf, np.inf]


@given(st.floats(-30, 30))
def test_round_trip(value: float) -> None:
    assert log_odds_from_probability(probability_from_log_odds(np.array(value))) == pytest.approx(value, abs=1e-2)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_no_probability(value: float) -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        log_odds_from_probability(np.array(value))


def test_three_classes_are_refused() -> None:
    with pytest.raises(ValueError, match="length 2"):
        log_odds_from_logits(np.zeros((4, 3)))
