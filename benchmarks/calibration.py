"""Calibration on simulated detectors whose likelihood ratios are known, conformal errors, and a million scores.

``python -m benchmarks.calibration [coverage|conformal|million ...]``; all three if none is named. Detectors are two normals of
unit variance, 1, 2 or 3 apart, so that the log10 LR of a score z is exactly ``separation * z / ln(10)``.
"""

import resource
import sys
import time

import numpy as np
from scipy.stats import binom

from forensics.calibration import METRICS, class_p_value, elub_bounds, llr_band, measure
from forensics.calibration.calibrators import LogisticCalibrator
from forensics.calibration.simulation import simulate_scores, true_llrs
from forensics.reproducibility import machine

SEPARATIONS = (1.0, 2.0, 3.0)
NUMBERS = (30, 100, 1_000, 10_000)
DETECTORS = {30: 600, 100: 600, 1_000: 400, 10_000: 400}  # simulated for each cell
ROUNDS = 200


def attainable_level(n: int, level: float) -> float:
    """Return the largest error rate up to `level` that p-values of n pictures can have: they come in steps of 2 / (n + 1)."""
    return float(2.0 * np.floor(level * (n + 1) / 2.0 + 1e-9) / (n + 1))


def error_bounds(n: int, *, level: float, confidence: float = 0.999) -> tuple[int, int]:
    """Return how few and how many of n exchangeable cases may have a p-value of at most `level`, by chance alone.

    Binomial quantiles. `level` is that which the p-values can attain, see `attainable_level`.
    """
    tail = (1.0 - confidence) / 2.0
    return int(binom.ppf(tail, n, level)), int(binom.ppf(1.0 - tail, n, level))


def coverage() -> None:
    """Print bias, coverage and the largest LR against its bound, for the logistic calibrator."""
    print("separation  n per class  detectors  bias of log10 LR  coverage (standard error)   largest |LR| of its bound")
    for separation in SEPARATIONS:
        quantiles = (np.arange(40) + 0.5) / 40
        normal = np.quantile(np.random.default_rng(0).normal(size=200_000), quantiles)
        at = np.concatenate([normal + separation / 2, normal - separation / 2])  # scores as they occur
        truth = true_llrs(at, separation=separation)
        for n in NUMBERS:
            bias, covered, largest = [], [], 0.0
            for seed in range(DETECTORS[n]):
                z, y = simulate_scores(n, separation=separation, seed=1_000_003 * n + seed)
                fitted = LogisticCalibrator().fit(z, y)
                band = llr_band(z, y, rounds=ROUNDS, seed=seed)
                bias.append((fitted.transform(at) - truth).mean())
                ends = np.array([band.at(float(x)) for x in at])
                covered.append(float(((ends[:, 0] <= truth) & (truth <= ends[:, 1])).mean()))
                lower, upper = elub_bounds(fitted.transform(z), y)
                bounds = max(lower, -np.log10(n + 1)), min(upper, np.log10(n + 1))
                reported = np.clip(fitted.transform(at), *bounds)
                largest = max(largest, float(np.abs(reported).max() / np.log10(n + 1)))
            error = np.std(covered) / len(covered) ** 0.5
            print(
                f"{separation:10.0f}  {n:11,}  {len(bias):9,}  {np.mean(bias):+16.4f}  {np.mean(covered):8.3f} ({error:.3f})"
                f"{'':10}  {largest:.3f} of log10(n + 1)"
            )


def conformal() -> None:
    """Print how often exchangeable pictures are rejected at 0.05, and how many are left undecided."""
    rng = np.random.default_rng(5)
    cases = 20_000
    print(
        "n of the class  rejected at 0.05 of 20,000  level that n pictures can attain  binomial limits there (99.9 %)"
    )
    for n in (30, 100, 1_000):
        rejected = 0
        for _ in range(cases):
            drawn = rng.normal(size=n + 1)
            rejected += bool(class_p_value(np.sort(drawn[:-1]), drawn[-1]) <= 0.05)
        level = attainable_level(n, 0.05)
        low, high = error_bounds(cases, level=level)
        print(f"{n:14,}  {rejected:26,}  {level:31.4f}  {low:,} to {high:,}")
    print("separation  error  undecided (both fit)  neither fits")
    for separation in SEPARATIONS:
        z, y = simulate_scores(500, separation=separation, seed=7)
        new, truth = simulate_scores(20_000, separation=separation, seed=8)
        p1, p0 = (class_p_value(np.sort(z[y == label]), new) for label in (1, 0))
        error = np.where(truth == 1, p1 <= 0.05, p0 <= 0.05).mean()
        both, neither = ((p1 > 0.05) & (p0 > 0.05)).mean(), ((p1 <= 0.05) & (p0 <= 0.05)).mean()
        print(f"{separation:10.0f}  {error:.3f}  {both:20.3f}  {neither:12.3f}")


def million() -> None:
    """Print what a million scores take: fit, interval, bounds, all metrics in 200 rounds."""
    z, y = simulate_scores(500_000, seed=6)
    started = time.perf_counter()
    steps = []

    def step(name: str) -> None:
        steps.append((name, time.perf_counter() - started - sum(s for _, s in steps)))

    fitted = LogisticCalibrator().fit(z, y)
    llrs = fitted.transform(z)
    step("fit and transform")
    llr_band(z, y, rounds=ROUNDS)
    step(f"interval of the LR, {ROUNDS} rounds")
    elub_bounds(llrs, y)
    step("bounds")
    measure(llrs, y, rounds=ROUNDS)
    step(f"{len(METRICS)} metrics, {ROUNDS} rounds")
    for name, seconds in steps:
        print(f"{name:<32} {seconds:6.1f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{'together':<32} {sum(s for _, s in steps):6.1f} s, peak memory {peak:.2f} GB")


if __name__ == "__main__":
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    chosen = sys.argv[1:] or ["million", "conformal", "coverage"]
    for name in chosen:
        {"coverage": coverage, "conformal": conformal, "million": million}[name]()
