"""Examine photographs that may be deepfakes, and report what was found in a way that holds up.

The public names below are loaded when first used, so that ``import forensics`` is fast and needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from forensics.version import __version__ as __version__

if TYPE_CHECKING:
    from forensics.attribution import attribute
    from forensics.detector import Detector, ErrorRow, load_detector
    from forensics.errors import (
        AttributionError,
        CalibrationError,
        EvidenceError,
        ForensicsError,
        ModelError,
        WeightsMismatchError,
    )
    from forensics.explorers import explore
    from forensics.redaction import Redaction
    from forensics.report import Case, verify_report, write_report
    from forensics.residuals import RESIDUALS, residual_maps
    from forensics.types import (
        Attribution,
        BranchScores,
        Caveat,
        Evidence,
        Finding,
        LikelihoodRatio,
        Limits,
        VerbalScale,
    )

_HOMES = {
    "Attribution": "forensics.types",
    "AttributionError": "forensics.errors",
    "BranchScores": "forensics.types",
    "Case": "forensics.report",
    "Caveat": "forensics.types",
    "Detector": "forensics.detector",
    "ErrorRow": "forensics.detector",
    "Evidence": "forensics.types",
    "CalibrationError": "forensics.errors",
    "EvidenceError": "forensics.errors",
    "Finding": "forensics.types",
    "ForensicsError": "forensics.errors",
    "LikelihoodRatio": "forensics.types",
    "Limits": "forensics.types",
    "ModelError": "forensics.errors",
    "RESIDUALS": "forensics.residuals",
    "Redaction": "forensics.redaction",
    "VerbalScale": "forensics.types",
    "WeightsMismatchError": "forensics.errors",
    "attribute": "forensics.attribution",
    "explore": "forensics.explorers",
    "load_detector": "forensics.detector",
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
