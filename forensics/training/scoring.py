"""Scores of withheld pictures under each condition, and the file that keeps them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from forensics.detector import Detector
from forensics.evidence.record import Evidence
from forensics.records.arrays import UInt8Array
from forensics.records.resumable import append_line, open_kept
from forensics.training.audit import STATISTICS, tile_statistics
from forensics.training.pictures import LabelledPicture, Pictures
from forensics.training.post_chain import jpeg
from forensics.training.workers import ready_to_fork

__all__ = ["CONDITIONS", "DELIVERED", "JOINT", "MEAN", "ScoredPicture", "evaluate", "read_scores", "thinned"]

JOINT = "joint"
MEAN = "plain mean"  # of the branches, where the joint judgement is fitted
DELIVERED = "as delivered"
FORMAT = "forensics.scores/1"
MIDDLE = 256  # side of the part whose statistics are taken


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPicture:
    """The log-odds of one withheld picture under one condition.

    Parameters
    ----------
    name, source : str
        As in the index.
    label : int
        1 for generator output, 0 for a camera original.
    condition : str
        One of `CONDITIONS`.
    log_odds : mapping of str to float
        By branch, and ``"joint"``.
    pooled : mapping of str to (float, float)
        See `forensics.types.BranchScores.pooled`.
    statistics : mapping of str to float
        `forensics.training.audit.tile_statistics` of the middle of the picture, and ``size``, its log pixel count.
    """

    name: str
    source: str
    label: int
    condition: str
    log_odds: Mapping[str, float]
    pooled: Mapping[str, tuple[float, float]]
    statistics: Mapping[str, float] = field(default_factory=dict)


def _as_is(pixels: UInt8Array) -> UInt8Array:
    return pixels


def _saved(quality: int) -> Callable[[UInt8Array], UInt8Array]:
    return lambda pixels: jpeg(np.ascontiguousarray(pixels), quality=quality, full_chroma=False)


def _smaller(pixels: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.resize(pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA))


def _screenshot(pixels: UInt8Array) -> UInt8Array:
    """Scaled by a display, caught without loss, saved by a messenger."""
    shown = cv2.resize(pixels, None, fx=0.9, fy=0.9, interpolation=cv2.INTER_LINEAR)
    return jpeg(np.ascontiguousarray(shown), quality=80, full_chroma=False)


def _blurred(pixels: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.6))


def _sharpened(pixels: UInt8Array) -> UInt8Array:
    x = pixels.astype(np.float32)
    return np.clip(np.rint(x + 0.5 * (x - cv2.GaussianBlur(x, (0, 0), 1.0))), 0, 255).astype(np.uint8)


CONDITIONS: dict[str, Callable[[UInt8Array], UInt8Array]] = {
    DELIVERED: _as_is,
    "JPEG 90": _saved(90),
    "JPEG 75": _saved(75),
    "JPEG 60": _saved(60),
    "resized 75 %": _smaller,
    "screenshot-like": _screenshot,
    "blurred": _blurred,
    "sharpened": _sharpened,
}


def evaluate(
    detector: Detector,
    pictures: Pictures,
    *,
    conditions: Iterable[str] = (DELIVERED, "JPEG 75"),
    at_most: int | None = None,
    keep: Path | None = None,
    workers: int = 0,
) -> list[ScoredPicture]:
    """Score every picture under each condition, both classes treated alike.

    Parameters
    ----------
    detector : Detector
    pictures : Pictures
        The withheld side.
    conditions : iterable of str
        Of `CONDITIONS`.
    at_most : int, optional
        Pictures per source and class, the first by digest of their names; all if not given.
    keep : path, optional
        A file that holds one JSON line per picture and grows as they are scored. What it holds already is not scored
        again, so that an evaluation that was cut off goes on, and tables are printed anew without scoring.
    workers : int
        Processes that score, each with one thread; none if 0, and none for a detector in fast mode, whose threads are
        not there in a forked process.

    Returns
    -------
    list of ScoredPicture
        Pictures that are unsuitable for scoring are left out.

    Raises
    ------
    ValueError
        A condition is unknown, or the file belongs to other weights, another mode or other conditions.
    """
    chosen = list(conditions)
    unknown = [c for c in chosen if c not in CONDITIONS]
    if unknown:
        raise ValueError(f"no condition {unknown[0]!r}; there are {', '.join(CONDITIONS)}. Choose of these.")
    head = {"format": FORMAT, "weights_sha256": detector.weights.sha256, "mode": detector.mode, "conditions": chosen}
    known = {} if keep is None else _known(keep, head)
    wanted = pictures if at_most is None else thinned(pictures, at_most)
    lacking = [p for p in wanted if p.name not in known]
    loader = torch.utils.data.DataLoader(
        _Scoring(detector, lacking, chosen),
        batch_size=None,
        num_workers=ready_to_fork(workers if detector.mode == "exact" else 0),
        collate_fn=lambda rows: rows,
    )
    for picture, rows in zip(lacking, loader, strict=True):
        known[picture.name] = rows
        if keep is not None:
            append_line(keep, {"name": picture.name, "rows": [asdict(row) for row in rows]})
    return [row for picture in wanted for row in known[picture.name]]


class _Scoring(torch.utils.data.Dataset[list[ScoredPicture]]):
    """Picture number to its rows."""

    def __init__(self, detector: Detector, pictures: Sequence[LabelledPicture], conditions: Sequence[str]) -> None:
        self.detector, self.pictures, self.conditions = detector, pictures, conditions

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, number: int) -> list[ScoredPicture]:
        return list(_score(self.detector, self.pictures[number], self.conditions))


def _score(detector: Detector, picture: LabelledPicture, conditions: Iterable[str]) -> Iterator[ScoredPicture]:
    pixels = Evidence.from_file(picture.path).pixels
    for condition in conditions:
        changed = CONDITIONS[condition](pixels)
        scores = detector.examine(_evidence(changed)).scores
        if scores is not None:
            yield ScoredPicture(
                name=picture.name, source=picture.source, label=picture.label, condition=condition,
                log_odds={**scores.by_branch, JOINT: scores.log_odds}, pooled=dict(scores.pooled),
                statistics=_statistics(changed),
            )  # fmt: skip


def _statistics(pixels: UInt8Array) -> dict[str, float]:
    height, width = pixels.shape[:2]
    top, left = max(0, height - MIDDLE) // 2, max(0, width - MIDDLE) // 2
    values = tile_statistics(pixels[top : top + MIDDLE, left : left + MIDDLE])
    return {**dict(zip(STATISTICS, values.tolist(), strict=True)), "size": float(np.log(height * width))}


def thinned(pictures: Pictures, at_most: int) -> Pictures:
    """Return at most so many pictures per source and class, the first by digest of their names."""
    taken: Counter[tuple[str, int]] = Counter()
    kept = []
    for picture in sorted(pictures, key=lambda p: hashlib.sha256(p.name.encode()).hexdigest()):
        taken[picture.source, picture.label] += 1
        if taken[picture.source, picture.label] <= at_most:
            kept.append(picture)
    return Pictures(kept)


def _evidence(pixels: UInt8Array) -> Evidence:
    return Evidence(pixels=pixels, sha256="0" * 64, name="evaluation", media_type="image/png", n_bytes=0)


def _known(path: Path, head: Mapping[str, object]) -> dict[str, list[ScoredPicture]]:
    """Return the rows that a file holds by picture."""
    try:
        return _by_name(open_kept(path, head))
    except ValueError as err:
        raise ValueError(
            f"{path} holds scores of other weights, another mode or other conditions. Give another --scores, or remove it."
        ) from err


def read_scores(path: Path) -> dict[str, list[ScoredPicture]]:
    """Return, by the name of the picture, the rows of a file that `evaluate` kept."""
    lines = path.read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines[1:]]
    return _by_name(records)


def _by_name(records: Iterable[Mapping[str, Any]]) -> dict[str, list[ScoredPicture]]:
    return {record["name"]: [_row(row) for row in record["rows"]] for record in records}


def _row(record: dict[str, Any]) -> ScoredPicture:
    return ScoredPicture(**{**record, "pooled": {name: tuple(pair) for name, pair in record["pooled"].items()}})
