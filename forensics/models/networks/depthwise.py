"""Depth-wise convolution with large kernels at a usable speed on a CPU.

The library's forward kernel is about 30 times faster on channels-last tensors than on the default layout, but its
backward pass is slow in both. A depth-wise convolution's gradient with respect to the input is again a depth-wise
convolution, with the kernel turned by 180 degrees, so it can use the fast forward kernel; the gradient with respect
to the weights is a correlation that costs three Fourier transforms.
"""

from typing import Any

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor, nn

__all__ = ["LARGE", "DepthwiseConv", "depthwise_conv"]

LARGE = 9  # from this size the Fourier gradient beats the library's on a CPU


class _DepthwiseConv(torch.autograd.Function):
    """Stride 1, odd square kernel, 'same' zero padding."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        weight = weight.to(x.dtype)  # under autocast
        ctx.save_for_backward(x, weight)
        return _same_conv(x, weight)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        grad = grad_outputs[0]
        grad_x = _same_conv(grad, weight.flip(-1, -2)) if ctx.needs_input_grad[0] else None
        wide = torch.promote_types(x.dtype, torch.float32)  # there is no Fourier transform in bfloat16
        grad_weight = _weight_gradient(x.to(wide), grad.to(wide), weight.shape[-1]) if ctx.needs_input_grad[1] else None
        return grad_x, grad_weight


def _same_conv(x: Tensor, weight: Tensor) -> Tensor:
    x = x.contiguous(memory_format=torch.channels_last)
    return F.conv2d(x, weight.to(x.dtype), padding=weight.shape[-1] // 2, groups=x.shape[1])


def _weight_gradient(x: Tensor, grad: Tensor, k: int) -> Tensor:
    """Return dL/dw of shape (C, 1, k, k): the correlation of input and gradient at lags -k//2..k//2."""
    # Long enough that the wanted lags do not wrap, and that there are k of them on maps smaller than the kernel.
    size = tuple(next_fast_len(max(n + k // 2, k), real=True) for n in x.shape[-2:])
    x_hat = torch.fft.rfft2(x.contiguous(), s=size)
    grad_hat = torch.fft.rfft2(grad.contiguous(), s=size)
    lags = torch.fft.irfft2((x_hat * grad_hat.conj()).sum(dim=0), s=size)  # (C, P, Q), lag 0 first
    return lags.roll((k // 2, k // 2), dims=(-2, -1))[:, :k, :k].unsqueeze(1)


def depthwise_conv(x: Tensor, weight: Tensor) -> Tensor:
    """Return the depth-wise 'same' convolution.

    Parameters
    ----------
    x : tensor of shape (N, C, H, W)
    weight : tensor of shape (C, 1, k, k)
        `k` odd.

    Returns
    -------
    tensor of shape (N, C, H, W)
    """
    if x.device.type == "cpu" and weight.shape[-1] >= LARGE and torch.is_grad_enabled():
        return _DepthwiseConv.apply(x, weight)
    return _same_conv(x, weight)


class DepthwiseConv(nn.Conv2d):
    """``nn.Conv2d`` for a depth-wise, stride-1, odd kernel; the same parameters, a faster way to compute."""

    def __init__(self, channels: int, kernel_size: int, *, bias: bool = False) -> None:
        super().__init__(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W)."""
        y = depthwise_conv(x, self.weight)
        return y if self.bias is None else y + self.bias.view(1, -1, 1, 1)
