"""What an explorer works on: the exhibit, what was chosen, and the work that takes time, one piece after another."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event as Stop
from threading import RLock
from typing import Any

from forensics import attribution
from forensics.attribution import usable_methods
from forensics.attribution.record import Attribution
from forensics.detector import Detector
from forensics.detector.finding import Finding
from forensics.errors import ReportError
from forensics.evidence.record import Evidence
from forensics.explorers.background import Background, Progress
from forensics.explorers.drawing.html_parts import written_html
from forensics.explorers.picture_parts import Subject
from forensics.explorers.python_lines import Picked, attribution_line, source_of
from forensics.explorers.references import KnownPicture, Reference, checked_references, match_references
from forensics.explorers.state import (
    State,
    add_explained,
    change_exhibit,
    choose_branch,
    open_state,
    update,
    update_draft,
)
from forensics.records.progress import Watch
from forensics.report import Case, verify_report, write_report

__all__ = ["Session"]


class Session:
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
        What was chosen; changed by `change` alone.
    background : Background
        Does the work that takes time.
    """

    def __init__(
        self, detector: Detector, finding: Finding, *, references: Sequence[KnownPicture] | None = None
    ) -> None:
        self.detector = detector
        self.finding = finding
        self.other: Finding | None = None
        self.why: list[Attribution] = []
        self.written = ""
        self.state: State = self._fitting(open_state(Subject.of(finding)))
        self.background = Background(self.refresh)
        self._known_pictures = checked_references(references)
        self._references: tuple[Reference, ...] | None = None
        self._references_asked = False  # of this exhibit
        self._lock = RLock()
        self._showing = False

    @property
    def references(self) -> tuple[Reference, ...] | None:
        """Matched pictures of known origin; None until they are there. They are made when first asked for."""
        if not self._references_asked and not self.background.busy:
            self._references_asked = True
            exhibit = self.finding.evidence

            def work(progress: Progress, stop: Stop) -> tuple[Reference, ...]:
                return match_references(exhibit, self._known_pictures, step=_stopper(progress, stop))

            def done(found: tuple[Reference, ...]) -> None:
                if self.finding.evidence is exhibit:
                    self._references = found

            self.background.run("Bringing references to the compression of the exhibit", work, done)
        if self._references_asked and self._references is None and not self.background.busy:
            self._references = ()  # it was said why there are none
        return self._references

    def refresh(self) -> None:
        """Show the state. What controls tell meanwhile is an echo of it, and changes nothing."""
        with self._lock:
            outer, self._showing = self._showing, True
            try:
                self.display_state()
            finally:
                self._showing = outer

    def display_state(self) -> None:
        """Show the state; an explorer says how."""

    def change(self, state_of: Callable[[State], State]) -> None:
        """Change the state by a function of `forensics.explorers.state`, and show what changed."""
        with self._lock:
            if self._showing:
                return
            changed = state_of(self.state)
            if changed is not self.state:
                self.state = changed
                self.refresh()

    def choose(self, **choices: Any) -> None:
        """Change fields of the state, see `forensics.explorers.state.update`, and show what changed."""
        self.change(lambda state: update(state, **choices))

    def show(self, finding: Finding, *, source: str = "") -> None:
        """Show another finding; `source` is what loads its picture, for the lines of Python."""
        finding.evidence.require_pixels()
        with self._lock:
            if finding.evidence.sha256 != self.finding.evidence.sha256:
                self.why.clear()
                self.other, self.written = None, ""
                self._references, self._references_asked = None, False
            self.finding = finding
            self.state = self._fitting(change_exhibit(self.state, Subject.of(finding), source=source))
            self.refresh()

    def examine(self, picture: Picked, *, wait: bool = True) -> None:
        """Examine a picture and show it; what cannot be read is said in one line above the tabs, and the last picture stays."""
        self._examine("Examining", picture, lambda found: self.show(found, source=source_of(picture)), wait=wait)

    def examine_copies(self, *, wait: bool = True) -> None:
        """Examine the exhibit together with all its copies."""
        self._examine("Examining all copies", self.finding.evidence, self.show, wait=wait, robustness="full")

    def compare(self, picture: Picked, *, wait: bool = True) -> None:
        """Examine a second exhibit and show it beside the first; what cannot be read is said in one line above the tabs."""

        def done(finding: Finding) -> None:
            with self._lock:
                self.other = finding
                self.state = update(self.state, other=Subject.of(finding), other_source=source_of(picture))
                self.refresh()

        self._examine("Examining the second exhibit", picture, done, wait=wait)

    def explain(self, *, wait: bool = True) -> None:
        """Compute the attribution that is chosen, and that of the branch beside it on the same view."""
        state, finding = self.state, self.finding
        branches = [b for b in (state.branch, state.second_branch) if b]

        def work(progress: Progress, stop: Stop) -> list[Attribution]:
            found: list[Attribution] = []
            for k, branch in enumerate(branches):

                def moved(done: int, total: int, begun: int = k) -> None:
                    progress(begun * total + done, len(branches) * total)

                found.append(
                    attribution.attribute(
                        self.detector,
                        finding,
                        branch=branch,
                        view=found[0].view if found else state.view,
                        method=state.method,
                        trust=state.trust,
                        progress=moved,
                        cancel=stop,
                    )
                )
            return found

        def done(found: list[Attribution]) -> None:
            views = [state.view, *(a.view for a in found)]  # the second is explained on the view of the first
            lines = tuple(attribution_line(state, a.branch, view) for a, view in zip(found, views, strict=False))
            with self._lock:
                if self.finding.evidence.sha256 == finding.evidence.sha256:
                    self.why.extend(found)
                    self.change(lambda current: add_explained(current, lines))

        self.background.run("Explaining", work, done, wait=wait)

    def export(self, path: str | Path | None = None, *, wait: bool = True) -> None:
        """Write the report that the tab Report describes, verify the file and show what that proved."""
        if path is not None:
            self.change(lambda state: update_draft(state, path=str(path)))
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
            return written_html(written, verify_report(written))

        def done(page: str) -> None:
            if self.finding is finding:
                self.written = page
                self.refresh()

        self.background.run("Writing the report", work, done, wait=wait)

    def _examine(self, title: str, picture: Picked, done: Callable[[Finding], None], *, wait: bool, **how: Any) -> None:
        def work(progress: Progress, stop: Stop) -> Finding:
            # An upload is decoded here, where it blocks nobody.
            read = Evidence.from_bytes(picture[1], name=picture[0]) if isinstance(picture, tuple) else picture
            return self.detector.examine(read, progress=progress, cancel=stop, **how)

        self.background.run(title, work, done, wait=wait)

    def _fitting(self, state: State) -> State:
        """Return the state with a method that its branch allows."""
        return (
            choose_branch(state, state.branch, usable_methods(self.detector, state.branch)) if state.branch else state
        )


def _stopper(progress: Progress, stop: Stop) -> Callable[[], None]:
    """Return a step that counts pictures and stops when asked to."""
    watch = Watch(1, progress=progress, cancel=stop)
    watch.begin(7)
    return watch.step
