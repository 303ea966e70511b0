"""What the networks answer to one picture, before anything is judged: views, scores, and the map of one branch."""

from dataclasses import dataclass

import numpy as np

from forensics.errors import ModelError
from forensics.evidence.record import Evidence
from forensics.judgement.suitability import too_small
from forensics.messages import Message
from forensics.models.companion import Companion
from forensics.models.execution.modes import Computation
from forensics.models.localising import MapSum
from forensics.models.weights import LoadedWeights
from forensics.records.progress import Watch
from forensics.reproducibility import deterministic
from forensics.scores import BranchScores, Localisation
from forensics.views import FixedFrame, Plan, plan_views

__all__ = ["Answer", "look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the networks answered.

    Parameters
    ----------
    scores : BranchScores or None
        None if the picture is too small or flat, so that no network looked at it.
    localisation : Localisation or None
    caveats : tuple of Message
        What of the picture was not looked at, or not as it is.
    """

    scores: BranchScores | None = None
    localisation: Localisation | None = None
    caveats: tuple[Message, ...] = ()


def look(
    evidence: Evidence,
    *,
    weights: LoadedWeights,
    computation: Computation,
    companion: Companion,
    localise: bool,
    watch: Watch,
) -> Answer:
    """Return what the networks answer to a picture.

    Parameters
    ----------
    evidence : Evidence
        With pixels.
    weights : LoadedWeights
    computation : Computation
    companion : Companion
    localise : bool
        Whether to make a map, if a branch has one.
    watch : Watch
        Told of every view, and stops the work when asked to.

    Raises
    ------
    ModelError
        The networks give numbers that are not finite.
    Cancelled
    """
    if too_small(evidence):
        return Answer()
    pixels = evidence.require_pixels()
    plan = plan_views(pixels, weights.manifest.scheme)
    if not plan.names:
        return Answer(caveats=_caveats(plan))
    watch.begin(len(plan.names))
    with deterministic():
        logits, maps = computation.engine.look(pixels, plan, step=watch.step)
    if not np.all(np.isfinite(logits)):
        raise ModelError(Message("not_finite", {"name": evidence.name}))
    scores = BranchScores(
        branches=weights.ensemble.names, views=plan.names, logits=logits, boxes=plan.boxes, fusion=companion.fusion
    )
    localisation = None
    if maps and localise:
        branch, values = next(iter(maps.items()))
        place = MapSum(width=evidence.width, height=evidence.height)
        place.add(values, boxes=plan.boxes, turns=plan.turns, side=plan.scheme.size)
        localisation = Localisation(branch=branch, cell=place.cell, values=place.mean, measured=companion.maps)
    return Answer(scores=scores, localisation=localisation, caveats=(*_caveats(plan), *computation.caveats))


def _caveats(plan: Plan) -> tuple[Message, ...]:
    caveats = []
    if plan.seen < 1.0:
        caveats.append(Message("partly_seen", {"share": 100 * (1 - plan.seen)}))
    if plan.flat:
        caveats.append(Message("flat_tiles", {"n": plan.flat}))
    if isinstance(plan.scheme, FixedFrame) and plan.names:
        caveats.append(Message("resized", {"size": plan.scheme.size}))
    return tuple(caveats)
