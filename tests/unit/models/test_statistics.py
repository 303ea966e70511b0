import numpy as np
import pytest
import torch

from forensics.models.statistics import Cooccurrences, StatisticsChannels, starter_statistics


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


def test_a_value_between_two_levels_counts_in_both() -> None:
    """0.5 is half 0, half 1: each of the 8 triples of zeros and ones has share 1/8, in 6 orbits."""
    found = shares([0.5] * 6)
    assert found[(0, 0, 0)] == pytest.approx(1 / 8, abs=1e-5)
    assert found[(-1, 0, 0)] == pytest.approx(2 / 8, abs=1e-5)
    assert sum(found.values()) == pytest.approx(1, abs=1e-4)


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


def test_mirrored_tiles_get_the_same_logits_and_gradients_pass() -> None:
    torch.manual_seed(0)
    branch = starter_statistics().eval()
    pixels = torch.rand(1, 3, 32, 32, requires_grad=True)
    logits = branch(pixels)
    # First differences lie between pixels: mirroring shifts them by one and changes only the border.
    assert torch.allclose(logits, branch(pixels.flip(3)), atol=0.05)
    logits[0, 1].backward()
    assert float(pixels.grad.abs().max()) > 0
    with pytest.raises(ValueError, match="at least one step"):
        starter_statistics(relative_steps=[])
