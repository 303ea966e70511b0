"""From a configuration to its makers and its stream of pairs: what is trained or made beforehand is, once."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from forensics.training.autoencoders import autoencoder_files, trained_autoencoders
from forensics.training.bank import fill_bank
from forensics.training.config import Config, digest_of
from forensics.training.makers import MAKERS, Maker
from forensics.training.makers.reconstruction import Reconstruction
from forensics.training.makers.redrawing import Redrawing
from forensics.training.pairs import PairStream
from forensics.training.pictures import Pictures
from forensics.training.sampling import Sampler

__all__ = ["makers_for", "makers_there", "stream_for"]

RECONSTRUCTION, REDRAWING = "reconstruction", "redrawing"


def makers_for(config: Config, pictures: Pictures, folder: Path) -> Mapping[str, Maker]:
    """Return the registered makers, and those that draw with auto-encoders if a configuration gives one a share.

    Parameters
    ----------
    config : Config
    pictures : Pictures
        The training side.
    folder : path
        Of the run; auto-encoders that it lacks are trained and written there.

    Raises
    ------
    ValueError
        The configuration gives such a share without describing auto-encoders, or none of them became good enough.
    """
    makers = _registered()
    if _draws(config):
        reconstruction = Reconstruction(trained_autoencoders(config, pictures, folder))
        makers |= {RECONSTRUCTION: reconstruction, REDRAWING: Redrawing(reconstruction)}
    return makers


def makers_there(config: Config, pictures: Pictures, folder: Path) -> Mapping[str, Maker]:
    """Return the makers as `makers_for` does, but train nothing: what the folder of the run lacks is left out."""
    if _draws(config) and not all(path.is_file() for path in autoencoder_files(config, folder)):
        return _registered()
    return makers_for(config, pictures, folder)


def _registered() -> dict[str, Maker]:
    return {name: MAKERS[name] for name in MAKERS.names()}


def _origin(config: Config) -> str:
    """Return a digest of what the forgeries of a bank depend on beside the code: another one gets a bank of its own."""
    parts = {"seed": config.seed, "data": asdict(config.data), "autoencoders": asdict(config.autoencoders)}
    return digest_of(parts)[:16]


def _draws(config: Config) -> bool:
    return any(config.forgeries.shares.get(name) for name in (RECONSTRUCTION, REDRAWING))


def stream_for(
    config: Config, pictures: Pictures, folder: Path, *, grows: bool = False, workers: int = 0
) -> PairStream:
    """Return the stream of pairs of a configuration.

    Parameters
    ----------
    config : Config
    pictures : Pictures
        The training side.
    folder : path
        Of the run; its auto-encoders and banks are made if they are not there.
    grows : bool
        Whether it begins easily, as for training step by step; else all families and all post-processing from the start.
    workers : int
        Processes that fill the banks.
    """
    forgeries = config.forgeries
    items = config.optimiser.steps * config.optimiser.pairs if grows else 0
    makers = makers_for(config, pictures, folder)
    reals = Sampler(pictures.where(lambda p: p.label == 0))
    wanted = {family: n for family, n in forgeries.banked.items() if forgeries.shares.get(family)}
    banks = fill_bank(makers, reals, folder / f"bank-{_origin(config)}", n=wanted, seed=config.seed, workers=workers)
    return PairStream(
        pictures,
        seed=config.seed,
        shares=forgeries.shares,
        independent=forgeries.independent,
        ramp=round(forgeries.ramp * items),
        joining=round(forgeries.joining * items),
        makers=makers,
        banks=banks,
    )
