"""Depth-wise convolution with large kernels by Fourier transforms, where that takes less time than the direct way.

Whether it does follows from the sizes and the processor by a rule (decision 010 has the measurements), not by timing at
run time, so that the same machine always computes the same bits.
"""

import math

import torch
import torch.nn.functional as F
from scipy.fft import next_fast_len
from torch import Tensor, nn

from forensics.models.execution.layers import FusedConv
from forensics.reproducibility import processor_features

__all__ = ["LargeKernelConv", "fourier_pays"]

# Multiplications that the direct way needs for one of the Fourier way, from which on the latter is faster.
LEAST_GAIN_512, LEAST_GAIN = 36.0, 16.0  # with AVX-512, and without


def fourier_pays(side: int, kernel: int, *, wide: bool) -> bool:
    """Return whether Fourier transforms are the faster way.

    Parameters
    ----------
    side : int
        Of the map.
    kernel : int
        Side of the kernel.
    wide : bool
        Whether the processor has AVX-512, which the direct kernel makes better use of.
    """
    n = _length(side, kernel)
    return kernel**2 / ((n / side) ** 2 * math.log2(n * n)) >= (LEAST_GAIN_512 if wide else LEAST_GAIN)


def _length(side: int, kernel: int) -> int:
    """Return a length in which the map and half a kernel of zeros have room; a multiple of 8, which transforms faster."""
    return 8 * next_fast_len(-(-(side + kernel // 2) // 8), real=True)


class LargeKernelConv(FusedConv):
    """A depth-wise 'same' convolution of stride 1 and ReLU; directly or by Fourier transforms."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(conv, activation="relu")
        self._wide = "avx512f" in processor_features()
        self._spectrum: Tensor | None = None
        self._spectrum_size = (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, C, H, W)."""
        by_fourier = fourier_pays(x.shape[-1], self.kernel, wide=self._wide) and not torch.is_autocast_enabled("cpu")
        if self.by_ordinary_operations(x) or not by_fourier:
            return super().forward(x)
        height, width = x.shape[-2:]
        size = _length(height, self.kernel), _length(width, self.kernel)
        y = torch.fft.irfft2(torch.fft.rfft2(x.contiguous(), s=size) * self._transformed(size), s=size)
        y = y[..., :height, :width].contiguous(memory_format=torch.channels_last)
        return y.add_(self.bias.view(1, -1, 1, 1)).relu_()

    def _transformed(self, size: tuple[int, int]) -> Tensor:
        """Return the kernels' transform, (C, P, Q), turned so that the centre of a kernel is its origin; kept for one size."""
        spectrum = self._spectrum
        if spectrum is None or self._spectrum_size != size:
            half = self.kernel // 2
            grid = F.pad(self.weight[:, 0].flip(-1, -2), (0, size[1] - self.kernel, 0, size[0] - self.kernel))
            spectrum = torch.fft.rfft2(grid.roll((-half, -half), dims=(-2, -1)))
            self._spectrum, self._spectrum_size = spectrum, size
        return spectrum
