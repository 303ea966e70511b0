"""Scores of pictures of known origin, each delivered in several ways, and the file that keeps them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from forensics.detector import Detector
from forensics.errors import CalibrationError, EvidenceError
from forensics.evidence.record import Evidence
from forensics.judgement.deliveries import AS_RECEIVED, deliver
from forensics.judgement.suitability import stratum_of, unfit
from forensics.records.progress import tracked
from forensics.records.resumable import append_line, open_kept
from forensics.validation.labelled import LabelledFile

__all__ = ["ScoredCopy", "score_labelled"]

FORMAT = "forensics.labelled-scores/1"
UNSCORED = "too small, or flat all over"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredCopy:
    """The score of one picture of known origin, delivered in one way.

    Parameters
    ----------
    sha256 : str
        Of the picture as received, whatever the delivery.
    label : int
        1 for H1, 0 for H2.
    source, delivery, stratum : str
    log_odds : float
        Joint; None if the copy could not be scored.
    pooled : mapping of str to (float, float)
        See `forensics.types.BranchScores.pooled`.
    problem : str
        Why it counts nowhere: unreadable, unsuitable; empty if it counts.
    cluster : str
        See `forensics.validation.labelled.LabelledFile`.
    """

    sha256: str
    label: int
    source: str
    delivery: str
    stratum: str
    log_odds: float | None
    pooled: Mapping[str, tuple[float, float]]
    problem: str = ""
    cluster: str = ""

    @property
    def witness(self) -> str:
        """What it is one witness of: its cluster, or itself."""
        return self.cluster or self.sha256


def score_labelled(
    detector: Detector,
    files: Sequence[LabelledFile],
    *,
    deliveries: Sequence[str] = (AS_RECEIVED,),
    keep: Path | None = None,
    progress: bool = False,
) -> list[ScoredCopy]:
    """Score every picture in every delivery, both classes treated alike.

    Parameters
    ----------
    detector : Detector
    files : sequence of LabelledFile
    deliveries : sequence of str
        Of `forensics.judgement.deliveries.DELIVERIES`, or ``as received``.
    keep : path, optional
        A file that grows by one line per picture; what it holds already is not scored again, so that work that was cut
        off goes on.
    progress : bool
        Show a progress bar on stderr.

    Raises
    ------
    CalibrationError
        `keep` belongs to another detector or to other deliveries.
    """
    head = {"format": FORMAT, "detector_sha256": detector.sha256, "mode": detector.mode, "deliveries": list(deliveries)}
    known = {} if keep is None else _known(keep, head)
    scored: list[ScoredCopy] = []
    for file in tracked(files, "Scoring") if progress else files:
        rows = known.get(file.sha256)
        if rows is None:
            rows = list(_score(detector, file, deliveries))
            if keep is not None:
                append_line(keep, {"sha256": file.sha256, "rows": [asdict(row) for row in rows]})
        # What a picture is called and which side it is on comes from today's list, not from the day it was scored.
        scored += [_relabelled(row, file) for row in rows]
    return scored


def _score(detector: Detector, file: LabelledFile, deliveries: Sequence[str]) -> Iterator[ScoredCopy]:
    def row(delivery: str, *, stratum: str = "", problem: str = "", **measured: Any) -> ScoredCopy:
        values = {"log_odds": None, "pooled": {}} | measured
        return ScoredCopy(
            sha256=file.sha256, label=file.label, source=file.source, cluster=file.cluster, delivery=delivery, stratum=stratum,
            problem=problem, **values,
        )  # fmt: skip

    try:
        received = Evidence.from_file(file.path)
    except EvidenceError as err:
        logger.warning("left out: %s", err)
        yield from (row(delivery, problem=str(err)) for delivery in deliveries)
        return
    for delivery in deliveries:
        copy = deliver(received, delivery)
        scores = detector.score(copy)
        against = unfit(copy)
        if scores is None:
            yield row(delivery, problem=UNSCORED)
        else:
            yield row(
                delivery, stratum=stratum_of(copy), log_odds=scores.log_odds, pooled=dict(scores.pooled),
                problem=", ".join(reason.code for reason in against),
            )  # fmt: skip


def _relabelled(row: ScoredCopy, file: LabelledFile) -> ScoredCopy:
    return replace(row, label=file.label, source=file.source, cluster=file.cluster)


def _known(path: Path, head: Mapping[str, object]) -> dict[str, list[ScoredCopy]]:
    """Return the rows that a file holds by picture."""
    try:
        return {record["sha256"]: [_row(row) for row in record["rows"]] for record in open_kept(path, head)}
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise CalibrationError(
            f"{path} holds no scores that could be used here: {err}. Name another --scores."
        ) from err


def _row(record: dict[str, Any]) -> ScoredCopy:
    return ScoredCopy(**{**record, "pooled": {name: tuple(pair) for name, pair in record["pooled"].items()}})
