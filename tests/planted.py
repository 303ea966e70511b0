"""Branches whose evidence is known, because they were built to respond to one place or to one group of channels alone."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from forensics.detector import Detector
from forensics.models.branch import Branch
from forensics.models.ensemble import Ensemble
from forensics.models.networks.channels import StarterChannels
from forensics.models.weights import LoadedWeights, Manifest
from forensics.types import Evidence
from forensics.views import Tiles

SIDE = 128
REGION = (32, 32, 96, 64)  # left, top, right, bottom: on the grid of 32 pixels that the coarsest method looks in


class Planted(nn.Module):
    """A smooth, saturating response to the energy of some channels in a part of the view."""

    def __init__(self, part: slice, region: tuple[int, int, int, int], gain: float) -> None:
        super().__init__()
        left, top, right, bottom = region
        mask = torch.zeros(1, 1, SIDE, SIDE)
        mask[..., top:bottom, left:right] = 1.0
        self.register_buffer("mask", mask)
        self.part, self.gain = part, gain
        self.squares, self.gate = nn.Identity(), nn.Identity()
        self.head = nn.Linear(1, 2)
        with torch.no_grad():
            self.head.weight.copy_(torch.tensor([[-0.5], [0.5]]))
            self.head.bias.copy_(torch.tensor([0.3, -0.3]))

    def forward(self, channels: Tensor) -> Tensor:
        energy = self.squares(channels[:, self.part].square().mean(dim=1, keepdim=True))
        gated = self.gate(energy * self.mask)
        return self.head(6.0 * torch.tanh(self.gain * gated.mean(dim=(1, 2, 3)) / self.mask.mean())[:, None])


def planted_branch(group: str = "srm", region: tuple[int, int, int, int] = REGION, gain: float = 0.4) -> Branch:
    """A branch that responds to one group of the starter's channels within a region."""
    body = Planted(StarterChannels.groups[group], region, gain)
    return Branch(channels=StarterChannels(), body=body, attribution_layer="body.gate")


def detector_of(**branches: Branch) -> Detector:
    """A detector of given branches that looks at upright tiles of 128."""
    manifest = Manifest(
        name="planted", branches={}, scheme=Tiles(size=SIDE, stride=SIDE, turns=("identity",)), licence="none"
    )
    weights = LoadedWeights(ensemble=Ensemble(branches).eval(), manifest=manifest, files={"planted": "0" * 64})
    return Detector(weights, device=torch.device("cpu"))


def grainy(seed: int = 0, side: int = SIDE) -> Evidence:
    """A picture with grain everywhere and another colour in the region, saved without loss."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:side, 0:side]
    base = np.stack([110 + 30 * np.sin(x / 40), 120 + 20 * np.cos(y / 50), 100 + 0 * x], axis=2)
    left, top, right, bottom = REGION
    base[top:bottom, left:right] += np.array([90, -60, 80])
    pixels = np.clip(np.rint(base + rng.normal(0, 5, base.shape)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return Evidence.from_bytes(buffer.getvalue(), name="grainy.png")
