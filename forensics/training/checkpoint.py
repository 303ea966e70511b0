"""State of a training run: the moving average of its weights, and the checkpoint from which it goes on after a kill."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from forensics.models.ensemble import Ensemble
from forensics.records.writing import write_atomically
from forensics.training.config import Config

__all__ = ["RunState", "moving_average"]

logger = logging.getLogger(__name__)


def moving_average(ensemble: Ensemble, ema: float) -> AveragedModel:
    """Return the exponential moving average of the weights, which leans on its start the less the fewer steps there were."""

    def blended(average: Tensor, now: Tensor, n: Tensor | int) -> Tensor:
        if not average.is_floating_point():  # the counters of batch norms
            return now
        return average.lerp(now, 1.0 - min(ema, int(n) / (9 + int(n))))

    average = AveragedModel(ensemble, avg_fn=blended, use_buffers=True)
    average.update_parameters(ensemble)  # the first time copies
    return average.requires_grad_(False)


@dataclass(frozen=True, slots=True)
class RunState:
    """What a checkpoint holds: enough to go on as if nothing had happened."""

    path: Path
    config: Config
    origin: str | None
    ensemble: nn.Module
    average: AveragedModel
    optimiser: torch.optim.Optimizer

    def save(self, step: int) -> None:
        """Write a checkpoint whole or not at all."""
        content = {
            "step": step,
            "config": self.config.sha256(),
            "init": self.origin,
            "model": self.ensemble.state_dict(),
            "average": self.average.module.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        write_atomically(self.path, partial(torch.save, content))

    def resume(self) -> int:
        """Return the first step still to do."""
        if not self.path.is_file():
            return 0
        content: Mapping[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        if content["config"] != self.config.sha256():
            raise ValueError(
                f"{self.path} belongs to another configuration. Give another --out, or remove that folder to start anew."
            )
        started = content.get("init")  # checkpoints of the first version lack it
        if started != self.origin:
            raise ValueError(
                f"{self.path} belongs to a run that started from {_from(started)}, not from {_from(self.origin)}. Give the same "
                "initial weights, or another --out, or remove that folder to start anew."
            )
        self.ensemble.load_state_dict(content["model"])
        self.average.module.load_state_dict(content["average"])
        self.average.n_averaged.fill_(content["step"] + 1)
        self.optimiser.load_state_dict(content["optimiser"])
        logger.info("resuming after step %d", content["step"])
        return int(content["step"])


def _from(origin: str | None) -> str:
    return "scratch" if origin is None else f"weights with sha256 {origin}"
