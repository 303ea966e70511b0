"""The search for faces: it finds one that is easy to find, whichever way the picture is turned, and leaves no trace."""

import numpy as np
import pytest
import skimage.data

from forensics.redaction import find_faces
from tests.pictures_with_traces import photographs

FACE = (170, 60, 285, 215)  # of the astronaut: from brow to chin, ear to ear


def turned(box: tuple[int, int, int, int], turn: int, side: int) -> tuple[int, int, int, int]:
    for _ in range(turn):
        left, top, right, bottom = box
        box = (top, side - right, bottom, side - left)
    return box


@pytest.mark.parametrize("turn", range(4))
def test_an_easy_face_is_found_in_every_turn(turn: int) -> None:
    pixels = np.rot90(skimage.data.astronaut(), turn)
    before = pixels.copy()
    found = find_faces(pixels)
    assert np.array_equal(pixels, before)
    seen = np.zeros(pixels.shape[:2], bool)
    for left, top, right, bottom in found:
        assert 0 <= left < right <= 512
        assert 0 <= top < bottom <= 512
        seen[top:bottom, left:right] = True
    left, top, right, bottom = turned(FACE, turn, 512)
    assert seen[top:bottom, left:right].mean() > 0.95


def test_the_same_is_found_twice_and_nothing_in_flat_or_tiny_pictures() -> None:
    pixels = photographs(256)["astronaut"]
    assert find_faces(pixels) == find_faces(pixels.copy())
    assert find_faces(np.full((200, 300, 3), 127, np.uint8)) == ()
    assert find_faces(np.full((10, 3000, 3), 127, np.uint8)) == ()
    assert find_faces(np.zeros((1, 1, 3), np.uint8)) == ()
