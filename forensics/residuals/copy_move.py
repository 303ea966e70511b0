"""Areas that occur twice in one picture: key points that match, and correlation of what lies around them."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from forensics.records.arrays import Float32Array, Float64Array, IntArray, UInt8Array
from forensics.residuals.base import RESIDUALS, describe

__all__ = ["copy_move"]

MAX_SIDE = 1600  # pixels; larger pictures are shrunk, which bounds time and memory
MAX_POINTS = 8000
CONTRAST = 0.004  # of SIFT, whose default of 0.04 leaves calm areas without key points
RATIO = 0.6  # a match is this much nearer than what comes after it; Amerini et al. use 0.5
COPIES = 4  # of one place, at most
LEAST_SHIFT = 24  # pixels; nearer than that, any structure resembles itself
TOLERANCE = 3.0  # pixels between a point and where the others say it should be
LEAST_POINTS = 5  # that agree on one transform
TURN, SCALE = 30.0, 0.5  # degrees, octaves; key points tell both roughly
MAX_TRANSFORMS = 24
WINDOW = 15  # pixels; the square that is correlated
REGAINED = 11  # pixels; a little less than WINDOW, as correlation falls late at the border of a copy
ALIKE = 0.85  # correlation from which on a place counts as a copy
LEAST_AREA = 400  # pixels that are alike and connected
CALM = 1.5  # grey levels; windows of lower SD correlate by chance


@RESIDUALS.register("copy_move")
@describe(
    title="Copied areas",
    unit="correlation",
    channels=("structure", "grain"),
    limit=1.0,
    signed=False,
    reach=None,
    look_at="Two or more areas of one outline, alike also in grain: a part of the picture that was copied to another "
    "place, turned or scaled. Both places are marked, the source too.",
    ignore="Things that are alike in the scene, such as letters, windows and chairs: 11 of 76 camera originals show some. "
    "Their grain is less alike, unless they are sharp. Copies with little detail (sky, skin, blur), mirrored copies, more "
    "than five of one area, and most below 60 pixels a side are not found. Pictures with a side above 1600 pixels are "
    "shrunk for this.",
    reference="Amerini et al., IEEE TIFS 6 (2011); Christlein et al., IEEE TIFS 7 (2012)",
)
def copy_move(pixels: UInt8Array) -> Float32Array:
    """Return how much each place is like another place of the picture that key points lead to, (H, W, 2).

    Key points that match each other and agree on one shift, turn and scale lead from place to place. Where squares of
    15 x 15 pixels then correlate by 0.85 or more, the first map has that correlation, and the second the correlation of
    what a blur of SD 1 takes out; elsewhere both are 0. Pictures with a side above 1600 pixels are shrunk before.
    """
    height, width = pixels.shape[:2]
    grey = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2GRAY)
    shrink = MAX_SIDE / max(height, width)
    if shrink < 1:
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    maps = np.zeros((*grey.shape, 2), dtype=np.float32)
    for transform, points in _transforms(*_matches(grey)):
        likeness = _likeness(grey, transform, points)
        better = likeness[..., 0] > maps[..., 0]
        maps[better] = likeness[better]
    if shrink < 1:
        maps = np.asarray(cv2.resize(maps, (width, height), interpolation=cv2.INTER_NEAREST), dtype=np.float32)
    return maps


def _matches(grey: UInt8Array) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Return places, the places that they match, and (turn in degrees, log2 of scale) between them."""
    none = np.zeros((0, 2)), np.zeros((0, 2)), np.zeros((0, 2))
    if min(grey.shape) < 2 * WINDOW:
        return none
    points, descriptors = cv2.SIFT.create(nfeatures=MAX_POINTS, contrastThreshold=CONTRAST).detectAndCompute(grey, None)
    if len(points) <= COPIES + 1:
        return none
    # Square roots of the normalised values: Arandjelović and Zisserman, CVPR 2012.
    descriptors = np.sqrt(descriptors / np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9))
    place = np.array([p.pt for p in points])
    angle = np.array([p.angle for p in points])
    size = np.array([p.size for p in points])
    pairs = []
    for a, found in enumerate(cv2.BFMatcher(cv2.NORM_L2).knnMatch(descriptors, descriptors, k=COPIES + 6)):
        # A point with two orientations has two descriptors; and what is near is no copy.
        apart = [m for m in found if np.hypot(*(place[m.trainIdx] - place[a])) >= LEAST_SHIFT][: COPIES + 1]
        copies = [k for k in range(1, len(apart)) if apart[k - 1].distance < RATIO * apart[k].distance]
        pairs += [(a, m.trainIdx) for m in apart[: max(copies, default=0)]]
    if not pairs:
        return none
    one, other = np.array(pairs).T
    change = np.stack([(angle[other] - angle[one]) % 360, np.log2(size[other] / size[one])], axis=1)
    return place[one], place[other], change


