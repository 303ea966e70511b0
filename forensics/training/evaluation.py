"""How well weights tell withheld generator output from withheld originals, per source, with intervals."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from forensics.detector import Detector
from forensics.training.pictures import Pictures
from forensics.training.post_chain import jpeg
from forensics.types import Evidence, Float64Array, IntArray, UInt8Array

__all__ = ["AucRow", "auc_interval", "evaluate", "table"]

RESAMPLES = 2000
SEED = 7
QUALITY = 75


@dataclass(frozen=True, slots=True, kw_only=True)
class AucRow:
    """One line of the table: withheld fakes of one source (or all) against all withheld originals."""

    source: str
    condition: str
    branch: str
    n_real: int
    n_fake: int
    auc: float
    interval: tuple[float, float]


def _as_is(pixels: UInt8Array) -> UInt8Array:
    return pixels


def _recompressed(pixels: UInt8Array) -> UInt8Array:
    return jpeg(np.ascontiguousarray(pixels), quality=QUALITY, full_chroma=False)


CONDITIONS: dict[str, Callable[[UInt8Array], UInt8Array]] = {
    "as delivered": _as_is,
    f"both JPEG {QUALITY}": _recompressed,
}


def evaluate(detector: Detector, pictures: Pictures, *, at_most: int | None = None) -> list[AucRow]:
    """Score every picture under each condition and compare each source of fakes with all originals.

    Parameters
    ----------
    detector : Detector
    pictures : Pictures
        The withheld side; both classes.
    at_most : int, optional
        Pictures per source and class, the first by digest of their names; all if not given.

    Returns
    -------
    list of AucRow
        For every condition, source and branch, and for the joint score (branch ``"joint"``).
    """
    if at_most is not None:
        pictures = _thinned(pictures, at_most)
    labels = np.array([p.label for p in pictures])
    sources = np.array([p.source for p in pictures])
    if set(labels.tolist()) != {0, 1}:
        raise ValueError("evaluation needs withheld pictures of both classes. Withhold a source with fakes.")
    rows: list[AucRow] = []
    for condition, change in CONDITIONS.items():
        scored = np.array([_log_odds(detector, change(Evidence.from_file(p.path).pixels)) for p in pictures])
        for b, branch in enumerate((*detector.branches, "joint")):
            for source in [*sorted({*sources[labels == 1].tolist()}), "all"]:
                keep = (labels == 0) | (sources == source) | (source == "all")
                rows.append(_row(source, condition, branch, scored[keep, b], labels[keep]))
    return rows


def _thinned(pictures: Pictures, at_most: int) -> Pictures:
    taken: Counter[tuple[str, int]] = Counter()
    kept = []
    for picture in sorted(pictures, key=lambda p: hashlib.sha256(p.name.encode()).hexdigest()):
        taken[picture.source, picture.label] += 1
        if taken[picture.source, picture.label] <= at_most:
            kept.append(picture)
    return Pictures(kept)


def _log_odds(detector: Detector, pixels: UInt8Array) -> list[float]:
    """Return the log-odds of each branch and of the joint score, NaN for an unsuitable picture."""
    evidence = Evidence(pixels=pixels, sha256="0" * 64, name="evaluation", media_type="image/png", n_bytes=0)
    scores = detector.examine(evidence).scores
    if scores is None:
        return [float("nan")] * (len(detector.branches) + 1)
    return [*scores.by_branch.values(), scores.log_odds]


def _row(source: str, condition: str, branch: str, scores: Float64Array, labels: IntArray) -> AucRow:
    usable = np.isfinite(scores)
    scores, labels = scores[usable], labels[usable]
    auc, interval = auc_interval(scores, labels)
    n_fake = int(labels.sum())
    return AucRow(
        source=source, condition=condition, branch=branch, n_real=len(labels) - n_fake, n_fake=n_fake, auc=auc,
        interval=interval,
    )  # fmt: skip


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


def table(rows: list[AucRow]) -> str:
    """Return the rows as a Markdown table."""
    return "\n".join(_lines(rows))


def _lines(rows: list[AucRow]) -> Iterator[str]:
    yield "| condition | withheld source | branch | real | fake | AUC | 95 % interval |"
    yield "|---|---|---|---|---|---|---|"
    for r in rows:
        low, high = r.interval
        yield (
            f"| {r.condition} | {r.source} | {r.branch} | {r.n_real} | {r.n_fake} | {r.auc:.3f} | "
            f"{low:.3f} to {high:.3f} |"
        )
