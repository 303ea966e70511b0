"""The verb of the package: ask why a branch answered as it did on one view of a picture."""

import time
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Literal, TypeAlias, get_args

import numpy as np

from forensics.attribution.arguments import (
    Picture,
    branch_of,
    evidence_of,
    refuse_unused,
    unknown,
    whole_number,
)
from forensics.attribution.faithfulness import expected_passes, quick_checks, thorough_checks
from forensics.attribution.limits import stored_checks
from forensics.attribution.methods.baselines import SEED
from forensics.attribution.methods.catalogue import METHODS, REGIONS, Credit, Method, MethodOptions
from forensics.attribution.methods.explained_view import TARGETS, ExplainedView, Target, cut_view, on_evidence
from forensics.attribution.methods.preserving import preserved
from forensics.attribution.record import Attribution, Trust, TrustCheck
from forensics.detector import Detector
from forensics.detector.finding import Finding
from forensics.errors import AttributionError, UnknownNameError
from forensics.evidence.record import Evidence
from forensics.judgement.deliveries import deliver
from forensics.judgement.suitability import MIN_SIDE
from forensics.models.branch import Branch
from forensics.records.progress import Watch
from forensics.reproducibility import deterministic
from forensics.scores import BranchScores
from forensics.units import log_odds_from_logits
from forensics.views import Plan, plan_views

__all__ = ["Checks", "attribute"]

Checks: TypeAlias = Literal["quick", "full", "none"]
CHECKS: tuple[Checks, ...] = get_args(Checks)
STABILITY_COPY = "JPEG 95"  # the delivery whose explanation must be alike


def attribute(
    detector: Detector,
    picture: Picture,
    *,
    branch: str,
    view: str | int | None = None,
    method: str = "integrated_gradients",
    target: Target = "logit_difference",
    baseline: str | None = None,
    layer: str | None = None,
    regions: str | None = None,
    steps: int | None = None,
    trust: Checks = "quick",
    progress: Callable[[int, int], None] | None = None,
    cancel: Event | None = None,
) -> Attribution:
    """Return what one branch responded to on one view, with what was measured of the explanation itself.

    Always in float32 and from a fixed seed; the detector is left as it was found, also when this fails or is cancelled.
    It has more than eight parameters because each setting of a method is one, by its name in captum where it has one.

    Parameters
    ----------
    detector : Detector
    picture : Finding, Evidence, path or bytes
        With pixels. A path or bytes are read as `Detector.examine` reads them.
    branch : str
        One of ``detector.branches``.
    view : str or int, optional
        Name or number of a view; if not given, the one on which the branch's log-odds are highest, and then
        ``settings["view chosen"]`` and the caption of the map say so: it is the view most in favour of “fake”.
    method : str
        One of ``METHODS.names()``; `usable_methods` names those that a branch allows.
    target : {"logit_difference", "logit_fake", "logit_real"}
        What is explained: by default fake minus real, the log-odds of the branch on this view.
    baseline : str, optional
        What “nothing there” is: ``median_blur``, ``grey`` or ``noise``; for channel groups also ``zero``. The method's own if
        not given.
    layer : str, optional
        For Grad-CAM: the name of a module within the branch; the branch's last feature map if not given.
    regions : {"grid", "superpixels"}, optional
        For methods over regions; a grid if not given.
    steps : int, optional
        Steps of integrated gradients, samples of expected gradients, orders of Shapley values; the method's own number if not given.
    trust : {"quick", "full", "none"}
        Which checks to run on this picture. ``quick``: completeness, deletion and insertion, a copy saved again.
        ``full``: shuffled weights, infidelity and sensitivity too, which take several times as long.
    progress : callable, optional
        Called with (done, total) from this thread, at every view.
    cancel : threading.Event, optional
        When another thread sets it, `Cancelled` is raised at the next view.

    Returns
    -------
    Attribution

    Raises
    ------
    UnknownNameError
        No such branch, method, layer or view; the message names a near one.
    AttributionError
        The branch passes no gradients and the method needs them; the method has no use for a setting that was given; no such
        baseline, regions, target or set of checks; a number of steps below 1; or a view that is neither name nor number.
    EvidenceError
        The file cannot be read, or the picture has no pixels at hand.
    TypeError
        `detector` or `picture` is something else, as where the two are swapped.
    Cancelled
    """
    if not isinstance(detector, Detector):
        raise TypeError(
            f"attribute takes a detector first, got {type(detector).__name__}. Write attribute(detector, picture, branch=…) with what "
            "load_detector returned."
        )
    evidence = evidence_of(picture, takes="attribute")
    network = branch_of(detector, branch)
    chosen = _method(method, branch, network)
    _known(target=target, trust=trust)
    options = _options(method, network, baseline=baseline, layer=layer, regions=regions, steps=steps)
    plan = _plan(detector, evidence)
    scores = picture.scores if isinstance(picture, Finding) else None
    number, how = _view(detector, evidence, scores, plan, branch, view)
    watch = Watch(1, progress=progress, cancel=cancel)
    cut = partial(cut_view, network, plan=plan, number=number, target=target, watch=watch)
    explained = cut(pixels=evidence.require_pixels())
    checking = 0 if trust == "none" else expected_passes(chosen, explained, options, thorough=trust == "full")
    watch.begin(chosen.passes(explained, options) + checking)
    with preserved(network):
        explain = partial(_explain, chosen, options)
        began = time.perf_counter()
        credit = explain(explained)
        seconds = time.perf_counter() - began
        checks: list[TrustCheck] = []
        if trust != "none":
            again = cut(pixels=deliver(evidence, STABILITY_COPY).require_pixels())
            checks += quick_checks(explained, credit, explain, again)
        if trust == "full":
            checks += thorough_checks(explained, credit, explain)
    if trust != "none":
        checks += stored_checks(detector.companion, branch, method, have={c.name for c in checks})
    watch.finish()
    left, top, right, bottom = (int(v) for v in plan.boxes[number])
    return Attribution(
        evidence_sha256=evidence.sha256,
        weights_sha256=detector.weights.sha256,
        branch=branch,
        view=plan.names[number],
        method=method,
        target=target,
        size=(evidence.width, evidence.height),
        box=(left, top, right, bottom),
        part=None if credit.values is None else on_evidence(credit.values, plan, number),
        groups=credit.groups,
        output=credit.output,
        reference=credit.reference,
        baseline=credit.baseline,
        delta=credit.delta,
        trust=Trust(checks=tuple(checks)),
        seconds=seconds,
        settings={**credit.settings, **how, "seed": SEED, "precision": "float32"},
    )


