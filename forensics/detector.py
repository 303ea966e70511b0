"""Evidence in, finding out: the one place where loading, views, networks and judgement meet."""

import logging
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import torch

from forensics.errors import ForensicsError, ModelError, WeightsMismatchError
from forensics.models.companion import FILE_NAME, Companion, read_companion
from forensics.models.fast import MODES, Computation, Mode, plain, prepare
from forensics.models.localising import MapSum
from forensics.models.weights import LoadedWeights, read_weights
from forensics.reproducibility import deterministic, record_run, utc_now
from forensics.types import BranchScores, Caveat, Evidence, Finding, Limits, Localisation
from forensics.views import FixedFrame, Plan, Tiles, plan_views

__all__ = ["Detector", "ErrorRow", "load_detector", "starter_files"]

logger = logging.getLogger(__name__)

Picture: TypeAlias = str | PathLike[str] | bytes | Evidence
WeightsSource: TypeAlias = str | PathLike[str] | Mapping[str, str | PathLike[str]]

MIN_SIDE = 64  # pixels; below it one tile is mostly padding, and nothing was validated there
ASSETS = Path(__file__).parent / "assets"
UNCALIBRATED = (
    "No calibration card is loaded, so the score has no known meaning as evidence; "
    "it may only be used to decide what to look at more closely."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """A picture that could not be examined: what `Detector.examine_many` yields in its place.

    Parameters
    ----------
    name : str
        The path or name as given.
    error : ForensicsError
        Its message names the file, the reason and the next step.
    """

    name: str
    error: ForensicsError


class Detector:
    """Branches with their weights, ready to examine pictures.

    Made by `load_detector`. Examining alters neither the evidence nor the detector, and the scores of a picture
    depend on nothing but its bytes, the weights and the machine.

    Parameters
    ----------
    weights : LoadedWeights
    device : torch.device
    computation : Computation, optional
        How scores are computed; in the plain way if not given. See `forensics.models.fast`.
    companion : Companion, optional
        The fitted joint judgement, and what was measured of the maps.
    localise : bool
        Whether findings hold a map of where the picture looks forged, if a branch makes one.
    """

    def __init__(
        self,
        weights: LoadedWeights,
        *,
        device: torch.device,
        computation: Computation | None = None,
        companion: Companion | None = None,
        localise: bool = True,
    ) -> None:
        self.weights = weights
        self.companion = companion or Companion(weights_sha256=weights.sha256)
        self.localise = localise
        self.device = device
        self.ensemble = weights.ensemble
        self.computation = computation or plain(self.ensemble, device=device)

    def __repr__(self) -> str:
        manifest = self.weights.manifest
        return (
            f"Detector({manifest.name!r}, branches={list(manifest.branches)}, views={manifest.scheme.kind!r}, "
            f"device='{self.device}', mode={self.mode!r})"
        )

    @property
    def branches(self) -> tuple[str, ...]:
        """Branch names, in order."""
        return self.ensemble.names

    @property
    def mode(self) -> Mode:
        """``exact`` or ``fast``."""
        return self.computation.mode

    def examine(self, picture: Picture, *, limits: Limits | None = None, now: datetime | None = None) -> Finding:
        """Examine one picture.

        Parameters
        ----------
        picture : path, bytes or Evidence
        limits : Limits, optional
            For loading a path or bytes.
        now : datetime, optional
            The clock of the record, aware; the present if not given.

        Returns
        -------
        Finding
            `outcome` is ``uncalibrated``, or ``unsuitable`` for a picture that cannot be scored.

        Raises
        ------
        EvidenceError
            The file cannot be read as a picture.
        """
        evidence = _evidence(picture, limits)
        plan = None if min(evidence.width, evidence.height) < MIN_SIDE else self._plan(evidence)
        scores, localisation = self._score(evidence, plan) if plan is not None and plan.names else (None, None)
        caveats = [] if plan is None else _plan_caveats(plan)
        if scores is None:
            reason = (
                f"The short side has {min(evidence.width, evidence.height)} pixels; at least {MIN_SIDE} are needed."
                if plan is None
                else "Every part of the picture is flat; there is nothing in which traces could be found."
            )
        else:
            reason = UNCALIBRATED
            caveats += self.computation.caveats
            caveats.append(Caveat(code="not_calibrated", text=UNCALIBRATED))
        return Finding(
            evidence=evidence,
            scores=scores,
            outcome="uncalibrated" if scores is not None else "unsuitable",
            reason=reason,
            caveats=tuple(caveats),
            localisation=localisation,
            run=record_run(
                now=now or utc_now(),
                weights=self._weights_record(),
                settings=self._settings(),
                device=str(self.device),
                also=self._also(),
            ),
        )

    def examine_many(
        self,
        pictures: Iterable[Picture],
        *,
        batch_size: int = 1,
        progress: bool = False,
        limits: Limits | None = None,
        now: datetime | None = None,
    ) -> Iterator[Finding | ErrorRow]:
        """Examine pictures one after another, in the order given.

        A generator: `batch_size` pictures are in memory at most. A picture that cannot be examined becomes an
        `ErrorRow`, and the next one is taken.

        Parameters
        ----------
        pictures : iterable of path, bytes or Evidence
        batch_size : int
            Pictures in memory at most, at least 1; those after the first are decoded while it is examined. No number
            depends on it: views are cut into passes picture by picture, always in the same way.
        progress : bool
            Show a progress bar on stderr or in the notebook.
        limits, now
            As in `examine`.

        Yields
        ------
        Finding or ErrorRow
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}. Leave it out for the default.")
        return self._examine_each(pictures, ahead=batch_size - 1, progress=progress, limits=limits, now=now)

    def _examine_each(
        self, pictures: Iterable[Picture], *, ahead: int, progress: bool, limits: Limits | None, now: datetime | None
    ) -> Iterator[Finding | ErrorRow]:
        with ThreadPoolExecutor(max_workers=1) as reader:
            waiting: deque[tuple[Picture, Future[Evidence]]] = deque()
            for picture in _with_progress(pictures) if progress else pictures:
                waiting.append((picture, reader.submit(_evidence, picture, limits)))
                if len(waiting) > ahead:
                    yield self._row(*waiting.popleft(), now=now)
            while waiting:
                yield self._row(*waiting.popleft(), now=now)

    def _row(self, picture: Picture, loading: Future[Evidence], *, now: datetime | None) -> Finding | ErrorRow:
        try:
            return self.examine(loading.result(), now=now)
        except ForensicsError as error:
            return ErrorRow(name=_name(picture), error=error)

    def _plan(self, evidence: Evidence) -> Plan:
        return plan_views(evidence.require_pixels(), self.weights.manifest.scheme)

    def _score(self, evidence: Evidence, plan: Plan) -> tuple[BranchScores, Localisation | None]:
        pixels = evidence.require_pixels()
        with deterministic():
            logits, maps = self.computation.engine.look(pixels, plan)
        if not np.all(np.isfinite(logits)):
            raise ModelError(
                f"the networks gave logits that are not finite for {evidence.name}. "
                "Check the weights with 'forensics weights verify'."
            )
        scores = BranchScores(
            branches=self.branches, views=plan.names, logits=logits, boxes=plan.boxes, fusion=self.companion.fusion
        )
        if not maps or not self.localise:
            return scores, None
        branch, values = next(iter(maps.items()))
        place = MapSum(width=evidence.width, height=evidence.height)
        place.add(values, boxes=plan.boxes, turns=plan.turns, side=plan.scheme.size)
        return scores, Localisation(branch=branch, cell=place.cell, values=place.mean, measured=self.companion.maps)

    def _weights_record(self) -> dict[str, str]:
        manifest = self.weights.manifest
        files = {f"file {name}": digest for name, digest in self.weights.files.items()}
        return {"name": manifest.name, "sha256": self.weights.sha256, "licence": manifest.licence, **files}

    def _also(self) -> tuple[str, ...]:
        """Return the packages that take part in some detectors only."""
        networks_of_timm = any(spec.architecture == "timm" for spec in self.weights.manifest.branches.values())
        by_openvino = self.computation.backend == "openvino"
        return ("openvino",) * by_openvino + ("timm",) * networks_of_timm

    def _settings(self) -> dict[str, str | int | float | bool | None]:
        scheme = self.weights.manifest.scheme
        views: dict[str, str | int | float | bool | None] = {"views": scheme.kind, "view_size": scheme.size}
        if isinstance(scheme, Tiles):
            views |= {"turns": ", ".join(scheme.turns), "tones": ", ".join(scheme.tones)}
            views |= {"stride": scheme.stride, "max_tiles": scheme.max_tiles}
        return {
            **views,
            "joint_judgement": "mean over views of the softmax, then mean over branches"
            if self.companion.fusion is None
            else "fitted sum of the branches' log-odds",
            **self.computation.settings,
            "threads": torch.get_num_threads(),
            "min_side": MIN_SIDE,
        }


def load_detector(
    weights: WeightsSource | None = None,
    *,
    mode: Mode = "exact",
    device: str | None = None,
    localise: bool = True,
    judgement: Literal["fitted", "mean"] = "fitted",
    views: Tiles | None = None,
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

    Raises
    ------
    ModelError
        There is no such file, mode or device; the mode is not within its tolerance on this machine; or `views` for weights that look at the whole picture in a frame.
    WeightsMismatchError
        A file is damaged, foreign or does not fit; the message names the keys.

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
    return Detector(loaded, device=place, computation=computation, companion=companion, localise=localise)


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
    folder = ASSETS if weights is None else None if isinstance(weights, Mapping) else Path(weights)
    if folder is None or not (folder / FILE_NAME).is_file():
        return Companion(weights_sha256=loaded.sha256)
    companion = read_companion(folder / FILE_NAME)
    if companion.weights_sha256 != loaded.sha256:
        raise WeightsMismatchError(
            f"{FILE_NAME} belongs to weights {companion.weights_sha256}, these are {loaded.sha256}. "
            "Get the weights folder again, or remove that file to use the plain mean."
        )
    return companion


def _device(name: str | None) -> torch.device:
    try:
        device = torch.device(name or "cpu")
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as err:
        reason = str(err).splitlines()[0]
        raise ModelError(f"the device {name!r} cannot be used: {reason}. Use device='cpu'.") from err
    return device


def _evidence(picture: Picture, limits: Limits | None) -> Evidence:
    if isinstance(picture, Evidence):
        return picture
    if isinstance(picture, bytes | bytearray | memoryview):
        return Evidence.from_bytes(bytes(picture), limits=limits)
    if not isinstance(picture, str | PathLike):
        raise TypeError(f"expected a path, bytes or Evidence, got {type(picture).__name__}")
    return Evidence.from_file(picture, limits=limits)


def _name(picture: Picture) -> str:
    if isinstance(picture, Evidence):
        return picture.name
    return str(picture) if isinstance(picture, str | PathLike) else "unnamed"


def _plan_caveats(plan: Plan) -> list[Caveat]:
    caveats = []
    if plan.seen < 1.0:
        caveats.append(
            Caveat(
                code="partly_seen",
                text=f"The picture is larger than the tile cap covers: {100 * (1 - plan.seen):.1f} % of its pixels "
                "lay between the tiles and were not looked at.",
            )
        )
    if plan.flat:
        caveats.append(
            Caveat(
                code="flat_tiles",
                text=f"{plan.flat} tiles without structure (sky, wall, black) were left out.",
            )
        )
    if isinstance(plan.scheme, FixedFrame) and plan.names:
        caveats.append(
            Caveat(
                code="resized",
                text=f"The published view scheme resizes the picture to {plan.scheme.size} x {plan.scheme.size} and "
                "cuts parts of turned views; fine traces may be lost.",
            )
        )
    return caveats


def _with_progress(pictures: Iterable[Picture]) -> Iterator[Picture]:
    from rich.console import Console
    from rich.progress import track

    total = len(pictures) if isinstance(pictures, Sized) else None
    return iter(track(pictures, description="Examining", total=total, console=Console(file=sys.stderr)))
