"""The nouns of the toolkit: frozen records that flow from bytes to report.

``Evidence -> Views -> BranchScores -> Finding -> report``, and an `Attribution` beside a finding for the question why. Arrays are copied when a record is made and are
read-only afterwards. A `Finding` and its JSON are loss-free in both directions; the JSON names the picture by
digest and does not hold its pixels.
"""

from forensics.records.arrays import Float32Array, Float64Array, IntArray, UInt8Array
from forensics.records.canonical import JsonObject
from forensics.types.attribution import CELLS, Attribution, Trust, TrustCheck, TrustState
from forensics.types.evidence import Evidence, Limits, Metadata
from forensics.types.finding import OUTCOMES, Caveat, Finding, Outcome, RunRecord
from forensics.types.likelihood import ENFSI_2015, LikelihoodRatio, Propositions, VerbalScale
from forensics.types.provenance import PROVENANCE_STATES, KnownMatch, Provenance, ProvenanceState
from forensics.types.robustness import DeliveredScore, Robustness
from forensics.types.scores import BranchScores, Fusion, Localisation, Views

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
