"""Content credentials (C2PA) in files: their record, their check, and the lists of those who may vouch for a signer."""

from forensics.evidence.credentials.record import PROVENANCE_STATES, Provenance, ProvenanceState

__all__ = ["PROVENANCE_STATES", "Provenance", "ProvenanceState"]
