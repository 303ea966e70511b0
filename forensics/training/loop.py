"""The training loop: settings, set-up, loop, top to bottom.

Each step draws all its randomness from (seed, step), so that a run that was killed and resumed goes on with the same
batches, drop-outs and rates as one that was not.
"""

import json
import logging
import math
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from forensics.evaluation.labelled import Pictures
from forensics.models.branch import Branch
from forensics.models.ensemble import Ensemble
from forensics.models.execution.threads import in_processes
from forensics.models.networks.channels import drop_groups
from forensics.models.weights import LoadedWeights, Manifest, write_weights
from forensics.training.checkpoint import RunState, moving_average
from forensics.training.config import Config, OptimiserConfig
from forensics.training.initial import start_from
from forensics.training.losses import batch_auc, mask_loss, pair_loss
from forensics.training.pairs.stream import Pair, PairStream, stream_for
from forensics.training.statistical import fit_branch, is_statistical
from forensics.views import Tiles

__all__ = ["train"]

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.pt"
CHECKPOINT_SECONDS = 120.0
LOG_STEPS = 20
SETTLING_BATCHES, SETTLING_PAIRS = 60, 8  # at most as many batches as there were steps
MAX_TILES = 700  # of 192 cover 25 megapixels
UPRIGHT = (
    "identity",
)  # what other turns add is measured by `python -m benchmarks.views`; each costs as much as the first


def train(
    config: Config,
    pictures: Pictures,
    out: Path,
    *,
    device: str = "cpu",
    workers: int = 1,
    init: LoadedWeights | None = None,
) -> list[Path]:
    """Train every branch of a configuration on one stream of pairs and write their weights.

    Parameters
    ----------
    config : Config
    pictures : Pictures
        The training side only.
    out : path
        Folder for ``log.jsonl``, ``checkpoint.pt`` and the weights; a checkpoint found there is resumed.
    device : str
    workers : int
        Processes that make pairs; does not change the result.
    init : LoadedWeights, optional
        As `forensics.training.initial.read_initial` gives them: what the branches start from, instead of from scratch.
        A run that is resumed goes on from its checkpoint. Statistical branches are fitted, not trained: with
        ``statistics.pairs = 0`` they are kept as they are, else nothing of theirs is.

    Returns
    -------
    list of path
        One safetensors file per branch, holding the moving average of its weights.

    Raises
    ------
    ValueError
        The folder holds a checkpoint of another configuration, or of a run that started from other weights; or statistical
        branches are to be kept and there is no `init`.
    WeightsMismatchError
        `init` does not fit; see `forensics.training.initial.start_from`.
    """
    # Set-up
    settings = config.optimiser
    _require_device(device)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    built = {name: spec.build() for name, spec in config.branches.items()}
    fitted = {name: branch for name, branch in built.items() if is_statistical(branch)}
    stepped = {name: branch for name, branch in built.items() if name not in fitted}
    resumed = (out / CHECKPOINT).is_file()
    _begin(config, fitted, {} if resumed else stepped, init)  # before anything that takes time
    export = partial(_export, config=config, pictures=pictures, out=out)
    files = [_fit(name, branch, config, pictures, out, workers, init) for name, branch in fitted.items()]
    if not stepped:
        return files
    ensemble = Ensemble(stepped)
    ensemble.to(device).to(memory_format=torch.channels_last)
    average = moving_average(ensemble, settings.ema)
    optimiser = torch.optim.AdamW(_parameter_groups(ensemble, settings.weight_decay), lr=settings.lr, betas=(0.9, 0.99))
    state = RunState(out / CHECKPOINT, config, _origin(init), ensemble, average, optimiser)
    first = state.resume()
    stream = stream_for(config, pictures)
    half = _autocast(device, wanted=settings.bfloat16)

    # Loop
    started = saved = time.monotonic()
    window: list[dict[str, float]] = []
    for step, pairs in _batches(stream, first, config, workers):
        for group in optimiser.param_groups:
            group["lr"] = _rate(step, settings)
        total, record = _forward(ensemble, pairs, step, config, device, half)
        optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        for _, branch in ensemble.items():
            nn.utils.clip_grad_norm_(branch.parameters(), settings.clip)
        optimiser.step()
        with torch.no_grad():
            average.update_parameters(ensemble)

        window.append(record)
        last = step + 1 == settings.steps
        if len(window) == LOG_STEPS or last:
            seconds = (time.monotonic() - started) / (step + 1 - first)
            _log(out / "log.jsonl", step + 1, settings, window, seconds)
            window = []
        if last or time.monotonic() - saved > CHECKPOINT_SECONDS:
            state.save(step + 1)
            saved = time.monotonic()
    averaged = cast(Ensemble, average.module)
    _settle_norms(averaged, stream, config, device)
    about = {"steps": settings.steps}
    return files + [export(name, branch, origin=_origin(init), about=about) for name, branch in averaged.items()]


