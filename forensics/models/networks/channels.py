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

__all__ = ["LEAST_RESIDUAL", "ReferenceChannels", "StarterChannels", "TileResiduals", "drop_groups"]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
LEAST_RESIDUAL = 0.05  # grey levels; a flat tile has no residual to speak of


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


class TileResiduals(nn.Module):
    """Residuals of luminance and of two colour differences, in grey levels: 10 channels.

    =========  ====================================================================================
    luminance  KB / 4, KV / 12, second difference across and down / 2, first difference across, down
    chroma     KB / 4 and second difference across / 2 of R - G and of B - G
    =========  ====================================================================================

    Borders are reflected.
    """

    n_channels = 10
    n_luminance = 6
    luminance: Tensor
    chroma: Tensor

    def __init__(self) -> None:
        super().__init__()
        kernels = torch.zeros(6, 1, 5, 5)
        kernels[:3, 0] = torch.tensor(SRM_KERNELS, dtype=torch.float32)
        kernels[3] = kernels[2].transpose(-1, -2)
        kernels[4, 0, 2, 2:4] = torch.tensor([-1.0, 1.0])
        kernels[5, 0, 2:4, 2] = torch.tensor([-1.0, 1.0])
        self.register_buffer("luminance", kernels)
        self.register_buffer("chroma", kernels[[0, 2]].clone())

    def forward(self, levels: Tensor) -> Tensor:
        """Return (N, 10, S, S) of grey levels (N, 3, S, S) in 0 to 255."""
        return torch.cat(self.parts(levels), dim=1)

    def parts(self, levels: Tensor) -> list[Tensor]:
        """Return the same channels one after another: luminance, R - G, B - G."""
        v = F.pad(levels, (2, 2, 2, 2), mode="reflect")
        red, green, blue = v[:, 0:1], v[:, 1:2], v[:, 2:3]
        return [
            F.conv2d(v.mean(dim=1, keepdim=True), self.luminance),
            F.conv2d(red - green, self.chroma),
            F.conv2d(blue - green, self.chroma),
        ]


class StarterChannels(nn.Module):
    """Four groups at native resolution: 26 channels.

    ========  ===========================================================================  ===================
    rgb       R, G, B in grey levels                                                       (v - 127.5) / 64
    srm       the ten residuals of `TileResiduals`, in grey levels                         clip ±3, / 2
    relative  the same, in units of their mean absolute value in the tile                  clip ±4, / 2
    npr       v minus the upper-left pixel of its 2 x 2 block, in grey levels              x 2/3, clip ±24, / 8
    ========  ===========================================================================  ===================

    The relative group takes the sharpness of a tile out: what is left is how residual values hang together. Without it
    small networks learn several times more slowly (decision 008). The side must be even.
    """

    groups: Mapping[str, slice] = MappingProxyType(
        {"rgb": slice(0, 3), "srm": slice(3, 13), "relative": slice(13, 23), "npr": slice(23, 26)}
    )
    n_channels = 26

    def __init__(self) -> None:
        super().__init__()
        self.residuals = TileResiduals()

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (N, 26, S, S)."""
        if pixels.shape[-1] % 2 or pixels.shape[-2] % 2:
            raise ValueError(f"the sides of a tile must be even, got {tuple(pixels.shape[-2:])}")
        v = pixels.contiguous() * 255.0
        residuals = self.residuals(v)
        size = residuals.abs().mean(dim=(2, 3), keepdim=True).clamp_min(LEAST_RESIDUAL)
        corner = v[..., ::2, ::2].repeat_interleave(2, dim=-1).repeat_interleave(2, dim=-2)
        npr = ((v - corner) * (2.0 / 3.0)).clamp(-24.0, 24.0) / 8.0
        relative = (residuals / size).clamp(-4.0, 4.0) / 2.0
        return torch.cat([(v - 127.5) / 64.0, residuals.clamp(-3.0, 3.0) / 2.0, relative, npr], dim=1)


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
