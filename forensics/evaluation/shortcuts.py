"""Shortcuts of a comparison: what sharpness, coded size, brightness and the like tell of its classes, given to trees.

A network learns the easiest difference between its classes, and a figure that compares classes of different sharpness
measures sharpness. So simple statistics are given to boosted trees, and a comparison in which these succeed says little.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from forensics.errors import needed_by
from forensics.records.arrays import Float64Array, IntArray, UInt8Array

__all__ = ["STATISTICS", "TREES_LIMIT", "boosted_trees", "file_statistics", "known_by_trees", "tile_statistics"]

STATISTICS = ("bytes", "sharpness", "saturation", "blockiness", "median residual", "brightness", "contrast")
MIDDLE = 256  # side of the part of a picture whose statistics are taken
FOLDS = 5
TREES_LIMIT = 0.60  # AUC of the trees above which a comparison is not to be quoted


def tile_statistics(tile: UInt8Array) -> Float64Array:
    """Return the seven statistics of a tile (H, W, 3), uint8, in the order of `STATISTICS`.

    Bytes are those of a JPEG of quality 90 per pixel, log; sharpness is the log variance of the Laplacian; blockiness
    the step across the lines of the 8-grid over that elsewhere, the largest of the 8 offsets; the median residual its
    mean size in grey levels.
    """
    grey = tile.mean(axis=2, dtype=np.float32)
    coded = cv2.imencode(".jpg", np.ascontiguousarray(tile[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    step = np.abs(np.diff(grey, axis=1)).mean(axis=0)
    by_offset = np.array([step[k::8].mean() for k in range(8)])
    spread = tile.max(axis=2).astype(np.float64) - tile.min(axis=2)
    median = cv2.medianBlur(np.rint(grey).astype(np.uint8), 3)
    return np.array(
        [
            np.log(len(coded) / grey.size),
            np.log(cv2.Laplacian(grey, cv2.CV_32F).var() + 1e-3),
            spread.mean(),
            by_offset.max() / (by_offset.mean() + 1e-3),
            np.abs(grey - median).mean(),
            grey.mean(),
            grey.std(),
        ]
    )


def file_statistics(pixels: UInt8Array) -> dict[str, float]:
    """Return the `tile_statistics` of the middle of a picture (H, W, 3), and ``size``, its log pixel count."""
    height, width = pixels.shape[:2]
    top, left = max(0, height - MIDDLE) // 2, max(0, width - MIDDLE) // 2
    values = tile_statistics(pixels[top : top + MIDDLE, left : left + MIDDLE])
    return {**dict(zip(STATISTICS, values.tolist(), strict=True)), "size": float(np.log(height * width))}


def boosted_trees() -> Any:
    """Return the scikit-learn classifier that every audit uses."""
    with needed_by("What file statistics know"):  # not at the top: a calibration needs no scikit-learn
        from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=100, random_state=0)


def known_by_trees(values: Sequence[Sequence[float]] | Float64Array, labels: IntArray) -> float | None:
    """Return the cross-validated AUC of boosted trees on statistics alone; None if a class has fewer than five pictures.

    Parameters
    ----------
    values : array of shape (n, s)
        Statistics of each picture.
    labels : array of shape (n,)
        1 where H1 is true, 0 where H2 is.
    """
    if min(labels.sum(), len(labels) - labels.sum()) < FOLDS:
        return None
    with needed_by("What file statistics know"):
        from sklearn.metrics import roc_auc_score
        from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    predicted = cross_val_predict(boosted_trees(), np.asarray(values), labels, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(labels, predicted))
