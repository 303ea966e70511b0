"""Stochastic depth: in training, what a block adds is left out for some of the samples.

References
----------
Huang et al., *Deep Networks with Stochastic Depth*, ECCV 2016 (arXiv 1603.09382).
"""

from torch import Tensor, nn

__all__ = ["DropPath"]


class DropPath(nn.Module):
    """Zero a sample with probability `rate` and scale the others up, so that the mean stays; nothing outside training."""

    def __init__(self, rate: float = 0.0) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """Return the shape of `x`, (N, ...)."""
        if not self.training or self.rate == 0.0:
            return x
        survives = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(1.0 - self.rate)
        return x * survives / (1.0 - self.rate)