def _transforms(
    start: Float64Array, end: Float64Array, change: Float64Array
) -> Iterator[tuple[Float64Array, Float64Array]]:
    """Yield similarity transforms (2, 3), each with the matched places (n, 2) that agree on it, and its inverse."""
    left = np.ones(len(start), dtype=bool)
    for _ in range(MAX_TRANSFORMS):
        best: IntArray = np.zeros(0, dtype=np.int64)
        found = None
        for group in _groups(change, left):
            transform, inlier = cv2.estimateAffinePartial2D(
                start[group], end[group], method=cv2.RANSAC, ransacReprojThreshold=TOLERANCE
            )
            if transform is not None and int(inlier.sum()) > len(best):
                best, found = group[inlier.ravel() > 0], transform
        if found is None or len(best) < LEAST_POINTS:
            return
        # The way back from these places has often matched too: it is the inverse, and no transform of its own.
        back = end @ found[:, :2].T + found[:, 2] - start
        left &= np.hypot(back[:, 0], back[:, 1]) > TOLERANCE
        left[best] = False
        yield found, start[best]
        yield cv2.invertAffineTransform(found), end[best]


def _groups(change: Float64Array, left: NDArray[np.bool_]) -> Iterator[IntArray]:
    """Yield indices of matches that turn and scale alike: few right ones are not lost among many others in RANSAC."""
    for offset in (0.0, 0.5):
        turn = np.floor(change[:, 0] / TURN + offset).astype(np.int64) % round(360 / TURN)
        scale = np.floor(change[:, 1] / SCALE + offset).astype(np.int64)
        kind = turn * 1000 + scale
        for value in np.unique(kind[left]):
            group = np.flatnonzero(left & (kind == value))
            if len(group) >= LEAST_POINTS:
                yield group


def _likeness(grey: UInt8Array, transform: Float64Array, points: Float64Array) -> Float32Array:
    """Return the correlations (H, W, 2) of each place with the one that it leads to, 0 where it is no part of a copy."""
    height, width = grey.shape
    own = grey.astype(np.float32) - 128.0
    other, within = (
        cv2.warpAffine(v, transform, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        for v in (own, np.ones_like(own))
    )
    structure = _correlation(own, other, CALM)
    alike = (structure >= ALIKE) & (_mean(within) > 0.999) & (_shift(grey.shape, transform) >= LEAST_SHIFT)
    _, areas, sizes, _ = cv2.connectedComponentsWithStats(alike.astype(np.uint8), connectivity=4)
    column, row = np.rint(points).astype(np.int64).T
    counts = np.bincount(areas[row.clip(0, height - 1), column.clip(0, width - 1)], minlength=len(sizes))
    is_copy = (counts > LEAST_POINTS // 2) & (sizes[:, cv2.CC_STAT_AREA] >= LEAST_AREA)
    is_copy[0] = False
    if not is_copy.any():
        return np.zeros((height, width, 2), dtype=np.float32)
    fine = [v - cv2.GaussianBlur(v, (0, 0), 1.0) for v in (own, other)]
    grain = _correlation(fine[0], fine[1], CALM / 4)
    found = np.where(is_copy[areas][..., None], np.stack([structure, np.maximum(grain, 0)], axis=2), np.float32(0))
    # A window is alike only if all of it was copied: what lies around its centre belongs to the copy too.
    return np.asarray(cv2.dilate(found, np.ones((REGAINED, REGAINED), dtype=np.uint8)), dtype=np.float32)


def _correlation(one: Float32Array, other: Float32Array, calm: float) -> Float32Array:
    """Return the correlation of the windows around each place, up to 1; 0 where the SD of either is below `calm`."""
    means = _mean(one), _mean(other)
    variances = [_mean(v * v) - m * m for v, m in zip((one, other), means, strict=True)]
    informative = np.minimum(*variances) >= calm**2
    scale = np.sqrt(np.where(informative, variances[0] * variances[1], 1.0))
    return np.where(informative, np.clip((_mean(one * other) - means[0] * means[1]) / scale, -1, 1), 0).astype(
        np.float32
    )


def _mean(values: Float32Array) -> Float32Array:
    return np.asarray(cv2.boxFilter(values, cv2.CV_32F, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT))


def _shift(shape: tuple[int, ...], transform: Float64Array) -> Float32Array:
    """Return how far the transform moves each place, in pixels."""
    row, column = np.ogrid[: shape[0], : shape[1]]
    (a, b, x), (c, d, y) = transform.astype(np.float32)
    return np.hypot((a - 1) * column + b * row + x, c * column + (d - 1) * row + y).astype(np.float32)
