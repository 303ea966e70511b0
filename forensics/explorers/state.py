"""Where an analyst stands in an explorer, as pure functions: what was chosen, and what an event changes.

``update(state, event)`` is all that a widget may do to the state. Nothing here needs a kernel, a picture or a network.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from forensics.explorers.events import (
    BesideChosen,
    BranchChosen,
    ChannelChosen,
    Checks,
    Event,
    Examined,
    Explained,
    GainSet,
    LookMoved,
    MethodChosen,
    OtherShown,
    PicturesHidden,
    RegionMarked,
    ReportSet,
    ResidualChosen,
    TabChosen,
    TrustChosen,
    ViewChosen,
    ViewClicked,
)
from forensics.explorers.panels import PLACELESS
from forensics.explorers.places import Box, Look, Subject, clamped, within
from forensics.residuals import RESIDUALS

__all__ = ["CHECKS", "GAINS", "TABS", "Draft", "State", "open_state", "replace_tab", "update"]

SIDE = 384  # pixels shown at first
GAINS = (1 / 16, 16.0)
CHECKS: tuple[Checks, ...] = ("quick", "full", "none")
# Name to title, in order.
TABS: Mapping[str, str] = MappingProxyType(
    {
        "overview": "Overview",
        "residuals": "Residuals",
        "why": "Why",
        "robustness": "Robustness",
        "metadata": "Metadata",
        "compare": "Compare",
        "report": "Report",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a report will hold.

    Parameters
    ----------
    path, number, examiner, notes : str
    figures : tuple of str
        Names of residuals.
    attributions : tuple of int
        Which of those computed so far, from 0.
    language : str
    redact : bool
    """

    path: str = "report.html"
    number: str = ""
    examiner: str = ""
    notes: str = ""
    figures: tuple[str, ...] = ("srm", "median", PLACELESS)
    attributions: tuple[int, ...] = ()
    language: str = "en"
    redact: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is shown and what was chosen.

    Parameters
    ----------
    subject : Subject
        The exhibit.
    look : Look
        The part that is shown.
    tab, residual, branch, method : str
    channel : int
    gain : float
        1 is the fixed scale of reports; 2 shows half as large values in the same colour.
    region : tuple of 4 int or None
        What was marked in the part: (left, top, right, bottom) on the grid of the exhibit.
    view : str or None
        The view that is explained; None for the one on which the branch answers highest.
    beside : str
        A second branch to compare with; empty for none.
    trust : str
        How thoroughly attributions are checked.
    hidden : bool
        Whether every pixel of exhibits is left out of what is shown.
    other : Subject or None
        The second exhibit.
    made : tuple of str
        The attributions there are, each as the expression that gives it.
    draft : Draft
    source, other_source : str
        What loads the exhibit, once one was picked here, and the second.
    """

    subject: Subject
    look: Look
    tab: str = "overview"
    residual: str = "srm"
    channel: int = 0
    gain: float = 1.0
    region: Box | None = None
    branch: str = ""
    method: str = "integrated_gradients"
    view: str | None = None
    beside: str = ""
    trust: Checks = "quick"
    hidden: bool = False
    other: Subject | None = None
    made: tuple[str, ...] = ()
    draft: Draft = field(default_factory=Draft)
    source: str = ""
    other_source: str = ""


def open_state(subject: Subject) -> State:
    """Return the state of an explorer that was just opened: the middle of the picture, the branch that moved its score most."""
    branch = subject.leading or next(iter(subject.branches), "")
    look = Look(left=(subject.width - SIDE) // 2, top=(subject.height - SIDE) // 2, side=SIDE)
    return State(subject=subject, look=clamped(look, subject), branch=branch)


def update(state: State, event: Event) -> State:
    """Return the state after an event; the same state if it changes nothing.

    Raises
    ------
    UnknownNameError
        The event names a residual that there is not.
    ValueError
        It names a tab, branch or view that there is not.
    """
    changed = _HANDLERS[type(event)](state, event)
    return state if changed == state else changed


def _tab(state: State, event: TabChosen) -> State:
    return replace(state, tab=_one_of(event.tab, tuple(TABS), "tabs"))


def _residual(state: State, event: ResidualChosen) -> State:
    channels = RESIDUALS[event.name].channels
    return replace(state, residual=event.name, channel=min(state.channel, len(channels) - 1))


def _channel(state: State, event: ChannelChosen) -> State:
    return replace(state, channel=max(0, min(event.channel, len(RESIDUALS[state.residual].channels) - 1)))


def _gain(state: State, event: GainSet) -> State:
    gain = max(GAINS[0], min(event.gain, GAINS[1]))
    return replace(state, gain=1.0 if abs(gain - 1.0) < 0.01 else gain)


def _look(state: State, event: LookMoved) -> State:
    return _looking(state, event.look)


def _clicked(state: State, event: ViewClicked) -> State:
    left, top, right, bottom = state.subject.boxes[event.index]
    look = Look(left=left, top=top, side=max(right - left, bottom - top))
    return replace(_looking(state, look), view=state.subject.views[event.index])


def _region(state: State, event: RegionMarked) -> State:
    if event.box is None:
        return replace(state, region=None)
    left, top, right, bottom = event.box
    first, above, beyond, below = state.look.box(state.subject)
    left, right = sorted(max(first, min(v, beyond)) for v in (left, right))
    top, bottom = sorted(max(above, min(v, below)) for v in (top, bottom))
    return replace(state, region=(left, top, right, bottom) if right > left and bottom > top else None)


def _looking(state: State, look: Look) -> State:
    """Return the state with another part; a region that does not lie in it goes."""
    look = clamped(look, state.subject)
    return replace(state, look=look, region=within(state.region, look.box(state.subject)))


def _branch(state: State, event: BranchChosen) -> State:
    branch = _one_of(event.branch, state.subject.branches, "branches")
    method = state.method if state.method in event.methods or not event.methods else event.methods[0]
    return replace(state, branch=branch, method=method, beside="" if state.beside == branch else state.beside)


def _method(state: State, event: MethodChosen) -> State:
    return replace(state, method=event.method)


def _view(state: State, event: ViewChosen) -> State:
    view = None if event.view is None else _one_of(event.view, state.subject.views, "views")
    return replace(state, view=view)


def _beside(state: State, event: BesideChosen) -> State:
    beside = event.branch and _one_of(event.branch, state.subject.branches, "branches")
    return replace(state, beside="" if beside == state.branch else beside)


def _trust(state: State, event: TrustChosen) -> State:
    _one_of(event.trust, CHECKS, "checks")
    return replace(state, trust=event.trust)


def _hidden(state: State, event: PicturesHidden) -> State:
    return replace(state, hidden=event.hidden)


def _explained(state: State, event: Explained) -> State:
    new = tuple(range(len(state.made), len(event.made)))
    draft = replace(state.draft, attributions=(*state.draft.attributions, *new))
    return replace(state, made=event.made, draft=draft)


def _other(state: State, event: OtherShown) -> State:
    return replace(state, other=event.subject, other_source=event.source)


def _report(state: State, event: ReportSet) -> State:
    given = {f.name: value for f in fields(event) if (value := getattr(event, f.name)) is not None}
    if "attributions" in given:
        given["attributions"] = tuple(k for k in given["attributions"] if 0 <= k < len(state.made))
    for name in given.get("figures", ()):
        RESIDUALS[name]
    return replace(state, draft=replace(state.draft, **given))


def _examined(state: State, event: Examined) -> State:
    """Keep what was chosen of residual and scale when a new exhibit comes; all that was about the old one goes."""
    fresh = open_state(event.subject)
    if event.same_exhibit:
        return replace(state, subject=event.subject, source=event.source or state.source)
    return replace(
        fresh,
        tab=state.tab,
        residual=state.residual,
        channel=state.channel,
        gain=state.gain,
        method=state.method,
        trust=state.trust,
        hidden=state.hidden,
        draft=replace(state.draft, attributions=(), notes=""),
        source=event.source,
    )


Handler: TypeAlias = Callable[[State, Any], State]
_HANDLERS: Mapping[type[Event], Handler] = {
    TabChosen: _tab,
    ResidualChosen: _residual,
    ChannelChosen: _channel,
    GainSet: _gain,
    LookMoved: _look,
    ViewClicked: _clicked,
    RegionMarked: _region,
    BranchChosen: _branch,
    MethodChosen: _method,
    ViewChosen: _view,
    BesideChosen: _beside,
    TrustChosen: _trust,
    PicturesHidden: _hidden,
    Explained: _explained,
    OtherShown: _other,
    ReportSet: _report,
    Examined: _examined,
}


def replace_tab(state: State, tab: str) -> State:
    """Return the state as it would be in another tab."""
    return update(state, TabChosen(tab))


def _one_of(name: str, allowed: tuple[str, ...], what: str) -> str:
    if name not in allowed:
        raise ValueError(f"no {name!r} among the {what}: {', '.join(allowed)}. Choose one of these.")
    return name
