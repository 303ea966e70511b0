"""Scores of pictures of known origin, each delivered in several ways, and the file that keeps them."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from forensics.detector import Detector
from forensics.errors import CalibrationError, EvidenceError, UnknownNameError
from forensics.evaluation.labelled import LabelledPicture
from forensics.evaluation.shortcuts import file_statistics
from forensics.evidence.record import Evidence
from forensics.judgement.deliveries import AS_RECEIVED, DELIVERIES, deliver
from forensics.judgement.rules import REASONS
from forensics.judgement.suitability import stratum_of, too_small, unfit
from forensics.models.execution.threads import in_processes
from forensics.records.progress import tracked
from forensics.records.resumable import append_line, open_kept

__all__ = ["ALL", "JOINT", "ScoredCopy", "chosen_deliveries", "score_labelled", "usable"]

ALL = "all"
JOINT = "joint"
FORMAT = "forensics.labelled-scores/1"
UNREADABLE = "unreadable"  # beside the codes of `REASONS`: why a copy counts nowhere
UNSAID = "unsaid"  # of copies in files that an earlier version kept, with a sentence of its own

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
    source : str
        See `forensics.evaluation.labelled.LabelledPicture`; the picture's own digest if nobody said.
    delivery, stratum : str
    log_odds : float
        Joint, natural; None if the copy could not be scored.
    pooled : mapping of str to (float, float)
        See `forensics.scores.BranchScores.pooled`.
    problem : str
        Why it counts nowhere, as codes with commas between them; empty if it counts. See `reasons`.
    cluster : str
        As `source`.
    by_branch : mapping of str to float
        Branch to its natural log-odds; empty in files that an earlier version kept.
    statistics : mapping of str to float
        See `forensics.evaluation.shortcuts.file_statistics`; empty in files that an earlier version kept.
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
    by_branch: Mapping[str, float] = field(default_factory=dict)
    statistics: Mapping[str, float] = field(default_factory=dict)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of `forensics.judgement.rules.REASONS`, or ``unreadable``: why it counts nowhere; empty if it counts."""
        codes = tuple(self.problem.split(", ")) if self.problem else ()
        return codes if all(code in REASONS or code == UNREADABLE for code in codes) else (UNSAID,)

    @property
    def witness(self) -> str:
        """What it is one witness of: its cluster, or itself."""
        return self.cluster or self.sha256

    @property
    def joint(self) -> float:
        """The joint log-odds of a copy that has some.

        Raises
        ------
        CalibrationError
            It could not be scored.
        """
        if self.log_odds is None:
            raise CalibrationError(
                f"the picture {self.sha256} has no score ({self.problem}). Take `usable` copies only."
            )
        return self.log_odds

    @property
    def judgements(self) -> dict[str, float]:
        """Log-odds of every branch and, last, of all of them together."""
        return {**self.by_branch, JOINT: self.joint}


def usable(scored: Iterable[ScoredCopy]) -> list[ScoredCopy]:
    """Return the copies that have a score and that nothing speaks against."""
    return [c for c in scored if c.log_odds is not None and not c.problem]


def chosen_deliveries(names: Iterable[str]) -> tuple[str, ...]:
    """Return the deliveries that are asked for, as received first.

    Raises
    ------
    UnknownNameError
        There is no such delivery.
    """
    names = list(names)
    if ALL in names:
        return (AS_RECEIVED, *DELIVERIES)
    unknown = [name for name in names if name not in DELIVERIES and name != AS_RECEIVED]
    if unknown:
        raise UnknownNameError(
            f"No {unknown[0]!r} among the deliveries: {', '.join(DELIVERIES)}. Choose of these, or 'all'."
        )
    return tuple(dict.fromkeys((AS_RECEIVED, *names)))


def score_labelled(
    detector: Detector,
    pictures: Sequence[LabelledPicture],
    *,
    deliveries: Sequence[str] = (AS_RECEIVED,),
    keep: Path | None = None,
    progress: bool = False,
    workers: int = 0,
) -> list[ScoredCopy]:
    """Score every picture in every delivery, both classes treated alike.

    Parameters
    ----------
    detector : Detector
    pictures : sequence of LabelledPicture
        Each file once, see `Pictures.distinct`.
    deliveries : sequence of str
        Of `forensics.judgement.deliveries.DELIVERIES`, or ``as received``.
    keep : path, optional
        A file that grows by one line per picture; what it holds already is not scored again, so that work that was cut
        off goes on.
    progress : bool
        Show a progress bar on stderr.
    workers : int
        Processes that score, each with one thread; none if 0, and none for a detector in fast mode, whose threads are
        not there in a forked process. The number changes no score.

    Returns
    -------
    list of ScoredCopy
        Picture by picture, delivery by delivery.

    Raises
    ------
    CalibrationError
        `keep` belongs to another detector or to other deliveries.
    """
    head = {"format": FORMAT, "detector_sha256": detector.sha256, "mode": detector.mode, "deliveries": list(deliveries)}
    known = {} if keep is None else _known(keep, head)
    lacking = [p for p in pictures if p.sha256 not in known]
    made = in_processes(
        lambda number: list(_score(detector, lacking[number], deliveries)),
        range(len(lacking)),
        workers=workers if detector.mode == "exact" else 0,
    )
    scored: list[ScoredCopy] = []
    for picture in tracked(pictures, "Scoring") if progress else pictures:
        rows = known.get(picture.sha256)
        if rows is None:
            rows = next(made)
            if keep is not None:
                append_line(keep, {"sha256": picture.sha256, "rows": [asdict(row) for row in rows]})
        # What a picture is called and which side it is on comes from today's list, not from the day it was scored.
        scored += [replace(row, **_named(picture)) for row in rows]
    return scored


def _score(detector: Detector, picture: LabelledPicture, deliveries: Sequence[str]) -> Iterator[ScoredCopy]:
    def row(delivery: str, *, stratum: str = "", problem: str = "", **measured: Any) -> ScoredCopy:
        values = {"log_odds": None, "pooled": {}} | measured
        return ScoredCopy(
            sha256=picture.sha256, **_named(picture), delivery=delivery, stratum=stratum, problem=problem, **values
        )

    try:
        received = Evidence.from_file(picture.path)
    except EvidenceError as err:
        logger.warning("left out: %s", err)
        yield from (row(delivery, problem=UNREADABLE) for delivery in deliveries)
        return
    for delivery in deliveries:
        copy = deliver(received, delivery)
        scores = detector.score(copy)
        against = unfit(copy)
        if scores is None:
            yield row(delivery, problem="too_small" if too_small(copy) else "flat")
        else:
            yield row(
                delivery, stratum=stratum_of(copy), log_odds=scores.log_odds, pooled=dict(scores.pooled),
                problem=", ".join(reason.code for reason in against), by_branch=dict(scores.by_branch),
                statistics=file_statistics(copy.require_pixels()),
            )  # fmt: skip


def _named(picture: LabelledPicture) -> dict[str, Any]:
    """Return what the list says of a picture; its own digest stands for a source and a cluster that nobody named."""
    return {
        "label": picture.label,
        "source": picture.source or picture.sha256,
        "cluster": picture.cluster or picture.sha256,
    }


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
