import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from forensics.residuals import copy_move, residual_maps
from forensics.residuals.copy_move import _likeness, _matches
from tests.conftest import encoded

SOURCE, TARGET, SIDE = (200, 64), (170, 320), 96


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.asarray(astronaut())


def copied(picture: np.ndarray, *, turn: float = 0.0, scale: float = 1.0) -> tuple[np.ndarray, list[np.ndarray]]:
    """The picture with one square put elsewhere, and the masks of source and target."""
    (row, column), (down, across) = SOURCE, TARGET
    matrix = cv2.getRotationMatrix2D(((SIDE - 1) / 2, (SIDE - 1) / 2), turn, scale)
    square = cv2.warpAffine(
        picture[row : row + SIDE, column : column + SIDE], matrix, (SIDE, SIDE), flags=cv2.INTER_CUBIC
    )
    inside = cv2.warpAffine(np.ones((SIDE, SIDE), np.uint8), matrix, (SIDE, SIDE), flags=cv2.INTER_NEAREST) > 0
    out = picture.copy()
    out[down : down + SIDE, across : across + SIDE][inside] = square[inside]
    masks = [np.zeros(picture.shape[:2], dtype=bool) for _ in range(2)]
    masks[0][row : row + SIDE, column : column + SIDE] = True
    masks[1][down : down + SIDE, across : across + SIDE] = inside
    return out, masks


@pytest.mark.parametrize(("turn", "scale"), [(0, 1), (20, 1), (0, 0.8), (90, 1)])
def test_both_places_are_marked(picture: np.ndarray, turn: float, scale: float) -> None:
    forged, masks = copied(picture, turn=turn, scale=scale)
    marked = residual_maps(forged, "copy_move")[..., 0] > 0
    assert [m for m in masks if marked[m].mean() < 0.8] == []
    assert marked[~(masks[0] | masks[1])].mean() < 0.01


def test_an_exact_copy_is_alike_in_structure_and_grain(picture: np.ndarray) -> None:
    forged, masks = copied(picture)
    maps = residual_maps(forged, "copy_move")
    assert np.median(maps[masks[1]], axis=0) == pytest.approx([1, 1], abs=0.001)


def test_a_copy_is_found_after_jpeg_with_less_alike_grain(picture: np.ndarray) -> None:
    forged, masks = copied(picture)
    saved = cv2.imdecode(np.frombuffer(encoded(forged, "JPEG", quality=75), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    maps = residual_maps(saved, "copy_move")
    assert np.mean(maps[masks[1], 0] > 0) > 0.8
    structure, grain = np.median(maps[masks[1]], axis=0)
    assert 0.5 < grain < structure < 1


def test_nothing_is_marked_in_photographs(picture: np.ndarray, photograph: np.ndarray) -> None:
    assert not residual_maps(picture, "copy_move").any()
    assert not residual_maps(photograph, "copy_move").any()


def test_few_key_points_match_where_nothing_was_copied(picture: np.ndarray) -> None:
    """Each of some thousand has a nearest one; it counts only if it is much nearer than the next."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    start, end, change = _matches(grey)
    assert len(start) == len(end) == len(change) < 60
    forged, _ = copied(picture)
    assert len(_matches(cv2.cvtColor(forged, cv2.COLOR_RGB2GRAY))[0]) > 150


def test_what_is_nearer_than_24_pixels_is_left_alone() -> None:
    """A pattern that repeats every 16 pixels is like the place 16 pixels away, and is marked by a shift of 32 only."""
    tile = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    pattern, points = np.tile(tile, (8, 8)), np.full((9, 2), 40.0)
    marked = [bool(_likeness(pattern, np.array([[1.0, 0, shift], [0, 1, 0]]), points).any()) for shift in (16, 32)]
    assert marked == [False, True]


@pytest.mark.parametrize(("side", "marked"), [(30, False), (48, True)])
def test_specks_are_left_alone(picture: np.ndarray, side: int, marked: bool) -> None:
    """Squares of 15 lie wholly in the copy around (30 - 14)² = 256 places, fewer than 400, or (48 - 14)² = 1156."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    grey[300 : 300 + side, 260 : 260 + side] = grey[300 : 300 + side, 60 : 60 + side]
    points = np.full((9, 2), (60 + side // 2, 300 + side // 2), dtype=float)
    assert _likeness(grey, np.array([[1.0, 0, 200], [0, 1, 0]]), points).any() == marked


def test_only_areas_that_key_points_lead_to_are_marked(picture: np.ndarray) -> None:
    """Two squares were moved by one shift, and key points are known of the first alone."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    shift = np.array([[1.0, 0.0, 200.0], [0.0, 1.0, 0.0]])
    for row in (100, 300):
        grey[row : row + 64, 260:324] = grey[row : row + 64, 60:124]
    points = np.array([[80.0, 120.0], [90.0, 130.0], [100.0, 140.0]])
    likeness = _likeness(grey, shift, points)[..., 0]
    assert likeness[110:154, 70:114].min() == pytest.approx(1)
    assert not likeness[300:364].any()


def test_the_state_of_random_numbers_of_opencv_does_not_matter(picture: np.ndarray) -> None:
    """RANSAC draws; its numbers must not depend on what ran before, nor change what runs after."""
    forged, _ = copied(picture, turn=20)
    seen, after = [], []
    for seed in (1, 2):
        cv2.setRNGSeed(seed)
        seen.append(residual_maps(forged, "copy_move"))
        after.append(cv2.randu(np.zeros(4), 0, 1).tolist())
        cv2.setRNGSeed(seed)
        assert cv2.randu(np.zeros(4), 0, 1).tolist() == after[-1]
    assert np.array_equal(*seen)
    assert after[0] != after[1]


def test_large_pictures_are_shrunk_and_keep_their_size(picture: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = []
    matches = copy_move._matches
    monkeypatch.setattr(copy_move, "_matches", lambda grey: looked_at.append(grey.shape) or matches(grey))
    forged, masks = copied(picture)
    band = slice(150, 310)
    large = cv2.resize(forged[band], None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    maps = residual_maps(large, "copy_move")
    assert looked_at == [(500, 1600)]
    assert maps.shape == (640, 2048, 2)
    assert (maps[::4, ::4, 0] > 0)[masks[1][band]].mean() > 0.8
