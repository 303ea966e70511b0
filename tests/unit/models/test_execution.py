"""Fused layers compute what the trained ones do; the engine gives the same bits however the work is shared out."""

from collections.abc import Callable
from threading import Barrier

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from forensics.errors import ModelError
from forensics.models import BRANCHES
from forensics.models.branch import Branch
from forensics.models.ensemble import Ensemble
from forensics.models.execution import fourier, layers
from forensics.models.execution.engine import Engine
from forensics.models.execution.fourier import LargeKernelConv, fourier_pays
from forensics.models.execution.fused import fuse
from forensics.models.execution.layers import FusedConv
from forensics.models.execution.threads import threads_per_operation
from forensics.models.networks.channels import StarterChannels
from forensics.types import UInt8Array
from forensics.views import FixedFrame, Plan, Tiles, plan_views, view_pixels
from tests.conftest import textured

CPU = torch.device("cpu")
pytestmark = pytest.mark.processor
TINY = {
    "reference_convnext": {"depths": [1, 1, 2, 1], "widths": [8, 16, 24, 32]},
    "reference_replknet": {"kernel_sizes": [31, 29, 27, 13], "layers": [1, 1, 1, 1], "widths": [8, 16, 24, 32]},
    "starter_convnext": {"mask_width": 8},
    "starter_replknet": {"mask_width": 8},
    "traced_convnext": {},
    "traced_replknet": {},
}


def trained(architecture: str) -> Branch:
    """A branch whose normalisations and scales have seen something, so that a fold that forgets one is noticed."""
    torch.manual_seed(3)
    branch = BRANCHES[architecture](**TINY[architecture]).eval().requires_grad_(False)
    for module in branch.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
            if module.affine:
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.3)
        if hasattr(module, "gamma") and isinstance(module.gamma, nn.Parameter):
            module.gamma.uniform_(0.5, 1.5)
    return branch


def pixels_of(n: int = 2, side: int = 64) -> Tensor:
    tiles = np.stack([textured(side, side, seed=k) for k in range(n)])
    return torch.tensor(tiles).permute(0, 3, 1, 2).float() / 255