def _explain(method: Method, options: MethodOptions, view: ExplainedView) -> Credit:
    """Return the answer of a method; the same random numbers are drawn whatever was computed before."""
    with preserved(view.branch):
        return method.explain(view, options)


def _method(name: str, branch: str, network: Branch) -> Method:
    if not isinstance(name, str):
        raise UnknownNameError(unknown("methods", name, list(METHODS)))
    method = METHODS[name]
    if method.needs_gradients and not network.passes_gradients:
        others = ", ".join(n for n in METHODS if not METHODS[n].needs_gradients)
        raise AttributionError(
            f"the branch {branch!r} passes no gradients, which {name} needs: it counts. Use one of {others}, which leave "
            "parts out instead."
        )
    return method


def _known(*, target: str, trust: str) -> None:
    for what, value, allowed in (("target", target, tuple(TARGETS)), ("trust", trust, CHECKS)):
        if value not in allowed:
            raise AttributionError(f"no {what} {value!r}; there are {', '.join(allowed)}. Choose one of these.")


def _options(
    method: str, network: Branch, *, baseline: str | None, layer: str | None, regions: str | None, steps: int | None
) -> MethodOptions:
    """Return the settings, checked: known, and of use for the method."""
    if regions is not None and regions not in REGIONS:
        raise AttributionError(f"no regions {regions!r}; there are {', '.join(REGIONS)}. Choose one of these.")
    number = None if steps is None else whole_number(steps)
    if steps is not None and (number is None or number < 1):
        raise AttributionError(
            f"steps must be a whole number of at least 1, got {steps!r}. Leave it out for the default."
        )
    everything = {"baseline": baseline, "layer": layer, "regions": regions, "steps": number}
    chosen = {name: value for name, value in everything.items() if value is not None}
    others = {name: [m for m in METHODS if name in METHODS[m].takes] for name in everything}
    refuse_unused(method, METHODS[method].takes, chosen, others)
    if layer is not None:
        names = [name for name, _ in network.named_modules() if name]
        if layer not in names:
            raise UnknownNameError(unknown("layers of this branch", layer, names, listed=[network.attribution_layer]))
    return MethodOptions(baseline=baseline, layer=layer, regions=regions or REGIONS[0], steps=number)


def _plan(detector: Detector, evidence: Evidence) -> Plan:
    pixels = evidence.require_pixels()
    if min(evidence.width, evidence.height) < MIN_SIDE:
        raise AttributionError(
            f"{evidence.name} is {evidence.width} x {evidence.height} pixels, and no branch looks at pictures with a short side below "
            f"{MIN_SIDE}. Ask for a larger copy."
        )
    plan = plan_views(pixels, detector.weights.manifest.scheme)
    if not plan.names:
        raise AttributionError(
            f"every part of {evidence.name} is flat, so that no branch looked at it. There is nothing to explain; choose another picture."
        )
    return plan


def _view(
    detector: Detector,
    evidence: Evidence,
    scores: BranchScores | None,
    plan: Plan,
    branch: str,
    view: object,
) -> tuple[int, dict[str, str | int]]:
    """Return the number of the view that is asked for, and how it was chosen where it was not named."""
    n = len(plan.names)
    if isinstance(view, str):
        if view not in plan.names:
            raise UnknownNameError(
                unknown("views of this picture", view, list(plan.names), listed=list(plan.names[:3]))
            )
        return plan.names.index(view), {}
    if view is not None:
        number = whole_number(view)
        if number is None:
            raise AttributionError(
                f"view must be the name of a view or a whole number, got {view!r}. Leave it out for the one on which the branch "
                "answers highest."
            )
        if not 0 <= number < n:
            raise UnknownNameError(
                f"No view number {number}: this picture has {n}, from 0 to {n - 1}. Choose one of these."
            )
        return number, {}
    if scores is None or scores.views != plan.names or branch not in scores.branches:
        scores = _scored(detector, evidence)
    row = scores.branches.index(branch)
    highest = int(np.argmax(log_odds_from_logits(scores.logits)[row]))
    return highest, {"view chosen": f"the highest of {n}", "views": n} if n > 1 else {}


def _scored(detector: Detector, evidence: Evidence) -> BranchScores:
    with deterministic():
        scores = detector.score(evidence)
    if scores is None:
        raise AttributionError(f"{evidence.name} cannot be scored. Examine it to read why.")
    return scores
