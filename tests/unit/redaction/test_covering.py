"""Covers: what they show follows from the place, or from a few coarse numbers, and from nothing else."""

import itertools

import cv2
import numpy as np
import pytest

from forensics.redaction import cover, covered_boxes, hatched
from forensics.redaction.covering import CELLS, LEVELS, paint
from tests.conftest import textured
from tests.pictures_with_traces import photographs

BOX = (100, 100, 250, 220)
SIZE = (480, 384)


def high_pass(pixels: np.ndarray) -> np.ndarray:
    grey = pixels.astype(np.float64).mean(axis=2) if pixels.ndim == 3 else pixels
    return grey - cv2.GaussianBlur(grey, (0, 0), 4.0)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    a, b = (v - v.mean() for v in (one, other))
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-12))


def inside(pixels: np.ndarray, box: tuple[int, int, int, int], edge: int = 6) -> np.ndarray:
    left, top, right, bottom = box
    return pixels[top + edge : bottom - edge, left + edge : right - edge]


@pytest.mark.parametrize("style", ["opaque", "blur"])
def test_only_the_boxes_change_and_the_input_does_not(style: str) -> None:
    pixels = textured(384, 480)
    before = pixels.copy()
    covered = cover(pixels, [BOX], style=style)
    assert np.array_equal(pixels, before)
    assert covered.dtype == np.uint8
    assert not np.shares_memory(covered, pixels)
    ((left, top, right, bottom),) = covered_boxes([BOX], SIZE, style=style)
    changed = (covered != pixels).any(axis=2)
    assert not changed[:top].any()
    assert not changed[bottom:].any()
    assert not changed[:, :left].any()
    assert not changed[:, right:].any()
    assert changed[top:bottom, left:right].mean() > 0.9
    assert np.array_equal(cover(pixels, [], style=style), pixels)
    with pytest.raises(ValueError, match="opaque, blur"):
        cover(pixels, [BOX], style="mosaic")


