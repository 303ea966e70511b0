"""The nouns of the toolkit in one place; each lives with its maker.

``Evidence -> Views -> BranchScores -> Finding -> report``, and an `Attribution` beside a finding for the question why. Records are frozen; arrays are
copied when a record is made and are read-only afterwards.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensics.attribution.record import CELLS, Attribution, Trust, TrustCheck, TrustState
    from forensics.calibration.likelihood import ENFSI_2015, LikelihoodRatio, Propositions, VerbalScale
    from forensics.detector.finding import Finding
    from forensics.evidence.credentials import PROVENANCE_STATES, KnownMatch, Provenance, ProvenanceState
    from forensics.evidence.record import Evidence, Limits, Metadata
    from forensics.judgement.outcomes import OUTCOMES, Outcome
    from forensics.judgement.robustness import DeliveredScore, Robustness
    from forensics.messages import Caveat
    from forensics.records.arrays import Float32Array, Float64Array, IntArray, UInt8Array
    from forensics.records.canonical import JsonObject
    from forensics.reproducibility import RunRecord
    from forensics.scores import BranchScores, Fusion, Localisation
    from forensics.views import Views

_HOMES = {
    "Attribution": "forensics.attribution.record",
    "BranchScores": "forensics.scores",
    "CELLS": "forensics.attribution.record",
    "Caveat": "forensics.messages",
    "DeliveredScore": "forensics.judgement.robustness",
    "ENFSI_2015": "forensics.calibration.likelihood",
    "Evidence": "forensics.evidence.record",
    "Finding": "forensics.detector.finding",
    "Float32Array": "forensics.records.arrays",
    "Float64Array": "forensics.records.arrays",
    "Fusion": "forensics.scores",
    "IntArray": "forensics.records.arrays",
    "JsonObject": "forensics.records.canonical",
    "KnownMatch": "forensics.evidence.credentials",
    "LikelihoodRatio": "forensics.calibration.likelihood",
    "Limits": "forensics.evidence.record",
    "Localisation": "forensics.scores",
    "Metadata": "forensics.evidence.record",
    "OUTCOMES": "forensics.judgement.outcomes",
    "Outcome": "forensics.judgement.outcomes",
    "PROVENANCE_STATES": "forensics.evidence.credentials",
    "Propositions": "forensics.calibration.likelihood",
    "Provenance": "forensics.evidence.credentials",
    "ProvenanceState": "forensics.evidence.credentials",
    "Robustness": "forensics.judgement.robustness",
    "RunRecord": "forensics.reproducibility",
    "Trust": "forensics.attribution.record",
    "TrustCheck": "forensics.attribution.record",
    "TrustState": "forensics.attribution.record",
    "UInt8Array": "forensics.records.arrays",
    "VerbalScale": "forensics.calibration.likelihood",
    "Views": "forensics.views",
}

__all__ = [
    "CELLS",
    "ENFSI_2015",
    "OUTCOMES",
    "PROVENANCE_STATES",
    "Attribution",
    "BranchScores",
    "Caveat",
    "DeliveredScore",
    "Evidence",
    "Finding",
    "Float32Array",
    "Float64Array",
    "Fusion",
    "IntArray",
    "JsonObject",
    "KnownMatch",
    "LikelihoodRatio",
    "Limits",
    "Localisation",
    "Metadata",
    "Outcome",
    "Propositions",
    "Provenance",
    "ProvenanceState",
    "Robustness",
    "RunRecord",
    "Trust",
    "TrustCheck",
    "TrustState",
    "UInt8Array",
    "VerbalScale",
    "Views",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'forensics.types' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
