"""Likelihood ratios from scores: calibrators, bounds, metrics with intervals, and the card that keeps them. No torch."""

from forensics.calibration.bootstrap import Estimate, LlrBand, llr_band, measure
from forensics.calibration.bounds import elub_bounds, invariance_value_bounds
from forensics.calibration.calibrators import CALIBRATORS, Calibrator
from forensics.calibration.card import Card, StratumCard, read_card, write_card
from forensics.calibration.conformal import class_p_value
from forensics.calibration.counts import pav_llrs
from forensics.calibration.displays import (
    DISPLAYS,
    DensityDisplay,
    DetDisplay,
    EmpiricalCrossEntropyDisplay,
    PavDisplay,
    ReliabilityDisplay,
    TippettDisplay,
)
from forensics.calibration.metrics import (
    METRICS,
    cllr,
    cllr_cal,
    cllr_min,
    devpav,
    eer,
    empirical_cross_entropy,
    expected_calibration_error,
    misleading_rates,
)

__all__ = [
    "CALIBRATORS",
    "DISPLAYS",
    "METRICS",
    "Calibrator",
    "Card",
    "DensityDisplay",
    "DetDisplay",
    "EmpiricalCrossEntropyDisplay",
    "Estimate",
    "LlrBand",
    "PavDisplay",
    "ReliabilityDisplay",
    "StratumCard",
    "TippettDisplay",
    "class_p_value",
    "cllr",
    "cllr_cal",
    "cllr_min",
    "devpav",
    "eer",
    "elub_bounds",
    "empirical_cross_entropy",
    "expected_calibration_error",
    "invariance_value_bounds",
    "llr_band",
    "measure",
    "misleading_rates",
    "pav_llrs",
    "read_card",
    "write_card",
]
