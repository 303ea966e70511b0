"""What was found, and what the file says about itself."""

from typing import Any

import ipywidgets as w

from forensics.detector.finding import Finding
from forensics.explorers.background import headless
from forensics.explorers.events import ViewClicked
from forensics.explorers.page import blocks_html, metadata_html, overview_html
from forensics.explorers.tabs.desk import Desk, page
from forensics.report.blocks import paragraph

__all__ = ["MetadataTab", "OverviewTab"]


class OverviewTab:
    """Outcome with its reason, strength of evidence, propositions, scores of the views, reservations, facts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.words = page()
        self.plot = w.VBox(layout={"width": "100%", "max_width": "62rem"})
        self.box = w.VBox([self.words, self.plot])
        self._shown: Finding | None = None

    def refresh(self, desk: Desk) -> None:
        """Show the finding."""
        finding = desk.finding
        if finding is self._shown:
            return
        self._shown = finding
        self.words.value = overview_html(finding, desk.detector.scale)
        if finding.scores is None:
            text = "There are no scores of views: the picture is unsuitable for scoring."
            self.plot.children = (w.HTML(blocks_html([paragraph(text)])),)
            return
        if headless():  # the page has a plot of its own
            return
        from forensics.explorers.plots import draw_view_scores  # plotly takes a second or more

        figure = draw_view_scores(finding.scores)
        for trace in figure.data:
            trace.on_click(self._clicked)
        self.plot.children = (figure,)

    def _clicked(self, _trace: object, points: Any, _state: object) -> None:
        if points.point_inds:
            self._desk.send(ViewClicked(int(points.point_inds[0])))


class MetadataTab:
    """EXIF, quantisation tables, notes, software, sizes: reported, never scored."""

    def __init__(self, _desk: Desk) -> None:
        self.words = page()
        self.box = w.VBox([self.words])

    def refresh(self, desk: Desk) -> None:
        """Show what the file says."""
        self.words.value = metadata_html(desk.finding)
