"""What this machine can do at best: the roofline that shares are taken of."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import seconds
from forensics.models.branch import Branch
from forensics.reproducibility import processor_features

__all__ = ["floating_point_operations", "moved_bytes", "peaks"]

ROUNDS = 7


def _best(action: Callable[[], object]) -> float:
    return min(seconds(action, ROUNDS))


@torch.inference_mode()
def peaks() -> dict[str, float]:
    """Return GFLOP/s of 1x1 convolutions (the networks' main work) and GB/s of a copy, all cores, best of seven."""
    x = torch.rand(1, 512, 64, 64).to(memory_format=torch.channels_last)
    weight = torch.rand(2048, 512, 1, 1)
    work = 2 * 64 * 64 * 512 * 2048 / 1e9
    found = {"float32 GFLOP/s": work / _best(lambda: F.conv2d(x, weight))}
    if {"avx512_bf16", "amx_bf16"} & set(processor_features()):
        a, b = x.bfloat16(), weight.bfloat16()
        found["bfloat16 GFLOP/s"] = work / _best(lambda: F.conv2d(a, b))
    source, target = torch.rand(64 * 2**20), torch.empty(64 * 2**20)
    found["copy GB/s"] = 2 * 4 * source.numel() / 1e9 / _best(lambda: target.copy_(source))
    return found


def floating_point_operations(branch: Branch, side: int) -> float:
    """Return the floating-point operations of convolutions and matrix products on one view, in units of 1e9."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        branch(torch.rand(1, 3, side, side))
    return counter.get_total_flops() / 1e9


def moved_bytes(branch: Branch, side: int) -> float:
    """Return what layers with weights read and write on one view in float32 if nothing stays in a cache, in 1e9 bytes."""
    total = 0

    def count(module: torch.nn.Module, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        nonlocal total
        total += 4 * (inputs[0].numel() + output.numel() + sum(p.numel() for p in module.parameters()))

    layers = [m for m in branch.modules() if isinstance(m, torch.nn.Conv2d | torch.nn.Linear)]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    try:
        with torch.no_grad():
            branch(torch.rand(1, 3, side, side))
    finally:
        for hook in hooks:
            hook.remove()
    return total / 1e9
