"""Lines of Python that give the numbers which a tab of an explorer shows; they run in the order in which they stand.

They take `detector` and `finding` as they were given to the explorer; every other name is made by a line before. Every text
that comes from a file is written as a literal, so that a line does nothing else whatever it holds.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from forensics.evidence.record import Evidence
from forensics.explorers.drawing.picture_layers import PLACELESS
from forensics.explorers.picture_parts import Box, box_alike
from forensics.explorers.state import State

__all__ = ["attribution_line", "code_line", "source_of"]

Picked: TypeAlias = str | Path | Evidence | tuple[str, bytes]
NO_PATH = "# it was given without its path; write where you keep the file"


def code_line(state: State) -> str:
    """Return the Python that gives what the tab shows; several lines where one needs another."""
    return "\n".join(_LINES[state.tab](state))


def source_of(picture: Picked) -> str:
    """Return the expression that a detector examines a picture by; where no path is known, below a line that asks for it."""
    if isinstance(picture, str | Path):
        return repr(str(picture))
    name = picture.name if isinstance(picture, Evidence) else picture[0]
    return f"{NO_PATH}\n{name!r}"


def attribution_line(state: State, branch: str, view: str | None) -> str:
    """Return the expression of an attribution of a branch on a view, None for the highest, as the state asks for it."""
    return _attribution(state, branch, None if view is None else repr(view))


def _attribution(state: State, branch: str, view: str | None) -> str:
    of_view = "" if view is None else f", view={view}"
    trust = "" if state.trust == "quick" else f", trust={state.trust!r}"
    return f"fx.attribute(detector, finding, branch={branch!r}{of_view}, method={state.method!r}{trust})"


def _examined(name: str, source: str) -> list[str]:
    """Return the lines that examine a picture from its source."""
    *before, expression = source.splitlines()
    return [*before, f"{name} = detector.examine({expression})"]


def _overview(state: State) -> list[str]:
    shown = "finding.outcome, finding.reason, finding.lr"
    if state.subject.branches:
        shown += ", finding.scores.score, finding.scores.shares, finding.scores.contributions"
    return [*(_examined("finding", state.source) if state.source else []), shown]


def _residuals(state: State) -> list[str]:
    return [_maps(state, "finding", state.region or state.square.box(state.subject))]


def _maps(state: State, of: str, box: Box) -> str:
    left, top, right, bottom = box
    rows = f"{top}:{bottom}, {left}:{right}"
    if state.residual == PLACELESS:
        return f"fx.residual_maps({of}.evidence.pixels[{rows}], {state.residual!r})[..., {state.channel}]"
    return f"fx.residual_maps({of}.evidence, {state.residual!r})[{rows}, {state.channel}]"


def _why(state: State) -> list[str]:
    """Return the attributions that there are; before there are any, those that were chosen."""
    if not state.branch:
        return ["finding.outcome, finding.reason"]
    if state.explained:
        return [f"why = [{', '.join(state.explained)}]"]
    view = None if state.view is None else repr(state.view)
    first = _attribution(state, state.branch, view)
    if not state.second_branch:
        return [f"why = [{first}]"]
    return [f"why = [one := {first}, {_attribution(state, state.second_branch, view or 'one.view')}]"]


def _robustness(state: State) -> list[str]:
    return [
        f"finding = detector.examine(finding.evidence, robustness={state.subject.robustness!r})",
        "finding.robustness",
    ]


def _metadata(_state: State) -> list[str]:
    return ["finding.to_dict()['evidence']"]


def _compare(state: State) -> list[str]:
    if state.other is None:
        return ["other = detector.examine('another.jpg')"]
    scored = bool(state.subject.branches and state.other.branches)
    left, top, right, bottom = state.square.box(state.subject)
    of = box_alike(state.subject, (left, top, right, bottom), state.other)
    box = (left, top, min(right, left + of[2] - of[0]), min(bottom, top + of[3] - of[1]))
    return [
        *_examined("other", state.other_source or "'another.jpg'"),
        "finding.scores.score, other.scores.score" if scored else "finding.outcome, other.outcome",
        _maps(state, "finding", box),
        _maps(state, "other", of),
    ]


def _report(state: State) -> list[str]:
    draft = state.draft
    case = ", ".join(f"{n}={getattr(draft, n)!r}" for n in ("number", "examiner", "notes") if getattr(draft, n))
    given = [f"case=fx.Case({case})"] if case else []
    if draft.attributions:
        given.append(f"attributions=[{', '.join(f'why[{k}]' for k in draft.attributions)}]")
    given.append(f"residuals={draft.figures!r}")
    given += [f"language={draft.language!r}", f"redact={draft.redact}"]
    return [f"fx.write_report([finding], {draft.path!r}, {', '.join(given)})"]


_LINES: Mapping[str, Callable[[State], list[str]]] = MappingProxyType(
    {
        "overview": _overview,
        "residuals": _residuals,
        "why": _why,
        "robustness": _robustness,
        "metadata": _metadata,
        "compare": _compare,
        "report": _report,
    }
)
