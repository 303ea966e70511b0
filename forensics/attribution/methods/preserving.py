"""A context in which a network is explained, and after which it is as it was before."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import nn

from forensics.attribution.methods.baselines import SEED
from forensics.reproducibility import deterministic

__all__ = ["preserved"]

HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks_with_kwargs",
)


@contextmanager
def preserved(network: nn.Module) -> Iterator[None]:
    """Put a network into eval mode without gradients of parameters, and every generator of random numbers at a seed.

    On leaving, also by an exception, modes, `requires_grad`, hooks and the states of the generators of PyTorch, NumPy and
    Python are as they were; captum draws from all three. Within, computation is in float32 and deterministic.

    Parameters
    ----------
    network : nn.Module
    """
    modes = [(module, module.training) for module in network.modules()]
    options = [(parameter, parameter.requires_grad, parameter.grad) for parameter in network.parameters()]
    hooks = [(table, set(table)) for module in network.modules() for name in HOOKS if (table := getattr(module, name))]
    bare = [getattr(module, name) for module in network.modules() for name in HOOKS if not getattr(module, name)]
    devices = sorted({p.device.index or 0 for p in network.parameters() if p.device.type == "cuda"})
    numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002  # captum draws from it
    try:
        with (
            torch.random.fork_rng(devices=devices),
            deterministic(),
            torch.autocast("cpu", enabled=False),
            torch.autocast("cuda", enabled=False),
        ):
            torch.manual_seed(SEED)
            np.random.seed(SEED)  # noqa: NPY002
            random.seed(SEED)
            network.eval().requires_grad_(False)
            yield
    finally:
        np.random.set_state(numpy_state)  # noqa: NPY002
        random.setstate(python_state)
        for module, training in modes:
            module.training = training
        for parameter, requires_grad, grad in options:
            parameter.requires_grad_(requires_grad)
            parameter.grad = grad
        for table, before in [*hooks, *((table, set()) for table in bare)]:
            for key in [key for key in table if key not in before]:
                del table[key]
