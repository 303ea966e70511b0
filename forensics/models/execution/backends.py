"""Runners of fast mode: OpenVINO, or PyTorch in half the bits.

Only what has weights is handed over: the channels, and with them every residual, are always computed in float32.
"""

import contextlib
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from forensics.errors import MissingExtraError, ModelError
from forensics.models.branch import Branch
from forensics.models.execution.engine import Runner
from forensics.models.execution.layers import FusedConv

__all__ = ["Precision", "autocast_runner", "half_never_ends", "openvino_runner"]

Precision = Literal["float32", "bfloat16"]
FEW_CHANNELS, FINE_KERNEL = 16, 13


class _Traced(nn.Module):
    """What is handed over: all of the branch but its channels."""

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, channels: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        logits, mask = self.branch.localise(channels)
        return logits if mask is None else (logits, mask)


class OpenVinoRunner:
    """A branch compiled by OpenVINO for one view at a time; may be called from several threads at once."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._idle: SimpleQueue[Any] = SimpleQueue()

    def __call__(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits and mask logits."""
        with self._request() as request:
            outputs = request.infer([np.ascontiguousarray(channels.numpy())])
            parts = [torch.from_numpy(outputs[k].copy()) for k in range(len(self._compiled.outputs))]
        return parts[0], parts[1] if len(parts) > 1 else None

    @contextmanager
    def _request(self) -> Iterator[Any]:
        request = self._idle.get() if not self._idle.empty() else self._compiled.create_infer_request()
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
    ModelError
        PyAV is loaded in this process.
    """
    if "av" in sys.modules:
        # The interpreter's memory was found corrupted in every test run that coded video and used OpenVINO (decision 010).
        raise ModelError("it is not used in a process that can code video (PyAV is loaded)")
    # Its telemetry would report to a server of its makers; without that package it goes without.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # how an import is made to fail
    try:
        import openvino
    except ImportError as err:
        raise MissingExtraError("OpenVINO is not installed. Install it with: pip install 'forensics[fast]'") from err
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every branch on a shape, and shapes are fixed here
        traced = torch.jit.trace(_Traced(branch), example, check_trace=False)  # type: ignore[no-untyped-call]
        model = openvino.convert_model(traced, example_input=example, input=[list(example.shape)])
    with tempfile.TemporaryDirectory() as folder:
        # A converted network holds on to objects of Python, and compiling it on several threads corrupted the
        # interpreter's memory; one that is read from a file does not.
        path = Path(folder) / "network.xml"
        openvino.save_model(model, path, compress_to_fp16=False)
        del model, traced
        return OpenVinoRunner(_compiled(openvino, path, precision=precision, side_by_side=side_by_side))


def _compiled(openvino: Any, path: Path, *, precision: Precision, side_by_side: bool) -> Any:
    n = torch.get_num_threads()
    options = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": n,
        "NUM_STREAMS": n if side_by_side else 1,
        "ENABLE_CPU_PINNING": False,
    }
    core = openvino.Core()
    core.set_property({"ENABLE_MMAP": False})  # the file is gone when the network is used
    return core.compile_model(core.read_model(path), "CPU", options)


def half_never_ends(layer: nn.Module) -> bool:
    """Whether oneDNN, with which PyTorch and OpenVINO compute, would never return from preparing a layer in bfloat16.

    Seen in PyTorch 2.15 and OpenVINO 2026.4 on a processor with AVX512-BF16: depth-wise kernels from 17 on over 16
    channels or fewer on maps from 64 on; not with 17 channels, nor with a kernel of 13.
    """
    return isinstance(layer, FusedConv) and 1 < layer.groups <= FEW_CHANNELS and layer.kernel > FINE_KERNEL


def autocast_runner(branch: Branch, *, device: torch.device) -> Runner:
    """Return a runner by PyTorch in which convolutions and matrix products are computed in bfloat16.

    On a GPU the branch is compiled too, where a compiler is there.
    """
    adapter = getattr(branch.body, "adapter", None)
    for module in branch.body.modules():
        # The adapter mixes residuals into what the network sees; it stays in float32.
        if isinstance(module, FusedConv) and module is not adapter and not half_never_ends(module):
            module.keep_half()
    compute: Callable[[Tensor], tuple[Tensor, Tensor | None]] = branch.localise
    if device.type == "cuda":
        with contextlib.suppress(RuntimeError, ImportError):
            compute = torch.compile(branch.localise, dynamic=False)

    def run(channels: Tensor) -> tuple[Tensor, Tensor | None]:
        with torch.autocast(device.type, dtype=torch.bfloat16):
            logits, mask = compute(channels.contiguous(memory_format=torch.channels_last))
        return logits.float(), None if mask is None else mask.float()

    return run
