"""The search for faces: it finds one that is easy to find, whichever way the picture is turned, and leaves no trace."""

import numpy as np
import pytest
import skimage.data

from forensics.redaction import covered_boxes, faces, find_faces
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
    for left, top, right, bottom in covered_boxes(found, (512, 512)):
        seen[top:bottom, left:right] = True
    left, top, right, bottom = turned(FACE, turn, 512)
    assert seen[top:bottom, left:right].mean() > 0.95


def test_the_same_is_found_twice_and_nothing_in_flat_or_tiny_pictures() -> None:
    pixels = photographs(256)["astronaut"]
    assert find_faces(pixels) == find_faces(pixels.copy())
    assert find_faces(np.full((200, 300, 3), 127, np.uint8)) == ()
    assert find_faces(np.full((10, 3000, 3), 127, np.uint8)) == ()
    assert find_faces(np.zeros((1, 1, 3), np.uint8)) == ()


class Brightest:
    """Finds the white square, in whatever picture it is given, and notes the sizes that it was asked to search."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def detect_multi_scale(self, *, img: np.ndarray, **_settings: object) -> list[dict[str, int]]:
        self.shapes.append(img.shape)
        rows, columns = np.nonzero(img > 200)
        side = int(rows.max() - rows.min()) + 1
        return [{"r": int(rows.min()), "c": int(columns.min()), "width": side, "height": side}]


@pytest.mark.parametrize("scale", [1, 5])
def test_windows_of_turned_and_smaller_pictures_lie_where_they_were_found(
    scale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.zeros((200 * scale, 310 * scale, 3), np.uint8)
    pixels[60 * scale : 100 * scale, 200 * scale : 240 * scale] = 255
    finder = Brightest()
    monkeypatch.setattr(faces, "_cascade", lambda: finder)
    find_faces(pixels)
    asked = list(finder.shapes)
    for turn in (0, 1, 2, 3):
        for search in (640, 320):
            grey = np.ascontiguousarray(pixels[..., 0])
            for left, top, side in faces._searched(grey, search, (turn,), 1):
                assert np.allclose((left, top, side), (200 * scale, 60 * scale, 40 * scale), atol=1.5 * scale)
    # Three tenths of 40 pixels around it.
    ((left, top, right, bottom), *_more) = find_faces(pixels)
    assert np.allclose((left, top, right, bottom), np.array([188, 48, 252, 112]) * scale, atol=2 * scale)
    assert sum(height > width for height, width in asked) == 2  # both quarter turns
    assert sum(height < width for height, width in asked) == (
        3 if scale == 1 else 5
    )  # upright in each size, and half a turn
