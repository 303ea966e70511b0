"""Evidence in, finding out: the one place where loading, views, networks and judgement meet.

The names below are loaded when first used: reading a finding back needs no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.detector.examining import Detector
    from forensics.detector.finding import Finding
    from forensics.detector.lines import FindingLines, read_findings
    from forensics.detector.loading import load_detector, starter_files
    from forensics.detector.pictures import ErrorRow

_HOMES = {
    "Detector": "examining",
    "ErrorRow": "pictures",
    "FindingLines": "lines",
    "Finding": "finding",
    "load_detector": "loading",
    "read_findings": "lines",
    "starter_files": "loading",
}

__all__ = ["Detector", "ErrorRow", "Finding", "FindingLines", "load_detector", "read_findings", "starter_files"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'forensics.detector' has no attribute {name!r}")
    value = getattr(import_module(f"forensics.detector.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
