"""Examine photographs that may be deepfakes, and report what was found in a way that holds up.

The public names below are loaded when first used, so that ``import forensics`` is fast and needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forensics.version import __version__ as __version__

if TYPE_CHECKING:
    from forensics.attribution import attribute
    from forensics.attribution.record import Attribution
    from forensics.calibration.likelihood import LikelihoodRatio, VerbalScale
    from forensics.detector import Detector, ErrorRow, load_detector, read_findings
    from forensics.detector.finding import Finding
    from forensics.errors import (
        AttributionError,
        CalibrationError,
        EvidenceError,
        ForensicsError,
        ModelError,
        WeightsMismatchError,
    )
    from forensics.evidence.record import Evidence, Limits
    from forensics.explorers import explore
    from forensics.messages import Caveat
    from forensics.redaction import Redaction
    from forensics.report import Case, verify_report, write_report
    from forensics.residuals import RESIDUALS, residual_maps
    from forensics.scores import BranchScores

_HOMES = {
    "Attribution": "forensics.attribution.record",
    "AttributionError": "forensics.errors",
    "BranchScores": "forensics.scores",
    "Case": "forensics.report",
    "Caveat": "forensics.messages",
    "Detector": "forensics.detector",
    "ErrorRow": "forensics.detector",
    "Evidence": "forensics.evidence.record",
    "CalibrationError": "forensics.errors",
    "EvidenceError": "forensics.errors",
    "Finding": "forensics.detector.finding",
    "ForensicsError": "forensics.errors",
    "LikelihoodRatio": "forensics.calibration.likelihood",
    "Limits": "forensics.evidence.record",
    "ModelError": "forensics.errors",
    "RESIDUALS": "forensics.residuals",
    "Redaction": "forensics.redaction",
    "VerbalScale": "forensics.calibration.likelihood",
    "WeightsMismatchError": "forensics.errors",
    "attribute": "forensics.attribution",
    "explore": "forensics.explorers",
    "load_detector": "forensics.detector",
    "read_findings": "forensics.detector",
    "residual_maps": "forensics.residuals",
    "verify_report": "forensics.report",
    "write_report": "forensics.report",
}

__all__ = [
    "RESIDUALS",
    "Attribution",
    "AttributionError",
    "BranchScores",
    "CalibrationError",
    "Case",
    "Caveat",
    "Detector",
    "ErrorRow",
    "Evidence",
    "EvidenceError",
    "Finding",
    "ForensicsError",
    "LikelihoodRatio",
    "Limits",
    "ModelError",
    "Redaction",
    "VerbalScale",
    "WeightsMismatchError",
    "attribute",
    "explore",
    "load_detector",
    "read_findings",
    "residual_maps",
    "verify_report",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'forensics' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