def _require_device(device: str) -> None:
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as err:
        raise ValueError(
            f"the device {device!r} cannot be used: {str(err).splitlines()[0]}. Use --device cpu."
        ) from err


def _begin(
    config: Config, fitted: Mapping[str, Branch], stepped: Mapping[str, Branch], init: LoadedWeights | None
) -> None:
    """Give branches the initial weights, if there are any; statistical ones only where they are kept as they are."""
    keeps = bool(fitted) and config.statistics.pairs == 0
    if keeps and init is None:
        raise ValueError(
            "statistics.pairs is 0, which keeps the initial weights of statistical branches, but there are none. "
            "Give --init starter, or raise statistics.pairs."
        )
    begun = {**(fitted if keeps else {}), **stepped}
    if init is not None and begun:
        start_from(Ensemble(begun), init)
    for name in fitted if init is not None and not keeps else ():
        logger.warning("%s: fitted to these pictures alone; nothing of the initial weights is kept in it", name)


def _forward(
    ensemble: Ensemble, pairs: list[Pair], step: int, config: Config, device: str, half: torch.autocast
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of all branches on the pairs of a step, and what the log holds of each."""
    torch.manual_seed(config.seed * 1_000_003 + step)  # drop-path
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)  # group drop-out
    pixels, truth, independent = _tensors(pairs, device)
    ensemble.train()
    record: dict[str, float] = {}
    total = torch.zeros((), device=device)
    for name, branch in ensemble.items():
        channels = drop_groups(branch.channels(pixels), branch.groups, config.optimiser.group_dropout, generator)
        with half:
            logits, mask = branch.localise(channels.contiguous(memory_format=torch.channels_last))
        logits = logits.float()
        loss = pair_loss(logits, independent, config.loss)
        if mask is not None:
            located = mask_loss(mask.float(), truth)
            loss = loss + config.loss.mask * located
            record[f"{name}.mask"] = float(located.detach())
        total = total + loss
        record |= {f"{name}.loss": float(loss.detach()), f"{name}.auc": batch_auc(logits.detach())}
    return total, record


def _origin(init: LoadedWeights | None) -> str | None:
    return None if init is None else init.sha256


def _fit(
    name: str, branch: Branch, config: Config, pictures: Pictures, out: Path, workers: int, init: LoadedWeights | None
) -> Path:
    """Write the weights of a statistical branch, fitted or kept; what was counted before is not counted again."""
    export = partial(_export, name, branch, config=config, pictures=pictures, out=out)
    if config.statistics.pairs == 0:
        return export(origin=_origin(init), about={"kept": True})
    # This process only waits, unless it is to do all itself.
    found = fit_branch(branch, config, pictures, out, workers=workers + 1 if workers else 0)
    logger.info("%s: AUC %.3f on unseen training sources", name, found)
    about = {"pairs": config.statistics.pairs, "auc_of_unseen_training_sources": round(found, 4)}
    return export(origin=None, about=about)


def _autocast(device: str, *, wanted: bool) -> torch.autocast:
    """Return the context of the networks' passes: bfloat16 where it is wanted and the processor has the instructions."""
    kind = torch.device(device).type
    able = kind != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    if wanted and not able:
        logger.warning("this processor has no bfloat16 instructions: training in float32, which takes longer")
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=wanted and able)


