"""Training of the auto-encoders whose reconstructions are a family of forgeries, before the detector is trained.

Each is written to a file of its own when it is done, so that a run that was killed trains at most one anew.
"""

import logging
import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from forensics.training.config import AutoencoderConfig, Config
from forensics.training.makers import MAKERS, Maker
from forensics.training.makers.reconstruction import Autoencoder, Reconstruction, reconstruction_loss
from forensics.training.pairs import PictureSampler
from forensics.training.pictures import Pictures

__all__ = ["RECONSTRUCTION", "makers_for", "train_autoencoder"]

logger = logging.getLogger(__name__)

RECONSTRUCTION = "reconstruction"
LEAST_PSNR = 26.0  # dB on held-out crops; below it a decoder is told by what it lost, not by how it draws
HELD_OUT = 10  # one picture in ten is kept for that measurement
MEASURED = 32  # crops
LOG_STEPS = 50


def makers_for(config: Config, pictures: Pictures, folder: Path) -> Mapping[str, Maker]:
    """Return the makers that a configuration names; its auto-encoders are trained if `folder` does not hold them.

    Parameters
    ----------
    config : Config
    pictures : Pictures
        The training side; its originals are what is reconstructed.
    folder : path
        Where ``autoencoder-K.safetensors`` lie or are written.

    Raises
    ------
    ValueError
        The configuration names ``reconstruction`` without describing auto-encoders, or none of them became good enough.
    """
    makers = {name: MAKERS[name] for name in MAKERS.names()}
    if not config.forgeries.shares.get(RECONSTRUCTION):
        return makers
    settings = config.autoencoders
    if not settings.specs:
        raise ValueError("forgeries.shares.reconstruction needs [[autoencoders.specs]]. Describe at least one.")
    good = []
    for k, spec in enumerate(settings.specs):
        path = folder / f"autoencoder-{k}.safetensors"
        model = Autoencoder(spec)
        if path.is_file():
            model.load_state_dict(load_file(path))
        else:
            train_autoencoder(model, settings, pictures, seed=config.seed + k)
            folder.mkdir(parents=True, exist_ok=True)
            partial = path.with_suffix(".partial")
            save_file({key: value.contiguous() for key, value in model.state_dict().items()}, str(partial))
            partial.replace(path)
        psnr = _psnr(model, pictures, settings.tile)
        logger.info("auto-encoder %d (%s): %.1f dB on held-out crops", k, spec.upsampling, psnr)
        if psnr >= LEAST_PSNR:
            good.append(model)
    return {**makers, RECONSTRUCTION: Reconstruction(good)}


def train_autoencoder(model: Autoencoder, settings: AutoencoderConfig, pictures: Pictures, *, seed: int) -> None:
    """Train one auto-encoder in place on originals; the same result for the same seed and machine."""
    originals = PictureSampler(pictures.where(lambda p: p.label == 0 and p.part(HELD_OUT) != 0))
    torch.manual_seed(seed)
    model.train().to(memory_format=torch.channels_last)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.GroupNorm):
            module.reset_parameters()
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


def _batch(originals: PictureSampler, rng: np.random.Generator, n: int, tile: int) -> torch.Tensor:
    crops = np.stack([originals.crop(rng, tile) for _ in range(n)])
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() / 255.0
    return pixels.contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def _psnr(model: Autoencoder, pictures: Pictures, tile: int) -> float:
    """Return the mean peak signal-to-noise ratio in dB on originals that no auto-encoder is trained on."""
    held_out = pictures.where(lambda p: p.label == 0 and p.part(HELD_OUT) == 0)
    if not held_out:  # a folder of a few pictures
        held_out = pictures.where(lambda p: p.label == 0)
    pixels = _batch(PictureSampler(held_out), np.random.default_rng(0), MEASURED, tile)
    errors = (model.eval()(pixels).clamp(0, 1) - pixels).square().mean(dim=(1, 2, 3)).clamp_min(1e-10)
    return float((-10 * errors.log10()).mean())
