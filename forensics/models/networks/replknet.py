"""RepLKNet, the wide-angle branch: few layers with depth-wise kernels of up to 31 x 31.

Own implementation after Ding et al., *Scaling Up Your Kernels to 31x31*, CVPR 2022 (arXiv 2203.06717). Each large
kernel is trained with a parallel small one; `RepLKNet.reparameterize` merges the two and their batch
normalisations into a single convolution with the same output.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.models.networks.depthwise import DepthwiseConv
from forensics.models.networks.drop_path import DropPath

__all__ = ["ConvBN", "FeedForwardBlock", "LargeKernelBlock", "RepLKNet", "scale_and_shift"]


class ConvBN(nn.Module):
    """Convolution without bias, batch normalisation, and ReLU if asked for."""

    def __init__(self, conv: nn.Conv2d, *, relu: bool = False) -> None:
        super().__init__()
        self.conv = conv
        self.bn = nn.BatchNorm2d(conv.out_channels)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, out_channels, H', W')."""
        y = self.bn(self.conv(x))
        return F.relu(y) if self.relu else y


def _pointwise(n_in: int, n_out: int, *, relu: bool = False) -> ConvBN:
    return ConvBN(nn.Conv2d(n_in, n_out, 1, bias=False), relu=relu)


def _depthwise3(n: int, *, stride: int) -> ConvBN:
    return ConvBN(nn.Conv2d(n, n, 3, stride=stride, padding=1, groups=n, bias=False), relu=True)


class LargeKernel(nn.Module):
    """A large and a small depth-wise convolution side by side, or the single one they merge into; then ReLU."""

    def __init__(self, channels: int, kernel_size: int, small_kernel: int, *, merged: bool = False) -> None:
        super().__init__()
        self.channels, self.kernel_size = channels, kernel_size
        if merged:
            self.merged: DepthwiseConv | None = DepthwiseConv(channels, kernel_size, bias=True)
            return
        self.merged = None
        self.large = ConvBN(DepthwiseConv(channels, kernel_size))
        self.small = ConvBN(DepthwiseConv(channels, small_kernel))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W), after ReLU."""
        return F.relu(self.large(x) + self.small(x) if self.merged is None else self.merged(x))

    @torch.no_grad()
    def reparameterize(self) -> None:
        """Merge in place: W' = W γ / sqrt(σ² + ε), b' = β - μ γ / sqrt(σ² + ε), summed over both kernels."""
        if self.merged is not None:
            return
        large_weight, large_bias = _fold_bn(self.large)
        small_weight, small_bias = _fold_bn(self.small)
        pad = (self.kernel_size - small_weight.shape[-1]) // 2
        merged = DepthwiseConv(self.channels, self.kernel_size, bias=True).to(large_weight)
        merged.weight.copy_(large_weight + F.pad(small_weight, (pad, pad, pad, pad)))
        if merged.bias is not None:
            merged.bias.copy_(large_bias + small_bias)
        self.merged = merged.train(self.training)
        del self.large, self.small


def _fold_bn(pair: ConvBN) -> tuple[Tensor, Tensor]:
    scale, shift = scale_and_shift(pair.bn)
    return pair.conv.weight * scale.view(-1, 1, 1, 1), shift


def scale_and_shift(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return what a batch normalisation in eval mode multiplies by and adds, (C,) each.

    ``torch.nn.utils.fusion`` divides by the root in another way, which changes the last bit of three weights in ten, and
    with them scores that are on record; so it is not used.

    Raises
    ------
    ValueError
        It has no running statistics.
    """
    if norm.running_mean is None or norm.running_var is None:  # only with track_running_stats=False
        raise ValueError("a batch normalisation without running statistics cannot be merged")
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


