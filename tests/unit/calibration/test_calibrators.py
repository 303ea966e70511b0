"""Calibrators against exact answers and each other, their intervals on simulated detectors, and their refusals."""

import math

import numpy as np
import pytest

from forensics.calibration import CALIBRATORS, cllr, cllr_min, elub_bounds, llr_band, measure
from forensics.calibration.calibrators import KdeCalibrator, LogisticCalibrator
from forensics.calibration.simulation import simulate_scores, true_llrs
from forensics.errors import CalibrationError, NotCalibratedError, UnknownNameError

LN10 = math.log(10)


def simulated(separation: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose log10 LR is ``separation * z / ln(10)`` exactly, n of each class."""
    return simulate_scores(n, separation=separation, seed=seed)


def test_simulated_ratios_are_exact() -> None:
    # The log10 ratio of two normal densities of unit variance, means 1 and -1, at 0.7.
    density = [math.exp(-((0.7 - mean) ** 2) / 2) for mean in (1, -1)]
    assert float(true_llrs(0.7)) == pytest.approx(math.log10(density[0] / density[1]))
    z, y = simulate_scores(4000, separation=3.0)
    assert z[y == 1].mean() - z[y == 0].mean() == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("name", CALIBRATORS.names())
def test_a_calibrator_finds_the_likelihood_ratio_of_a_simulated_detector(name: str) -> None:
    z, y = simulated(2.0, 20_000, seed=1)
    at = np.array([-1.5, -0.5, 0.0, 0.5, 1.5])
    found = CALIBRATORS[name]().fit(z, y).transform(at)
    assert found == pytest.approx(2.0 * at / LN10, abs=0.12)


def test_the_gaussian_by_hand() -> None:
    # Means 1 and -1, variance 1 within each class: slope 2, in base 10.
    z, y = np.array([0.0, 2.0] * 10 + [-2.0, 0.0] * 10), np.repeat([1, 0], 20)
    fitted = CALIBRATORS["gaussian"]().fit(z, y)
    assert fitted.transform(np.array([0.0, 1.0])) == pytest.approx([0.0, 2.0 / LN10])


def test_the_logistic_is_firths_estimate() -> None:
    # A saturated 2 x 2 table: Firth adds half a case to each cell, so that the log odds ratio is that of the counts + 1/2.
    z = np.repeat([0.0, 1.0, 0.0, 1.0], [9, 3, 4, 8])
    y = np.repeat([0, 0, 1, 1], [9, 3, 4, 8])
    fitted = LogisticCalibrator().fit(z, y)
    slope = math.log((8.5 / 3.5) / (4.5 / 9.5)) / LN10
    assert fitted.slope_ == pytest.approx(slope, rel=1e-6)
    assert fitted.intercept_ == pytest.approx(
        math.log(4.5 / 9.5) / LN10, rel=1e-6
    )  # 12 of each class: no prior to take out


def test_the_isotonic_by_hand() -> None:
    # Ten of each class in perfect order, one misleading case beyond each end: (10/11) / (1/11) = 10 at either end.
    fitted = CALIBRATORS["isotonic"]().fit(np.arange(20.0), np.repeat([0, 1], 10))
    ends = 10.0 ** fitted.transform(np.array([-100.0, 100.0]))
    assert ends == pytest.approx([1 / 10, 10.0])


def test_the_kernel_densities_have_the_digits_that_lir_prints() -> None:
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.normal(-1, 1, 300), rng.normal(1, 1, 300)])
    labels = np.repeat([0, 1], 300)
    llrs = KdeCalibrator(monotone=False).fit(scores, labels).transform(scores)
    assert cllr(llrs, labels) == pytest.approx(0.49291, abs=5e-6)  # lir 1.3.1 and 1.8.0, bandwidth='silverman'
    assert cllr_min(llrs, labels) == pytest.approx(0.46221, abs=5e-6)
    gathered = KdeCalibrator().fit(*simulated(2.0, 9000, seed=3))
    assert gathered.transform(0.7) == pytest.approx(1.4 / LN10, abs=0.05)


def test_weights_count_cases() -> None:
    z, y = simulated(1.0, 40, seed=4)
    weights = np.where(z > 0, 3.0, 1.0)
    repeated = np.repeat(np.arange(80), weights.astype(int))
    for name in ("logistic", "gaussian"):
        once = CALIBRATORS[name]().fit(z, y, weights).transform(1.0)
        often = CALIBRATORS[name]().fit(z[repeated], y[repeated]).transform(1.0)
        assert once == pytest.approx(often, abs=0.02)
    with pytest.raises(CalibrationError, match="weights must be"):
        CALIBRATORS["logistic"]().fit(z, y, -weights)
    with pytest.raises(CalibrationError, match="weight 0"):
        CALIBRATORS["logistic"]().fit(z, y, 1.0 * y)


@pytest.mark.parametrize("name", CALIBRATORS.names())
def test_bad_input_is_refused(name: str) -> None:
    z, y = simulated(1.0, 20, seed=5)
    new = CALIBRATORS[name]
    with pytest.raises(NotCalibratedError, match="fit"):
        new().transform(z)
    with pytest.raises(CalibrationError, match="at least 10 cases"):
        new().fit(z[15:29], y[15:29])
    with pytest.raises(CalibrationError, match="infinite"):
        new().fit(np.where(z > 1, np.inf, z), y)
    with pytest.raises(CalibrationError, match="must be finite"):
        new().fit(z, y).transform(np.nan)


def test_classes_without_spread_are_refused_where_a_density_is_needed() -> None:
    z, y = np.repeat([1.0, -1.0], 20), np.repeat([1, 0], 20)
    for name in ("gaussian", "kde"):
        with pytest.raises(CalibrationError, match="no density"):
            CALIBRATORS[name]().fit(z, y)
    assert np.isfinite(LogisticCalibrator().fit(z, y).transform(1.0))


def test_an_unknown_calibrator_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'logistic'"):
        CALIBRATORS["logistics"]


@pytest.mark.parametrize(("separation", "n"), [(1.0, 30), (2.0, 100), (3.0, 100)])
def test_the_interval_covers_and_no_ratio_passes_its_bound(separation: float, n: int) -> None:
    """Every cell, with many more rounds, is printed by ``python -m benchmarks.calibration``."""
    at = np.linspace(-separation, separation, 9)
    truth = separation * at / LN10
    covered, errors = [], []
    for seed in range(120):
        z, y = simulated(separation, n, seed=1000 + seed)
        band = llr_band(z, y, rounds=60, seed=seed)
        covered += [low <= t <= high for t, (low, high) in zip(truth, map(band.at, at), strict=True)]
        llrs = LogisticCalibrator().fit(z, y).transform(z)
        errors.append(LogisticCalibrator().fit(z, y).transform(at) - truth)
        lower, upper = elub_bounds(llrs, y)
        assert max(-lower, upper) <= math.log10(n + 1) + 0.01
    # 120 detectors: the standard error of the share is about 0.02.
    assert 0.90 <= np.mean(covered) <= 0.99
    assert np.abs(np.mean(errors, axis=0)).max() < 0.15


def test_the_band_is_the_same_for_many_cases_gathered_and_for_weights() -> None:
    z, y = simulated(1.5, 9000, seed=6)
    gathered, exact = (
        llr_band(z, y, rounds=80),
        llr_band(z, y, weights=np.r_[1.0, 1.0 + 1e-9, np.ones(17_998)], rounds=80),
    )
    widths = [band.at(1.0)[1] - band.at(1.0)[0] for band in (gathered, exact)]
    assert widths[0] == pytest.approx(widths[1], rel=0.35)
    assert sum(gathered.at(1.0)) / 2 == pytest.approx(sum(exact.at(1.0)) / 2, abs=1e-3)


def test_intervals_of_metrics_hold_the_value_and_widen_with_clusters() -> None:
    rng = np.random.default_rng(7)
    clusters = np.repeat(np.arange(40), 10)
    y = np.repeat([1, 0], 200)
    shift = np.repeat(rng.normal(0, 1, 40), 10)
    llrs = np.where(y == 1, 0.5, -0.5) + shift + 0.1 * rng.normal(size=400)
    alone, together = measure(llrs, y), measure(llrs, y, clusters=clusters)
    for name in ("cllr", "eer", "misleading_h2"):
        low, high = alone[name].interval
        assert low <= alone[name].value <= high
        wide = together[name].interval
        assert wide[1] - wide[0] > 1.5 * (high - low)
    assert measure(llrs, y) == alone  # the seed is fixed
    none = measure(np.where(y == 1, 0.5, -0.5), y)["misleading_h2_beyond_10"]
    # Wilson's upper limit for none of 200: z^2 / (n + z^2).
    assert (none.value, none.interval) == (0.0, (0.0, pytest.approx(3.8415 / 203.8415, abs=1e-4)))
    with pytest.raises(CalibrationError, match="one cluster"):
        measure(llrs, y, clusters=y)
    with pytest.raises(CalibrationError, match="name one for each"):
        measure(llrs, y, clusters=clusters[:5])
    with pytest.raises(ValueError, match="at least 2 rounds"):
        measure(llrs, y, rounds=1)


def test_the_interval_of_cllr_is_that_of_a_plain_bootstrap() -> None:
    z, y = simulated(1.0, 60, seed=8)
    llrs = z / LN10
    low, high = measure(llrs, y, rounds=400)["cllr"].interval
    rng = np.random.default_rng(9)
    draws = [np.concatenate([rng.integers(0, 60, 60), rng.integers(60, 120, 60)]) for _ in range(400)]
    assert (low, high) == pytest.approx(np.percentile([cllr(llrs[d], y[d]) for d in draws], [2.5, 97.5]), abs=0.03)
