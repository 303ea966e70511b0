"""The explorer: the widget in which an analyst works on one exhibit."""

from collections.abc import Sequence
from typing import Any

import ipywidgets as w

from forensics.attribution.arguments import Picture
from forensics.detector import Detector
from forensics.detector.finding import Finding
from forensics.errors import ForensicsError
from forensics.explorers.background import headless
from forensics.explorers.drawing.html_parts import code_html, safe, style
from forensics.explorers.python_lines import code_line
from forensics.explorers.references import KnownPicture
from forensics.explorers.session import Session
from forensics.explorers.state import TABS
from forensics.explorers.static_page import static_html
from forensics.explorers.tabs.compare import CompareTab
from forensics.explorers.tabs.controls import FilePicker, Tab, on_change, row
from forensics.explorers.tabs.overview import MetadataTab, OverviewTab, RobustnessTab
from forensics.explorers.tabs.report import ReportTab
from forensics.explorers.tabs.residuals import ResidualsTab
from forensics.explorers.tabs.why import WhyTab

__all__ = ["Explorer", "explore"]


def explore(detector: Detector, finding: Picture, *, references: Sequence[KnownPicture] | None = None) -> "Explorer":
    """Work on a finding in a notebook: outcome, residuals, attributions, copies, metadata, a second exhibit, the report.

    Parameters
    ----------
    detector : Detector
        Examines the pictures that are picked.
    finding : Finding, Evidence, path or bytes
        A finding with the pixels of its picture, see `Finding.attach`; anything else is examined first.
    references : sequence of (picture, label), optional
        Pictures of known origin to compare residuals with, each a path or `Evidence` with the label ``"original"`` or
        ``"forgery"``; the nearest two of each are shown. By default photographs that installed packages carry, and forgeries
        made from them on the spot.

    Returns
    -------
    Explorer
        Displayed when it is the last value of a cell. With the environment variable ``FORENSICS_HEADLESS`` set to 1, work is
        done at once and what is displayed is a page without widgets.

    Raises
    ------
    EvidenceError
        The finding was read from JSON and holds no pixels, or the file cannot be read.
    TypeError
        `detector` or `finding` is something else, as where the two are swapped.
    ValueError
        A reference is no pair of a picture and a label.
    """
    if not isinstance(detector, Detector):
        raise TypeError(
            f"explore takes a detector first, got {type(detector).__name__}. Write explore(detector, finding) with what load_detector "
            "and examine returned."
        )
    if not isinstance(finding, Finding):
        finding = detector.examine(finding)
    finding.evidence.require_pixels()
    return Explorer(detector, finding, references=references)


class Explorer(Session, w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A picture under examination, as a widget with a tab for each question; see `Session` for what it holds and does."""

    def __init__(
        self, detector: Detector, finding: Finding, *, references: Sequence[KnownPicture] | None = None
    ) -> None:
        Session.__init__(self, detector, finding, references=references)
        self.picker = FilePicker("Pick a picture", lambda picked: self.examine(picked, wait=False))
        self.hide = on_change(
            w.Checkbox(
                description="Hide pictures",
                tooltip="Leave every pixel of exhibits out of what is shown",
                indent=False,
                layout={"width": "auto"},
            ),
            lambda value: self.choose(hidden=bool(value)),
        )
        self.title = w.HTML()
        self.code = w.HTML(layout={"width": "100%"})
        self.panes: dict[str, Tab] = {
            "overview": OverviewTab(self),
            "residuals": ResidualsTab(self),
            "why": WhyTab(self),
            "robustness": RobustnessTab(self),
            "metadata": MetadataTab(self),
            "compare": CompareTab(self),
            "report": ReportTab(self),
        }
        self.tabs = w.Tab(children=[self.panes[name].box for name in TABS], titles=list(TABS.values()))
        self.tabs.observe(self._tab_chosen, names="selected_index")
        head = row(self.picker.box, self.hide)
        w.VBox.__init__(self, [w.HTML(style()), head, self.title, self.background.box, self.tabs, self.code])
        self.add_class("fx-explorer")
        self.refresh()

    def display_state(self) -> None:
        """Show the tab that is in view, and its line of Python."""
        state, evidence = self.state, self.finding.evidence
        self.tabs.selected_index = list(TABS).index(state.tab)
        self.hide.value = state.hidden
        size = f"<small>{evidence.width:,} × {evidence.height:,} pixels</small>"
        self.title.value = f'<div class="fx"><h3>{safe(evidence.name) or "(no name)"} {size}</h3></div>'
        try:
            self.panes[state.tab].refresh()
        except ForensicsError as err:
            self.background.say(err)
        self.code.value = code_html(code_line(state))

    def to_html(self, *, redact: bool = False) -> str:
        """Return all tabs as one page without scripts, for notebooks without a kernel.

        Parameters
        ----------
        redact : bool
            Leave out every pixel of the exhibits.
        """
        said = self.background.message.value
        if not self._references_asked and not self.background.busy and self.references is None:
            self.background.wait()
        if said and not self.background.message.value:
            self.background.message.value = said  # what was said last is not lost by bringing the references
        return static_html(self, redact=redact or self.state.hidden)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if headless():
            return {"text/html": self.to_html(), "text/plain": f"Explorer({self.finding.evidence.name!r})"}
        return super()._repr_mimebundle_(**kwargs)

    def _tab_chosen(self, change: Any) -> None:
        if change["new"] is not None:
            self.choose(tab=list(TABS)[change["new"]])
