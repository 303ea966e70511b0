"""What one examination found, and how to repeat it."""

import json
from dataclasses import dataclass, field, replace

from forensics.calibration.likelihood import LikelihoodRatio, Propositions
from forensics.errors import EvidenceError
from forensics.evidence.record import Evidence
from forensics.judgement.outcomes import OUTCOMES, Outcome
from forensics.judgement.robustness import Robustness
from forensics.messages import Caveat
from forensics.records.canonical import JsonObject
from forensics.records.converting import to_record
from forensics.reproducibility import RunRecord
from forensics.scores import BranchScores, Localisation

__all__ = ["Finding"]

SCHEMA_VERSION = "1.3"
READABLE = ("1.2", SCHEMA_VERSION)  # 1.2 said of content credentials only whether there is one


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """What one examination of one picture found.

    Parameters
    ----------
    evidence : Evidence
    scores : BranchScores or None
        None if the picture is unsuitable for scoring.
    outcome : str
        ``supports_h1``, ``supports_h2``, ``inconclusive``, ``unsuitable`` or ``uncalibrated``.
    reason : str
        Why this outcome, in sentences.
    reason_codes : tuple of str
        The same for machines, such as ``("fits_both_classes",)``; see `forensics.judgement.REASONS`.
    caveats : tuple of Caveat
    run : RunRecord
    propositions : Propositions
    lr : LikelihoodRatio or None
        None without a calibration that covers this picture.
    localisation : Localisation or None
        None if no branch has a map, or if none was asked for.
    robustness : Robustness or None
        The exhibit delivered in other ways; None if that was not tried.
    """

    evidence: Evidence
    scores: BranchScores | None
    outcome: Outcome
    reason: str
    run: RunRecord
    caveats: tuple[Caveat, ...] = ()
    propositions: Propositions = field(default_factory=Propositions)
    lr: LikelihoodRatio | None = None
    localisation: Localisation | None = None
    robustness: Robustness | None = None
    reason_codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}, got {self.outcome!r}")
        object.__setattr__(self, "caveats", tuple(self.caveats))
        object.__setattr__(self, "reason_codes", tuple(self.reason_codes))

    def attach(self, evidence: Evidence) -> "Finding":
        """Return this finding with the pixels of its picture, for a finding read from JSON.

        Raises
        ------
        EvidenceError
            If the digest is not the one this finding names.
        """
        if evidence.sha256 != self.evidence.sha256:
            raise EvidenceError(
                f"{evidence.name} has SHA-256 {evidence.sha256}, but this finding is about {self.evidence.sha256} "
                f"({self.evidence.name}). Attach the file with that digest."
            )
        return replace(self, evidence=evidence)

    def to_dict(self) -> JsonObject:
        """Return JSON values that follow ``forensics/assets/finding.schema.json``."""
        return {
            "schema": f"forensics.finding/{SCHEMA_VERSION}",
            "evidence": self.evidence.to_dict(),
            "propositions": to_record(self.propositions),
            "scores": None if self.scores is None else self.scores.to_dict(),
            "lr": to_record(self.lr),
            "localisation": None if self.localisation is None else self.localisation.to_dict(),
            "outcome": self.outcome,
            "reason": self.reason,
            "reason_codes": list(self.reason_codes),
            "robustness": None if self.robustness is None else self.robustness.to_dict(),
            "caveats": to_record(self.caveats),
            "run": to_record(self.run),
        }

    @classmethod
    def from_dict(cls, record: JsonObject) -> "Finding":
        """Return the finding that `to_dict` came from, without pixels; see `attach`."""
        expected = f"forensics.finding/{SCHEMA_VERSION}"
        if not isinstance(record, dict):
            raise ValueError(
                f"a finding is a JSON object, got {type(record).__name__}. Pass one line of 'forensics examine --json'."
            )
        if record.get("schema") not in [f"forensics.finding/{version}" for version in READABLE]:
            raise ValueError(
                f"expected a record with schema {expected!r}, got {record.get('schema')!r}. "
                "Read it with the version of forensics that wrote it."
            )
        lr, localisation, robustness = record["lr"], record["localisation"], record["robustness"]
        return cls(
            evidence=Evidence.from_dict(record["evidence"]),
            scores=None if record["scores"] is None else BranchScores.from_dict(record["scores"]),
            outcome=record["outcome"],
            reason=record["reason"],
            caveats=tuple(Caveat(**c) for c in record["caveats"]),
            run=RunRecord(**record["run"]),
            propositions=Propositions(**record["propositions"]),
            lr=None if lr is None else LikelihoodRatio.from_dict(lr),
            localisation=None if localisation is None else Localisation.from_dict(localisation),
            robustness=None if robustness is None else Robustness.from_dict(robustness),
            reason_codes=tuple(record["reason_codes"]),
        )

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Finding":
        """Return the finding that `to_json` came from, without pixels; see `attach`."""
        return cls.from_dict(json.loads(text))
