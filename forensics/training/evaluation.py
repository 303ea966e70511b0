"""How well weights tell withheld generator output from withheld originals: scores first, then tables of them."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import cv2
import numpy as np
from sklearn.metrics import roc_auc_score

from forensics.detector import Detector
from forensics.training.audit import STATISTICS, tile_statistics
from forensics.training.pictures import Pictures
from forensics.training.post_chain import jpeg
from forensics.training.tables import interval_cell, markdown_table
from forensics.types import Evidence, Float64Array, IntArray, UInt8Array

__all__ = [
    "CONDITIONS",
    "DELIVERED",
    "JOINT",
    "AucRow",
    "RateRow",
    "ScoredPicture",
    "auc_interval",
    "auc_rows",
    "auc_table",
    "evaluate",
    "false_alarms",
    "flips",
    "rate_table",
    "read_scores",
    "write_scores",
]

RESAMPLES = 2000
SEED = 7
JOINT = "joint"
DELIVERED = "as delivered"
MIDDLE = 256  # side of the part whose statistics are taken
FALSE_ALARMS = 0.05  # share of originals above the working point, by which the working point is set


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


@dataclass(frozen=True, slots=True, kw_only=True)
class AucRow:
    """One line of a table: withheld fakes of one source (or all) against all withheld originals."""

    source: str
    condition: str
    branch: str
    n_real: int
    n_fake: int
    auc: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRow:
    """A share of pictures, with the 95 % interval of Wilson."""

    source: str
    condition: str
    n: int
    rate: float
    interval: tuple[float, float]


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
) -> Iterator[ScoredPicture]:
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

    Yields
    ------
    ScoredPicture
        Pictures that are unsuitable for scoring are left out.
    """
    chosen = list(conditions)
    unknown = [c for c in chosen if c not in CONDITIONS]
    if unknown:
        raise ValueError(f"no condition {unknown[0]!r}; there are {', '.join(CONDITIONS)}. Choose of these.")
    for picture in pictures if at_most is None else _thinned(pictures, at_most):
        pixels = Evidence.from_file(picture.path).pixels
        for condition in chosen:
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


def _thinned(pictures: Pictures, at_most: int) -> Pictures:
    taken: Counter[tuple[str, int]] = Counter()
    kept = []
    for picture in sorted(pictures, key=lambda p: hashlib.sha256(p.name.encode()).hexdigest()):
        taken[picture.source, picture.label] += 1
        if taken[picture.source, picture.label] <= at_most:
            kept.append(picture)
    return Pictures(kept)


def _evidence(pixels: UInt8Array) -> Evidence:
    return Evidence(pixels=pixels, sha256="0" * 64, name="evaluation", media_type="image/png", n_bytes=0)


