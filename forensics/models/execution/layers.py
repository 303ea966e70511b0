"""Layers that compute what several layers of a trained network compute, in one pass over memory."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.models.networks.depthwise import LARGE, depthwise_conv

__all__ = ["Activation", "FusedConv", "Head"]

Activation = Literal["none", "relu", "gelu"]


class FusedConv(nn.Module):
    """Convolution, bias and activation in one pass where the library offers it, else one after another.

    Parameters
    ----------
    conv : nn.Conv2d or nn.Linear
        A linear layer becomes a 1x1 convolution.
    scale, shift : tensor of shape (out_channels,), optional
        Applied to the output, before the activation.
    activation : {"none", "relu", "gelu"}
    """

    def __init__(
        self,
        conv: nn.Conv2d | nn.Linear,
        *,
        scale: Tensor | None = None,
        shift: Tensor | None = None,
        activation: Activation = "none",
    ) -> None:
        super().__init__()
        weight = conv.weight.detach()
        if isinstance(conv, nn.Linear):
            weight, self.stride, self.padding, self.groups = weight[:, :, None, None], (1, 1), (0, 0), 1
        else:
            if isinstance(conv.padding, str) or conv.padding_mode != "zeros" or conv.dilation != (1, 1):
                raise ValueError(f"cannot fuse {conv}")
            self.stride, self.padding, self.groups = _pair(conv.stride), _pair(conv.padding), conv.groups
        bias = weight.new_zeros(weight.shape[0]) if conv.bias is None else conv.bias.detach()
        if scale is not None:
            weight, bias = weight * scale.view(-1, 1, 1, 1), bias * scale
        if shift is not None:
            bias = bias + shift
        self.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
        self.bias = nn.Parameter(bias.contiguous(), requires_grad=False)
        self.activation = activation
        self._in_bfloat16: tuple[Tensor, Tensor] | None = None

    def keep_bfloat16(self) -> None:
        """Keep the parameters in bfloat16 too, and compute with them under autocast."""
        self._in_bfloat16 = self.weight.bfloat16(), self.bias.bfloat16()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H', W')."""
        if self.by_ordinary_operations(x):
            y = self._convolved(x)
            return y if self.activation == "none" else F.relu(y) if self.activation == "relu" else F.gelu(y)
        weight, bias = self.weight.data, self.bias.data
        if self._in_bfloat16 is not None and torch.is_autocast_enabled("cpu"):
            weight, bias = self._in_bfloat16
        algorithm = "none" if self.activation == "gelu" else ""  # of the two for GELU, the one by the error function
        return torch.ops.mkldnn._convolution_pointwise(
            x.to(weight.dtype), weight, bias, self.padding, self.stride, (1, 1), self.groups, self.activation, [], algorithm
        )  # fmt: skip

    @property
    def kernel(self) -> int:
        """Side of the kernel."""
        return self.weight.shape[-1]

    @staticmethod
    def by_ordinary_operations(x: Tensor) -> bool:
        """Whether to compute with ordinary operations: for gradients, for tracing, on a GPU, or where there is no other way."""
        ordinary = torch.is_grad_enabled() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]
        return bool(ordinary or x.device.type != "cpu" or not ONE_PASS)

    def _convolved(self, x: Tensor) -> Tensor:
        if self.groups > 1 and self.kernel >= LARGE and self.stride == (1, 1):  # always 'same' in our networks
            return depthwise_conv(x, self.weight) + self.bias.view(1, -1, 1, 1)
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, 1, self.groups)


def _one_pass() -> bool:
    """Whether PyTorch offers convolution and activation in one pass; it is not part of its public interface."""
    try:
        x = torch.ones(1, 1, 1, 1)
        y = torch.ops.mkldnn._convolution_pointwise(x, -x, None, (0, 0), (1, 1), (1, 1), 1, "relu", [], "")
    except (RuntimeError, AttributeError, TypeError):
        return False
    return bool((y == 0).all())


ONE_PASS = _one_pass()


class Head(nn.Linear):
    """A linear layer that is computed in float32 even under autocast: logits are never rounded to eight bits."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_features)."""
        with torch.autocast(x.device.type, enabled=False):
            return F.linear(x.float(), self.weight, self.bias)


def _pair(numbers: tuple[int, ...]) -> tuple[int, int]:
    return numbers[0], numbers[1]
