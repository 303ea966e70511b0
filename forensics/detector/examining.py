"""Examining: what a detector does with a picture, and the record of how it was done."""

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from functools import partial
from threading import Event
from typing import Literal, TypeAlias

import torch

from forensics.calibration import Card
from forensics.calibration.likelihood import ENFSI_2015, Propositions, VerbalScale
from forensics.detector.finding import Finding
from forensics.detector.looking import Answer, look
from forensics.detector.pictures import ErrorRow, Picture, identity_of, load_picture, name_of
from forensics.errors import ForensicsError
from forensics.evidence.credentials.trust_list import TrustList
from forensics.evidence.record import Evidence, Limits
from forensics.judgement.deliveries import DELIVERIES, HARMLESS, RECEIVED, Delivery, deliver
from forensics.judgement.robustness import DeliveredScore, Robustness
from forensics.judgement.rules import Judgement, after_processing, decided, judge_picture
from forensics.judgement.suitability import MIN_SIDE
from forensics.messages import Message
from forensics.models.companion import Companion
from forensics.models.execution.modes import Computation, Mode, exact_computation
from forensics.models.weights import LoadedWeights
from forensics.records.converting import to_record
from forensics.records.progress import Watch, tracked
from forensics.reproducibility import RunRecord, record_run, utc_now
from forensics.scores import BranchScores
from forensics.views import Tiles

__all__ = ["PANELS", "Detector", "ErrorRow", "Panel"]

Panel: TypeAlias = Literal["quick", "full", "none"]
PANELS: dict[Panel, tuple[str, ...]] = {"quick": HARMLESS, "full": tuple(DELIVERIES), "none": ()}