@pytest.mark.parametrize("architecture", TINY)
def test_fused_is_the_same_network_with_the_same_gradient(architecture: str) -> None:
    branch = trained(architecture)
    x = branch.channels(pixels_of())

    def outputs() -> list[Tensor]:
        logits, mask = branch.localise(x)
        return [logits] if mask is None else [logits, mask]

    def gradient() -> Tensor:
        leaf = x.clone().requires_grad_()
        return torch.autograd.grad(branch.body(leaf)[:, 1].sum(), leaf)[0]

    with torch.inference_mode():
        before = outputs()
    slope = gradient()
    fuse(branch)
    branch.to(memory_format=torch.channels_last)
    left = [m for m in branch.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(left) <= 1  # the one before RepLKNet's mean over the map has no convolution beside it
    with torch.inference_mode():
        after = outputs()
    for a, b in zip(before, after, strict=True):
        assert a.abs().max() > 0
        assert torch.allclose(a, b, rtol=1e-5, atol=2e-5)
    assert torch.allclose(slope, gradient(), rtol=1e-3, atol=1e-3 * float(slope.abs().max()))


def test_what_a_library_may_lack_is_computed_in_two_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    branch = trained("traced_replknet")
    fuse(branch)
    with torch.inference_mode():
        one = branch(pixels_of())
        monkeypatch.setattr(layers, "ONE_PASS", False)
        two = branch(pixels_of())
    assert torch.allclose(one, two, atol=1e-5)


def test_a_convolution_by_fourier_transforms_is_the_direct_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel with one tap off its centre moves the map: no symmetry hides a turned or shifted kernel."""
    conv = nn.Conv2d(2, 2, 9, padding=4, groups=2)
    nn.init.zeros_(conv.weight)
    nn.init.zeros_(conv.bias)
    conv.weight.data[0, 0, 4, 6], conv.weight.data[1, 0, 1, 4] = 1.0, 2.0
    layer = LargeKernelConv(conv.requires_grad_(False))
    x = torch.rand(1, 2, 12, 20)
    monkeypatch.setattr(fourier, "fourier_pays", lambda *_, **__: True)
    with torch.inference_mode():
        y = layer(x)
    assert torch.allclose(y[0, 0, :, :18], x[0, 0, :, 2:], atol=1e-6)
    assert torch.allclose(y[0, 1, 3:], 2 * x[0, 1, :9], atol=1e-6)
    assert y[0, 0, :, 18:].abs().max() < 1e-6
    assert y[0, 1, :3].abs().max() < 1e-6


def test_fourier_is_taken_for_large_kernels_on_large_maps_only() -> None:
    assert fourier_pays(128, 31, wide=True)
    assert not fourier_pays(32, 17, wide=True)
    assert fourier_pays(32, 27, wide=False)
    assert not fourier_pays(64, 7, wide=False)


def test_a_convolution_that_cannot_be_fused_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot fuse"):
        FusedConv(nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"))


@pytest.fixture(scope="module")
def ensemble() -> Ensemble:
    return Ensemble({name: trained(f"traced_{name}") for name in ("convnext", "replknet")}).requires_grad_(False)


def wide_picture() -> UInt8Array:
    return textured(64, 64 * 5, seed=2)


TILES = Tiles(size=64, stride=64, turns=("identity",))


def test_a_tile_has_the_same_bits_alone_and_among_others_and_with_any_number_of_threads(ensemble: Ensemble) -> None:
    engine, pixels = Engine(ensemble, device=CPU), wide_picture()
    looked = {}
    for n in (1, 2, 3):
        with threads_per_operation(n):
            looked[n] = engine.look(pixels, plan_views(pixels, TILES))[0]
    assert np.array_equal(looked[1], looked[2])
    assert np.array_equal(looked[1], looked[3])
    alone = [engine.look(tile, plan_views(tile, TILES))[0] for tile in np.split(pixels, 5, axis=1)]
    assert np.array_equal(np.concatenate(alone, axis=1), looked[1])


def test_frames_agree_within_1e_6_with_any_number_of_threads(ensemble: Ensemble) -> None:
    engine, pixels = Engine(ensemble, device=CPU), textured(90, 120)
    plan = plan_views(pixels, FixedFrame(size=64))
    looked = []
    for n in (1, 2):
        with threads_per_operation(n):
            looked.append(engine.look(pixels, plan)[0])
    assert np.abs(looked[0] - looked[1]).max() < 1e-6


def test_a_tile_is_computed_by_one_thread_and_as_many_at_once_as_there_are(ensemble: Ensemble) -> None:
    meeting, seen = Barrier(3, timeout=10), []
    branch = dict(ensemble.items())["convnext"]

    def run(channels: Tensor) -> tuple[Tensor, Tensor | None]:
        meeting.wait()
        seen.append(torch.get_num_threads())
        return branch.localise(channels)

    pixels = textured(64, 64 * 6, seed=2)
    with threads_per_operation(3):
        Engine(ensemble, device=CPU, runners={"convnext": run}).look(pixels, plan_views(pixels, TILES))
    assert seen == [1] * 6


def test_threads_are_given_back(ensemble: Ensemble) -> None:
    def broken(_: Tensor) -> tuple[Tensor, None]:
        raise RuntimeError("broken")

    with threads_per_operation(2):
        pixels = wide_picture()
        Engine(ensemble, device=CPU).look(pixels, plan_views(pixels, TILES))
        assert torch.get_num_threads() == 2
        with pytest.raises(RuntimeError, match="broken"):
            Engine(ensemble, device=CPU, runners={"convnext": broken}).look(pixels, plan_views(pixels, TILES))
        assert torch.get_num_threads() == 2


def test_equal_channels_are_computed_once(ensemble: Ensemble) -> None:
    counted = []
    hooks = [b.channels.register_forward_hook(lambda *_: counted.append(1)) for _, b in ensemble.items()]
    pixels = textured(64, 64)
    Engine(ensemble, device=CPU).look(pixels, plan_views(pixels, TILES))
    for hook in hooks:
        hook.remove()
    assert len(counted) == 1
    other = Ensemble({"a": trained("traced_convnext"), "b": trained("starter_convnext")})
    assert len(Engine(other, device=CPU)._channels) == 2
    changed = Ensemble({"a": trained("starter_convnext"), "b": trained("starter_replknet")})
    stack = dict(changed.items())["b"].channels
    assert isinstance(stack, StarterChannels)
    stack.residuals.luminance[0, 0, 2, 2] += 1
    assert len(Engine(changed, device=CPU)._channels) == 2


def limited(ensemble: Ensemble, at_once: int) -> tuple[Engine, list[int]]:
    """An engine on a device whose memory suffices for so many views."""
    seen: list[int] = []
    branch = dict(ensemble.items())["convnext"]

    def run(channels: Tensor) -> tuple[Tensor, Tensor | None]:
        seen.append(len(channels))
        if len(channels) > at_once:
            raise torch.OutOfMemoryError("out of memory")
        return branch.localise(channels)

    return Engine(ensemble, device=CPU, runners={"convnext": run}), seen


@pytest.fixture
def in_passes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Engine, UInt8Array, Plan], np.ndarray]:
    """Look as on a GPU: in passes."""

    def look(engine: Engine, pixels: UInt8Array, plan: Plan) -> np.ndarray:
        engine.views_per_pass = 4
        return np.concatenate([logits for logits, _ in engine._in_passes(pixels, plan)], axis=1)

    return look


def test_too_little_memory_makes_passes_smaller_and_goes_on(
    ensemble: Ensemble, in_passes: Callable[[Engine, UInt8Array, Plan], np.ndarray]
) -> None:
    pixels = wide_picture()
    plan = plan_views(pixels, TILES)
    engine, seen = limited(ensemble, 1)
    found = in_passes(engine, pixels, plan)
    assert seen == [4, 2, 1, 1, 1, 1, 1]
    expected = Engine(ensemble, device=CPU).look(pixels, plan)[0]
    assert np.abs(found - expected).max() < 1e-5
    assert found.shape == expected.shape
    with pytest.raises(ModelError, match=r"single view\. Use device='cpu'"):
        in_passes(limited(ensemble, 0)[0], pixels, plan)


def test_views_come_one_by_one_as_from_cut() -> None:
    pixels = wide_picture()
    plan = plan_views(pixels, TILES)
    each = np.concatenate([view_pixels(pixels, plan, slice(k, k + 1)) for k in range(5)])
    assert each.dtype == np.float32
    assert np.array_equal(each[3], pixels[:, 192:256].transpose(2, 0, 1) / np.float32(255))
