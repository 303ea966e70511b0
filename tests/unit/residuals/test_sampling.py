import numpy as np
import pytest
from scipy.ndimage import convolve

from forensics.residuals import residual_maps


def interpolated(pixels: np.ndarray, *, green_where_odd: bool) -> np.ndarray:
    """The picture as a camera would give it whose filter array measures green on one half of the checkerboard."""
    row, column = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    measured = (row + column) % 2 == green_where_odd
    green = pixels[..., 1] * measured.astype(float)
    cross = np.array([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    out = pixels.copy()
    out[..., 1] = np.rint(convolve(green, cross, mode="mirror"))
    return out


@pytest.fixture
def scene(photograph: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(photograph[200:424, 100:420])


@pytest.mark.parametrize(("odd", "sign"), [(True, 1), (False, -1)])
def test_demosaicing_tells_where_green_was_measured(scene: np.ndarray, odd: bool, sign: int) -> None:
    ratio = sign * residual_maps(interpolated(scene, green_where_odd=odd), "demosaicing")[..., 0]
    assert ratio.mean() > 1
    assert np.mean(ratio > 0) > 0.99


def test_demosaicing_shows_an_area_that_no_filter_array_made(scene: np.ndarray) -> None:
    pixels = interpolated(scene, green_where_odd=True)
    pixels[64:160, 96:224] = scene[64:160, 96:224]
    ratio = residual_maps(pixels, "demosaicing")[..., 0]
    inside = ratio[76:148, 108:212]
    assert np.abs(inside).mean() < 0.2
    assert np.quantile(ratio[:48], 0.05) > np.quantile(inside, 0.95)


def test_the_border_of_a_picture_continues_the_checkerboard() -> None:
    """Mirrored about the last pixel: what is exactly interpolated has no error up to the border."""
    rng = np.random.default_rng(0)
    pixels = interpolated(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), green_where_odd=True)
    ratio = residual_maps(pixels, "demosaicing")[..., 0]
    assert ratio[0, ::63].min() > 0.9 * ratio[16:48, 16:48].min()


def test_demosaicing_is_near_zero_without_a_filter_array(scene: np.ndarray) -> None:
    assert abs(residual_maps(scene, "demosaicing").mean()) < 0.03


def test_demosaicing_of_noise_on_one_half_of_the_checkerboard() -> None:
    """Green of variance v where row + column is odd, flat elsewhere.

    The prediction error there has v, and v / 4 elsewhere: log10 of about 4.
    """
    rng = np.random.default_rng(0)
    row, column = np.mgrid[:128, :128]
    pixels = np.full((128, 128, 3), 128, dtype=np.uint8)
    noise = np.rint(rng.normal(0, 12, (128, 128))) * ((row + column) % 2)
    pixels[..., 1] = 128 + noise
    assert residual_maps(pixels, "demosaicing").mean() == pytest.approx(np.log10(4), abs=0.12)


def test_npr_of_a_square() -> None:
    pixels = np.zeros((3, 3, 3), dtype=np.uint8)
    pixels[..., 0] = [[10, 11, 20], [13, 17, 25], [7, 0, 9]]
    maps = residual_maps(pixels, "npr")
    assert maps[..., 0].tolist() == [[0, 1, 0], [3, 7, 5], [0, -7, 0]]
    assert not maps[..., 1:].any()


def test_npr_is_zero_where_a_picture_was_doubled(photograph: np.ndarray) -> None:
    doubled = photograph[:60, :90].repeat(2, axis=0).repeat(2, axis=1)
    assert not residual_maps(doubled, "npr").any()
    assert residual_maps(doubled[1:, 1:], "npr").any()


def test_npr_is_what_the_starter_networks_see() -> None:
    """Their channels are 2 / 3 of it, cut at ±24, over 8."""
    import torch

    from forensics.models.networks.channels import StarterChannels

    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    channels = StarterChannels()
    seen = channels(torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255.0)[0, channels.groups["npr"]]
    wanted = np.clip(residual_maps(pixels, "npr") * (2 / 3), -24, 24) / 8
    assert seen.permute(1, 2, 0).numpy() == pytest.approx(wanted, abs=1e-4)
