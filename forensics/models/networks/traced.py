"""The two networks of starter 0.1, whose weights ship until those of `forensics.models.networks.layered` are ahead of them.

References
----------
Tan et al., CVPR 2024: neighbouring pixel relations.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.models.branch import BRANCHES, Branch
from forensics.models.networks.convnext import small_convnext
from forensics.models.networks.layered import TraceStem
from forensics.models.networks.replknet import RepLKNet
from forensics.residuals.srm import SRM_KERNELS

__all__ = ["traced_convnext", "traced_replknet"]

TRACE_WIDTH = 16  # channels of the full-resolution stem


class TracedChannels(nn.Module):
    """Four groups on grey levels at native resolution: 12 channels.

    ====  ==========================================================  =======================
    rgb   R, G, B                                                     (v - 127.5) / 64
    srm   three SRM maps of the mean of R, G, B, reflect padding      clip ±3, / 3
    med   v minus its 3 x 3 median, per channel                       clip ±8, / 4
    npr   v minus the upper-left pixel of its 2 x 2 block             x 2/3, clip ±24, / 8
    ====  ==========================================================  =======================

    The side must be even.
    """

    groups: Mapping[str, slice] = MappingProxyType(
        {"rgb": slice(0, 3), "srm": slice(3, 6), "med": slice(6, 9), "npr": slice(9, 12)}
    )
    n_channels = 12
    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.tensor(SRM_KERNELS, dtype=torch.float32)[:, None])  # (3, 1, 5, 5)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (N, 12, S, S)."""
        if pixels.shape[-1] % 2 or pixels.shape[-2] % 2:
            raise ValueError(f"the sides of a tile must be even, got {tuple(pixels.shape[-2:])}")
        v = pixels.contiguous() * 255.0
        grey = F.pad(v.mean(dim=1, keepdim=True), (2, 2, 2, 2), mode="reflect")
        srm = F.conv2d(grey, self.kernels).clamp(-3.0, 3.0) / 3.0
        med = (v - median3(v)).clamp(-8.0, 8.0) / 4.0
        corner = v[..., ::2, ::2].repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
        npr = ((v - corner) * (2.0 / 3.0)).clamp(-24.0, 24.0) / 8.0
        return torch.cat([(v - 127.5) / 64.0, srm, med, npr], dim=1)


def median3(x: Tensor) -> Tensor:
    """Return the 3 x 3 median of (N, C, H, W), borders reflected.

    The median of nine is the median of (largest of the row minima, median of the row medians, smallest of the row
    maxima) once each row of three is sorted (Paeth, Graphics Gems, 1990); minima and maxima keep gradients.
    """
    p = F.pad(x, (1, 1, 1, 1), mode="reflect")
    low, middle, high = _sort3(p[..., :-2], p[..., 1:-1], p[..., 2:])  # each row sorted: (N, C, H + 2, W)
    rows = (slice(None, -2), slice(1, -1), slice(2, None))
    largest_low = torch.maximum(torch.maximum(low[..., rows[0], :], low[..., rows[1], :]), low[..., rows[2], :])
    smallest_high = torch.minimum(torch.minimum(high[..., rows[0], :], high[..., rows[1], :]), high[..., rows[2], :])
    median_middle = _sort3(*(middle[..., r, :] for r in rows))[1]
    return _sort3(largest_low, median_middle, smallest_high)[1]


def _sort3(a: Tensor, b: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    low, high = torch.minimum(a, b), torch.maximum(a, b)
    middle = torch.maximum(low, torch.minimum(high, c))
    return torch.minimum(low, c), middle, torch.maximum(high, c)


class TracedNetwork(nn.Module):
    """Trace stem, then the network; only its last stage reaches the head."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.stem = TraceStem(TracedChannels.n_channels, TRACE_WIDTH)
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2) of channels (N, 12, S, S)."""
        return self.network(self.stem(channels)[1])


@BRANCHES.register("traced_convnext")
def traced_convnext(*, variant: str = "convnext_atto_ols", drop_path: float = 0.0) -> Branch:
    """Return the texture branch of starter 0.1: a small ConvNeXt behind the trace stem."""
    network = small_convnext(variant, n_channels=TRACE_WIDTH, num_classes=2, drop_path=drop_path)
    return Branch(channels=TracedChannels(), body=TracedNetwork(network), attribution_layer="body.network.stages")


@BRANCHES.register("traced_replknet")
def traced_replknet(
    *,
    kernel_sizes: Sequence[int] = (17, 17, 17, 13),
    layers: Sequence[int] = (2, 2, 6, 2),
    widths: Sequence[int] = (32, 64, 128, 256),
    drop_path: float = 0.0,
    merged: bool = False,
) -> Branch:
    """Return the context branch of starter 0.1: a small RepLKNet behind the trace stem."""
    network = RepLKNet(
        kernel_sizes=kernel_sizes, layers=layers, widths=widths, n_channels=TRACE_WIDTH, drop_path=drop_path,
        merged=merged,
    )  # fmt: skip
    return Branch(channels=TracedChannels(), body=TracedNetwork(network), attribution_layer="body.network.stages.3")
