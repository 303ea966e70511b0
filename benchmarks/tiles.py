"""Time each branch on a tile, and large depth-wise kernels by the ways there are to compute and train them."""

import statistics
from collections.abc import Callable

import torch
import torch.nn.functional as F

from benchmarks.checks import milliseconds_per_tile
from benchmarks.timing import seconds
from forensics.detector import load_detector
from forensics.models.networks.depthwise import depthwise_conv
from forensics.reproducibility import machine

ROUNDS = 5
SHAPE = (32, 64, 24, 24)  # a stage of the starter's RepLKNet at 96-pixel tiles, channels between its first two
KERNEL = 17


def trained(convolve: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], *, channels_last: bool) -> float:
    """Return the time of a forward and a backward pass."""
    layout = torch.channels_last if channels_last else torch.contiguous_format
    x = torch.rand(SHAPE).to(memory_format=layout).requires_grad_()
    weight = torch.rand(SHAPE[1], 1, KERNEL, KERNEL, requires_grad=True)
    return statistics.median(seconds(lambda: convolve(x, weight).sum().backward(), ROUNDS))


def library(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return the convolution as PyTorch computes and differentiates it."""
    return F.conv2d(x, weight, padding=KERNEL // 2, groups=x.shape[1])


def main() -> None:
    """Print both tables."""
    here = machine()
    print(f"processor: {here['processor']}, {here['cores']} cores")
    print("\n| branch | ms per tile of 256 |\n|---|---|")
    for name, value in milliseconds_per_tile(load_detector()).items():
        print(f"| {name} | {value:.1f} |")
    slow = trained(library, channels_last=False)
    rows = {
        "library, default layout": slow,
        "library, channels last": trained(library, channels_last=True),
        "ours: channels last, Fourier gradient": trained(depthwise_conv, channels_last=True),
    }
    print(
        f"\n{KERNEL} x {KERNEL} depth-wise, {SHAPE}, forward and backward\n\n| way | ms | times as fast |\n|---|---|---|"
    )
    for name, taken in rows.items():
        print(f"| {name} | {1000 * taken:.1f} | {slow / taken:.1f} |")


if __name__ == "__main__":
    main()
