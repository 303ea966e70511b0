"""Drives an explorer without a kernel, as an analyst would."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import ipywidgets as w
import numpy as np
from ipywidgets.widgets.widget import _remove_buffers

from forensics.explorers import Explorer
from forensics.explorers.python_lines import code_line
from forensics.explorers.state import TABS
from forensics.messages import quoted
from forensics.types import (
    Attribution,
    Finding,
    Trust,
    TrustCheck,
)

HOSTILE = "<img src=x onerror=alert(1)>'\"\u202e.png"


def go_to(explorer: Explorer, tab: str) -> None:
    """Choose a tab as a click does, and wait for what it computes."""
    explorer.tabs.selected_index = list(TABS).index(tab)
    explorer.background.wait(60)


def code(explorer: Explorer) -> str:
    return code_line(explorer.state)


def upload(explorer: Explorer, tab: str, data: bytes, name: str = "new.png") -> None:
    picker = explorer.picker if tab == "head" else explorer.panes[tab].picker
    picker.upload.value = (
        {
            "name": name,
            "type": "",
            "size": len(data),
            "content": memoryview(data),
            "last_modified": datetime.now(tz=UTC),
        },
    )
    explorer.background.wait(60)


def fake_attribution(finding: Finding, branch: str, view: str, method: str, *, failed: bool = False) -> Attribution:
    left, top, right, bottom = (int(v) for v in finding.scores.boxes[finding.scores.views.index(view)])
    rng = np.random.default_rng(len(branch))
    check = TrustCheck(name="deletion", value=0.5, limit=1.0, passed=not failed, message=quoted("<b>measured</b>"))
    return Attribution(
        evidence_sha256=finding.evidence.sha256, weights_sha256=finding.run.weights["sha256"], branch=branch, view=view, method=method,
        target="logit_difference", size=(finding.evidence.width, finding.evidence.height), box=(left, top, right, bottom),
        part=rng.normal(0, 1e-4, (bottom - top, right - left)).astype(np.float32), output=0.4, reference=-0.1,
        baseline="median_blur", groups={"rgb": 0.3, "srm": -0.2}, trust=Trust(checks=(check,)),
    )  # fmt: skip


def walk(widget: w.Widget) -> Iterator[w.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def fake_fx(explorer: Explorer) -> Callable[..., Attribution]:
    def attribute(
        _d: object, _f: object, *, branch: str, view: str | None = None, method: str, trust: str = ""
    ) -> Attribution:
        return fake_attribution(explorer.finding, branch, view or explorer.finding.scores.views[0], method)

    return staticmethod(attribute)


def size_of(widget: w.Widget) -> int:
    """Bytes that the browser gets of a widget."""
    state, _, buffers = _remove_buffers(widget.get_state())
    return len(repr({k: v for k, v in state.items() if not k.startswith("_")})) + sum(len(bytes(b)) for b in buffers)
