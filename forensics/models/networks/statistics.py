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
from forensics.models.networks.channels import LEAST_RESIDUAL, TileResiduals

__all__ = ["Cooccurrences", "StatisticalNetwork", "StatisticsChannels", "starter_statistics"]

LEVELS = 2  # residuals are rounded to -2, -1, 0, 1, 2 steps and truncated there
SIDE = 2 * LEVELS + 1
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
        side, parts = v.shape[-1], []
        for k in range(self.n_scales):
            if k:
                v = F.avg_pool2d(v, 2)
            padding = (0, side - v.shape[-1], 0, side - v.shape[-2])
            parts += [F.pad(part, padding) if k else part for part in self.residuals.parts(v)]
        return torch.cat(parts, dim=1)


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
    orbits_of_runs: Tensor

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
        first, second = (
            orbits.repeat_interleave(SIDE, dim=0),
            orbits.repeat(SIDE, 1),
        )  # the two triples in a run of four
        self.register_buffer("orbits_of_runs", first + second, persistent=False)

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
        levels = x.round_().clamp_(-LEVELS, LEVELS).to(torch.int16)
        across = levels.transpose(-1, -2).contiguous()  # so that neighbours lie in neighbouring rows
        return torch.stack([self._of_rows(across), self._of_rows(levels)], dim=2).clamp_min(1e-8).sqrt().flatten(1)

    def _of_rows(self, levels: Tensor) -> Tensor:
        """Return the share of each kind of triple down the columns of (N, C, H, W), shape (N, C, kinds).

        Runs of four values are counted instead of triples: each holds two triples, so there is half as much to count.
        """
        height, width = levels.shape[-2:]
        n_triples = height - 2
        starts = slice(0, n_triples // 2 * 2, 2)
        counts = self._occurrences([levels[..., k:, :][..., starts, :] for k in range(4)]) @ self.orbits_of_runs
        if n_triples % 2:
            counts += self._occurrences([levels[..., height - k, None, :] for k in (3, 2, 1)]) @ self.orbits
        return counts / (n_triples * width)  # of whole numbers, so that no order of adding changes a bit

    def _occurrences(self, values: Sequence[Tensor]) -> Tensor:
        """Return how often values -2 to 2 occur together in (N, C, H, W), (N, C, 5 to the power of their number)."""
        n_kinds, (n, c) = SIDE ** len(values), values[0].shape[:2]
        index = values[0]
        for value in values[1:]:
            index = torch.add(value, index, alpha=SIDE)
        first = torch.arange(n * c, device=index.device).view(n, c, 1, 1) * n_kinds + n_kinds // 2
        index = index + first.to(torch.int16 if n * c * n_kinds < 2**15 else torch.int32)
        counts = torch.bincount(index.flatten(), minlength=n * c * n_kinds)
        return counts.view(n, c, n_kinds).to(self.orbits.dtype)


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
    return Branch(
        channels=StatisticsChannels(n_scales), body=network, attribution_layer="body.head", passes_gradients=False
    )
