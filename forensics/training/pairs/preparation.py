"""Makers and stream of pairs of a configuration; auto-encoders that a maker draws with are trained first, once."""

from collections.abc import Mapping
from pathlib import Path

from forensics.evaluation.labelled import Pictures
from forensics.training.config import Config
from forensics.training.makers import MAKERS, Maker
from forensics.training.makers.autoencoders import autoencoder_files, trained_autoencoders
from forensics.training.makers.reconstruction import Reconstruction
from forensics.training.makers.redrawing import Redrawing
from forensics.training.pairs.stream import PairStream

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


def _draws(config: Config) -> bool:
    return any(config.forgeries.shares.get(name) for name in (RECONSTRUCTION, REDRAWING))


def stream_for(config: Config, pictures: Pictures, folder: Path) -> PairStream:
    """Return the stream of pairs of a configuration.

    Parameters
    ----------
    config : Config
    pictures : Pictures
        The training side.
    folder : path
        Of the run; its auto-encoders are made if they are not there.
    """
    forgeries = config.forgeries
    return PairStream(
        pictures,
        seed=config.seed,
        shares=forgeries.shares,
        independent=forgeries.independent,
        makers=makers_for(config, pictures, folder),
    )
