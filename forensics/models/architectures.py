"""Branches of two networks: the published ones, the small ones of the starter, and any network of timm.

The published arrangement is DeepFakeDefenders' (VisionRush, 2024): RGB and SRM, a 6-to-3 adapter, ImageNet
normalisation of the adapter's output, then the network. The starter's branches look at native-resolution tiles
through a stem that keeps the resolution, so that traces of one pixel's size survive until the network has seen them.

References
----------
ConvNeXt: Liu et al., CVPR 2022 (arXiv 2201.03545). RepLKNet: Ding et al., CVPR 2022.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from forensics.errors import ModelError, needed_by
from forensics.models.branch import BRANCHES, Branch
from forensics.models.networks.channels import ImageNetNormalize, ReferenceChannels, StarterChannels
from forensics.models.networks.convnext import ConvNeXt, small_convnext
from forensics.models.networks.layered import LayeredNetwork
from forensics.models.networks.replknet import RepLKNet

__all__ = ["reference_convnext", "reference_replknet", "starter_convnext", "starter_replknet", "timm_network"]


class AdaptedNetwork(nn.Module):
    """The published body: 6-to-3 convolution, ImageNet normalisation, network with 3 input channels."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.adapter = nn.Conv2d(ReferenceChannels.n_channels, 3, 3, padding=1)
        self.normalize = ImageNetNormalize()
        self.network = network

    def forward(self, channels: Tensor) -> Tensor:
        """Return logits (N, 2) of channels (N, 6, S, S)."""
        return self.network(self.adapted(channels))

    def adapted(self, channels: Tensor) -> Tensor:
        """Return what the network sees, (N, 3, S, S)."""
        return self.normalize(self.adapter(channels))


class ConvNeXtBackbone(nn.Module):
    """A small ConvNeXt without its head."""

    def __init__(self, variant: str, n_channels: int, drop_path: float) -> None:
        super().__init__()
        network = small_convnext(variant, n_channels=n_channels, num_classes=0, drop_path=drop_path)
        self.stem, self.stages, self.widths = network.stem, network.stages, network.widths

    def stage_maps(self, x: Tensor) -> list[Tensor]:
        """Return the output of every stage, (N, widths[i], S / 4 / 2**i, S / 4 / 2**i)."""
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


@BRANCHES.register("reference_convnext")
def reference_convnext(*, depths: Sequence[int], widths: Sequence[int]) -> Branch:
    """Return the published ConvNeXt branch; ConvNeXt-B has depths 3, 3, 27, 3 and widths 128, 256, 512, 1024."""
    network = ConvNeXt(depths, widths)
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


@BRANCHES.register("timm")
def timm_network(*, variant: str, attribution_layer: str) -> Branch:
    """Return any classification network of timm in the published arrangement, such as ``efficientnet_b4``.

    Parameters
    ----------
    variant : str
        Of ``timm.list_models()``.
    attribution_layer : str
        Name, within that network, of the module whose output is the last feature map.

    Raises
    ------
    ModelError
        timm has no such network, or the network no such layer.
    """
    with needed_by("A branch of timm"):
        import timm  # here, since it takes a second and no shipped branch needs it

    if variant not in timm.list_models():
        raise ModelError(f"timm {timm.__version__} has no network {variant!r}. timm.list_models() names them.")
    network = timm.create_model(variant, pretrained=False, num_classes=2)
    layer = f"body.network.{attribution_layer}"
    try:
        return Branch(channels=ReferenceChannels(), body=AdaptedNetwork(network), attribution_layer=layer)
    except AttributeError as err:
        names = ", ".join(name for name, _ in network.named_children())
        raise ModelError(f"{variant} has no layer {attribution_layer!r}; there are {names} and those within.") from err


@BRANCHES.register("starter_convnext")
def starter_convnext(
    *,
    variant: str = "convnext_atto_ols",
    drop_path: float = 0.0,
    trace_width: int = 32,
    mask_width: int = 0,
    dropout: float = 0.0,
) -> Branch:
    """Return the texture branch: a small ConvNeXt behind the trace stem."""
    body = LayeredNetwork(
        ConvNeXtBackbone(variant, trace_width, drop_path),
        n_channels=StarterChannels.n_channels, trace_width=trace_width, mask_width=mask_width, dropout=dropout,
    )  # fmt: skip
    return Branch(channels=StarterChannels(), body=body, attribution_layer="body.backbone.stages")


@BRANCHES.register("starter_replknet")
def starter_replknet(
    *,
    kernel_sizes: Sequence[int] = (17, 17, 17, 13),
    layers: Sequence[int] = (2, 2, 6, 2),
    widths: Sequence[int] = (32, 64, 128, 256),
    drop_path: float = 0.0,
    trace_width: int = 32,
    mask_width: int = 0,
    dropout: float = 0.0,
    merged: bool = False,
) -> Branch:
    """Return the context branch: a small RepLKNet behind the trace stem."""
    backbone = RepLKNet(
        kernel_sizes=kernel_sizes, layers=layers, widths=widths, n_channels=trace_width,
        drop_path=drop_path, num_classes=0, merged=merged,
    )  # fmt: skip
    body = LayeredNetwork(
        backbone, n_channels=StarterChannels.n_channels, trace_width=trace_width, mask_width=mask_width, dropout=dropout,
    )  # fmt: skip
    return Branch(channels=StarterChannels(), body=body, attribution_layer="body.backbone.stages.3")
