"""The statistical branch: how often neighbouring residual values occur together, and a linear head.

The classical rich-model idea with few parameters and nothing to learn but the head. Triples are counted, which takes a
few milliseconds a tile and passes no gradient: what the branch responds to is asked by leaving parts out.

References
----------
Fridrich and Kodovsky, IEEE TIFS 7 (2012): residuals, truncation and co-occurrences of neighbours.
"""

from collections.abc import Mapping, Sequence
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.models.branch import BRANCHES, Branch
from forensics.models.channels import LEAST_RESIDUAL, TileResiduals

__all__ = ["Cooccurrences", "StatisticalNetwork", "StatisticsChannels", "starter_statistics"]

LEVELS = 2  # residuals are rounded to -2, -1, 0, 1, 2 steps and truncated there
FARTHEST = 4.0  # deviations: a feature that is further out says no more than one at this distance


class StatisticsChannels(nn.Module):
    """The ten residuals of `TileResiduals` at each scale: the first is native resolution, each next one half of it."""

    n_channels = TileResiduals.n_channels

    def __init__(self, n_scales: int = 1) -> None:
        super().__init__()
        self.n_scales = n_scales
        self.residuals = TileResiduals()
        luminance, n = TileResiduals.n_luminance, self.n_channels
        self.groups: Mapping[str, slice] = {
            f"{name} at 1/{2**k}" if k else name: slice(n * k + part[0], n * k + part[1])
            for k in range(n_scales)
            for name, part in (("luminance", (0, luminance)), ("chroma", (luminance, n)))
        }

    def forward(self, pixels: Tensor) -> Tensor:
        """Return (N, n_scales * 10, S, S); at lower scales the upper left part is filled, the rest is zero."""
        # One by one, so that what is worked on stays in the cache.
        return torch.cat([self._of_one(tile) for tile in torch.split(pixels, 1)])

    def _of_one(self, pixels: Tensor) -> Tensor:
        v = pixels.contiguous() * 255.0
        side = v.shape[-1]
        scales = []
        for k in range(self.n_scales):
            if k:
                v = F.avg_pool2d(v, 2)
            scales.append(F.pad(self.residuals(v), (0, side - v.shape[-1], 0, side - v.shape[-2])))
        return torch.cat(scales, dim=1)


class Cooccurrences(nn.Module):
    """Square roots of the shares of triples of neighbouring residual values, per channel, step and direction.

    Values are rounded to steps, and triples are counted; a triple counts together with its reverse and its negative, so
    that 125 triples make 39 features. Steps are relative to the mean size of the residual in the tile, which takes the
    sharpness of the picture out, or fixed.

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
        triples = list(product(range(-LEVELS, LEVELS + 1), repeat=3))
        names = [min(t, t[::-1], (-t[0], -t[1], -t[2]), (-t[2], -t[1], -t[0])) for t in triples]
        kinds = sorted(set(names))
        orbits = torch.zeros(len(triples), len(kinds))
        for k, name in enumerate(names):
            orbits[k, kinds.index(name)] = 1.0
        self.register_buffer("orbits", orbits)

    @property
    def n_features(self) -> int:
        """Number of features of a tile at one scale."""
        return StatisticsChannels.n_channels * 2 * self.orbits.shape[1] * len(self.relative_steps + self.fixed_steps)

    def forward(self, channels: Tensor) -> Tensor:
        """Return (N, n_features) of residuals (N, 10, S, S)."""
        size = channels.abs().mean(dim=(2, 3), keepdim=True).clamp_min(LEAST_RESIDUAL)
        scaled = [channels / (size * s) for s in self.relative_steps] + [channels / s for s in self.fixed_steps]
        return torch.cat([self._shares(x) for x in scaled], dim=1)

    def _shares(self, x: Tensor) -> Tensor:
        n, c = x.shape[:2]
        side = 2 * LEVELS + 1
        levels = x.round().clamp(-LEVELS, LEVELS).to(torch.int32) + LEVELS
        first = torch.arange(n * c, device=x.device, dtype=torch.int32).view(n, c, 1, 1) * side**3
        shares = []
        for y in (levels, levels.transpose(-1, -2)):
            triples = (y[..., :-2] * side + y[..., 1:-1]) * side + y[..., 2:]
            counts = torch.bincount((triples + first).flatten(), minlength=n * c * side**3).view(n, c, -1)
            shares.append((counts.to(x.dtype) / triples[0, 0].numel()) @ self.orbits)
        return torch.stack(shares, dim=2).clamp_min(1e-8).sqrt().flatten(1)


class StatisticalNetwork(nn.Module):
    """Features at one or more scales, standardised and cut at four deviations, and a linear head."""

    mean: Tensor
    std: Tensor

    def __init__(self, features: Cooccurrences, n_scales: int) -> None:
        super().__init__()
        self.features = features
        self.register_buffer("mean", torch.zeros(n_scales * features.n_features))
        self.register_buffer("std", torch.ones(n_scales * features.n_features))
        self.head = nn.Linear(n_scales * features.n_features, 2)

    def describe(self, channels: Tensor) -> Tensor:
        """Return the features (N, n_scales * n_features), not standardised, of channels (N, n_scales * 10, S, S)."""
        # Tile by tile, so that what is worked on stays in the cache.
        return torch.cat([self._of_one(tile) for tile in torch.split(channels, 1)])

    def _of_one(self, channels: Tensor) -> Tensor:
        parts = torch.split(channels, StatisticsChannels.n_channels, dim=1)
        side = channels.shape[-1]
        return torch.cat([self.features(x[..., : side >> k, : side >> k]) for k, x in enumerate(parts)], dim=1)

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2), in the order (real, fake)."""
        standard = (self.describe(channels) - self.mean) / self.std
        return self.head(standard.clamp(-FARTHEST, FARTHEST))


@BRANCHES.register("starter_statistics")
def starter_statistics(
    *, relative_steps: Sequence[float] = (0.7,), fixed_steps: Sequence[float] = (1.0,), n_scales: int = 2
) -> Branch:
    """Return the statistical branch; see `Cooccurrences` for the steps."""
    network = StatisticalNetwork(Cooccurrences(relative_steps, fixed_steps), n_scales)
    return Branch(channels=StatisticsChannels(n_scales), body=network, attribution_layer="body.head")
