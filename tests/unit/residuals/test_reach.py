"""A part of a picture is filtered with as much around it as counts, and then shows what the whole picture shows."""

import dataclasses

import numpy as np
import pytest

from forensics.residuals import RESIDUALS
from forensics.testing import ContractError, check_residual
from tests.conftest import textured


@pytest.mark.parametrize("name", RESIDUALS.names())
@pytest.mark.parametrize("box", [(90, 50, 154, 114), (0, 0, 33, 17), (277, 181, 300, 203)])
def test_a_part_is_as_in_the_whole(name: str, box: tuple[int, int, int, int]) -> None:
    residual, pixels = RESIDUALS[name], textured(203, 300)
    left, top, right, bottom = box
    apart = residual.part(pixels, box) - residual(pixels)[top:bottom, left:right]
    assert np.abs(apart).max() < 1e-3 * residual.limit


@pytest.mark.parametrize("name", [n for n in RESIDUALS.names() if RESIDUALS[n].reach is not None])
def test_one_pixel_counts_no_farther_than_the_reach(name: str) -> None:
    residual = RESIDUALS[name]
    before = textured(448, 448)
    after = before.copy()
    at = 207
    after[at, at] = 255 - after[at, at]
    moved = np.argwhere(np.abs(residual(after) - residual(before)).max(axis=2) > 1e-4 * residual.limit)
    assert len(moved) > 0
    assert np.abs(moved - at).max() <= residual.reach


def test_only_the_part_and_its_reach_are_filtered() -> None:
    seen = []

    def spy(pixels: np.ndarray) -> np.ndarray:
        seen.append(pixels.shape[:2])
        return pixels.astype(np.float32)

    residual = dataclasses.replace(RESIDUALS["median"], function=spy, reach=5)
    residual.part(textured(200, 300), (100, 64, 120, 80))
    # Columns 95 to 124 lie in 80 to 127 of the grid, rows 59 to 84 in 48 to 95.
    assert seen == [(48, 48)]
    dataclasses.replace(residual, reach=None).part(textured(200, 300), (100, 64, 120, 80))
    assert seen[1] == (200, 300)


@pytest.mark.parametrize("box", [(0, 0, 301, 20), (-1, 0, 5, 5), (5, 5, 5, 9)])
def test_a_part_lies_within_the_picture(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="within the picture of 300 x 200"):
        RESIDUALS["srm"].part(textured(200, 300), box)


def test_a_reach_that_is_too_short_breaks_the_contract() -> None:
    def far(pixels: np.ndarray) -> np.ndarray:
        return pixels.astype(np.float32) - np.roll(pixels, 40, axis=1)

    with pytest.raises(ContractError, match="nothing beyond its reach, 16 pixels"):
        check_residual(dataclasses.replace(RESIDUALS["median"], function=far, reach=16))
    check_residual(dataclasses.replace(RESIDUALS["median"], function=far, reach=None))
