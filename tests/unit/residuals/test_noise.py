import numpy as np
import pytest
import pywt

from forensics.residuals import residual_maps
from forensics.residuals.noise import HIGH, _grain, diagonal_details


def noisy(sd: np.ndarray | float, shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """A slope with independent normal noise in each colour."""
    rng = np.random.default_rng(seed)
    slope = np.add.outer(np.linspace(90, 130, shape[0]), np.linspace(0, 30, shape[1]))
    noise = rng.standard_normal((*shape, 3)) * np.broadcast_to(sd, shape)[..., None]
    return np.clip(np.rint(slope[..., None] + noise), 0, 255).astype(np.uint8)


def test_the_filters_are_those_of_daubechies() -> None:
    """Orthonormal, also to their own even shifts, and the high pass has four vanishing moments."""
    assert [HIGH[k:] @ HIGH[: 8 - k] for k in (0, 2, 4, 6)] == pytest.approx([1, 0, 0, 0])
    assert [HIGH @ np.arange(8.0) ** k for k in range(4)] == pytest.approx([0, 0, 0, 0], abs=1e-9)


def test_the_finest_diagonal_details_are_those_of_the_transform() -> None:
    picture = np.random.default_rng(0).normal(0, 50, (48, 64)).astype(np.float32)
    finest = pywt.dwt2(picture, "db4", mode="periodization")[1][2]
    assert np.abs(diagonal_details(picture)[4:-4, 4:-4]) == pytest.approx(np.abs(finest[4:-4, 4:-4]), abs=1e-3)


@pytest.mark.parametrize("sd", [1.0, 3.0, 8.0])
def test_the_noise_level_is_the_standard_deviation(sd: float) -> None:
    """Rounding to whole levels adds 1 / 12 to the variance."""
    level = residual_maps(noisy(sd, (256, 320)), "noise_level")
    assert level.mean(axis=(0, 1)) == pytest.approx([(sd**2 + 1 / 12) ** 0.5] * 3, rel=0.03)
    assert level.std() / level.mean() < 0.1


def test_the_noise_level_shows_an_area_of_other_noise() -> None:
    sd = np.full((256, 320), 2.0)
    sd[64:160, 128:256] = 5.0
    level = residual_maps(noisy(sd, sd.shape), "noise_level")[..., 1]
    assert level[80:144, 144:240].mean() == pytest.approx(5.0, rel=0.05)
    assert level[176:, :].mean() == pytest.approx(2.02, rel=0.05)
    assert level[80:144, 144:240].min() > level[176:].max()


def test_texture_in_a_part_of_a_window_does_not_raise_the_noise_level() -> None:
    """A median bears outliers in less than half of its values."""
    pixels = noisy(2.0, (128, 128))
    pixels[40:48, ::2] = 250  # a comb of eight rows
    level = residual_maps(pixels, "noise_level")
    assert level[32:64, 32:96].max() < 4


def test_white_noise_is_left_over_by_the_wavelet_filter() -> None:
    """All of it but the coarsest picture's share of 1 / 256; the slope is taken out."""
    residual = residual_maps(noisy(4.0, (256, 256)), "wavelet_noise")
    assert residual.std() == pytest.approx((4.0**2 + 1 / 12) ** 0.5, rel=0.03)
    assert np.abs(residual.mean(axis=(0, 1))).max() < 0.05


def test_structure_far_above_the_noise_is_not_left_over() -> None:
    """Details of variance s² keep s² / (s² + 25) of themselves: for noise of SD 50, about one hundredth is left."""
    rng = np.random.default_rng(0)
    strong = np.clip(rng.normal(128, 40, (128, 128)), 0, 255).astype(np.uint8)
    left = _grain(strong).std() / strong.std()
    assert 25 / (40**2 + 25) < left < 5 * 25 / (40**2)


def test_the_wavelet_residual_of_one_colour_does_not_reach_another() -> None:
    pixels = noisy(3.0, (64, 64))
    pixels[..., 1] = 100
    residual = residual_maps(pixels, "wavelet_noise")
    assert np.abs(residual[..., 1]).max() < 1e-4
    assert residual[..., 0].std() > 2