def _parameter_groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices and kernels only: not biases, norms or scales, which have one axis."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _rate(step: int, settings: OptimiserConfig) -> float:
    if step < settings.warmup:
        return settings.lr * (step + 1) / settings.warmup
    done = (step - settings.warmup) / max(1, settings.steps - settings.warmup)
    return settings.final_lr + (settings.lr - settings.final_lr) * 0.5 * (1 + math.cos(math.pi * done))


def _batches(stream: PairStream, first: int, config: Config, workers: int) -> Iterator[tuple[int, list[Pair]]]:
    """Return the steps from `first` on with their pairs."""
    settings, forgeries = config.optimiser, config.forgeries

    def pairs_of(step: int) -> list[Pair]:
        n, tile, used = settings.pairs, forgeries.tile, settings.pairs
        if step >= settings.steps * (1 - forgeries.late):
            tile = forgeries.late_tile
            used = max(2, round(n * (forgeries.tile / tile) ** 2))
        return [stream.pair(i, tile=tile) for i in range(step * n, step * n + used)]

    steps = range(first, settings.steps)
    return zip(steps, in_processes(pairs_of, steps, workers=workers), strict=True)


def _tensors(pairs: list[Pair], device: str) -> tuple[Tensor, Tensor, Tensor]:
    """Return pixels (2n, 3, S, S), originals first, masks (2n, 1, S, S), and which pairs were drawn independently."""
    stack = np.stack([p.real for p in pairs] + [p.fake for p in pairs])  # (2n, S, S, 3)
    pixels = torch.from_numpy(stack).to(device).permute(0, 3, 1, 2).float() / 255.0
    forged = torch.from_numpy(np.stack([p.mask for p in pairs])).to(device).float()[:, None]
    truth = torch.cat([torch.zeros_like(forged), forged])
    return pixels, truth, torch.tensor([p.independent for p in pairs], device=device)


@torch.no_grad()
def _settle_norms(average: Ensemble, stream: PairStream, config: Config, device: str) -> None:
    """Measure the statistics of every batch norm anew, for the averaged weights and on tiles of the side that is scored.

    The average of statistics is not the statistics of the average, and the share of a tile that its zero padding reaches
    depends on its side: with large kernels, scores on another side than the statistics' are worthless.
    """
    norms = [m for m in average.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    momenta = [m.momentum for m in norms]
    average.eval()  # no drop-out, no drop-path
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over batches
        norm.train()
    n, tile = SETTLING_PAIRS, config.forgeries.late_tile
    first = config.optimiser.steps * config.optimiser.pairs
    for k in range(min(SETTLING_BATCHES, config.optimiser.steps) if norms else 0):
        pixels, _, _ = _tensors([stream.pair(first + k * n + i, tile=tile) for i in range(n)], device)
        for _, branch in average.items():
            branch(pixels.to(memory_format=torch.channels_last))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    average.eval()


def _log(path: Path, step: int, settings: OptimiserConfig, window: list[dict[str, float]], seconds: float) -> None:
    means = {key: round(float(np.mean([w[key] for w in window])), 4) for key in window[0]}
    left = (settings.steps - step) * seconds
    row = {
        "step": step,
        "lr": round(_rate(step - 1, settings), 7),
        **means,
        "seconds_per_step": round(seconds, 3),
    }
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    logger.info("step %d of %d, %.0f min left, %s", step, settings.steps, left / 60, means)


def _export(
    name: str,
    branch: Branch,
    *,
    config: Config,
    pictures: Pictures,
    out: Path,
    origin: str | None,
    about: Mapping[str, Any],
) -> Path:
    """Write the weights of one branch, with what they came from."""
    training: dict[str, Any] = {
        "config_sha256": config.sha256(),
        "index_sha256": pictures.digest(),
        "pictures": len(pictures),
        "seed": config.seed,
        **about,
    }
    if origin is not None:
        training["init_sha256"] = origin
    manifest = Manifest(
        name=config.name,
        branches={name: config.branches[name]},
        scheme=Tiles(
            size=config.forgeries.late_tile, stride=config.forgeries.late_tile, max_tiles=MAX_TILES, turns=UPRIGHT
        ),
        licence=config.licence,
        training=training,
    )
    path = out / f"starter_{name}.safetensors"
    write_weights(path, branches={name: branch}, manifest=manifest)
    return path
