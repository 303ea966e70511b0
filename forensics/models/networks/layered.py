"""The starter's networks: every stage is looked at, from full resolution on, by one head and by a map of places.

A trace of one pixel's size is a matter of how often values occur together, all over the tile. So the mean of every
stage's output, that of the full-resolution stem included, reaches the head directly; what the deep stages add is learned
beside it, not in front of it.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["Backbone", "LayeredNetwork", "TraceStem"]

TOP_SHARE = 10  # one in ten places of the map may decide


class Backbone(Protocol):
    """A module with four stages of decreasing resolution."""

    widths: tuple[int, ...]

    def stage_maps(self, x: Tensor) -> list[Tensor]:
        """Return the output of every stage, (N, widths[i], S / 4 / 2**i, S / 4 / 2**i), of (N, C, S, S)."""
        ...


class TraceStem(nn.Module):
    """Convolutions without stride; normalised, so that the small channels count from the first step."""

    def __init__(self, n_channels: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_channels, width, 3, padding=1, bias=False)
        self.norm1, self.act1 = nn.BatchNorm2d(width), nn.GELU()
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.pointwise = nn.Conv2d(width, width, 1, bias=False)
        self.norm2, self.act2 = nn.BatchNorm2d(width), nn.GELU()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return both layers' outputs, (N, width, S, S) each, of (N, n_channels, S, S)."""
        first = self.act1(self.norm1(self.conv(x)))
        return first, self.act2(self.norm2(self.pointwise(self.depthwise(first))))


class MaskHead(nn.Module):
    """A map of where the picture looks forged, from the stem and the first three stages, at a quarter of the resolution."""

    def __init__(self, widths: Sequence[int], width: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(n, width, 1) for n in widths)
        self.mix = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits (N, 1, S / 4, S / 4) of the feature maps, the first of which has that resolution."""
        size = maps[0].shape[-2:]
        laterals = [conv(x) for conv, x in zip(self.lateral, maps, strict=True)]
        x = torch.stack([F.interpolate(y, size=size, mode="bilinear", align_corners=False) for y in laterals]).sum(0)
        return self.out(F.gelu(self.mix(F.gelu(x))))


class LayeredNetwork(nn.Module):
    """Trace stem, backbone, the means of all their outputs, a linear head, and a map if asked for.

    Parameters
    ----------
    backbone : nn.Module
        A `Backbone` for `trace_width` channels.
    n_channels : int
        Of the input.
    trace_width : int
        Channels of the stem.
    mask_width : int
        Channels of the mask head; 0 for none. With one, the mean of the largest tenth of its logits joins the features,
        so that a small forged region can decide.
    dropout : float
        Rate on the features before the head, training only: so that many of them carry the evidence.
    """

    def __init__(
        self, backbone: nn.Module, *, n_channels: int, trace_width: int, mask_width: int = 0, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.stem = TraceStem(n_channels, trace_width)
        self.backbone = backbone
        widths: tuple[int, ...] = backbone.widths  # type: ignore[assignment]  # nn.Module hides attribute types
        self.mask_head = MaskHead((trace_width, *widths[:3]), mask_width) if mask_width else None
        self.n_features = 2 * trace_width + sum(widths)
        self.norm = nn.BatchNorm1d(self.n_features, affine=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.n_features + bool(mask_width), 2)

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2) of channels (N, n_channels, S, S)."""
        return self.with_mask(channels)[0]

    def with_mask(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (N, 2), and those of the map (N, 1, S / 4, S / 4) if there is a mask head."""
        first, trace = self.stem(channels)
        maps: list[Tensor] = self.backbone.stage_maps(trace)  # type: ignore[operator]  # a Backbone
        features = self.norm(torch.cat([x.mean(dim=(-2, -1)) for x in (first, trace, *maps)], dim=1))
        if self.mask_head is None:
            return self.head(self.dropout(features)), None
        mask = self.mask_head(_finest_first(trace, maps))
        flat = mask.flatten(1)
        top = flat.topk(max(1, flat.shape[1] // TOP_SHARE), dim=1).values.mean(dim=1, keepdim=True)
        return self.head(torch.cat([self.dropout(features), top], dim=1)), mask


def _finest_first(trace: Tensor, maps: Sequence[Tensor]) -> list[Tensor]:
    height, width = maps[0].shape[-2:]
    return [F.adaptive_avg_pool2d(trace, (height, width)), *maps[:3]]
