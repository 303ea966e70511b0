import numpy as np
import pytest

from forensics.residuals import RESIDUALS, region_statistics

MEDIAN = RESIDUALS["median"]  # three channels, the scale ends at 8


def test_a_region_against_the_rest_by_hand() -> None:
    maps = np.zeros((2, 4, 3), dtype=np.float32)
    maps[0, :2, 0] = [2, -4]
    maps[1, :2, 0] = [8, -10]
    maps[:, 2:, 0] = [[1, 1], [1, -1]]
    red, green, blue = region_statistics(maps, (0, 0, 2, 2), residual=MEDIAN)
    assert (red.channel, green.channel, blue.channel) == ("red", "green", "blue")
    assert (red.region.mean, red.region.mean_absolute, red.region.beyond) == (-1, 6, 0.5)
    assert red.region.sd == pytest.approx((184 / 4 - 1) ** 0.5)
    assert (red.rest.mean, red.rest.mean_absolute, red.rest.beyond) == (0.5, 1, 0)
    assert red.rest.sd == pytest.approx(0.75**0.5)
    assert green.region == green.rest


def test_the_whole_picture_has_no_rest() -> None:
    (red, *_) = region_statistics(np.ones((4, 5, 3), dtype=np.float32), (0, 0, 5, 4), residual=MEDIAN)
    assert red.rest is None
    assert (red.region.mean, red.region.sd) == (1, 0)


@pytest.mark.parametrize("box", [(0, 0, 6, 4), (-1, 0, 2, 2), (2, 0, 2, 4)])
def test_a_region_lies_within_the_picture(box: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="within the picture of 5 x 4"):
        region_statistics(np.ones((4, 5, 3), dtype=np.float32), box, residual=MEDIAN)


def test_maps_of_another_residual_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\)"):
        region_statistics(np.ones((4, 5, 2), dtype=np.float32), (0, 0, 1, 1), residual=MEDIAN)
