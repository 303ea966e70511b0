"""The tab Report: what goes into the report, and whether the file that was written holds."""

from typing import Any

import ipywidgets as w

from forensics.explorers.session import Session
from forensics.explorers.state import update_draft
from forensics.explorers.tabs.controls import CheckList, button, control, on_change, page, row
from forensics.messages import LANGUAGES
from forensics.residuals import RESIDUALS

__all__ = ["ReportTab"]

NAMES = {"en": "English", "zh": "中文", "ko": "한국어"}


class ReportTab:
    """Figures, notes, attributions, language and redaction; a button that writes the file and checks it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.path = self._bound(w.Text, "path", "Write to", "Path of the HTML file; a report that is there is replaced")
        self.number = self._bound(w.Text, "number", "Case", "Number of the case")
        self.examiner = self._bound(w.Text, "examiner", "Examiner", "Who examined")
        self.notes = self._bound(
            w.Textarea,
            "notes",
            "Notes",
            "What you saw and what you make of it; printed as yours",
            placeholder="What you saw, and what else could explain it",
            rows=4,
            width="34rem",
        )
        self.figures = CheckList("Figures", "Show this residual in the report", lambda names: self._tell(figures=names))
        self.attributions = CheckList(
            "Explained",
            "Show this attribution in the report",
            lambda numbers: self._tell(attributions=numbers),
            width="40rem",
        )
        languages = [(NAMES.get(code, code), code) for code in LANGUAGES]
        self.language = self._bound(w.Dropdown, "language", "Language", "Language of the report", options=languages)
        self.redact = on_change(
            w.Checkbox(
                description="Leave every pixel out",
                tooltip="For a copy that may be passed on when a person in the picture must be protected",
                indent=False,
                layout={"width": "auto", "margin": "0 0 0 7rem"},
            ),
            lambda value: self._tell(redact=value),
        )
        self.run = button(
            "Write and verify", "Write the report, then check the file", lambda: session.export(wait=False)
        )
        self.result = page()
        self.box = w.VBox(
            [
                row(self.path, self.number, self.examiner),
                self.figures.box,
                self.attributions.box,
                self.notes,
                row(self.language, self.redact),
                row(self.run),
                self.result,
            ]
        )

    def refresh(self) -> None:
        """Bind the controls, and show what the checks of the last report proved."""
        session, draft = self._session, self._session.state.draft
        self.result.value = session.written
        self.run.disabled = session.background.busy
        for name in ("path", "number", "examiner", "notes", "language", "redact"):
            getattr(self, name).value = getattr(draft, name)
        self.figures.show([(RESIDUALS[n].title, n) for n in RESIDUALS.names()], draft.figures)
        made = [(f"{k}: {a.branch}, {a.method}, {a.view}", k) for k, a in enumerate(session.why)]
        self.attributions.show(made, draft.attributions)

    def _bound(self, kind: type[w.Widget], name: str, description: str, tooltip: str, **options: Any) -> Any:
        """Return a control of a field of the draft."""
        return control(kind, description, tooltip, lambda value: self._tell(**{name: value}), **options)

    def _tell(self, **choices: Any) -> None:
        self._session.change(lambda state: update_draft(state, **choices))
