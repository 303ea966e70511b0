"""What one examination found, and how to repeat it."""

import json
from dataclasses import dataclass, field, replace

from forensics.calibration.likelihood import LikelihoodRatio, Propositions
from forensics.errors import EvidenceError, RecordError
from forensics.evidence.record import Evidence
from forensics.judgement.outcomes import OUTCOMES, Outcome
from forensics.judgement.robustness import Robustness
from forensics.messages import Message
from forensics.records.arrays import keep_copies
from forensics.records.canonical import JsonObject
from forensics.records.converting import from_record, recorded, to_record
from forensics.reproducibility import RunRecord
from forensics.scores import BranchScores, Localisation

__all__ = ["Finding"]

SCHEMA = "forensics.finding/1.4"
# 1.2 said of content credentials only whether there is one; 1.3 held sentences where 1.4 holds codes with values.
OLDER = ("forensics.finding/1.2", "forensics.finding/1.3")


def _of_today(record: JsonObject) -> JsonObject:
    """Return a record of today; in older ones the sentences of all reasons stand together, here with the first code."""
    if record.get("schema") not in OLDER:
        return record
    first, *others = record.get("reason_codes") or ("as_recorded",)
    told: JsonObject = {"code": first, "values": {}, "text": record.get("reason")}
    return {
        **record,
        "schema": SCHEMA,
        "reasons": [told, *({"code": code, "values": {}, "text": ""} for code in others)],
    }


@recorded(constants={"schema": SCHEMA}, derived=("reason", "reason_codes"), older=_of_today)
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
    reasons : tuple of Message
        Why this outcome; the codes are those of `forensics.judgement.rules.REASONS`.
    caveats : tuple of Message
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
    reasons: tuple[Message, ...]
    run: RunRecord
    caveats: tuple[Message, ...] = ()
    propositions: Propositions = field(default_factory=Propositions)
    lr: LikelihoodRatio | None = None
    localisation: Localisation | None = None
    robustness: Robustness | None = None

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}, got {self.outcome!r}")
        keep_copies(self)

    @property
    def reason(self) -> str:
        """Why this outcome, in English sentences."""
        return " ".join(reason.text for reason in self.reasons if reason.text)

    @property
    def reason_codes(self) -> tuple[str, ...]:
        """The same for machines, such as ``("fits_both_classes",)``."""
        return tuple(reason.code for reason in self.reasons)

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
        return dict(to_record(self))

    @classmethod
    def from_dict(cls, record: JsonObject) -> "Finding":
        """Return the finding that `to_dict` came from, without pixels; see `attach`.

        Raises
        ------
        RecordError
            It is no record of a finding, or of a version that cannot be read.
        """
        if not isinstance(record, dict):
            raise RecordError(
                f"a finding is a JSON object, got {type(record).__name__}. Pass one line of 'forensics examine --json'."
            )
        return from_record(cls, record)

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Finding":
        """Return the finding that `to_json` came from, without pixels; see `attach`."""
        return cls.from_dict(json.loads(text))