def write_scores(path: Path, scored: Iterable[ScoredPicture]) -> None:
    """Write one JSON line a row, whole or not at all."""
    partial = path.with_name(f"{path.name}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("w", encoding="utf-8") as file:
        for row in scored:
            file.write(json.dumps(asdict(row), sort_keys=True) + "\n")
    partial.replace(path)


def read_scores(path: Path) -> list[ScoredPicture]:
    """Return the rows that `write_scores` wrote."""
    return [ScoredPicture(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def auc_rows(scored: Sequence[ScoredPicture]) -> list[AucRow]:
    """Return the AUC of each source of fakes against all originals, per condition and branch.

    Raises
    ------
    ValueError
        A class is missing.
    """
    if {s.label for s in scored} != {0, 1}:
        raise ValueError("evaluation needs withheld pictures of both classes. Withhold a source with fakes.")
    rows = []
    for condition in dict.fromkeys(s.condition for s in scored):
        own = [s for s in scored if s.condition == condition]
        fakes = sorted({s.source for s in own if s.label == 1})
        for branch in own[0].log_odds:
            for source in [*fakes, "all"]:
                kept = [s for s in own if s.label == 0 or source in (s.source, "all")]
                values = np.array([s.log_odds[branch] for s in kept])
                labels = np.array([s.label for s in kept])
                auc, interval = auc_interval(values, labels)
                n_fake = int(labels.sum())
                rows.append(
                    AucRow(
                        source=source, condition=condition, branch=branch, n_real=len(labels) - n_fake, n_fake=n_fake,
                        auc=auc, interval=interval,
                    )
                )  # fmt: skip
    return rows


def auc_interval(scores: Float64Array, labels: IntArray) -> tuple[float, tuple[float, float]]:
    """Return the AUC and its 95 % bootstrap interval over pictures, each class resampled on its own.

    Parameters
    ----------
    scores : array of shape (n,)
        Larger means H1.
    labels : array of shape (n,)
        1 where H1 is true.
    """
    rng = np.random.default_rng(SEED)
    real, fake = np.sort(scores[labels == 0]), scores[labels == 1]
    # Each fake's share of originals below it (ties count half); its mean is the AUC.
    below = (np.searchsorted(real, fake, "left") + np.searchsorted(real, fake, "right")) / (2 * len(real))
    auc = float(roc_auc_score(labels, scores))
    if not np.isclose(below.mean(), auc):
        raise RuntimeError("the two ways to compute the AUC disagree; report this as an error of the package.")
    resampled = []
    for _ in range(RESAMPLES):
        r = np.sort(rng.choice(real, len(real)))
        f = rng.choice(fake, len(fake))
        share = (np.searchsorted(r, f, "left") + np.searchsorted(r, f, "right")) / (2 * len(r))
        resampled.append(float(share.mean()))
    low, high = np.percentile(resampled, [2.5, 97.5])
    return auc, (float(low), float(high))


def false_alarms(scored: Sequence[ScoredPicture]) -> list[RateRow]:
    """Return the share of originals above the working point, per source and condition.

    The working point is the joint log-odds that 5 % of the originals as delivered exceed. It is set for each source
    on the originals of all other sources, so that no picture is judged by a threshold it helped to set.
    """
    originals = [s for s in scored if s.label == 0]
    points = _working_points(originals)
    rows = []
    for condition in dict.fromkeys(s.condition for s in originals):
        own = [s for s in originals if s.condition == condition]
        for source in [*sorted(points), "all"]:
            alarms = [s.log_odds[JOINT] > points[s.source] for s in own if source in (s.source, "all")]
            if alarms:
                rows.append(_rate_row(source, condition, alarms))
    return rows


def flips(scored: Sequence[ScoredPicture]) -> list[RateRow]:
    """Return the share of pictures that change their side of the working point, against the file as delivered.

    Fakes are judged by the working point of all originals.
    """
    originals = [s for s in scored if s.label == 0]
    points = _working_points(originals)
    common = _threshold(originals)
    before = {(s.label, s.name): s.log_odds[JOINT] > points.get(s.source, common) for s in scored if _delivered(s)}
    rows = []
    for condition in dict.fromkeys(s.condition for s in scored if not _delivered(s)):
        for label, called in ((0, "originals"), (1, "fakes")):
            own = [s for s in scored if s.condition == condition and s.label == label]
            changed = [(s.log_odds[JOINT] > points.get(s.source, common)) != before[s.label, s.name] for s in own]
            if changed:
                rows.append(_rate_row(called, condition, changed))
    return rows


def _delivered(scored: ScoredPicture) -> bool:
    return scored.condition == DELIVERED


def _working_points(originals: Sequence[ScoredPicture]) -> dict[str, float]:
    sources = sorted({s.source for s in originals})
    if len(sources) < 2:
        raise ValueError("false alarms need originals of two sources or more. Withhold another source.")
    return {source: _threshold([s for s in originals if s.source != source]) for source in sources}


def _threshold(originals: Sequence[ScoredPicture]) -> float:
    return float(np.quantile([s.log_odds[JOINT] for s in originals if _delivered(s)], 1 - FALSE_ALARMS))


def _rate_row(source: str, condition: str, hits: Sequence[bool]) -> RateRow:
    n, k, z = len(hits), sum(hits), 1.959964
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * float(np.sqrt(k * (n - k) / n + z * z / 4))
    return RateRow(
        source=source, condition=condition, n=n, rate=k / n, interval=(max(0.0, centre - half), min(1.0, centre + half))
    )


def auc_table(rows: Iterable[AucRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("condition", "withheld source", "branch", "real", "fake", "AUC", "95 % interval"),
        ((r.condition, r.source, r.branch, r.n_real, r.n_fake, r.auc, interval_cell(r.interval)) for r in rows),
    )


def rate_table(rows: Iterable[RateRow], *, what: str) -> str:
    """Return the rows as a Markdown table; `what` names the share."""
    return markdown_table(
        ("condition", "of", "pictures", what, "95 % interval"),
        ((r.condition, r.source, r.n, r.rate, interval_cell(r.interval)) for r in rows),
    )
