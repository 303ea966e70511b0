"""ConvNeXt, the magnifying branch, with the names of timm's: its weights load here, and ours there.

Own implementation after Liu et al., *A ConvNet for the 2020s*, CVPR 2022 (arXiv 2201.03545), so that examining a picture
does not need to import timm, which takes longer than everything else at a start (decision 011). Tests hold it against
timm's, from the names of the weights to the logits.
"""

from collections import OrderedDict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.models.networks.drop_path import DropPath

__all__ = ["VARIANTS", "ConvNeXt", "small_convnext"]

EPS = 1e-6
INITIAL_SD = 0.02


# The small ones: the smallest that timm names, and the same with an overlapping stem ("ols").
VARIANTS = ("convnext_atto", "convnext_atto_ols")
DEPTHS, WIDTHS = (2, 2, 6, 2), (40, 80, 160, 320)


class LayerNorm2d(nn.LayerNorm):
    """Layer normalisation over the channels of a map."""

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W)."""
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Mlp(nn.Module):
    """Linear to four times the width, GELU, linear back; of (N, H, W, C), or of (N, C, H, W) by 1x1 convolutions."""

    def __init__(self, width: int, *, convolutional: bool) -> None:
        super().__init__()
        self.fc1 = _linear(width, 4 * width, convolutional=convolutional)
        self.act = nn.GELU()
        self.fc2 = _linear(4 * width, width, convolutional=convolutional)

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of `x`."""
        return self.fc2(self.act(self.fc1(x)))


class ConvNeXtBlock(nn.Module):
    """Depth-wise 7x7, layer normalisation, two linear layers at every place, layer scale, with a skip.

    Parameters
    ----------
    width : int
        Channels.
    convolutional : bool
        Whether the linear layers are stored as 1x1 convolutions; only the shape of their weights differs.
    layer_scale : float
        Initial factor of what a block adds.
    drop_path : float
    """

    gamma: nn.Parameter | None

    def __init__(self, width: int, *, convolutional: bool, layer_scale: float, drop_path: float) -> None:
        super().__init__()
        self.convolutional = convolutional
        self.conv_dw = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.mlp = Mlp(width, convolutional=convolutional)
        self.gamma = nn.Parameter(torch.full((width,), layer_scale))
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W)."""
        y = self.norm(self.conv_dw(x).permute(0, 2, 3, 1))
        y = self.mlp(y.permute(0, 3, 1, 2)) if self.convolutional else self.mlp(y).permute(0, 3, 1, 2)
        if self.gamma is not None:
            y = y * self.gamma.view(1, -1, 1, 1)
        return self.drop_path(y) + x


class ConvNeXt(nn.Module):
    """A stem to a quarter of the side, four stages with halving between them, normalised mean over the map, linear head.

    Parameters
    ----------
    depths : sequence of 4 int
        Blocks per stage; ConvNeXt-B has 3, 3, 27, 3.
    widths : sequence of 4 int
        Channels per stage; ConvNeXt-B has 128, 256, 512, 1024.
    n_channels : int
        Channels of the input.
    num_classes : int
        Outputs; 0 for none, and features of the last stage instead.
    overlapping : bool
        Whether the stem has two 3x3 convolutions of stride 2, whose windows overlap, instead of one 4x4 of stride 4.
    convolutional, layer_scale
        See `ConvNeXtBlock`.
    drop_path : float
        Of the last block; it grows from 0 at the first.
    """

    def __init__(
        self,
        depths: Sequence[int],
        widths: Sequence[int],
        *,
        n_channels: int = 3,
        num_classes: int = 2,
        overlapping: bool = False,
        convolutional: bool = False,
        layer_scale: float = 1e-6,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.widths = tuple(widths)
        self.stem = nn.Sequential(*_stem(n_channels, widths[0], overlapping=overlapping))
        rates = iter(torch.linspace(0, drop_path, sum(depths)).tolist())
        self.stages = nn.Sequential()
        for k, (depth, width) in enumerate(zip(depths, widths, strict=True)):
            halving = (LayerNorm2d(widths[k - 1], eps=EPS), nn.Conv2d(widths[k - 1], width, 2, stride=2)) if k else ()
            blocks = [
                ConvNeXtBlock(width, convolutional=convolutional, layer_scale=layer_scale, drop_path=next(rates))
                for _ in range(depth)
            ]
            parts: OrderedDict[str, nn.Module] = OrderedDict(
                downsample=nn.Sequential(*halving), blocks=nn.Sequential(*blocks)
            )
            self.stages.append(nn.Sequential(parts))
        self.head = Head(widths[-1], num_classes)
        self.apply(_draw)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, num_classes) of (N, n_channels, S, S)."""
        return self.head(self.stages(self.stem(x)))


def small_convnext(name: str, *, n_channels: int, num_classes: int, drop_path: float) -> ConvNeXt:
    """Return one of `VARIANTS`, whose layer scale begins at 0.1.

    With the published 1e-6 every block starts as nothing, which suits long trainings only.

    Raises
    ------
    ValueError
        There is no variant of that name.
    """
    if name not in VARIANTS:
        raise ValueError(f"no ConvNeXt {name!r}; there are {', '.join(VARIANTS)}. Choose one of these.")
    return ConvNeXt(
        DEPTHS, WIDTHS, n_channels=n_channels, num_classes=num_classes, overlapping=name.endswith("_ols"),
        convolutional=True, layer_scale=0.1, drop_path=drop_path,
    )  # fmt: skip


class Head(nn.Module):
    """Mean over the map, layer normalisation, linear layer."""

    def __init__(self, width: int, num_classes: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.fc = nn.Linear(width, num_classes) if num_classes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, num_classes)."""
        return self.fc(self.norm(F.adaptive_avg_pool2d(x, 1).flatten(1)))


def _stem(n_channels: int, width: int, *, overlapping: bool) -> list[nn.Module]:
    norm = LayerNorm2d(width, eps=EPS)
    if not overlapping:
        return [nn.Conv2d(n_channels, width, 4, stride=4), norm]
    between = max(8, (width // 2 + 4) // 8 * 8)  # the multiple of 8 that is nearest to half the width
    sizes = (n_channels, between), (between, width)
    return [*(nn.Conv2d(n_in, n_out, 3, stride=2, padding=1) for n_in, n_out in sizes), norm]


def _linear(n_in: int, n_out: int, *, convolutional: bool) -> nn.Conv2d | nn.Linear:
    return nn.Conv2d(n_in, n_out, 1) if convolutional else nn.Linear(n_in, n_out)


def _draw(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.trunc_normal_(module.weight, std=INITIAL_SD)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
