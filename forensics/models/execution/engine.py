"""All branches on all views of one picture.

On a CPU, tiles are looked at side by side, each by one thread, so that no bit of a score depends on how many cores there
are or on what else is in the picture; the larger views of the published arrangement one after another, each by all
cores. On a GPU, views are put together into passes.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from forensics.errors import ModelError
from forensics.models.ensemble import Ensemble
from forensics.models.execution.threads import return_freed_memory, threads_per_operation
from forensics.records.arrays import Float32Array, Float64Array, UInt8Array
from forensics.views import Plan, Tiles, view_pixels

__all__ = ["Engine", "Runner"]

MANY_VIEWS = 100  # after which the next picture would find 0.1 GB that nobody uses
VIEWS_PER_PASS = 32  # on a GPU; halved for as long as memory does not suffice
LogitsAndMaps = tuple[Float64Array, dict[str, Float32Array]]


class Runner(Protocol):
    """Computes one branch from its channels on: the part of it that has weights."""

    def __call__(self, channels: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (N, 2) of channels (N, C, S, S), and those of a map (N, 1, S / 4, S / 4) if there is one."""
        ...


class Engine:
    """Branches, their runners, and the way in which views are handed to them.

    Parameters
    ----------
    ensemble : Ensemble
        In eval mode, on `device`.
    device : torch.device
    runners : mapping of str to Runner, optional
        Branch to what computes it; PyTorch for those that are not named.
    """

    def __init__(
        self, ensemble: Ensemble, *, device: torch.device, runners: Mapping[str, Runner] | None = None
    ) -> None:
        self.device = device
        self._runners: dict[str, Runner] = {name: branch.localise for name, branch in ensemble.items()}
        self._runners |= runners or {}
        self._process, self._handed_over = os.getpid(), bool(runners)
        self._channels = _by_channels(ensemble)
        self.views_per_pass = 1 if device.type == "cpu" else VIEWS_PER_PASS

    def look(self, pixels: UInt8Array, plan: Plan, *, step: Callable[[], None] | None = None) -> LogitsAndMaps:
        """Return what every branch makes of every view of a plan.

        Parameters
        ----------
        pixels : array of shape (H, W, 3), uint8
        plan : Plan
            At least one view.
        step : callable, optional
            Called before each view, or each pass on a GPU, from the thread that computes it; may raise to stop the work.

        Returns
        -------
        logits : array of shape (B, V, 2), float64
            Raw class outputs in the order (real, fake).
        maps : dict of str to array of shape (V, S', S'), float32 in [0, 1]
            For each branch with a mask head: where the view looks forged, on the view's own grid.

        Raises
        ------
        ModelError
            Fast mode in a process forked from the one that loaded the detector: it would wait for threads that are not there.
        """
        if self._handed_over and os.getpid() != self._process:
            raise ModelError(
                "a detector in fast mode cannot be used in a process forked from the one that loaded it. "
                "Load it in each process, or use mode 'exact'."
            )
        step = step or _nothing
        if self.device.type != "cpu":
            return _joined(list(self._in_passes(pixels, plan, step)))
        views = range(len(plan.names))
        if not isinstance(plan.scheme, Tiles):
            return _joined([self._one(pixels, plan, k, step) for k in views])
        n_workers = torch.get_num_threads()
        with threads_per_operation(1), ThreadPoolExecutor(n_workers) as workers:
            found = _joined(list(workers.map(lambda k: self._one(pixels, plan, k, step), views)))
        if len(views) >= MANY_VIEWS:
            return_freed_memory()
        return found

    def _one(self, pixels: UInt8Array, plan: Plan, k: int, step: Callable[[], None]) -> LogitsAndMaps:
        step()
        return self._compute(torch.from_numpy(view_pixels(pixels, plan, slice(k, k + 1))))

    def _in_passes(
        self, pixels: UInt8Array, plan: Plan, step: Callable[[], None] | None = None
    ) -> Iterator[LogitsAndMaps]:
        """Yield passes of views; while one is computed, the next is cut. Without enough memory, smaller ones."""
        done, n = 0, len(plan.names)
        with ThreadPoolExecutor(1) as cutter:

            def ask(start: int) -> Future[Float32Array]:
                return cutter.submit(view_pixels, pixels, plan, slice(start, min(n, start + self.views_per_pass)))

            waiting: Future[Float32Array] | None = ask(0)
            while waiting is not None:
                (step or _nothing)()
                views = torch.from_numpy(waiting.result())
                waiting = ask(done + len(views)) if done + len(views) < n else None
                try:
                    yield self._compute(_to_device(views, self.device))
                except torch.OutOfMemoryError as err:
                    if self.views_per_pass == 1:
                        raise ModelError(
                            "the device has too little memory for a single view. Use device='cpu'."
                        ) from err
                    self.views_per_pass = max(1, len(views) // 2)
                    waiting = ask(done)
                    continue
                done += len(views)

    @torch.inference_mode()
    def _compute(self, views: Tensor) -> LogitsAndMaps:
        logits, maps = {}, {}
        for channels_of, names in self._channels:
            channels = channels_of(views)
            for name in names:
                output, mask = self._runners[name](channels)
                logits[name] = output.double().cpu().numpy()
                if mask is not None:
                    maps[name] = torch.sigmoid(mask[:, 0].float()).cpu().numpy()
        return np.stack([logits[name] for name in self._runners]), maps


def _nothing() -> None:
    """Take no note of a step."""


def _joined(parts: Sequence[LogitsAndMaps]) -> LogitsAndMaps:
    names = parts[0][1]
    maps = {name: np.concatenate([part[1][name] for part in parts]) for name in names}
    return np.concatenate([part[0] for part in parts], axis=1), maps


def _to_device(views: Tensor, device: torch.device) -> Tensor:
    if device.type == "cuda":
        views = views.pin_memory()
    return views.to(device, non_blocking=True)


def _by_channels(ensemble: Ensemble) -> list[tuple[nn.Module, list[str]]]:
    """Return channel stacks with the branches that see them: what is the same is computed once."""
    found: list[tuple[nn.Module, list[str]]] = []
    for name, branch in ensemble.items():
        for stack, names in found:
            if _alike(stack, branch.channels):
                names.append(name)
                break
        else:
            found.append((branch.channels, [name]))
    return found


def _alike(a: nn.Module, b: nn.Module) -> bool:
    """Whether two modules without trained parameters compute the same: same classes, attributes and constants."""
    pairs = list(zip(a.modules(), b.modules(), strict=False))
    if len(pairs) != len(list(a.modules())) or len(pairs) != len(list(b.modules())):
        return False
    if any(type(x) is not type(y) or _attributes(x) != _attributes(y) for x, y in pairs):
        return False
    ours, theirs = a.state_dict(), b.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def _attributes(module: nn.Module) -> dict[str, object]:
    return {k: v for k, v in vars(module).items() if not k.startswith("_") and k != "training"}
