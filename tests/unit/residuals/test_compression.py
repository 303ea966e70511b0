"""Pictures are saved, pasted into and saved again, so that it is known where and how often each place was compressed."""

import io

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

from forensics.residuals import residual_maps
from forensics.residuals.compression import QUALITIES

PLACE = (slice(80, 240), slice(96, 288))  # on the grid of the blocks
GHOST = QUALITIES.index(70)


@pytest.fixture(scope="module")
def textured_part(photograph: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(photograph[96:416, 64:448])


def saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def spliced(around: np.ndarray, inside: np.ndarray) -> np.ndarray:
    out = around.copy()
    out[PLACE] = inside[PLACE]
    return out


def separation(values: np.ndarray) -> float:
    """Area under the ROC curve of the values inside against outside."""
    truth = np.zeros(values.shape, dtype=bool)
    truth[PLACE] = True
    return float(roc_auc_score(truth.ravel(), values.ravel()))


def test_the_ghost_of_the_quality_before_shows_the_pasted_part(textured_part: np.ndarray) -> None:
    """What was saved at 70 before hardly changes when it is saved at 70 again; what was saved at 95 does."""
    forgery = spliced(saved(textured_part, 70), saved(textured_part, 95))
    maps = residual_maps(forgery, "jpeg_ghosts")
    assert separation(maps[..., GHOST]) > 0.98
    assert separation(maps[..., QUALITIES.index(50)]) < 0.7


def test_the_ghost_outlives_saving_at_a_higher_quality(textured_part: np.ndarray) -> None:
    forgery = saved(spliced(saved(textured_part, 70), textured_part), 92)
    assert separation(residual_maps(forgery, "jpeg_ghosts")[..., GHOST]) > 0.9


def test_a_ghost_is_the_root_mean_square_of_what_saving_changes() -> None:
    """Alternate columns of 128 ± 3 lose their finest coefficients at quality 50: a difference of 3 everywhere.

    A block has energy 64 x 9, so that no coefficient exceeds 24, and the large ones have steps above 50.
    """
    pixels = np.full((64, 64, 3), 131, dtype=np.uint8)
    pixels[:, ::2] = 125
    maps = residual_maps(pixels, "jpeg_ghosts")
    assert maps[..., QUALITIES.index(50)] == pytest.approx(3.0)


@pytest.mark.parametrize(("first", "last", "least"), [(60, 80, 0.95), (75, 90, 0.95), (85, 95, 0.9)])
def test_a_part_quantised_once_is_told_from_the_rest(
    textured_part: np.ndarray, first: int, last: int, least: float
) -> None:
    forgery = saved(spliced(saved(textured_part, first), textured_part), last)
    ratio = residual_maps(forgery, "double_quantisation")[..., 0]
    assert separation(ratio) > least
    assert ratio[PLACE].mean() > 0.3
    assert ratio.mean() < ratio[PLACE].mean()


def test_a_picture_saved_twice_is_negative_all_over(textured_part: np.ndarray) -> None:
    ratio = residual_maps(saved(saved(textured_part, 75), 90), "double_quantisation")[..., 0]
    assert ratio.mean() < -0.2
    assert np.mean(ratio > 0.5) < 0.05


@pytest.mark.parametrize("qualities", [(), (95,), (85,), (70,), (90, 70), (80, 80)])
def test_nothing_is_said_where_nothing_can_be_told(textured_part: np.ndarray, qualities: tuple[int, ...]) -> None:
    """Never saved, saved once, last saved at a lower or the same quality."""
    pixels = textured_part
    for quality in qualities:
        pixels = saved(pixels, quality)
    assert not residual_maps(pixels, "double_quantisation").any()


def test_clipped_blocks_say_nothing(textured_part: np.ndarray) -> None:
    bright = textured_part.copy()
    bright[:, :96] = 255
    ratio = residual_maps(saved(saved(bright, 75), 90), "double_quantisation")[..., 0]
    assert not ratio[:, :80].any()  # a block less, for the mean over 3 x 3 blocks
    assert ratio[:, 112:].any()


def test_the_density_of_a_second_quantisation() -> None:
    """By hand. Steps of 2 after steps of 4: a value at 4 k falls on the even multiple 2 k, so the ratio is 2 and 0.

    Steps of 2 after steps of 3: the value 3 lies half-way between the multiples 1 and 2 and is shared by them, and 6
    falls on 3. The blur carries up to 3 percent across each border, 2.2 SD away.
    """
    from forensics.residuals.compression import _density_ratio

    assert _density_ratio(4, 2)[:4] == pytest.approx([0.0, 2.0, 0.0, 2.0], abs=0.06)
    assert _density_ratio(3, 2)[:4] == pytest.approx([0.75, 0.75, 1.5, 0.75], abs=0.05)


@pytest.mark.parametrize("step", [2, 3, 7, 12, 40])
def test_the_last_step_is_read_from_the_coefficients(step: int) -> None:
    from forensics.residuals.compression import _last_step

    rng = np.random.default_rng(0)
    values = rng.laplace(0, 2.5 * step, 4000)
    assert _last_step((np.rint(values / step) * step + rng.normal(0, 0.4, 4000)).astype(np.float32)) == step
    assert _last_step(values.astype(np.float32)) == 1
