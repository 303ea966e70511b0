"""The explorer: the place where an analyst works on one exhibit."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Stop
from threading import RLock
from typing import Any

import ipywidgets as w

from forensics import attribution
from forensics.attribution.given import Picture
from forensics.attribution.record import Attribution
from forensics.detector import Detector
from forensics.detector.finding import Finding
from forensics.errors import ForensicsError, ReportError
from forensics.evidence.record import Evidence
from forensics.explorers.background import Background, Progress, headless
from forensics.explorers.events import (
    BranchChosen,
    Event,
    Examined,
    Explained,
    OtherShown,
    PicturesHidden,
    ReportSet,
    TabChosen,
)
from forensics.explorers.page import code_html, safe, style
from forensics.explorers.places import Subject
from forensics.explorers.python import attribution_line, code_line, source_of
from forensics.explorers.references import Given, Reference, checked_references, match_references
from forensics.explorers.state import TABS, State, open_state, update
from forensics.explorers.static import static_html
from forensics.explorers.tabs import (
    CompareTab,
    MetadataTab,
    OverviewTab,
    ReportTab,
    ResidualsTab,
    RobustnessTab,
    Tab,
    WhyTab,
)
from forensics.explorers.tabs.desk import FilePicker, Picked, row, told
from forensics.explorers.tabs.report import verified_html
from forensics.records.progress import Watch
from forensics.report import Case, verify_report, write_report

__all__ = ["Explorer", "explore"]


def explore(detector: Detector, finding: Picture, *, references: Sequence[Given] | None = None) -> "Explorer":
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


class Explorer(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A picture under examination.

    Parameters
    ----------
    detector : Detector
    finding : Finding
    references : sequence of (picture, label), optional

    Attributes
    ----------
    finding : Finding
        Of the picture that is shown; pass it to ``write_report``.
    other : Finding or None
        Of the second exhibit.
    why : list of Attribution
        What was explained of the exhibit so far.
    written : str
        What the checks of the last report of this exhibit proved, as HTML; empty if none was written.
    state : State
        Where the reader stands; changed by `send` alone.
    """

    def __init__(self, detector: Detector, finding: Finding, *, references: Sequence[Given] | None = None) -> None:
        self.detector = detector
        self.finding = finding
        self.other: Finding | None = None
        self.why: list[Attribution] = []
        self.written = ""
        self.state: State = self._fitting(open_state(Subject.of(finding)))
        self.background = Background(self._work_changed)
        self._given = checked_references(references)
        self._references: tuple[Reference, ...] | None = None
        self._asked = False  # for references of this exhibit
        self._lock = RLock()
        self.picker = FilePicker("Pick a picture", self._picked)
        self.hide = told(
            w.Checkbox(
                description="Hide pictures",
                tooltip="Leave every pixel of exhibits out of what is shown",
                indent=False,
                layout={"width": "auto"},
            ),
            lambda value: self.send(PicturesHidden(bool(value))),
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
        super().__init__([w.HTML(style()), head, self.title, self.background.box, self.tabs, self.code])
        self.add_class("fx-explorer")
        self.refresh()

    @property
    def references(self) -> tuple[Reference, ...] | None:
        """Matched pictures of known origin; None until they are there. They are made when first asked for."""
        if not self._asked and not self.background.busy:
            self._asked = True
            exhibit = self.finding.evidence

            def work(progress: Progress, stop: Stop) -> tuple[Reference, ...]:
                return match_references(exhibit, self._given, step=_stopper(progress, stop))

            def done(found: tuple[Reference, ...]) -> None:
                if self.finding.evidence is exhibit:
                    self._references = found

            self.background.run("Bringing references to the compression of the exhibit", work, done)
        if self._asked and self._references is None and not self.background.busy:
            self._references = ()  # it was said why there are none
        return self._references

    def send(self, event: Event) -> None:
        """Change the state by an event, and show what changed."""
        with self._lock:
            changed = update(self.state, event)
            if changed is not self.state:
                self.state = changed
                self.refresh()

    def refresh(self) -> None:
        """Show the tab that is in view, and its line of Python."""
        with self._lock:
            state = self.state
            index = list(TABS).index(state.tab)
            if self.tabs.selected_index != index:
                self.tabs.selected_index = index
            self.hide.value = state.hidden
            self.title.value = _title(self.finding)
            try:
                self.panes[state.tab].refresh(self)
            except ForensicsError as err:
                self.background.say(err)
            self.code.value = code_html(code_line(state))

    def _fitting(self, state: State) -> State:
        """Return the state with a method that its branch allows."""
        network = dict(self.detector.ensemble.items()).get(state.branch)
        if network is None or network.passes_gradients:
            return state  # all are allowed, and captum, which takes a second or more to load, is not asked
        return update(state, BranchChosen(state.branch, attribution.usable_methods(self.detector, state.branch)))

    def show(self, finding: Finding, *, source: str = "") -> None:
        """Show another finding; `source` is what loads its picture, for the lines of Python."""
        finding.evidence.require_pixels()
        with self._lock:
            same = finding.evidence.sha256 == self.finding.evidence.sha256
            self.finding = finding
            if not same:
                self.why.clear()
                self.other, self.written = None, ""
                self._references, self._asked = None, False
            event = Examined(subject=Subject.of(finding), source=source, same_exhibit=same)
            self.state = self._fitting(update(self.state, event))
            self.refresh()

    def examine(self, picture: str | Evidence | Picked, *, wait: bool = True) -> None:
        """Examine a picture and show it; what cannot be read is said in one line above the tabs, and the last picture stays."""
        self.background.run(
            "Examining",
            lambda progress, stop: self.detector.examine(_read(picture), progress=progress, cancel=stop),
            lambda finding: self.show(finding, source=source_of(picture)),
            wait=wait,
        )

    def deliver(self, *, wait: bool = True) -> None:
        """Examine the exhibit together with all its copies."""
        evidence = self.finding.evidence
        self.background.run(
            "Examining all copies",
            lambda progress, stop: self.detector.examine(evidence, robustness="full", progress=progress, cancel=stop),
            self.show,
            wait=wait,
        )

    def compare(self, picture: str | Evidence | Picked, *, wait: bool = True) -> None:
        """Examine a second exhibit and show it beside the first; what cannot be read is said in one line above the tabs."""

        def done(finding: Finding) -> None:
            with self._lock:
                self.other = finding
                self.state = update(self.state, OtherShown(Subject.of(finding), source_of(picture)))
                self.refresh()

        self.background.run(
            "Examining the second exhibit",
            lambda progress, stop: self.detector.examine(_read(picture), progress=progress, cancel=stop),
            done,
            wait=wait,
        )

    def explain(self, *, wait: bool = True) -> None:
        """Compute the attribution that is chosen, and that of the branch beside it on the same view."""
        state, finding = self.state, self.finding

        def work(progress: Progress, stop: Stop) -> list[Attribution]:
            found: list[Attribution] = []
            branches = [b for b in (state.branch, state.beside) if b]
            for k, branch in enumerate(branches):
                view = state.view if not found else found[0].view

                def moved(done: int, total: int, begun: int = k) -> None:
                    progress(begun * total + done, len(branches) * total)

                found.append(
                    attribution.attribute(
                        self.detector,
                        finding,
                        branch=branch,
                        view=view,
                        method=state.method,
                        trust=state.trust,
                        progress=moved,
                        cancel=stop,
                    )
                )
            return found

        def done(found: list[Attribution]) -> None:
            views = [
                state.view,
                *(a.view for a in found),
            ]  # of the first as it was asked, of the second that of the first
            lines = [attribution_line(state, a.branch, view) for a, view in zip(found, views, strict=False)]
            with self._lock:
                if self.finding.evidence.sha256 == finding.evidence.sha256:
                    self.why.extend(found)
                    self.send(Explained((*self.state.made, *lines)))

        self.background.run("Explaining", work, done, wait=wait)

    def export(self, path: str | Path | None = None, *, wait: bool = True) -> None:
        """Write the report that the tab Report describes, verify the file and show what that proved."""
        if path is not None:
            self.send(ReportSet(path=str(path)))
        draft, finding = self.state.draft, self.finding
        attributions = [self.why[k] for k in draft.attributions]

        def work(_progress: Progress, _stop: Stop) -> str:
            if not draft.path.strip():
                raise ReportError("the report needs a path. Type one, such as reports/case.html.")
            case = Case(number=draft.number or None, examiner=draft.examiner or None, notes=draft.notes or None)
            written = write_report(
                [finding],
                Path(draft.path).expanduser(),
                case=case,
                attributions=attributions,
                residuals=draft.figures,
                language=draft.language,
                redact=draft.redact,
                scale=self.detector.scale,
            )
            return verified_html(str(written), written.stat().st_size, verify_report(written))

        def done(page: str) -> None:
            if self.finding is finding:
                self.written = page
                self.refresh()

        self.background.run("Writing the report", work, done, wait=wait)

    def to_html(self, *, redact: bool = False) -> str:
        """Return all tabs as one page without scripts, for notebooks without a kernel.

        Parameters
        ----------
        redact : bool
            Leave out every pixel of the exhibits.
        """
        said = self.background.message.value
        if not self._asked and not self.background.busy and self.references is None:
            self.background.wait()
        if said and not self.background.message.value:
            self.background.message.value = said  # what was said last is not lost by bringing the references
        return static_html(self, redact=redact or self.state.hidden)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if headless():
            return {"text/html": self.to_html(), "text/plain": f"Explorer({self.finding.evidence.name!r})"}
        return super()._repr_mimebundle_(**kwargs)

    def _work_changed(self) -> None:
        if self.children:  # the panes are there
            self.refresh()

    def _tab_chosen(self, change: Any) -> None:
        if change["new"] is not None:
            self.send(TabChosen(list(TABS)[change["new"]]))

    def _picked(self, picked: Picked) -> None:
        self.examine(picked, wait=False)


def _stopper(progress: Progress, stop: Stop) -> Callable[[], None]:
    """Return a step that counts pictures and stops when asked to."""
    watch = Watch(1, progress=progress, cancel=stop)
    watch.begin(7)
    return watch.step


def _read(picture: str | Evidence | Picked) -> str | Path | Evidence:
    """Return what a detector takes; one that was uploaded is decoded here, where it blocks nobody."""
    return Evidence.from_bytes(picture[1], name=picture[0]) if isinstance(picture, tuple) else picture


def _title(finding: Finding) -> str:
    e = finding.evidence
    return (
        f'<div class="fx"><h3>{safe(e.name) or "(no name)"} <small>{e.width:,} × {e.height:,} pixels</small></h3></div>'
    )
