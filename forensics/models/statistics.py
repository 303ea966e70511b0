"""The statistical branch: how often neighbouring residual values occur together, and a linear head.

The classical rich-model idea with few parameters and nothing to learn but the head. Residuals are binned softly
(triangular bins), so that gradients and attributions pass through.

References
----------
Fridrich and Kodovsky, IEEE TIFS 7 (2012): residuals, truncation and co-occurrences of neighbours.
"""

from collections.abc import Mapping, Sequence
from itertools import product
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.models.branch import BRANCHES, Branch
from forensics.residuals.srm import SRM_KERNELS

__all__ = ["Cooccurrences", "StatisticalNetwork", "StatisticsChannels", "starter_statistics"]

LEVELS = 2  # residuals are binned at -2, -1, 0, 1, 2 steps and truncated there


class StatisticsChannels(nn.Module):
    """Residuals of luminance and of two colour differences, in grey levels at native resolution: 10 channels.

    =========  ====================================================================================
    luminance  KB / 4, KV / 12, second difference across and down / 2, first difference across, down
    chroma     KB / 4 and second difference across / 2 of R - G and of B - G
    =========  ====================================================================================

    Borders are reflected.
    """

    groups: Mapping[str, slice] = MappingProxyType({"luminance": slice(0, 6), "chroma": slice(6, 10)})
    n_channels = 10
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

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (N, 10, S, S)."""
        v = F.pad(pixels.contiguous() * 255.0, (2, 2, 2, 2), mode="reflect")
        red, green, blue = v[:, 0:1], v[:, 1:2], v[:, 2:3]
        return torch.cat(
            [
                F.conv2d(v.mean(dim=1, keepdim=True), self.luminance),
                F.conv2d(red - green, self.chroma),
                F.conv2d(blue - green, self.chroma),
            ],
            dim=1,
        )


class Cooccurrences(nn.Module):
    """Square roots of the shares of triples of neighbouring residual values, per channel, step and direction.

    A triple counts together with its reverse and its negative, so that 125 triples make 39 features. Steps are
    relative to the mean size of the residual in the tile, which takes the sharpness of the picture out, and fixed.

    Parameters
    ----------
    relative_steps : tuple of float
        In units of the mean absolute residual of a tile.
    fixed_steps : tuple of float
        In grey levels.
    """

    orbits: Tensor

    def __init__(self, relative_steps: Sequence[float], fixed_steps: Sequence[float]) -> None:
        super().__init__()
        if not len(relative_steps) + len(fixed_steps):
            raise ValueError("co-occurrences need at least one step, relative or fixed. Give relative_steps=[0.7].")
        self.relative_steps, self.fixed_steps = tuple(relative_steps), tuple(fixed_steps)
        side = 2 * LEVELS + 1
        triples = list(product(range(-LEVELS, LEVELS + 1), repeat=3))
        names = [min(t, t[::-1], (-t[0], -t[1], -t[2]), (-t[2], -t[1], -t[0])) for t in triples]
        kinds = sorted(set(names))
        orbits = torch.zeros(side**3, len(kinds))
        for k, name in enumerate(names):
            orbits[k, kinds.index(name)] = 1.0
        self.register_buffer("orbits", orbits)

    @property
    def n_features(self) -> int:
        """Number of features of a tile."""
        return StatisticsChannels.n_channels * 2 * self.orbits.shape[1] * len(self.relative_steps + self.fixed_steps)

    def forward(self, channels: Tensor) -> Tensor:
        """Return (N, n_features) of residuals (N, 10, S, S)."""
        size = channels.abs().mean(dim=(2, 3), keepdim=True).clamp_min(0.05)
        scaled = [channels / (size * s) for s in self.relative_steps] + [channels / s for s in self.fixed_steps]
        return torch.cat([self._shares(x) for x in scaled], dim=1)

    def _shares(self, x: Tensor) -> Tensor:
        levels = torch.arange(-LEVELS, LEVELS + 1, device=x.device, dtype=x.dtype)
        x = x.clamp(-LEVELS, LEVELS)
        bins = (1.0 - (x.unsqueeze(2) - levels.view(1, 1, -1, 1, 1)).abs()).clamp_min(0.0)  # (N, C, 5, S, S)
        shares = []
        for b in (bins, bins.transpose(-1, -2)):
            first, second, third = (b[..., k : b.shape[-1] - 2 + k].flatten(3) for k in range(3))  # (N, C, 5, P)
            pairs = (first.unsqueeze(3) * second.unsqueeze(2)).flatten(2, 3)  # (N, C, 25, P)
            counts = torch.matmul(pairs, third.transpose(-1, -2)).flatten(2)  # (N, C, 125)
            shares.append(counts @ self.orbits / first.shape[-1])
        return torch.stack(shares, dim=2).clamp_min(1e-8).sqrt().flatten(1)


class StatisticalNetwork(nn.Module):
    """Features, standardised, and a linear head."""

    mean: Tensor
    std: Tensor

    def __init__(self, features: Cooccurrences) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("mean", torch.zeros(self.features.n_features))
        self.register_buffer("std", torch.ones(self.features.n_features))
        self.head = nn.Linear(self.features.n_features, 2)

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2), in the order (real, fake)."""
        return self.head((self.features(channels) - self.mean) / self.std)


@BRANCHES.register("starter_statistics")
def starter_statistics(*, relative_steps: Sequence[float] = (0.7,), fixed_steps: Sequence[float] = ()) -> Branch:
    """Return the statistical branch; see `Cooccurrences` for the steps."""
    network = StatisticalNetwork(Cooccurrences(relative_steps, fixed_steps))
    return Branch(channels=StatisticsChannels(), body=network, attribution_layer="body.head")
