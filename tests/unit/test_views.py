import numpy as np
import pytest

from forensics.views import DIHEDRAL, TONES, FixedFrame, Tiles, _grey_sd, cut, plan_views, to_evidence_grid, turn_square
from tests.conftest import textured


def covered(boxes: np.ndarray, height: int, width: int) -> float:
    seen = np.zeros((height, width), dtype=bool)
    for left, top, right, bottom in boxes:
        seen[top:bottom, left:right] = True
    return float(seen.mean())


@pytest.mark.parametrize("shape", [(256, 256), (300, 257), (64, 900), (1024, 700)])
def test_tiles_cover_every_pixel(shape: tuple[int, int]) -> None:
    plan = plan_views(textured(*shape), Tiles())
    assert covered(plan.boxes, *shape) == 1.0 == plan.seen


def test_above_the_cap_the_share_seen_is_stated() -> None:
    plan = plan_views(textured(640, 960), Tiles(size=64, stride=64, max_tiles=20, turns=("identity",)))
    assert 4 < len(plan.names) <= 20
    assert plan.seen == pytest.approx(covered(plan.boxes, 640, 960))
    assert plan.seen < 1
    assert plan.boxes[:, :2].min() == 0
    assert plan.boxes[:, 2:].max(axis=0).tolist() == [960, 640]


def test_what_is_flat_is_told_by_the_spread_of_the_mean_of_the_colours() -> None:
    pixels = textured(40, 50)
    expected = pixels[5:30, 10:45].mean(axis=2).std()
    assert _grey_sd(pixels, (10, 5, 45, 30)) == pytest.approx(expected, rel=1e-6)


def test_flat_tiles_are_left_out() -> None:
    pixels = np.full((64, 128, 3), 200, dtype=np.uint8)
    pixels[:, 64:] = textured(64, 64)
    plan = plan_views(pixels, Tiles(size=64, stride=64))
    assert plan.flat == 1
    assert plan.boxes.tolist() == [[64, 0, 128, 64]] * 2
    assert not plan_views(pixels[:, :64], Tiles(size=64, stride=64)).names


def test_a_tile_holds_native_pixels() -> None:
    pixels = textured(100, 130)
    plan = plan_views(pixels, Tiles(size=64, stride=64, turns=("identity",)))
    for views in cut(pixels, plan, 3):
        for look, (left, top, right, bottom) in zip(views.pixels, views.boxes, strict=True):
            assert np.array_equal(
                np.rint(look.transpose(1, 2, 0) * 255).astype(np.uint8), pixels[top:bottom, left:right]
            )


@pytest.mark.parametrize("turn", list(DIHEDRAL))
def test_view_then_inverse_is_the_identity(turn: str) -> None:
    square = np.arange(36, dtype=np.float32).reshape(6, 6)
    assert np.array_equal(to_evidence_grid(turn_square(square, turn), box=(0, 0, 6, 6), turn=turn), square)
    assert turn == "identity" or not np.array_equal(turn_square(square, turn), square)


def test_the_eight_turns_differ() -> None:
    square = np.arange(9).reshape(3, 3)
    assert len({turn_square(square, t).tobytes() for t in DIHEDRAL}) == 8


def test_fixed_frame_turns_cut_and_pad() -> None:
    """A 6 x 2 picture turned by 90 degrees in its frame keeps 2 x 2 pixels in the middle: 8 of 12 are black."""
    pixels = np.full((2, 6, 3), 255, dtype=np.uint8)
    views = next(cut(pixels, plan_views(pixels, FixedFrame(size=6)), 6))
    turned = views.pixels[1, 0]
    assert (turned > 0.99).mean() == pytest.approx(4 / 12, abs=0.12)


def test_every_turn_is_looked_at_in_every_tone() -> None:
    """100 becomes 116 brighter, 84 darker; around 127.5 it becomes 95.875 with more contrast and 103.575 with less."""
    pixels = np.full((64, 64, 3), 100, dtype=np.uint8)
    pixels[:2] = 255  # not flat
    scheme = Tiles(size=64, stride=64, turns=("identity", "rot180"), tones=tuple(TONES))
    plan = plan_views(pixels, scheme)
    views = next(cut(pixels, plan, 10))
    middle = {name: round(float(look[0, 32, 32]) * 255) for name, look in zip(views.names, views.pixels, strict=True)}
    values = {"": 100, ", brighter": 116, ", darker": 84, ", more contrast": 96, ", less contrast": 104}
    assert middle == {f"tile 0,0 {turn}{tone}": v for turn in scheme.turns for tone, v in values.items()}
    assert views.pixels.max() <= 1.0  # clipped, not wrapped


@pytest.mark.parametrize(
    "bad", [{"size": 3}, {"stride": 0}, {"stride": 300}, {"turns": ()}, {"turns": ("spin",)}, {"tones": ("loud",)}]
)
def test_impossible_tiles_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"tiles need|unknown t"):
        Tiles(**bad)
