"""Boxes: what is refused, how far they are widened, which values they touch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.redaction import cover, covered_boxes, mixed, touched
from forensics.redaction.boxes import GRID, MARGIN, checked_boxes, merged, widened


@pytest.mark.parametrize(
    "box", [(1, 2, 3), (1, 2, 3, 4, 5), (1.0, 2, 3, 4), ("1", 2, 3, 4), "1234", (True, 2, 3, 4), 7, (1, 2, None, 4)]
)
def test_what_is_no_box_is_refused_with_the_next_step(box: object) -> None:
    with pytest.raises(ValueError, match="Give four whole numbers"):
        checked_boxes([box])


@pytest.mark.parametrize("box", [(5, 0, 5, 9), (9, 0, 5, 9), (0, 9, 5, 9), (0, 9, 5, 2)])
def test_sides_are_in_order(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="Swap them"):
        checked_boxes([box])


def test_whole_numbers_of_numpy_are_taken() -> None:
    assert checked_boxes([np.array([1, 2, 3, 4])]) == ((1, 2, 3, 4),)
    assert type(checked_boxes([np.array([1, 2, 3, 4])])[0][0]) is int


def test_a_box_beside_the_picture_is_refused() -> None:
    for box in ((640, 0, 650, 10), (0, 480, 9, 490), (-9, 0, 0, 9), (0, -9, 9, 0)):
        with pytest.raises(ValueError, match="640 × 480 pixels"):
            widened([box], (640, 480), least=48)
    with pytest.raises(ValueError, match="beside the picture"):
        cover(np.zeros((48, 64, 3), np.uint8), [(64, 0, 70, 9)])


def test_margin_and_grid_by_hand() -> None:
    # 200 x 100 from (200, 200): a tenth is 20 across and 10 down, where 16 are more; then out to multiples of 16.
    assert widened([(200, 200, 400, 300)], (1000, 1000), least=48) == ((176, 176, 432, 320),)
    # Beyond the picture it is cut off; the picture's own edge may lie beside the grid.
    assert widened([(-50, -50, 20, 20)], (1000, 1000), least=48) == ((0, 0, 48, 48),)
    assert widened([(900, 900, 2000, 995)], (1000, 999), least=48) == ((880, 880, 1000, 999),)


def test_small_boxes_grow_to_the_least_side() -> None:
    assert covered_boxes([(500, 500, 502, 502)], (1000, 1000), style="blur")[0] == (448, 448, 560, 560)
    for corner in ((0, 0, 2, 2), (998, 998, 1000, 1000)):
        left, top, right, bottom = covered_boxes([corner], (1000, 1000), style="blur")[0]
        assert right - left >= 96
        assert bottom - top >= 96
    assert covered_boxes([(3, 3, 4, 4)], (40, 30), style="blur") == ((0, 0, 40, 30),)


sides = st.integers(0, 2000)


@given(sides, sides, st.integers(1, 900), st.integers(1, 900), st.integers(1, 2500), st.integers(1, 2500))
def test_what_is_covered_holds_the_margin(x: int, y: int, w: int, h: int, width: int, height: int) -> None:
    if x >= width or y >= height:
        return
    for style in ("opaque", "blur"):
        left, top, right, bottom = covered_boxes([(x, y, x + w, y + h)], (width, height), style=style)[0]
        assert left <= max(0, x - MARGIN)
        assert top <= max(0, y - MARGIN)
        assert right >= min(width, min(width, x + w) + MARGIN)
        assert bottom >= min(height, min(height, y + h) + MARGIN)
        assert left % GRID == top % GRID == 0
        assert right % GRID == 0 or right == width
        assert bottom % GRID == 0 or bottom == height


def test_boxes_within_others_vanish_and_overlapping_ones_merge() -> None:
    assert widened([(300, 300, 310, 310), (200, 200, 400, 400)], (999, 999), least=48) == ((176, 176, 432, 432),)
    assert merged([(0, 0, 10, 10), (30, 30, 40, 40), (9, 9, 31, 31)]) == ((0, 0, 40, 40),)
    assert merged([(0, 0, 10, 10), (10, 0, 20, 10)]) == ((0, 0, 10, 10), (10, 0, 20, 10))
    two = [(100, 100, 200, 200), (180, 180, 300, 300)]
    assert len(covered_boxes(two, (999, 999), style="opaque")) == 2
    assert len(covered_boxes(two, (999, 999), style="blur")) == 1


def test_reach_is_counted_from_the_edge() -> None:
    hidden = mixed([(4, 4, 6, 6)], (0, 0, 10, 10), reach=2)
    assert hidden[2:8, 2:8].all()
    assert hidden.sum() == 36
    assert mixed([(4, 4, 6, 6)], (0, 0, 10, 10)).sum() == 4
    assert not mixed([], (0, 0, 3, 4)).any()
    assert mixed([], (0, 0, 3, 4)).shape == (4, 3)
    # Cells of 8: the box from 16 to 24 lies in the third; within reach of 1 the second and fourth too.
    cells = np.arange(6) * 8
    assert touched([(16, 16, 24, 24)], cells, cells[:4], (8, 8), reach=0).sum() == 1
    assert touched([(16, 16, 24, 24)], cells, cells[:4], (8, 8), reach=1).sum() == 9
