"""From files of weights to a detector: networks, joint judgement and calibration, each refused if it belongs to others."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

import torch

from forensics.calibration import Card, read_card
from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
from forensics.detector.examining import Detector
from forensics.errors import ModelError, WeightsMismatchError
from forensics.judgement.rules import WITHDRAWALS
from forensics.models.companion import FILE_NAME, Companion, read_companion
from forensics.models.execution.modes import MODES, Mode, prepare
from forensics.models.weights import LoadedWeights, read_weights
from forensics.views import Tiles

__all__ = ["CARD_NAME", "load_detector", "starter_files"]

WeightsSource: TypeAlias = str | PathLike[str] | Mapping[str, str | PathLike[str]]

ASSETS = Path(__file__).parent.parent / "assets"
CARD_NAME = "calibration.json"  # beside the weights that it is for
NO_CARD = "none"


def load_detector(
    weights: WeightsSource | None = None,
    *,
    mode: Mode = "exact",
    device: str | None = None,
    localise: bool = True,
    judgement: Literal["fitted", "mean"] = "fitted",
    views: Tiles | None = None,
    calibration: str | PathLike[str] | Card | None = None,
    scale: VerbalScale = ENFSI_2015,
) -> Detector:
    """Load a detector.

    Parameters
    ----------
    weights : path, or mapping of branch name to path, optional
        The starter ensemble shipped with the package if not given; else a ``.safetensors`` file of ours or a
        folder of them, or DeepFakeDefenders checkpoints: one merged file, or
        ``{"convnext": "a.pth", "replknet": "b.pth"}``.
    mode : {"exact", "fast"}
        ``exact``: float32, reproducible bit for bit on one machine. ``fast``: a score may differ by up to 0.01, and an
        ordinary computer needs half the time or less; needs ``pip install 'forensics[fast]'`` to be at its best.
    device : str, optional
        Such as ``"cpu"`` or ``"cuda"``; the CPU if not given, because evidence-grade runs are made there.
    localise : bool
        Whether findings hold a map of where the picture looks forged, if a branch makes one.
    judgement : {"fitted", "mean"}
        The joint judgement: the fitted one where the weights bring it, or the plain mean over views and branches.
    views : Tiles, optional
        Which views of each tile to look at, instead of those that the weights name: other turns, brightness, contrast.
    calibration : path or Card, optional
        The calibration card, made by ``forensics calibrate`` for these weights; ``"none"`` for none. If not given, the one
        that lies beside the weights, unless `judgement` or `views` say otherwise than it was made for.
    scale : VerbalScale
        The words in force for likelihood ratios: where they have none of support, an outcome supports nothing. Reports of the
        findings use the same.

    Raises
    ------
    ModelError
        There is no such file, mode or device; the mode is not within its tolerance on this machine; or `views` for weights that look at the whole picture in a frame.
    WeightsMismatchError
        A file is damaged, foreign or does not fit; the message names the keys.
    CalibrationError
        The card is damaged, edited or made for another detector.

    Examples
    --------
    >>> detector = load_detector()
    >>> detector.branches
    ('convnext', 'replknet', 'statistics')
    """
    if mode not in MODES:
        raise ModelError(f"there is no mode {mode!r}. Use one of {', '.join(MODES)}.")
    if judgement not in ("fitted", "mean"):
        raise ModelError(f"there is no judgement {judgement!r}. Use 'fitted' or 'mean'.")
    loaded = read_weights(_source(weights))
    if views is not None:
        if not isinstance(loaded.manifest.scheme, Tiles):
            raise ModelError("these weights look at the whole picture in a frame, not at tiles. Leave out views.")
        loaded = replace(loaded, manifest=replace(loaded.manifest, scheme=views))
    companion = _companion(weights, loaded)
    if judgement == "mean":
        companion = replace(companion, fusion=None)
    place = _device(device)
    computation = prepare(loaded.ensemble, loaded.manifest.scheme, mode=mode, device=place, fusion=companion.fusion)
    detector = Detector(
        loaded, device=place, computation=computation, companion=companion, localise=localise, scale=scale
    )
    as_shipped = judgement == "fitted" and views is None
    detector.calibration = _card(calibration, weights, detector, as_shipped=as_shipped)
    return detector


def starter_files() -> list[Path]:
    """Return the weights files that ship with the package."""
    return sorted(ASSETS.glob("starter_*.safetensors"))


def _source(weights: WeightsSource | None) -> Path | dict[str, Path] | list[Path]:
    if weights is None:
        return starter_files()
    if isinstance(weights, Mapping):
        return {name: Path(path) for name, path in weights.items()}
    return Path(weights)


def _companion(weights: WeightsSource | None, loaded: LoadedWeights) -> Companion:
    """Return what lies beside the weights, if it belongs to them."""
    folder = _folder(weights)
    if folder is None or not (folder / FILE_NAME).is_file():
        return Companion(weights_sha256=loaded.sha256)
    companion = read_companion(folder / FILE_NAME)
    if companion.weights_sha256 != loaded.sha256:
        raise WeightsMismatchError(
            f"{FILE_NAME} belongs to weights {companion.weights_sha256}, these are {loaded.sha256}. "
            "Get the weights folder again, or remove that file to use the plain mean."
        )
    if companion.withdrawn and companion.withdrawn not in WITHDRAWALS:
        raise WeightsMismatchError(
            f"{FILE_NAME} withdraws these weights for a reason that this version does not know: {companion.withdrawn!r}. "
            f"Known are: {', '.join(WITHDRAWALS)}. Use the version of forensics that came with the weights."
        )
    return companion


def _folder(weights: WeightsSource | None) -> Path | None:
    """Return the folder that may hold more than weights."""
    if weights is None:
        return ASSETS
    return None if isinstance(weights, Mapping) or not Path(weights).is_dir() else Path(weights)


def _card(
    given: str | PathLike[str] | Card | None, weights: WeightsSource | None, detector: Detector, *, as_shipped: bool
) -> Card | None:
    """Return the calibration that was asked for or lies beside the weights, if it belongs to this detector."""
    if isinstance(given, str) and given == NO_CARD:
        return None
    folder = _folder(weights)
    beside = None if folder is None or not as_shipped else folder / CARD_NAME
    if given is None and (beside is None or not beside.is_file()):
        return None
    if given is not None and not isinstance(given, str | PathLike | Card):
        raise TypeError(
            f"calibration must be a path, a Card or 'none', got {type(given).__name__}. Leave it out for the card beside the weights."
        )
    card = given if isinstance(given, Card) else read_card(beside if given is None else given)  # type: ignore[arg-type]  # one of the two is there
    card.require(detector.sha256)
    return card


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or "cpu")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as err:
        reason = str(err).splitlines()[0]
        raise ModelError(f"the device {name!r} cannot be used: {reason}. Use device='cpu'.") from err
    return device
