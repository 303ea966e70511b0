"""What was chosen in an explorer, as one record, and pure functions that change it.

``update(state, **choices)`` is all that a widget may do to the state. Nothing here needs a kernel, a picture or a network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from forensics.explorers.drawing.picture_layers import PLACELESS
from forensics.explorers.picture_parts import Box, Square, Subject, clamped, within
from forensics.residuals import RESIDUALS

__all__ = [
    "CHECKS",
    "GAINS",
    "TABS",
    "Checks",
    "Draft",
    "State",
    "add_explained",
    "change_exhibit",
    "choose_branch",
    "go_to_view",
    "open_state",
    "update",
    "update_draft",
]

Checks: TypeAlias = Literal["quick", "full", "none"]
CHECKS: tuple[Checks, ...] = get_args(Checks)
SIDE = 384  # pixels shown at first
GAINS = (1 / 16, 16.0)
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
    square : Square
        The part that is shown.
    tab, residual, branch, method : str
    channel : int
    gain : float
        1 is the fixed scale of reports; 2 shows half as large values in the same colour.
    region : tuple of 4 int or None
        What was marked in the part: (left, top, right, bottom) on the grid of the exhibit.
    view : str or None
        The view that is explained; None for the one on which the branch answers highest.
    second_branch : str
        A branch to compare with; empty for none.
    trust : str
        How thoroughly attributions are checked.
    hidden : bool
        Whether every pixel of exhibits is left out of what is shown.
    other : Subject or None
        The second exhibit.
    explained : tuple of str
        The attributions there are, each as the expression that gives it.
    draft : Draft
    source, other_source : str
        What loads the exhibit, once one was picked here, and the second; see `forensics.explorers.python_lines.source_of`.
    """

    subject: Subject
    square: Square
    tab: str = "overview"
    residual: str = "srm"
    channel: int = 0
    gain: float = 1.0
    region: Box | None = None
    branch: str = ""
    method: str = "integrated_gradients"
    view: str | None = None
    second_branch: str = ""
    trust: Checks = "quick"
    hidden: bool = False
    other: Subject | None = None
    explained: tuple[str, ...] = ()
    draft: Draft = field(default_factory=Draft)
    source: str = ""
    other_source: str = ""


def open_state(subject: Subject) -> State:
    """Return the state of an explorer that was just opened: the middle of the picture, the branch that moved its score most."""
    branch = subject.leading or next(iter(subject.branches), "")
    square = Square(left=(subject.width - SIDE) // 2, top=(subject.height - SIDE) // 2, side=SIDE)
    return State(subject=subject, square=clamped(square, subject), branch=branch)


def update(state: State, **choices: Any) -> State:
    """Return the state after choices, each brought within what there is; the same state if nothing changes.

    Parameters
    ----------
    state : State
    **choices
        Fields of the state to their new values. A region is cut at the border of the part that is shown; one that does not
        lie in a new part goes.

    Raises
    ------
    UnknownNameError
        There is no such residual.
    ValueError
        There is no such tab, branch, view or set of checks.
    """
    new = replace(state, **choices)
    branches, views = new.subject.branches, new.subject.views
    allowed = {"tab": tuple(TABS), "branch": branches, "second_branch": branches, "view": views, "trust": CHECKS}
    plural = {"tab": "tabs", "branch": "branches", "second_branch": "branches", "view": "views", "trust": "checks"}
    for name in allowed.keys() & choices.keys():
        value, optional = choices[name], name in ("view", "second_branch")
        if value not in allowed[name] and not (optional and not value):
            raise ValueError(f"no {value!r} among the {plural[name]}: {', '.join(allowed[name])}. Choose one of these.")
    square = clamped(new.square, new.subject)
    box = square.box(new.subject)
    gain = max(GAINS[0], min(new.gain, GAINS[1]))
    new = replace(
        new,
        square=square,
        region=_cut(new.region, box) if "region" in choices else within(new.region, box),
        channel=max(0, min(new.channel, len(RESIDUALS[new.residual].channels) - 1)),
        gain=1.0 if abs(gain - 1.0) < 0.01 else gain,
        second_branch="" if new.second_branch == new.branch else new.second_branch,
    )
    return state if new == state else new


def choose_branch(state: State, branch: str, methods: tuple[str, ...]) -> State:
    """Return the state with the branch to be explained; its first method if it does not allow the one chosen before."""
    return update(state, branch=branch, method=state.method if state.method in methods else methods[0])


def go_to_view(state: State, number: int) -> State:
    """Return the state with the part that a view of the detector looked at, and with that view chosen."""
    left, top, right, bottom = state.subject.boxes[number]
    square = Square(left=left, top=top, side=max(right - left, bottom - top))
    return update(state, square=square, view=state.subject.views[number])


def add_explained(state: State, expressions: tuple[str, ...]) -> State:
    """Return the state with more attributions, each as the expression that gives it; they go into the report."""
    explained = (*state.explained, *expressions)
    new = range(len(state.explained), len(explained))
    draft = replace(state.draft, attributions=(*state.draft.attributions, *new))
    return update(state, explained=explained, draft=draft)


def update_draft(state: State, **choices: Any) -> State:
    """Return the state with other contents of the report; attributions that there are not are left out.

    Raises
    ------
    UnknownNameError
        A figure is of a residual that there is not.
    """
    draft = replace(state.draft, **choices)
    for name in draft.figures:
        RESIDUALS[name]
    there = tuple(k for k in draft.attributions if 0 <= k < len(state.explained))
    return update(state, draft=replace(draft, attributions=there))


def change_exhibit(state: State, subject: Subject, *, source: str = "") -> State:
    """Return the state for an exhibit that was examined.

    Of a new one, what was chosen of residual and scale stays, and all that was about the old one goes. Of the same one,
    examined anew, all stays.
    """
    if subject.sha256 == state.subject.sha256:
        return replace(state, subject=subject, source=source or state.source)
    stays = ("tab", "residual", "channel", "gain", "method", "trust", "hidden")
    draft = replace(state.draft, attributions=(), notes="")
    return replace(open_state(subject), draft=draft, source=source, **{name: getattr(state, name) for name in stays})


def _cut(region: Box | None, box: Box) -> Box | None:
    """Return a region in order, cut at the border of a part; None if nothing of it lies there."""
    if region is None:
        return None
    left, right = sorted(max(box[0], min(v, box[2])) for v in region[::2])
    top, bottom = sorted(max(box[1], min(v, box[3])) for v in region[1::2])
    return (left, top, right, bottom) if right > left and bottom > top else None
