"""The four built-in branches: the two published ones and the two small ones of the starter.

The published arrangement is DeepFakeDefenders' (VisionRush, 2024): RGB and SRM, a 6-to-3 adapter, ImageNet
normalisation of the adapter's output, then the network. The starter's branches look at native-resolution tiles
through a stem that keeps the resolution, so that traces of one pixel's size survive until the network has seen them.

References
----------
ConvNeXt: Liu et al., CVPR 2022 (arXiv 2201.03545), timm's implementation. RepLKNet: Ding et al., CVPR 2022.
"""

from collections.abc import Sequence

import timm
import torch.nn.functional as F
from timm.models.convnext import ConvNeXt
from torch import Tensor, nn

from forensics.models.branch import BRANCHES, Branch
from forensics.models.channels import ImageNetNormalize, ReferenceChannels, StarterChannels
from forensics.models.replknet import RepLKNet

__all__ = ["reference_convnext", "reference_replknet", "starter_convnext", "starter_replknet"]

TRACE_WIDTH = 16  # channels of the full-resolution stem
LAYER_SCALE = 0.1  # initial; timm's 1e-6 makes every block start as nothing, which suits long trainings only


class AdaptedNetwork(nn.Module):
    """The published body: 6-to-3 convolution, ImageNet normalisation, network with 3 input channels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.adapter = nn.Conv2d(ReferenceChannels.n_channels, 3, 3, padding=1)
        self.normalize = ImageNetNormalize()
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2) of channels (N, 6, S, S)."""
        return self.network(self.normalize(self.adapter(channels)))


class TraceStem(nn.Module):
    """Two 3 x 3 convolutions without stride; normalised, so that the small channels count from the first step."""

    def __init__(self, n_channels: int, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_channels, width, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.pointwise = nn.Conv2d(width, width, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, S, S) of (N, n_channels, S, S)."""
        x = F.gelu(self.norm1(self.conv(x)))
        return F.gelu(self.norm2(self.pointwise(self.depthwise(x))))


class TracedNetwork(nn.Module):
    """The starter's body: trace stem, then the network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.stem = TraceStem(StarterChannels.n_channels, TRACE_WIDTH)
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2) of channels (N, 12, S, S)."""
        return self.network(self.stem(channels))

    def with_mask(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (N, 2), and those of the map (N, 1, S / 4, S / 4) if the network makes one."""
        x = self.stem(channels)
        if isinstance(self.network, RepLKNet):
            return self.network.with_mask(x)
        return self.network(x), None


@BRANCHES.register("reference_convnext")
def reference_convnext(*, depths: Sequence[int], widths: Sequence[int]) -> Branch:
    """Return the published ConvNeXt branch; ConvNeXt-B has depths 3, 3, 27, 3 and widths 128, 256, 512, 1024."""
    network = ConvNeXt(depths=tuple(depths), dims=tuple(widths), num_classes=2)
    return Branch(channels=ReferenceChannels(), body=AdaptedNetwork(network), attribution_layer="body.network.stages")


@BRANCHES.register("reference_replknet")
def reference_replknet(
    *,
    kernel_sizes: Sequence[int],
    layers: Sequence[int],
    widths: Sequence[int],
    small_kernel: int = 5,
    merged: bool = False,
) -> Branch:
    """Return the published RepLKNet branch; see `RepLKNet` for the published sizes."""
    network = RepLKNet(
        kernel_sizes=kernel_sizes, layers=layers, widths=widths, small_kernel=small_kernel, merged=merged
    )
    return Branch(channels=ReferenceChannels(), body=AdaptedNetwork(network), attribution_layer="body.network.stages.3")


@BRANCHES.register("starter_convnext")
def starter_convnext(*, variant: str = "convnext_atto_ols", drop_path: float = 0.0) -> Branch:
    """Return the texture branch: a small timm ConvNeXt behind the trace stem."""
    network = timm.create_model(
        variant,
        pretrained=False,
        in_chans=TRACE_WIDTH,
        num_classes=2,
        drop_path_rate=drop_path,
        ls_init_value=LAYER_SCALE,
    )
    return Branch(channels=StarterChannels(), body=TracedNetwork(network), attribution_layer="body.network.stages")


@BRANCHES.register("starter_replknet")
def starter_replknet(
    *,
    kernel_sizes: Sequence[int] = (17, 17, 17, 13),
    layers: Sequence[int] = (2, 2, 6, 2),
    widths: Sequence[int] = (32, 64, 128, 256),
    small_kernel: int = 5,
    drop_path: float = 0.0,
    mask_width: int = 0,
    merged: bool = False,
) -> Branch:
    """Return the context branch: a small RepLKNet behind the trace stem."""
    network = RepLKNet(
        kernel_sizes=kernel_sizes,
        layers=layers,
        widths=widths,
        small_kernel=small_kernel,
        n_channels=TRACE_WIDTH,
        drop_path=drop_path,
        mask_width=mask_width,
        merged=merged,
    )
    return Branch(channels=StarterChannels(), body=TracedNetwork(network), attribution_layer="body.network.stages.3")
