"""Our ConvNeXt is timm's: the same names, shapes and start, and the same logits."""

import pytest
import timm
import torch
from timm.layers import drop_path as timm_drop_path
from timm.models.convnext import ConvNeXt as TimmConvNeXt
from torch import nn

from forensics.models.networks.convnext import VARIANTS, ConvNeXt, small_convnext
from forensics.models.networks.drop_path import DropPath


def assert_same(ours: nn.Module, theirs: nn.Module, n_channels: int) -> None:
    """Weights are drawn from a normal distribution with a deviation of 0.02; all else starts at the same constants."""
    found, expected = ours.state_dict(), theirs.state_dict()
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name].shape == value.shape
        if value.ndim == 1:
            assert torch.equal(found[name], value)
        elif value.numel() > 1000:
            assert (float(found[name].std()), float(value.std())) == pytest.approx((0.02, 0.02), rel=0.1)
    with torch.no_grad():
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            p.add_(torch.randn_like(p), alpha=0.1)
            q.copy_(p)
    x = torch.rand(2, n_channels, 64, 64)
    with torch.inference_mode():
        a, b = ours.eval()(x), theirs.eval()(x)
    assert b.std() > 1e-3
    assert torch.allclose(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_a_small_one_is_that_of_timm(name: str) -> None:
    torch.manual_seed(1)
    ours = small_convnext(name, n_channels=5, num_classes=2, drop_path=0.1)
    theirs = timm.create_model(name, in_chans=5, num_classes=2, drop_path_rate=0.1, ls_init_value=0.1)
    assert_same(ours, theirs, 5)


def test_the_published_one_is_that_of_timm() -> None:
    torch.manual_seed(1)
    ours = ConvNeXt((1, 1, 2, 1), (8, 16, 24, 32))
    theirs = TimmConvNeXt(depths=(1, 1, 2, 1), dims=(8, 16, 24, 32), num_classes=2)
    assert_same(ours, theirs, 3)


def test_blocks_are_left_out_more_often_the_deeper_they_lie() -> None:
    """Of six blocks up to 0.5: 0, 0.1, 0.2, 0.3, 0.4, 0.5."""
    network = ConvNeXt((1, 1, 3, 1), (8, 8, 8, 8), drop_path=0.5)
    rates = [module.rate for module in network.modules() if isinstance(module, DropPath)]
    assert rates == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_what_is_kept_of_a_block_is_scaled_up() -> None:
    """Half of the samples are zero, the others double; outside training nothing happens."""
    layer, x = DropPath(0.5), torch.ones(64, 3, 2, 2)
    torch.manual_seed(2)
    y = layer(x)
    torch.manual_seed(2)
    assert torch.equal(y, timm_drop_path(x, 0.5, training=True))
    assert y.unique().tolist() == [0.0, 2.0]
    assert (y == y[:, :1, :1, :1]).all()
    assert layer.eval()(x) is x


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"no ConvNeXt 'convnext_base'; there are convnext_atto, .* Choose one of these"
    ):
        small_convnext("convnext_base", n_channels=3, num_classes=2, drop_path=0.0)
