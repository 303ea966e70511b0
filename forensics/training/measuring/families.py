"""Figures of each family of forgeries, made from originals of sources that the weights never saw: told apart, and located."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from forensics.evaluation.comparison import auc_interval
from forensics.evaluation.labelled import Pictures
from forensics.evaluation.scoring import JOINT
from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.models.ensemble import Ensemble
from forensics.records.arrays import Float32Array, Float64Array, UInt8Array
from forensics.scores import Fusion
from forensics.training.makers import MAKERS
from forensics.training.pairs.post_chain import h264
from forensics.training.pairs.stream import Pair, PairStream

__all__ = ["FamilyRow", "MaskRow", "evaluate_families", "evaluate_swaps", "family_table", "mask_summary", "mask_table"]

BATCH = 8  # pairs a pass
SWAP, CRF = "poisson_blend", 28
SEED = 4242
BAND = (15, 11)  # sides of the squares that erode and dilate the truth; the band between is not counted
LARGEST = 0.6  # share of a tile above which a mask says nothing about pointing


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyRow:
    """AUC of one maker's forgeries against their originals, tile by tile."""

    family: str
    branch: str
    n_pairs: int
    auc: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskRow:
    """How well the map of forged places fits the truth of local forgeries.

    Parameters
    ----------
    family : str
    n : int
        Forged tiles with a local mask.
    pixel_f1 : float
        F1 of pixels at 0.5, mean over tiles; the truth eroded by a square of 15 pixels and dilated by one of
        11, that is by 7 and by 5 on each side, and the band between left out.
    pointing : float
        Share of tiles whose largest value lies in the mask.
    chance : float
        Mean share of a tile that the mask covers: what pointing blindly would reach.
    false_area : float
        Mean share of the paired original that is painted at 0.5.
    """

    family: str
    n: int
    pixel_f1: float
    pointing: float
    chance: float
    false_area: float


def evaluate_families(
    ensemble: Ensemble,
    pictures: Pictures,
    *,
    pairs: int,
    tile: int = 192,
    families: Sequence[str] | None = None,
    fusion: Fusion | None = None,
) -> tuple[list[FamilyRow], list[MaskRow]]:
    """Make forgeries from originals and measure how they are told apart and located.

    Parameters
    ----------
    ensemble : Ensemble
        In eval mode, on the CPU.
    pictures : Pictures
        The withheld side; its originals are forged.
    pairs : int
        Of each family.
    tile : int
        Side of a tile, even, at most 192.
    families : sequence of str, optional
        Of `MAKERS`; all if not given.
    fusion : Fusion, optional
        The joint judgement; the mean of the branches' log-odds if not given.

    Returns
    -------
    list of FamilyRow
        For each family, and for all of them, each branch and ``joint``.
    list of MaskRow
        For each family with local masks; empty if no branch has a mask head.
    """
    aucs: list[FamilyRow] = []
    masks: list[MaskRow] = []
    pooled: list[Float64Array] = []
    names = (*ensemble.names, JOINT)
    for family in MAKERS.names() if families is None else families:
        stream = PairStream(pictures, seed=SEED, shares={family: 1.0}, independent=1.0)
        made = [stream.pair(k, tile=tile) for k in range(pairs)]
        log_odds, maps = _scored(ensemble, made, fusion)  # (B + 1, 2, n), (2, n, S, S)
        pooled.append(log_odds)
        aucs += _auc_rows(family, names, log_odds)
        if maps is not None:
            row = _mask_row(family, made, maps)
            masks += [row] if row is not None else []
    aucs += _auc_rows("all", names, np.concatenate(pooled, axis=2))
    return aucs, masks


def evaluate_swaps(
    ensemble: Ensemble, pictures: Pictures, *, pairs: int, tile: int = 192, fusion: Fusion | None = None
) -> list[FamilyRow]:
    """Measure faces swapped by a maker that is never trained on, both members a frame of a clip (H.264, crf 28).

    Parameters
    ----------
    ensemble, pictures, pairs, tile, fusion
        As in `evaluate_families`; only pictures with a face are used.

    Returns
    -------
    list of FamilyRow
        One per branch and ``joint``; empty without faces.
    """
    faces = pictures.where(lambda p: p.face and p.label == 0)
    if not faces:
        return []
    stream = PairStream(faces, seed=SEED, shares={SWAP: 1.0}, independent=0.0, processed=False)  # nothing but the codec
    frames = []
    for k in range(pairs):
        pair = stream.pair(k, tile=tile)
        frames.append(replace(pair, real=h264(pair.real, crf=CRF), fake=h264(pair.fake, crf=CRF)))
    log_odds, _ = _scored(ensemble, frames, fusion)
    return list(_auc_rows(f"{SWAP}, H.264", (*ensemble.names, JOINT), log_odds))


