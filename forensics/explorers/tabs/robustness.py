"""What becomes of the result when the exhibit is delivered in other ways."""

import ipywidgets as w

from forensics.detector.finding import Finding
from forensics.explorers.page import robustness_html
from forensics.explorers.tabs.desk import Desk, button, page, row
from forensics.judgement.deliveries import DELIVERIES

__all__ = ["RobustnessTab"]


class RobustnessTab:
    """The panel of deliveries, and a button that examines all of them."""

    def __init__(self, desk: Desk) -> None:
        self.run = button(
            "Examine all copies",
            f"Examine {len(DELIVERIES)} copies of the exhibit, as pictures travel: saved again, scaled, cut, sent",
            lambda: desk.deliver(wait=False),
        )
        self.words = page()
        self.box = w.VBox([row(self.run), self.words])
        self._shown: Finding | None = None

    def refresh(self, desk: Desk) -> None:
        """Show the panel of the finding."""
        self.run.disabled = desk.background.busy
        if desk.finding is self._shown:
            return
        self._shown = desk.finding
        self.words.value = robustness_html(desk.finding)
