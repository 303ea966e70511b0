import numpy as np
import pytest
import torch

from forensics.models.networks.statistics import Cooccurrences, StatisticsChannels, starter_statistics


def shares(row: list[float], *, step: float = 1.0) -> dict[tuple[int, int, int], float]:
    """Shares of the triples across of a picture whose rows are all `row`, by orbit."""
    features = Cooccurrences(relative_steps=(), fixed_steps=(step,))
    channels = torch.zeros(1, StatisticsChannels.n_channels, 6, len(row))
    channels[0, 0] = torch.tensor(row)
    across = features(channels).reshape(1, StatisticsChannels.n_channels, 2, -1)[0, 0, 0] ** 2
    kinds = [k for k in range(across.numel()) if across[k] > 1e-6]
    names = {}
    for k in kinds:
        triple = int(features.orbits[:, k].nonzero()[0])
        names[(triple // 25 - 2, triple // 5 % 5 - 2, triple % 5 - 2)] = float(across[k])
    return names


def test_triples_by_hand() -> None:
    """0, 1, 0, 1, 0, 1 holds (0, 1, 0) and (1, 0, 1) twice each; their first names are the smallest of their orbits."""
    assert shares([0, 1, 0, 1, 0, 1]) == pytest.approx({(-1, 0, -1): 0.5, (0, -1, 0): 0.5}, abs=1e-5)


def test_values_are_rounded_to_the_nearest_step() -> None:
    """0.6 is one step of 1, 0.4 none: 0.6, 0.4, 0.6 is counted as 1, 0, 1."""
    assert shares([0.6, 0.4, 0.6, 0.4, 0.6]) == pytest.approx({(-1, 0, -1): 2 / 3, (0, -1, 0): 1 / 3}, abs=1e-5)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (7, 9), (9, 8), (3, 4)])
def test_counting_in_runs_is_counting_triples_one_by_one(height: int, width: int) -> None:
    features = Cooccurrences((), (1.0,))
    levels = np.random.default_rng(height).integers(-3, 4, (StatisticsChannels.n_channels, height, width))
    found = features(torch.tensor(levels[None], dtype=torch.float32)).reshape(len(levels), 2, -1).numpy() ** 2
    cut = np.clip(levels, -2, 2) + 2
    for c, values in enumerate(cut):
        for direction, lines in enumerate((values, values.T)):
            triples = [tuple(line[k : k + 3]) for line in lines for k in range(len(line) - 2)]
            counts = np.zeros(125)
            for a, b, d in triples:
                counts[25 * a + 5 * b + d] += 1
            expected = counts @ features.orbits.numpy() / len(triples)
            assert found[c, direction] == pytest.approx(np.maximum(expected, 1e-8), rel=1e-5)


def test_there_are_39_kinds_of_triples_and_large_values_are_truncated() -> None:
    assert Cooccurrences((0.7,), ()).orbits.shape == (125, 39)
    assert shares([9, 9, 9, 9, 9, 9]) == pytest.approx({(-2, -2, -2): 1.0}, abs=1e-5)


def test_relative_steps_take_the_scale_out() -> None:
    rng = np.random.default_rng(0)
    channels = torch.tensor(rng.normal(0, 2, (1, 10, 32, 32)), dtype=torch.float32)
    features = Cooccurrences((0.7,), ())
    assert torch.allclose(features(channels), features(channels * 5), atol=1e-5)
    fixed = Cooccurrences((), (1.0,))
    assert not torch.allclose(fixed(channels), fixed(channels * 5), atol=1e-2)


def test_residuals_of_an_impulse_by_hand() -> None:
    """One pixel 12 levels brighter in all colours: KB / 4 gives -12 at it, KV / 12 gives -12, and no chroma."""
    pixels = torch.full((1, 3, 16, 16), 100.0)
    pixels[..., 8, 8] += 12
    channels = StatisticsChannels()(pixels / 255)[0]
    assert channels[:6, 8, 8].tolist() == pytest.approx([-12, -12, -12, -12, -12, -12], abs=1e-3)
    assert float(channels[6:].abs().max()) < 1e-3


def test_the_second_scale_is_the_first_of_the_halved_tile() -> None:
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    both = starter_statistics(n_scales=2)
    one = starter_statistics(n_scales=1)
    halved = torch.nn.functional.avg_pool2d(pixels, 2)
    n = one.body.mean.numel()
    found = both.body.describe(both.channels(pixels))
    assert torch.allclose(found[:, n:], one.body.describe(one.channels(halved)), atol=1e-6)
    assert torch.allclose(found[:, :n], one.body.describe(one.channels(pixels)), atol=1e-6)
    assert list(both.groups) == ["luminance", "chroma", "luminance at 1/2", "chroma at 1/2"]
    assert both.channels(pixels).shape == (2, 20, 64, 64)


def test_mirrored_tiles_get_the_same_logits() -> None:
    torch.manual_seed(0)
    branch = starter_statistics().eval()
    pixels = torch.rand(1, 3, 64, 64)
    # First differences lie between pixels: mirroring shifts them by one and changes only the border.
    gap = (branch.body.describe(branch.channels(pixels)) - branch.body.describe(branch.channels(pixels.flip(3)))).abs()
    assert float(gap.max()) < 0.05
    with pytest.raises(ValueError, match="at least one step"):
        starter_statistics(relative_steps=[], fixed_steps=[])