class Detector:
    """Branches with their weights, ready to examine pictures.

    Made by `load_detector`. Examining alters neither the evidence nor the detector, and the scores of a picture
    depend on nothing but its bytes, the weights and the machine.

    Parameters
    ----------
    weights : LoadedWeights
    device : torch.device
    computation : Computation, optional
        How scores are computed; in the plain way if not given. See `forensics.models.execution.modes`.
    companion : Companion, optional
        The fitted joint judgement, and what was measured of the maps.
    localise : bool
        Whether findings hold a map of where the picture looks forged, if a branch makes one.
    scale : VerbalScale
        The words in force: a likelihood ratio for which it has no word of support supports nothing.
    """

    def __init__(
        self,
        weights: LoadedWeights,
        *,
        device: torch.device,
        computation: Computation | None = None,
        companion: Companion | None = None,
        localise: bool = True,
        scale: VerbalScale = ENFSI_2015,
    ) -> None:
        self.weights = weights
        self.companion = companion or Companion(weights_sha256=weights.sha256)
        self.localise = localise
        self.device = device
        self.ensemble = weights.ensemble
        self.computation = computation or exact_computation(self.ensemble, device=device)
        self.calibration: Card | None = None
        self.scale = scale

    def __repr__(self) -> str:
        manifest = self.weights.manifest
        return (
            f"Detector({manifest.name!r}, branches={list(manifest.branches)}, views={manifest.scheme.kind!r}, "
            f"device='{self.device}', mode={self.mode!r}, calibrated={self.calibration is not None})"
        )

    @property
    def branches(self) -> tuple[str, ...]:
        """Branch names, in order."""
        return self.ensemble.names

    @property
    def sha256(self) -> str:
        """Digest of all that a score depends on beside the picture and the machine: weights, joint judgement, views.

        What a calibration card is made for.
        """
        fusion = self.companion.fusion
        scheme = self.weights.manifest.scheme
        parts = {"weights": self.weights.sha256, "fusion": to_record(fusion), "views": to_record(scheme)}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def mode(self) -> Mode:
        """``exact`` or ``fast``."""
        return self.computation.mode

    def examine(
        self,
        picture: Picture,
        *,
        limits: Limits | None = None,
        trust: TrustList | None = None,
        now: datetime | None = None,
        robustness: Panel = "quick",
        progress: Callable[[int, int], None] | None = None,
        cancel: Event | None = None,
    ) -> Finding:
        """Examine one picture.

        Parameters
        ----------
        picture : path, bytes or Evidence
        limits : Limits, optional
            For loading a path or bytes.
        trust : TrustList, optional
            Whose signatures under content credentials are trusted.
        now : datetime, optional
            The clock of the record, aware; the present if not given.
        robustness : {"quick", "full", "none"}
            Which copies of the picture to examine too. ``quick``: the two harmless ones, if the outcome would be on a side,
            so that it can be taken back; ``full``: all of `forensics.judgement.deliveries.DELIVERIES`, which takes about ten times as
            long; ``none``: no copy, and an outcome that nothing could take back.
        progress : callable, optional
            Called with (done, total) from the threads that compute.
        cancel : threading.Event, optional
            Set by another thread to stop before the next view.

        Returns
        -------
        Finding

        Raises
        ------
        Cancelled
            `cancel` was set.
        EvidenceError
            The file cannot be read as a picture.
        ValueError
            There is no such panel.
        """
        if robustness not in PANELS:
            raise ValueError(f"robustness must be one of {', '.join(PANELS)}, got {robustness!r}.")
        evidence = load_picture(picture, limits=limits, trust=trust)
        watch = Watch(1 + len(PANELS[robustness]), progress=progress, cancel=cancel)
        answer = self._look(evidence, watch)
        judgement = self._judge(evidence, answer.scores)
        panel = None
        if answer.scores is not None and (robustness == "full" or decided(judgement.outcome)) and PANELS[robustness]:
            received = _delivered(RECEIVED, RECEIVED, answer.scores, judgement)
            copies = (self._examine_copy(evidence, DELIVERIES[name], watch) for name in PANELS[robustness])
            panel = Robustness(received=received, copies=tuple(copies))
        judgement = after_processing(judgement, panel)
        watch.finish()
        return Finding(
            evidence=evidence,
            scores=answer.scores,
            outcome=judgement.outcome,
            reasons=judgement.reasons,
            lr=judgement.lr,
            caveats=(*answer.caveats, *judgement.caveats),
            propositions=Propositions() if self.calibration is None else self.calibration.propositions,
            localisation=answer.localisation,
            robustness=panel,
            run=self.run_record(robustness=robustness, now=now),
        )

    def _look(self, evidence: Evidence, watch: Watch) -> Answer:
        return look(
            evidence,
            weights=self.weights,
            computation=self.computation,
            companion=self.companion,
            localise=self.localise,
            watch=watch,
        )

    def score(self, evidence: Evidence) -> BranchScores | None:
        """Return the scores of a picture without judging them; None if it is unsuitable for scoring."""
        return self._look(evidence, Watch(1)).scores

    def _judge(self, evidence: Evidence, scores: BranchScores | None) -> Judgement:
        log_odds = None if scores is None else scores.log_odds
        return judge_picture(
            evidence, log_odds, card=self.calibration, scale=self.scale, withdrawn=self.companion.withdrawn
        )

    def _examine_copy(self, evidence: Evidence, delivery: Delivery, watch: Watch) -> DeliveredScore:
        copy = deliver(evidence, delivery.name)
        scores = self._look(copy, watch).scores
        return _delivered(delivery.title, delivery.done, scores, self._judge(copy, scores))

    def examine_many(
        self,
        pictures: Iterable[Picture],
        *,
        batch_size: int = 1,
        progress: bool = False,
        limits: Limits | None = None,
        trust: TrustList | None = None,
        now: datetime | None = None,
        robustness: Panel = "quick",
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
        limits, trust, now, robustness
            As in `examine`.

        Yields
        ------
        Finding or ErrorRow
        """
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}. Leave it out for the default.")
        if robustness not in PANELS:
            raise ValueError(f"robustness must be one of {', '.join(PANELS)}, got {robustness!r}.")
        shown = tracked(pictures, "Examining") if progress else pictures
        return self._examine_each(
            shown,
            ahead=batch_size - 1,
            load=partial(load_picture, limits=limits, trust=trust),
            now=now,
            robustness=robustness,
        )

    def _examine_each(
        self,
        pictures: Iterable[Picture],
        *,
        ahead: int,
        load: Callable[[Picture], Evidence],
        now: datetime | None,
        robustness: Panel,
    ) -> Iterator[Finding | ErrorRow]:
        with ThreadPoolExecutor(max_workers=1) as reader:
            waiting: deque[tuple[Picture, Future[Evidence]]] = deque()
            for picture in pictures:
                waiting.append((picture, reader.submit(load, picture)))
                if len(waiting) > ahead:
                    yield self._row(*waiting.popleft(), now=now, robustness=robustness)
            while waiting:
                yield self._row(*waiting.popleft(), now=now, robustness=robustness)

    def _row(
        self, picture: Picture, loading: Future[Evidence], *, now: datetime | None, robustness: Panel
    ) -> Finding | ErrorRow:
        try:
            return self.examine(loading.result(), now=now, robustness=robustness)
        except ForensicsError as error:
            digest, n_bytes = identity_of(picture)
            return ErrorRow(name=name_of(picture), error=error, sha256=digest, n_bytes=n_bytes)

    def run_record(self, *, robustness: Panel = "quick", now: datetime | None = None) -> RunRecord:
        """Return what is needed to repeat an examination, as findings of this detector hold it."""
        manifest = self.weights.manifest
        files = {f"file {name}": digest for name, digest in self.weights.files.items()}
        networks_of_timm = any(spec.architecture == "timm" for spec in manifest.branches.values())
        by_openvino = self.computation.backend == "openvino"
        looks_for_faces = self.calibration is not None
        return record_run(
            now=now or utc_now(),
            weights={"name": manifest.name, "sha256": self.weights.sha256, "licence": manifest.licence, **files},
            settings=self._settings(robustness),
            device=str(self.device),
            also=("openvino",) * by_openvino
            + ("timm",) * networks_of_timm
            + ("scikit-image", "scipy") * looks_for_faces,
        )

    def _settings(self, robustness: Panel) -> dict[str, str | int | float | bool | None]:
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
            "calibration_sha256": None if self.calibration is None else self.calibration.sha256,
            "scale": f"{self.scale.name}, version {self.scale.version}",
            "scale_sha256": self.scale.sha256,
            "robustness": robustness,
        }


def _delivered(title: Message, done: Message, scores: BranchScores | None, judgement: Judgement) -> DeliveredScore:
    lr = judgement.lr
    return DeliveredScore(
        delivery=title.text,
        text=done.text,
        score=None if scores is None else scores.score,
        llr=None if lr is None else lr.llr,
        outcome=judgement.outcome,
        stratum="" if lr is None else lr.stratum,
    )
