import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from forensics.models import BRANCHES
from forensics.models.networks.channels import StarterChannels, drop_groups
from forensics.models.networks.depthwise import depthwise_conv
from forensics.models.networks.replknet import RepLKNet
from forensics.models.networks.traced import median3
from tests.conftest import textured


@pytest.mark.parametrize(("side", "kernel"), [(20, 11), (4, 13), (17, 9)])
def test_depthwise_gradients_equal_the_library(side: int, kernel: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, side, side + 3, dtype=torch.double, requires_grad=True)
    w = torch.randn(3, 1, kernel, kernel, dtype=torch.double, requires_grad=True)
    grad = torch.randn_like(x)
    ours = torch.autograd.grad(depthwise_conv(x, w), (x, w), grad)
    library = torch.autograd.grad(F.conv2d(x, w, padding=kernel // 2, groups=3), (x, w), grad)
    for a, b in zip(ours, library, strict=True):
        assert torch.allclose(a, b, atol=1e-10)


def test_reparameterized_equals_original() -> None:
    torch.manual_seed(0)
    network = RepLKNet(kernel_sizes=(31, 29, 27, 13), layers=(1, 1, 1, 1), widths=(8, 8, 8, 8))
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean, -1, 1)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -1, 1)
    network.eval()
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        before = network(x)
    network.reparameterize()
    with torch.inference_mode():
        after = network(x)
    assert sum("merged" in k for k in network.state_dict()) == 8  # weight and bias of four kernels
    assert not any(".small." in k for k in network.state_dict())
    assert torch.allclose(before, after, atol=1e-4)


def test_median_equals_opencv() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (12, 15), dtype=np.uint8)
    ours = median3(torch.from_numpy(pixels).float()[None, None])[0, 0].numpy()
    assert np.array_equal(ours[1:-1, 1:-1], cv2.medianBlur(pixels, 3)[1:-1, 1:-1])


def test_starter_channels_by_hand() -> None:
    """A flat picture of 191.5 / 255 has RGB (191.5 - 127.5) / 64 = 1 and nothing else."""
    channels = StarterChannels()(torch.full((1, 3, 16, 16), 191.5 / 255))
    assert torch.allclose(channels[:, :3], torch.ones(1, 3, 16, 16), atol=1e-5)
    assert channels[:, 3:].abs().max() < 1e-3  # rounding of 191.5, in units of 0.05
    step = torch.zeros(1, 3, 16, 16)
    step[..., 5, 5] = 6 / 255
    channels = StarterChannels()(step)
    assert channels[0, 3, 5, 5] == pytest.approx(-1.5)  # KB there -4 / 4 x 6 = -6, clipped at -3, / 2
    assert channels[0, 3, 5, 6] == pytest.approx(1.5)  # 2 / 4 x 6 = 3, / 2
    assert channels[0, 13, 5, 5] == pytest.approx(
        -2.0
    )  # mean |KB| 16 / 4 x 6 / 256 = 0.094: -64 of them, clipped at -4, / 2
    assert channels[0, 23, 5, 5] == pytest.approx(0.5)  # odd position: its block's upper-left pixel is 0; 6 x 2/3 / 8


def test_relative_residuals_do_not_know_contrast() -> None:
    pixels = torch.from_numpy(textured(32, 32)).permute(2, 0, 1)[None].float() / 255
    relative = StarterChannels.groups["relative"]
    full, half = (StarterChannels()(x)[:, relative] for x in (pixels, 0.5 * pixels))
    assert torch.allclose(full, half, atol=1e-3)
    assert full.abs().mean() == pytest.approx(0.5, abs=0.1)  # in units of twice the mean, less what is clipped


def test_group_drop_out_never_drops_all() -> None:
    groups = StarterChannels.groups
    dropped = drop_groups(torch.ones(200, 26, 2, 2), groups, 0.8, torch.Generator().manual_seed(0))
    kept = torch.stack([dropped[:, part].amin(dim=(1, 2, 3)) for part in groups.values()], dim=1)
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert (kept.sum(dim=1) >= 1).all()
    assert (kept == 0).float().mean() > 0.5


@pytest.mark.parametrize("name", ["starter_convnext", "starter_replknet"])
def test_constants_are_buffers(name: str) -> None:
    branch = BRANCHES[name]()
    assert "channels.residuals.luminance" in branch.state_dict()
    assert "channels.residuals.luminance" not in dict(branch.named_parameters())
