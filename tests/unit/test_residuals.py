import numpy as np
import pytest

from forensics.errors import UnknownNameError
from forensics.residuals import RESIDUALS, render, residual_maps
from forensics.residuals.srm import SRM_BANK, SRM_KERNELS


def test_kernels_sum_to_zero_with_the_published_energies() -> None:
    """Sum of squares: KB 36 / 16, KV 596 / 144, H2 6 / 4."""
    assert np.abs(SRM_KERNELS.sum(axis=(1, 2))).max() < 1e-12
    assert (SRM_KERNELS**2).sum(axis=(1, 2)) == pytest.approx([36 / 16, 596 / 144, 6 / 4])


def test_the_bank_has_thirty_different_filters() -> None:
    assert SRM_BANK.shape == (30, 5, 5)
    assert len({k.tobytes() for k in SRM_BANK}) == 30
    assert np.abs(SRM_BANK.sum(axis=(1, 2))).max() < 1e-12
    assert [(SRM_BANK[k, 2, 2], SRM_BANK[k, 2, 3]) for k in (0, 8)] == [(-1, 1), (-1, 0.5)]
    assert SRM_BANK[2, 1, 2] == 1  # a quarter turn counter-clockwise: the neighbour above


def test_srm_of_one_bright_pixel() -> None:
    """One pixel 4 levels up: KB gives -4 at it (clipped to -3), 2 beside it; H2 gives -4 (clipped) and 2."""
    pixels = np.full((9, 9, 3), 100, dtype=np.uint8)
    pixels[4, 4] = 104
    maps = residual_maps(pixels, "srm")
    assert maps[4, 4].tolist() == pytest.approx([-3, -3, -3])
    assert maps[4, 5, 0] == pytest.approx(2)
    assert maps[4, 5, 2] == pytest.approx(2)
    assert maps[5, 4, 2] == pytest.approx(0)


def test_median_of_one_bright_pixel() -> None:
    pixels = np.full((5, 5, 3), 100, dtype=np.uint8)
    pixels[2, 2, 1] = 130
    maps = residual_maps(pixels, "median")
    assert maps[2, 2].tolist() == [0, 30, 0]
    assert np.count_nonzero(maps) == 1


def test_spectrum_shows_a_wave_of_period_two() -> None:
    pixels = np.full((32, 32, 3), 100, dtype=np.uint8)
    pixels[:, ::2] += 20
    spectrum = residual_maps(pixels, "spectrum")[..., 0]
    assert np.unravel_index(spectrum.argmax(), spectrum.shape) == (16, 0)  # half a cycle a pixel, across


def test_block_grid_finds_the_step() -> None:
    """A step of 10 levels between columns 7 and 8 exceeds its flat neighbours by 10."""
    pixels = np.full((16, 16, 3), 100, dtype=np.uint8)
    pixels[:, 8:] = 110
    across = residual_maps(pixels, "block_grid")[..., 1]
    assert across[:, 8].tolist() == [10.0] * 16
    assert across[:, 7].tolist() == [-5.0] * 16


def test_a_typing_error_gets_a_suggestion() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'median'"):
        residual_maps(np.zeros((4, 4, 3), dtype=np.uint8), "medain")


def test_duplicates_raise() -> None:
    with pytest.raises(ValueError, match="already among the residuals"):
        RESIDUALS.add("srm", RESIDUALS["srm"])


def test_rendering_is_on_a_fixed_scale() -> None:
    values = np.array([[-9.0, -3.0, 0.0, 3.0, 9.0]])
    picture = render(values, limit=3, signed=True)
    assert picture[0, 0].tolist() == picture[0, 1].tolist() == [18, 62, 122]
    assert picture[0, 3].tolist() == picture[0, 4].tolist() == [122, 58, 6]
    assert np.abs(picture[0, 2].astype(int) - 245).max() <= 3
    assert np.array_equal(render(values[:, 2:3], limit=3, signed=True), picture[:, 2:3])