def test_opaque_covers_are_the_same_for_every_picture_and_hatched() -> None:
    one, other = (cover(p, [BOX]) for p in (textured(384, 480, 1), np.full((384, 480, 3), 255, np.uint8)))
    ((left, top, right, bottom),) = covered_boxes([BOX], SIZE)
    area = one[top:bottom, left:right]
    assert np.array_equal(area, other[top:bottom, left:right])
    assert {tuple(c) for c in area.reshape(-1, 3).tolist()} == {(128,) * 3, (96,) * 3, (64,) * 3}
    shares = [float((area[..., 0] == level).mean()) for level in (128, 96, 64)]
    assert shares[0] > 0.5
    assert shares[1] > 0.15
    assert shares[2] > 0.04
    for preview in (320, 960):  # of 48 megapixels
        big = cover(np.full((600, 8000, 3), 200, np.uint8), [(100, 100, 2000, 500)])
        small = cv2.resize(big, (preview, 600 * preview // 8000), interpolation=cv2.INTER_AREA)
        assert np.ptp(inside(small, (10, 5, 60, 15), 2)[..., 0]) > 15


def same_cells(pixels: np.ndarray, box: tuple[int, int, int, int], seed: int) -> np.ndarray:
    """Other pixels in the box, whose quantised means over its cells are the same."""
    left, top, right, bottom = box
    rng = np.random.default_rng(seed)
    other = pixels.copy()
    longer = max(right - left, bottom - top)
    counts = [max(1, round(CELLS * n / longer)) for n in (bottom - top, right - left)]
    rows, columns = (
        [n * k // c for k in range(c + 1)] for n, c in zip((bottom - top, right - left), counts, strict=True)
    )
    step = 256 // LEVELS
    for y, v in itertools.pairwise(rows):
        for x, u in itertools.pairwise(columns):
            part = other[top + y : top + v, left + x : left + u]
            level = np.floor(part.mean(axis=(0, 1)) / step) * step + step / 2
            part[:] = np.rint(level + rng.integers(-10, 11, part.shape))
    return other


def test_a_blur_is_a_function_of_its_cells_alone() -> None:
    for name, pixels in photographs(480).items():
        pixels = pixels[:, :480]
        ((left, top, right, bottom),) = boxes = covered_boxes([BOX], pixels.shape[1::-1], style="blur")
        other = same_cells(pixels, boxes[0], seed=3)
        assert np.abs(other.astype(int) - pixels)[top:bottom, left:right].mean() > 5, name
        assert np.array_equal(cover(pixels, [BOX], style="blur")[top:bottom, left:right],
                              cover(other, [BOX], style="blur")[top:bottom, left:right]), name  # fmt: skip


def test_a_blur_has_few_cells_and_levels() -> None:
    """A step of less than a level, and detail within a cell, leave no trace; a step of a level does."""
    flat = np.full((384, 480, 3), 140, np.uint8)
    ((left, top, right, bottom),) = boxes = covered_boxes([BOX], SIZE, style="blur")
    longer = max(right - left, bottom - top)
    assert longer // CELLS >= 16
    fine = flat.copy()
    fine[::2] += 8
    fine[1::2] -= 8
    assert np.array_equal(
        paint(flat, boxes, style="blur")[top:bottom, left:right],
        paint(fine, boxes, style="blur")[top:bottom, left:right],
    )
    assert not np.array_equal(paint(flat, boxes, style="blur"), paint(flat + np.uint8(32), boxes, style="blur"))
    drawn = inside(paint(flat, boxes, style="blur"), boxes[0])
    assert np.abs(drawn.astype(int) - 144).max() <= 12  # the middle of 128 to 160, and noise of up to 12
    assert drawn.std() > 4
    assert abs(float(drawn.mean()) - 144) < 0.5


def test_no_high_pass_of_the_original_survives() -> None:
    uncovered = []
    for name, pixels in photographs(480).items():
        ((box),) = covered_boxes([BOX], pixels.shape[1::-1], style="blur")
        fine = high_pass(inside(pixels, box))
        for style in ("opaque", "blur"):
            covered = cover(pixels, [BOX], style=style)
            box_of_style = covered_boxes([BOX], pixels.shape[1::-1], style=style)[0]
            fine = high_pass(inside(pixels, box_of_style))
            assert abs(correlation(high_pass(inside(covered, box_of_style)), fine)) < 0.12, (name, style)
        uncovered.append(
            correlation(high_pass(inside(cv2.GaussianBlur(pixels, (0, 0), 3.0), box)), high_pass(inside(pixels, box)))
        )
    assert min(uncovered) > 0.25  # an ordinary blur keeps it


def test_two_hundred_copies_average_to_the_cells() -> None:
    """Copies saved in other qualities and with other surroundings tell no more than one."""
    pixels = photographs(480)["astronaut"][:384]
    ((left, top, right, bottom),) = covered_boxes([BOX], pixels.shape[1::-1], style="blur")
    rng = np.random.default_rng(0)
    total = np.zeros((bottom - top, right - left, 3))
    distinct = set()
    for k in range(200):
        data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 75 + k % 25])[1]
        copy = cv2.imdecode(data, cv2.IMREAD_COLOR)
        copy[:, right:] = rng.integers(0, 256, copy[:, right:].shape)
        area = cover(copy, [BOX], style="blur")[top:bottom, left:right]
        distinct.add(area.tobytes())
        total += area
    assert len(distinct) < 20  # the cells hardly move
    mean = total / 200
    fine = high_pass(inside(pixels, (left, top, right, bottom)))
    assert abs(correlation(high_pass(mean[6:-6, 6:-6]), fine)) < 0.12


def test_hidden_places_of_maps_are_hatched_paper() -> None:
    drawn = np.full((60, 80, 3), (10, 20, 30), np.uint8)
    hidden = np.zeros((6, 8), bool)
    hidden[2:4, 3:5] = True
    out = hatched(drawn, hidden)
    assert {tuple(c) for c in out[20:40, 30:50].reshape(-1, 3).tolist()} == {(255,) * 3, (176,) * 3}
    assert (out[:20] == (10, 20, 30)).all()
    assert (out[:, 50:] == (10, 20, 30)).all()
    assert (drawn == (10, 20, 30)).all()
