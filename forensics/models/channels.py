"""What a branch sees: RGB and residual channels, computed from pixels inside the model.

Both stacks take float32 pixels of shape (N, 3, S, S) in [0, 1]. Every constant is a buffer, so that it moves with
the module and stands in its ``state_dict``.

References
----------
Fridrich and Kodovsky, IEEE TIFS 7 (2012): the SRM filters. Tan et al., CVPR 2024: neighbouring pixel relations.
"""

from collections.abc import Mapping
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.residuals.srm import SRM_KERNELS

__all__ = ["ReferenceChannels", "StarterChannels", "drop_groups"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class ImageNetNormalize(nn.Module):
    """Subtract the ImageNet mean and divide by its standard deviation, per channel."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return an array of the same shape, (N, 3, S, S)."""
        return (x - self.mean) / self.std


class ReferenceChannels(nn.Module):
    """RGB in [0, 1] and the three SRM maps of the ImageNet-normalised RGB: 6 channels, as published.

    Each map is the sum over R, G and B, zero-padded and clipped to ±3. On normalised input that clip lies at
    about 57 grey levels per channel and hardly acts; it is kept because the published networks were trained so.
    """

    groups: Mapping[str, slice] = MappingProxyType({"rgb": slice(0, 3), "srm": slice(3, 6)})
    n_channels = 6
    kernels: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.normalize = ImageNetNormalize()
        kernels = torch.tensor(SRM_KERNELS, dtype=torch.float32)  # (3, 5, 5)
        self.register_buffer("kernels", kernels[:, None].repeat(1, 3, 1, 1))  # (3, 3, 5, 5)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (N, 6, S, S)."""
        maps = F.conv2d(self.normalize(pixels), self.kernels, padding=2)
        return torch.cat([pixels, maps.clamp(-3.0, 3.0)], dim=1)


class StarterChannels(nn.Module):
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


def drop_groups(channels: Tensor, groups: Mapping[str, slice], p: float, generator: torch.Generator) -> Tensor:
    """Return a copy in which each group is zero with probability `p` per item, but never all of them.

    Zero so becomes an input that the network knows, which makes it a baseline for attribution.

    Parameters
    ----------
    channels : tensor of shape (N, C, S, S)
    groups : mapping of str to slice
        Group name to its channels.
    p : float
        In [0, 1).
    generator : torch.Generator
        On the CPU.
    """
    n, names = channels.shape[0], list(groups)
    drop = torch.rand(n, len(names), generator=generator) < p
    drop[drop.all(dim=1), 0] = False
    keep = torch.ones(n, channels.shape[1])
    for k, name in enumerate(names):
        keep[drop[:, k], groups[name]] = 0.0
    return channels * keep.to(channels.device)[:, :, None, None]
