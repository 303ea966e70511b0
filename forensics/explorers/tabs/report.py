"""What goes into the report, and whether the file that was written holds."""

import ipywidgets as w

from forensics.explorers.events import ReportSet
from forensics.explorers.page import blocks_html
from forensics.explorers.tabs.desk import LABEL, CheckList, Desk, button, page, row, told
from forensics.messages import LANGUAGES
from forensics.report.blocks import Block, callout, items, paragraph
from forensics.report.checks.verification import Verification
from forensics.residuals import RESIDUALS

__all__ = ["ReportTab", "verified_html"]

WIDE = "34rem"
NAMES = {"en": "English", "zh": "中文", "ko": "한국어"}


class ReportTab:
    """Figures, notes, attributions, language and redaction; a button that writes the file and checks it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.path = self._text("Write to", "Path of the HTML file; a report that is there is replaced", "path")
        self.number = self._text("Case", "Number of the case", "number")
        self.examiner = self._text("Examiner", "Who examined", "examiner")
        self.notes = told(
            w.Textarea(
                description="Notes",
                tooltip="What you saw and what you make of it; printed as yours",
                placeholder="What you saw, and what else could explain it",
                continuous_update=False,
                rows=4,
                style=LABEL,
                layout={"width": WIDE, "max_width": "100%"},
            ),
            lambda value: self._tell(ReportSet(notes=value)),
        )
        self.figures = CheckList(
            "Figures", "Show this residual in the report", lambda value: self._tell(ReportSet(figures=value))
        )
        self.attributions = CheckList(
            "Explained",
            "Show this attribution in the report",
            lambda value: self._tell(ReportSet(attributions=value)),
            width="40rem",
        )
        self.language = told(
            w.Dropdown(
                options=[(NAMES.get(code, code), code) for code in LANGUAGES],
                description="Language",
                tooltip="Language of the report",
                style=LABEL,
            ),
            lambda value: self._tell(ReportSet(language=value)),
        )
        self.redact = told(
            w.Checkbox(
                description="Leave every pixel out",
                tooltip="For a copy that may be passed on when a person in the picture must be protected",
                indent=False,
                layout={"width": "auto", "margin": "0 0 0 7rem"},
            ),
            lambda value: self._tell(ReportSet(redact=value)),
        )
        self.run = button("Write and verify", "Write the report, then check the file", lambda: desk.export(wait=False))
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
        self._filling = False

    def refresh(self, desk: Desk) -> None:
        """Bind the controls."""
        draft = desk.state.draft
        self.result.value = desk.written
        self.run.disabled = desk.background.busy
        self._filling = True
        try:
            for name in ("path", "number", "examiner", "notes", "language", "redact"):
                getattr(self, name).value = getattr(draft, name)
        finally:
            self._filling = False
        self.figures.show([(RESIDUALS[n].title, n) for n in RESIDUALS.names()], draft.figures)
        made = [(f"{k}: {a.branch}, {a.method}, {a.view}", k) for k, a in enumerate(desk.why)]
        self.attributions.show(made, draft.attributions)

    def _text(self, description: str, tooltip: str, name: str) -> w.Text:
        made = w.Text(
            description=description,
            tooltip=tooltip,
            continuous_update=False,
            style=LABEL,
            layout={"width": "22rem", "max_width": "100%"},
        )
        return told(made, lambda value: self._tell(ReportSet(**{name: value})))

    def _tell(self, event: ReportSet) -> None:
        if not self._filling:
            self._desk.send(event)


def verified_html(path: str, size: int, check: Verification) -> str:
    """Return what the checks of the report that was just written proved."""
    tone = "note" if check.ok else "caution"
    head = "The report is written and holds" if check.ok else "The report is written, and a check failed"
    blocks: list[Block] = [callout(head, f"{path}, {size / 1e6:.2f} MB.", tone=tone)]  # type: ignore[arg-type]  # one of the two
    blocks += [paragraph("What was checked:"), items((*check.problems, *check.proofs))]
    return blocks_html(blocks)
