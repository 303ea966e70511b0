"""Two modes of computing the same networks, and the proof at load that they are the same.

``exact``
    PyTorch in float32 with fused layers; on one machine the same bits every time.
``fast``
    OpenVINO if it is installed, in bfloat16 where the processor has instructions for it, else in float32. Without
    OpenVINO, PyTorch in bfloat16 on such a processor. Where neither helps, it computes as ``exact`` does and says so.

Each mode has a tolerance. At load a fixed picture is computed with the networks as they are and in the chosen way, and a mode that is
further off refuses to start. bfloat16 without instructions for it is 17 to 34 times slower than float32, so it is never
tried on other processors (decision 010).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
import torch

from forensics.errors import MissingExtraError, ModelError
from forensics.messages import Message
from forensics.models.ensemble import Ensemble
from forensics.models.execution.backends import Precision, autocast_runner, bfloat16_never_ends, openvino_runner
from forensics.models.execution.engine import Engine, Runner
from forensics.models.execution.fused import fuse
from forensics.models.execution.layers import FusedConv
from forensics.models.execution.threads import return_freed_memory
from forensics.records.arrays import Float64Array, UInt8Array
from forensics.reproducibility import deterministic, processor_features
from forensics.scores import BranchScores, Fusion
from forensics.views import FixedFrame, Tiles, ViewScheme, plan_views

__all__ = ["MODES", "TOLERANCE", "Computation", "Mode", "check_picture", "exact_computation", "prepare"]

logger = logging.getLogger(__name__)

Mode = Literal["exact", "fast"]
TOLERANCE: Mapping[Mode, float] = MappingProxyType({"exact": 1e-4, "fast": 0.01})  # of any score
MODES: tuple[Mode, ...] = tuple(TOLERANCE)
BFLOAT16_FEATURES = frozenset({"avx512_bf16", "amx_bf16"})  # instructions that multiply bfloat16
BACKENDS = {"openvino": "OpenVINO", "torch": "PyTorch"}
CHECK_SEED = 5
QUICK_SIDE = 128  # pixels; the exact mode is checked on a small picture: the layers are the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Computation:
    """How scores are computed, for a detector and for the record.

    Parameters
    ----------
    engine : Engine
    mode : {"exact", "fast"}
    backend : str
        ``torch`` or ``openvino``.
    precision : {"float32", "bfloat16"}
        Of convolutions and matrix products; residuals, and what mixes them into RGB, are always in float32.
    difference : float
        Largest difference of a score at load from what it is compared with: ``exact`` with the networks as they were
        trained, ``fast`` with ``exact``.
    caveats : tuple of Message
        Such as that a faster way was asked for and is not there.
    """

    engine: Engine
    mode: Mode
    backend: str = "torch"
    precision: Precision = "float32"
    difference: float = 0.0
    caveats: tuple[Message, ...] = ()

    @property
    def settings(self) -> dict[str, str | float]:
        """What a `RunRecord` says of it."""
        return {
            "mode": self.mode,
            "backend": self.backend,
            "precision": self.precision,
            "tolerance": TOLERANCE[self.mode],
            "difference_at_load": float(f"{self.difference:.1e}"),
        }


def exact_computation(ensemble: Ensemble, *, device: torch.device) -> Computation:
    """Return the exact mode without any change to the networks: what others are compared with."""
    ensemble.to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
    return Computation(engine=Engine(ensemble, device=device), mode="exact")


def prepare(
    ensemble: Ensemble, scheme: ViewScheme, *, mode: Mode, device: torch.device, fusion: Fusion | None = None
) -> Computation:
    """Bring an ensemble into the form in which a mode computes it, in place, and check it on a fixed picture.

    Parameters
    ----------
    ensemble : Ensemble
    scheme : Tiles or FixedFrame
        Its views are what runners are made for.
    mode : {"exact", "fast"}
    device : torch.device
    fusion : Fusion, optional
        The joint judgement, whose score must agree too.

    Raises
    ------
    ModelError
        The scores of the fixed picture differ by more than `TOLERANCE`.
    """
    before = _check_logits(exact_computation(ensemble, device=device), scheme, QUICK_SIDE)
    fuse(ensemble)
    return_freed_memory()
    exact = exact_computation(ensemble, device=device)
    difference = _difference(before, _check_logits(exact, scheme, QUICK_SIDE), ensemble, fusion)
    _require(difference, mode="exact", backend="torch", next_step="Report this with the output of 'lscpu'.")
    if mode == "exact":
        return Computation(engine=exact.engine, mode=mode, difference=difference)
    expected = _check_logits(exact, scheme, scheme.size)
    caveats = []
    for backend, precision, build in _faster_ways(ensemble, scheme, device):
        try:
            found = Computation(
                engine=Engine(ensemble, device=device, runners=build()), mode=mode, backend=backend, precision=precision
            )
            difference = _difference(expected, _check_logits(found, scheme, scheme.size), ensemble, fusion)
        except MissingExtraError:
            caveats.append(Message("backend_missing", {"backend": BACKENDS[backend]}))
            continue
        except Exception as err:  # noqa: BLE001  # a broken installation may raise anything; another way is tried
            # The words of the error stay in the log: they may name places of this machine, and a finding is signed.
            logger.warning("fast mode: %s cannot be used: %s", backend, str(err).strip() or "no message")
            caveats.append(Message("backend_failed", {"backend": backend, "error": type(err).__name__}))
            continue
        _require(difference, mode=mode, backend=f"{backend} in {precision}", next_step="Use mode 'exact'.")
        return replace(found, difference=difference, caveats=(*caveats, _fast_mode_caveat(backend, precision)))
    caveats.append(Message("fast_unavailable"))
    return Computation(engine=exact.engine, mode=mode, caveats=tuple(caveats))


def _fast_mode_caveat(backend: str, precision: Precision) -> Message:
    values = {"backend": BACKENDS[backend], "precision": precision, "tolerance": TOLERANCE["fast"]}
    return Message("fast_mode", values)


def _faster_ways(
    ensemble: Ensemble, scheme: ViewScheme, device: torch.device
) -> list[tuple[str, Precision, Callable[[], dict[str, Runner]]]]:
    """Return what may be faster on this machine, the fastest first."""
    networks = {name: branch for name, branch in ensemble.items() if _learned(branch)}
    if device.type != "cpu":
        return [("torch", "bfloat16", lambda: {n: autocast_runner(b, device=device) for n, b in networks.items()})]
    half = bool(BFLOAT16_FEATURES & set(processor_features()))
    stuck = any(bfloat16_never_ends(layer) for branch in networks.values() for layer in branch.modules())
    precision: Precision = "bfloat16" if half and not stuck else "float32"

    def with_openvino() -> dict[str, Runner]:
        side_by_side = isinstance(scheme, Tiles)
        example = torch.zeros(1, 3, scheme.size, scheme.size)
        with torch.inference_mode():
            channels = {name: branch.channels(example).clone() for name, branch in networks.items()}
        return {
            name: openvino_runner(branch, channels[name], precision=precision, side_by_side=side_by_side)
            for name, branch in networks.items()
        }

    ways: list[tuple[str, Precision, Callable[[], dict[str, Runner]]]] = [("openvino", precision, with_openvino)]
    if half:
        ways.append(("torch", "bfloat16", lambda: {n: autocast_runner(b, device=device) for n, b in networks.items()}))
    return ways


def _learned(branch: torch.nn.Module) -> bool:
    """Whether the branch is a network; counted statistics are computed as they are in every mode."""
    return any(isinstance(module, torch.nn.Conv2d | FusedConv) for module in branch.modules())


def check_picture(side: int) -> UInt8Array:
    """Return the fixed picture of the check: structure at every scale from one pixel to the whole, (side, side, 3), uint8."""
    rng = np.random.default_rng(CHECK_SEED)
    total = np.zeros((side, side, 3))
    step = 1
    while step <= side // 2:
        n = -(-side // step)
        total += np.kron(rng.normal(size=(n, n, 3)), np.ones((step, step, 1)))[:side, :side] * step**0.5
        step *= 2
    total -= total.min()
    return (total * (255.0 / total.max())).astype(np.uint8)


def _check_logits(computation: Computation, scheme: ViewScheme, side: int) -> Float64Array:
    """Return logits (B, 1, 2) of one view of the fixed picture."""
    pixels = check_picture(side)
    plan = plan_views(
        pixels,
        Tiles(size=side, stride=side, turns=("identity",)) if isinstance(scheme, Tiles) else FixedFrame(size=side),
    )
    plan = replace(plan, names=plan.names[:1], boxes=plan.boxes[:1], turns=plan.turns[:1], tones=plan.tones[:1])
    with deterministic():
        return computation.engine.look(pixels, plan)[0]


def _difference(a: Float64Array, b: Float64Array, ensemble: Ensemble, fusion: Fusion | None) -> float:
    """Return the largest difference of a branch's score, or of the joint one; infinity where there is no number."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.inf
    one, other = (
        BranchScores(
            branches=ensemble.names, views=("check",), logits=logits, boxes=np.zeros((1, 4), np.int64), fusion=fusion
        )
        for logits in (a, b)
    )
    return max(float(np.abs(one.view_scores - other.view_scores).max()), abs(one.score - other.score))


def _require(difference: float, *, mode: Mode, backend: str, next_step: str) -> None:
    if difference > TOLERANCE[mode]:
        raise ModelError(
            f"mode {mode!r} ({backend}) is refused: on the fixed picture a score differs by {difference:.2g}, more than "
            f"the {TOLERANCE[mode]:g} allowed. {next_step}"
        )
