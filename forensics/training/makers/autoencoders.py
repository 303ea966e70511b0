"""Training of the auto-encoders whose reconstructions are a family of forgeries, before the detector is trained.

Each is written to a file of its own when it is done, so that a run that was killed trains at most one anew.
"""

import itertools
import logging
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import nn

from forensics.evaluation.labelled import Pictures
from forensics.records.writing import write_atomically
from forensics.training.config import AutoencoderConfig, Config
from forensics.training.makers.reconstruction import Autoencoder, AutoencoderSpec, reconstruction_loss
from forensics.training.pairs.sampling import Sampler

__all__ = ["autoencoder_files", "train_autoencoder", "trained_autoencoders"]

logger = logging.getLogger(__name__)

LEAST_PSNR = 24.0  # dB on held-out crops; below it a decoder is told by what it lost, not by how it draws
FOLDER = "autoencoders"
HELD_OUT = 10  # one picture in ten is kept for that measurement
MEASURED = 32  # crops
LOG_STEPS = 50


def trained_autoencoders(config: Config, pictures: Pictures, folder: Path) -> list[Autoencoder]:
    """Return the auto-encoders of a configuration that are good enough; those that `folder` lacks are trained.

    Parameters
    ----------
    config : Config
    pictures : Pictures
        The training side; its originals are what is reconstructed.
    folder : path
        Of the run; they lie or are written in a folder of their own there, so that the run's folder can be read as weights.

    Raises
    ------
    ValueError
        The configuration describes none.
    """
    settings = config.autoencoders
    if not settings.specs:
        raise ValueError("reconstruction needs [[autoencoders.specs]]. Describe at least one.")
    good = []
    files = autoencoder_files(config, folder)
    for k, spec in enumerate(settings.specs):
        paths = files[k * settings.states : (k + 1) * settings.states]
        if not paths[-1].is_file():
            for path, model in zip(
                paths, train_autoencoder(spec, settings, pictures, seed=config.seed + k), strict=True
            ):
                _save(path, model)
        for path in paths:
            model = Autoencoder(spec)
            model.load_state_dict(load_file(path))
            psnr = _psnr(model, pictures, settings.tile)
            logger.info("%s (%s): %.1f dB on held-out crops", path.stem, spec.upsampling, psnr)
            if psnr >= LEAST_PSNR:
                good.append(model)
    return good


def autoencoder_files(config: Config, folder: Path) -> list[Path]:
    """Return where the states of every auto-encoder lie or will lie, spec by spec."""
    settings = config.autoencoders
    numbers = itertools.product(range(len(settings.specs)), range(settings.states))
    return [folder / FOLDER / f"autoencoder-{k}-{state}.safetensors" for k, state in numbers]


def _save(path: Path, model: Autoencoder) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, save({key: value.contiguous() for key, value in model.state_dict().items()}))


def train_autoencoder(
    spec: AutoencoderSpec, settings: AutoencoderConfig, pictures: Pictures, *, seed: int
) -> Iterator[Autoencoder]:
    """Train one auto-encoder on originals and yield it in each of its states; the same for the same seed and machine.

    The states are the last ones of the run, a tenth of it apart: decoders that draw the same but for the last touch.
    """
    model = Autoencoder(spec)
    originals = Sampler(pictures.where(lambda p: p.label == 0 and p.part(HELD_OUT) != 0))
    torch.manual_seed(seed)
    model.train().to(memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.GroupNorm):
            module.reset_parameters()
    apart = max(1, settings.steps // 10)
    optimiser = torch.optim.AdamW(model.parameters(), lr=settings.lr, betas=(0.9, 0.99), weight_decay=1e-4)
    for step in range(settings.steps):
        for group in optimiser.param_groups:
            warm, cooled = min(1.0, (step + 1) / 50), 0.5 * (1 + math.cos(math.pi * step / settings.steps))
            group["lr"] = settings.lr * warm * (0.02 + 0.98 * cooled)
        pixels = _batch(originals, np.random.default_rng([seed, step]), settings.batch, settings.tile)
        loss = reconstruction_loss(model(pixels), pixels)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % LOG_STEPS == 0:
            logger.info("auto-encoder, step %d of %d, loss %.4f", step + 1, settings.steps, float(loss.detach()))
        left = settings.steps - step - 1
        if left % apart == 0 and left // apart < settings.states:
            yield model


def _batch(originals: Sampler, rng: np.random.Generator, n: int, tile: int) -> torch.Tensor:
    crops = np.stack([originals.crop(rng, tile) for _ in range(n)])
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255.0
    return pixels.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def _psnr(model: Autoencoder, pictures: Pictures, tile: int) -> float:
    """Return the mean peak signal-to-noise ratio in dB on originals that no auto-encoder is trained on."""
    held_out = pictures.where(lambda p: p.label == 0 and p.part(HELD_OUT) == 0)
    if not held_out:  # a folder of a few pictures
        held_out = pictures.where(lambda p: p.label == 0)
    pixels = _batch(Sampler(held_out), np.random.default_rng(0), MEASURED, tile)
    errors = (model.eval()(pixels).clamp(0, 1) - pixels).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return float((-10 * errors.log10()).mean())
