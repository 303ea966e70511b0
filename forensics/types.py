"""The nouns of the toolkit in one place; each lives with its maker.

``Evidence -> Views -> BranchScores -> Finding -> report``, and an `Attribution` beside a finding for the question why. Records are frozen; arrays are
copied when a record is made and are read-only afterwards.
"""

from forensics.attribution.record import CELLS, Attribution, Trust, TrustCheck, TrustState
from forensics.calibration.likelihood import ENFSI_2015, LikelihoodRatio, Propositions, VerbalScale
from forensics.detector.finding import Finding
from forensics.evidence.credentials import PROVENANCE_STATES, Provenance, ProvenanceState
from forensics.evidence.known.match import KnownMatch
from forensics.evidence.record import Evidence, Limits, Metadata
from forensics.judgement.outcomes import OUTCOMES, Outcome
from forensics.judgement.robustness import DeliveredScore, Robustness
from forensics.messages import Caveat
from forensics.records.arrays import Float32Array, Float64Array, IntArray, UInt8Array
from forensics.records.canonical import JsonObject
from forensics.reproducibility import RunRecord
from forensics.scores import BranchScores, Fusion, Localisation
from forensics.views import Views

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