def _auc_rows(family: str, names: Iterable[str], log_odds: Float64Array) -> Iterator[FamilyRow]:
    n = log_odds.shape[2]
    for name, values in zip(names, log_odds, strict=True):
        auc, interval = auc_interval(values.reshape(-1), np.repeat([0, 1], n))
        yield FamilyRow(family=family, branch=name, n_pairs=n, auc=auc, interval=interval)


@torch.inference_mode()
def _scored(ensemble: Ensemble, pairs: list[Pair], fusion: Fusion | None) -> tuple[Float64Array, Float32Array | None]:
    odds: list[Float64Array] = []
    maps: list[Float32Array] = []
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        stack = np.stack([p.real for p in part] + [p.fake for p in part]).astype(np.float32) / np.float32(255)
        pixels = torch.from_numpy(stack.transpose(0, 3, 1, 2)).to(memory_format=torch.channels_last)
        by_branch = []
        mapped = False
        for _, branch in ensemble.items():
            logits, mask = branch.localise(branch.channels(pixels))
            by_branch.append((logits[:, 1] - logits[:, 0]).double().numpy().reshape(2, len(part)))
            if mask is not None and not mapped:  # a finding shows the map of the first branch that makes one
                mapped = True
                size = pixels.shape[-2:]
                shown = torch.nn.functional.interpolate(mask, size=size, mode="bilinear", align_corners=False)
                maps.append(torch.sigmoid(shown[:, 0]).numpy().reshape(2, len(part), *size))
        odds.append(np.stack([*by_branch, _joint(dict(zip(ensemble.names, by_branch, strict=True)), fusion)]))
    return np.concatenate(odds, axis=2), np.concatenate(maps, axis=1) if maps else None


def _joint(by_branch: Mapping[str, Float64Array], fusion: Fusion | None) -> Float64Array:
    """Return the joint log-odds of single tiles, of which mean and highest quarter are the same."""
    if fusion is None:
        return np.asarray(np.mean(list(by_branch.values()), axis=0))
    weighed = [(fusion.mean[name] + fusion.top[name]) * values for name, values in by_branch.items()]
    return np.asarray(fusion.bias + np.sum(weighed, axis=0))


def _mask_row(family: str, pairs: list[Pair], maps: Float32Array) -> MaskRow | None:
    local = [k for k, p in enumerate(pairs) if 0 < p.mask.mean() <= LARGEST]
    if not local:
        return None
    truths = [pairs[k].mask for k in local]
    found = [maps[1, k] for k in local]
    return MaskRow(
        family=family,
        n=len(local),
        pixel_f1=float(np.mean([_pixel_f1(m, t) for m, t in zip(found, truths, strict=True)])),
        pointing=float(np.mean([t.flat[int(m.argmax())] for m, t in zip(found, truths, strict=True)])),
        chance=float(np.mean([t.mean() for t in truths])),
        false_area=float(np.mean([(maps[0, k] > 0.5).mean() for k in local])),
    )


def _pixel_f1(values: Float32Array, truth: UInt8Array) -> float:
    import cv2

    inside, outside = (
        change(truth, np.ones((n, n), np.uint8)) for change, n in zip((cv2.erode, cv2.dilate), BAND, strict=True)
    )
    counted = (inside == 1) | (outside == 0)
    painted, forged = values[counted] > 0.5, inside[counted] == 1
    hits = int((painted & forged).sum())
    total = int(painted.sum()) + int(forged.sum())
    return 2 * hits / total if total else 0.0


def mask_summary(rows: Sequence[MaskRow]) -> dict[str, float]:
    """Return the figures of all rows together, each weighed by its tiles; empty without rows."""
    n = sum(r.n for r in rows)
    if not n:
        return {}
    names = ("pixel_f1", "pointing", "chance", "false_area")
    means = {name: sum(r.n * getattr(r, name) for r in rows) / n for name in names}
    return {"n": float(n), **{name: round(value, 4) for name, value in means.items()}}


def family_table(rows: Iterable[FamilyRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("family", "branch", "pairs", "AUC", "95 % interval"),
        ((r.family, r.branch, r.n_pairs, r.auc, interval_cell(r.interval)) for r in rows),
    )


def mask_table(rows: Iterable[MaskRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("family", "tiles", "pixel F1", "pointing", "by chance", "painted on originals"),
        ((r.family, r.n, r.pixel_f1, r.pointing, r.chance, r.false_area) for r in rows),
    )
