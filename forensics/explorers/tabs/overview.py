"""The tabs Overview, Robustness and Metadata: what was found, what becomes of it in copies, what the file says of itself."""

from typing import TYPE_CHECKING, Any

import ipywidgets as w

from forensics.detector.finding import Finding
from forensics.explorers.background import headless
from forensics.explorers.drawing.html_parts import blocks_html, metadata_html, overview_html, robustness_html
from forensics.explorers.session import Session
from forensics.explorers.state import go_to_view
from forensics.explorers.tabs.controls import button, page, row
from forensics.judgement.deliveries import DELIVERIES
from forensics.report.blocks import paragraph
from forensics.scores import BranchScores

if TYPE_CHECKING:
    from plotly.graph_objects import FigureWidget

__all__ = ["MetadataTab", "OverviewTab", "RobustnessTab"]

COLOURS = ("#1d4f6e", "#b3641f", "#5d7a2e", "#7a4b86")  # apart for colour-blind readers, and in grey
MARKS = ("circle", "diamond", "square", "cross")


class OverviewTab:
    """Outcome with its reason, strength of evidence, propositions, scores of the views, reservations, facts."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.words = page()
        self.plot = w.VBox(layout={"width": "100%", "max_width": "62rem"})
        self.box = w.VBox([self.words, self.plot])
        self._shown: Finding | None = None

    def refresh(self) -> None:
        """Show the finding."""
        finding = self._session.finding
        if finding is self._shown:
            return
        self._shown = finding
        self.words.value = overview_html(finding, self._session.detector.scale)
        if finding.scores is None:
            text = "There are no scores of views: the picture is unsuitable for scoring."
            self.plot.children = (w.HTML(blocks_html([paragraph(text)])),)
        elif not headless():  # the page has a plot of its own
            figure = view_scores_figure(finding.scores)
            for trace in figure.data:
                trace.on_click(self._clicked)
            self.plot.children = (figure,)

    def _clicked(self, _trace: object, points: Any, _state: object) -> None:
        if points.point_inds:
            number = int(points.point_inds[0])
            self._session.change(lambda state: go_to_view(state, number))


class RobustnessTab:
    """The panel of deliveries, and a button that examines all of them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.run = button(
            "Examine all copies",
            f"Examine {len(DELIVERIES)} copies of the exhibit, as pictures travel: saved again, scaled, cut, sent",
            lambda: session.examine_copies(wait=False),
        )
        self.words = page()
        self.box = w.VBox([row(self.run), self.words])

    def refresh(self) -> None:
        """Show the panel of the finding."""
        self.run.disabled = self._session.background.busy
        self.words.value = robustness_html(self._session.finding)


class MetadataTab:
    """EXIF, quantisation tables, notes, software, sizes: reported, never scored."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.words = page()
        self.box = w.VBox([self.words])

    def refresh(self) -> None:
        """Show what the file says."""
        self.words.value = metadata_html(self._session.finding)


def view_scores_figure(scores: BranchScores) -> "FigureWidget":
    """Return a plot of the uncalibrated score of every branch on every view, on the fixed scale from 0 to 1.

    Parameters
    ----------
    scores : BranchScores

    Returns
    -------
    plotly.graph_objects.FigureWidget
        One trace per branch, one point per view; point `k` is view `k`.
    """
    import plotly.graph_objects as go  # takes a second or more

    figure = go.FigureWidget()
    n = len(scores.views)
    for k, (branch, values) in enumerate(zip(scores.branches, scores.view_scores, strict=True)):
        colour = COLOURS[k % len(COLOURS)]
        figure.add_scatter(
            x=list(range(1, n + 1)),
            y=values.tolist(),
            mode="markers",
            name=branch,
            text=list(scores.views),
            marker={"color": colour, "symbol": MARKS[k % len(MARKS)], "size": 8},
            hovertemplate="%{text}<br>" + branch + " %{y:.3f}<extra></extra>",
        )
        figure.add_hline(y=float(values.mean()), line={"color": colour, "width": 1, "dash": "dot"})
    figure.update_layout(
        title="Uncalibrated score of every view (not a probability); dotted: mean of a branch",
        template="plotly_white",
        height=340,
        margin={"l": 60, "r": 20, "t": 50, "b": 50},
        legend={"orientation": "h", "y": 1.08, "x": 1, "xanchor": "right"},
    )
    figure.update_xaxes(title="view, in the order of examination", range=[0.5, n + 0.5], tick0=1, dtick=max(1, n // 10))
    figure.update_yaxes(title="score: 0 like ‘real’, 1 like ‘fake’", range=[-0.03, 1.03])
    return figure
