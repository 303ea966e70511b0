"""The same networks in fewer passes over memory, for examining on a CPU.

`fuse` replaces parts of a network, in place, by parts with the same output up to rounding: batch normalisations and
constant factors move into the convolution beside them, an activation is applied while its convolution writes, and
linear layers on channels-last maps become 1x1 convolutions, for which PyTorch has a better kernel on every processor
that we measured. Gradients still flow, so that the fused network can be explained.
"""

from functools import singledispatch

import torch
from torch import nn

from forensics.models.architectures import AdaptedNetwork
from forensics.models.execution.fourier import LargeKernelConv
from forensics.models.execution.layers import Activation, FusedConv, Head
from forensics.models.networks.convnext import ConvNeXtBlock
from forensics.models.networks.layered import TraceStem
from forensics.models.networks.replknet import ConvBN, FeedForwardBlock, LargeKernelBlock, scale_and_shift

__all__ = ["fuse"]


@torch.no_grad()
def fuse(module: nn.Module) -> None:
    """Replace, in place, the parts of a network in eval mode that have a faster form; leave all others as they are."""
    _fuse(module)
    for name, child in module.named_children():
        if type(child) is nn.Linear:
            head = Head(child.in_features, child.out_features, bias=child.bias is not None)
            head.load_state_dict(child.state_dict())
            setattr(module, name, head.eval().requires_grad_(False))
        fuse(child)


@singledispatch
def _fuse(module: nn.Module) -> None:
    """Nothing is known about other modules."""


@_fuse.register
def _(module: AdaptedNetwork) -> None:
    std, mean = module.normalize.std.flatten(), module.normalize.mean.flatten()
    _put(module, adapter=FusedConv(module.adapter, scale=1 / std, shift=-mean / std), normalize=nn.Identity())


@_fuse.register
def _(module: TraceStem) -> None:
    _put(
        module,
        conv=_with_norm(module.conv, module.norm1),
        norm1=nn.Identity(),
        pointwise=_with_norm(module.pointwise, module.norm2, activation="gelu"),
        norm2=nn.Identity(),
        act2=nn.Identity(),
    )


@_fuse.register
def _(module: LargeKernelBlock) -> None:
    module.large_kernel.reparameterize()
    merged = module.large_kernel.merged
    if merged is None:
        raise ValueError("a large kernel was not merged")
    _put(
        module,
        expand=_between_norms(module.norm, module.expand, activation="relu"),
        norm=nn.Identity(),
        large_kernel=LargeKernelConv(merged),
        project=_with_norm(module.project.conv, module.project.bn),
    )


@_fuse.register
def _(module: FeedForwardBlock) -> None:
    _put(
        module,
        expand=_between_norms(module.norm, module.expand, activation="gelu"),
        norm=nn.Identity(),
        act=nn.Identity(),
        project=_with_norm(module.project.conv, module.project.bn),
    )


@_fuse.register
def _(module: nn.Sequential) -> None:
    for name, child in module.named_children():
        if isinstance(child, ConvBN):
            fused = _with_norm(child.conv, child.bn, activation="relu" if child.relu else "none")
            _put(module, **{name: fused})


@_fuse.register
def _(module: ConvNeXtBlock) -> None:
    first, second = FusedConv(module.mlp.fc1, activation="gelu"), FusedConv(module.mlp.fc2, scale=module.gamma)
    module.gamma, module.convolutional = None, True
    _put(module.mlp, fc1=first, act=nn.Identity(), fc2=second)


def _put(module: nn.Module, **parts: nn.Module) -> None:
    for name, part in parts.items():
        setattr(module, name, part)


def _with_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d, *, activation: Activation = "none") -> FusedConv:
    scale, shift = scale_and_shift(norm)
    return FusedConv(conv, scale=scale, shift=shift, activation=activation)


def _between_norms(before: nn.BatchNorm2d, pair: ConvBN, *, activation: Activation) -> FusedConv:
    """Return a 1x1 convolution with the normalisations before and after it."""
    fused = _with_norm(pair.conv, pair.bn, activation=activation)
    scale, shift = scale_and_shift(before)
    fused.bias.add_(fused.weight[:, :, 0, 0] @ shift)
    fused.weight.mul_(scale.view(1, -1, 1, 1))
    return fused