class LargeKernelBlock(nn.Module):
    """Norm, 1x1, large kernel, ReLU, 1x1, with a skip."""

    def __init__(self, channels: int, kernel_size: int, small_kernel: int, drop_path: float, *, merged: bool) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.expand = _pointwise(channels, channels, relu=True)
        self.large_kernel = LargeKernel(channels, kernel_size, small_kernel, merged=merged)
        self.project = _pointwise(channels, channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W)."""
        y = self.expand(self.norm(x))
        y = self.project(self.large_kernel(y))
        return x + self.drop_path(y)


class FeedForwardBlock(nn.Module):
    """Norm, 1x1 to four times the width, GELU, 1x1 back, with a skip."""

    def __init__(self, channels: int, drop_path: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.expand = _pointwise(channels, 4 * channels)
        self.act = nn.GELU()
        self.project = _pointwise(4 * channels, channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W)."""
        y = self.project(self.act(self.expand(self.norm(x))))
        return x + self.drop_path(y)


class RepLKNet(nn.Module):
    """Four stages of large-kernel and feed-forward blocks, then normalisation, mean over the map, linear head.

    Parameters
    ----------
    kernel_sizes : sequence of 4 int
        Odd; published: 31, 29, 27, 13.
    layers : sequence of 4 int
        Pairs of blocks per stage; published: 2, 2, 18, 2.
    widths : sequence of 4 int
        Channels per stage; published: 128, 256, 512, 1024.
    small_kernel : int
        The parallel kernel; published: 5.
    n_channels : int
        Input channels.
    drop_path : float
        Rate at the last block, growing linearly from 0; training only.
    num_classes : int
        Outputs of the head; 0 for a body without one, of which only the stages are used.
    merged : bool
        Build the merged form, for weights that were merged before they were saved.
    """

    def __init__(
        self,
        *,
        kernel_sizes: Sequence[int],
        layers: Sequence[int],
        widths: Sequence[int],
        small_kernel: int = 5,
        n_channels: int = 3,
        drop_path: float = 0.0,
        num_classes: int = 2,
        merged: bool = False,
    ) -> None:
        super().__init__()
        self.widths = tuple(widths)
        first = widths[0]
        self.stem = nn.Sequential(
            ConvBN(nn.Conv2d(n_channels, first, 3, stride=2, padding=1, bias=False), relu=True),
            _depthwise3(first, stride=1),
            _pointwise(first, first, relu=True),
            _depthwise3(first, stride=2),
        )
        rates = iter(torch.linspace(0, drop_path, 2 * sum(layers)).tolist())
        self.stages = nn.ModuleList()
        self.transitions = nn.ModuleList()
        for i, (kernel, depth, width) in enumerate(zip(kernel_sizes, layers, widths, strict=True)):
            blocks: list[nn.Module] = []
            for _ in range(depth):
                blocks.append(LargeKernelBlock(width, kernel, small_kernel, next(rates), merged=merged))
                blocks.append(FeedForwardBlock(width, next(rates)))
            self.stages.append(nn.Sequential(*blocks))
            if i + 1 < len(widths):
                self.transitions.append(
                    nn.Sequential(_pointwise(width, widths[i + 1], relu=True), _depthwise3(widths[i + 1], stride=2))
                )
        if num_classes:
            self.norm = nn.BatchNorm2d(widths[-1])
            self.head = nn.Linear(widths[-1], num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (N, 2) for (N, n_channels, S, S)."""
        return self.head(self.norm(self.stage_maps(x)[-1]).mean(dim=(-2, -1)))

    def stage_maps(self, x: Tensor) -> list[Tensor]:
        """Return the output of every stage, (N, widths[i], S / 4 / 2**i, S / 4 / 2**i)."""
        x = self.stem(x)
        maps = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            maps.append(x)
            if i < len(self.transitions):
                x = self.transitions[i](x)
        return maps

    def reparameterize(self) -> None:
        """Merge every large kernel with its small one, in place; outputs in eval mode stay equal to 1e-4."""
        for module in self.modules():
            if isinstance(module, LargeKernel):
                module.reparameterize()
