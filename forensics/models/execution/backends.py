"""Runners of fast mode: OpenVINO, or PyTorch in half the bits.

Channels, and with them every residual, and the adapter of the published arrangement are always computed in float32.
"""

import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from queue import Empty, SimpleQueue
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from forensics.errors import needed_by
from forensics.models.architectures import AdaptedNetwork
from forensics.models.branch import Branch
from forensics.models.execution.engine import Runner
from forensics.models.execution.layers import FusedConv
from forensics.models.execution.threads import return_freed_memory

__all__ = ["Precision", "autocast_runner", "bfloat16_never_ends", "openvino_runner"]

Precision = Literal["float32", "bfloat16"]
FEW_CHANNELS, FINE_KERNEL = 16, 13


class _WithFewerBits(nn.Module):
    """What is computed with fewer bits: all of the branch but its channels and the adapter that mixes residuals into RGB."""

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        self.branch = branch

    def prepared(self, channels: Tensor) -> Tensor:
        """Return what `forward` takes, in float32."""
        body = self.branch.body
        return body.adapted(channels) if isinstance(body, AdaptedNetwork) else channels

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Return logits, and those of a map if there is one."""
        body = self.branch.body
        if isinstance(body, AdaptedNetwork):
            return body.network(x)
        logits, mask = self.branch.localise(x)
        return logits if mask is None else (logits, mask)


class OpenVinoRunner:
    """A branch compiled by OpenVINO for one view at a time; may be called from several threads at once."""

    def __init__(self, compiled: Any, prepared: Callable[[Tensor], Tensor]) -> None:
        self._compiled, self._prepared = compiled, prepared
        self._idle: SimpleQueue[Any] = SimpleQueue()

    def __call__(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits and mask logits."""
        with self._request() as request:
            outputs = request.infer([np.ascontiguousarray(self._prepared(channels).numpy())], share_inputs=True)
            parts = [torch.from_numpy(outputs[k].copy()) for k in range(len(self._compiled.outputs))]
        return parts[0], parts[1] if len(parts) > 1 else None

    @contextmanager
    def _request(self) -> Iterator[Any]:
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._compiled.create_infer_request()
        try:
            yield request
        finally:
            self._idle.put(request)


def openvino_runner(branch: Branch, example: Tensor, *, precision: Precision, side_by_side: bool) -> Runner:
    """Compile a branch with OpenVINO.

    Parameters
    ----------
    branch : Branch
        In eval mode, on the CPU.
    example : tensor of shape (1, C, S, S)
        Channels of one view; the shape is fixed.
    precision : {"float32", "bfloat16"}
    side_by_side : bool
        Whether as many views as there are threads will be computed at once, each by one thread.

    Raises
    ------
    MissingExtraError
        OpenVINO is not installed.
    """
    core = _core()
    with needed_by("Computing with OpenVINO"):
        import openvino

    network = _WithFewerBits(branch)
    with torch.inference_mode():
        example = network.prepared(example)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every branch on a shape, and shapes are fixed here
        traced = torch.jit.trace(network, example.clone(), check_trace=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced, example_input=example.clone(), input=[list(example.shape)])
    n = torch.get_num_threads()
    options = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": n,
        "NUM_STREAMS": n if side_by_side else 1,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = core.compile_model(model, "CPU", options)
    del model, traced
    return_freed_memory()
    return OpenVinoRunner(compiled, network.prepared)


@cache
def _core() -> Any:
    """Return the one `Core` of this process.

    There must be no second one: its CPU plug-in puts a signal stack of its own in the place of the one it finds, and puts
    that back when it goes. Two that go in the order they came leave the process on memory that is gone, and the next
    signal, such as that of a child process that ends, kills it (seen in OpenVINO 2026.4).

    Raises
    ------
    MissingExtraError
        OpenVINO is not installed.
    """
    # Its telemetry would report to a server of its makers; without that package it goes without.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # how an import is made to fail
    with needed_by("Computing with OpenVINO"):
        import openvino
    return openvino.Core()


def bfloat16_never_ends(layer: nn.Module) -> bool:
    """Whether oneDNN, with which PyTorch and OpenVINO compute, would never return from preparing a layer in bfloat16.

    Seen in PyTorch 2.15 and OpenVINO 2026.4 on a processor with AVX512-BF16: depth-wise kernels from 17 on over 16
    channels or fewer on maps from 64 on; not with 17 channels, nor with a kernel of 13.
    """
    return isinstance(layer, FusedConv) and 1 < layer.groups <= FEW_CHANNELS and layer.kernel > FINE_KERNEL


def autocast_runner(branch: Branch, *, device: torch.device) -> Runner:
    """Return a runner by PyTorch in which convolutions and matrix products are computed in bfloat16.

    On a GPU the branch is compiled too, where a compiler is there.
    """
    network = _WithFewerBits(branch)
    compute: Callable[[Tensor], Tensor | tuple[Tensor, Tensor]] = network
    if device.type == "cpu":
        for module in network.modules():
            if isinstance(module, FusedConv) and not bfloat16_never_ends(module):
                module.keep_bfloat16()
    else:
        with contextlib.suppress(RuntimeError, ImportError):
            compute = torch.compile(network)

    def run(channels: Tensor) -> tuple[Tensor, Tensor | None]:
        x = network.prepared(channels).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            found = compute(x)
        logits, mask = found if isinstance(found, tuple) else (found, None)
        return logits.float(), None if mask is None else mask.float()

    return run
