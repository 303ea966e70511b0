"""The explorer: one picture, its residuals and its scores side by side, with a picker for the next picture."""

import html
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ipywidgets as w
from PIL import Image

from forensics.detector import Detector
from forensics.errors import ForensicsError
from forensics.explorers.plots import draw_view_scores
from forensics.explorers.state import (
    MAX_SIDE,
    MIN_SIDE,
    Look,
    Panel,
    clamped,
    look_at_view,
    picture_panel,
    residual_panel,
)
from forensics.report.canonical import visible
from forensics.residuals import RESIDUALS
from forensics.types import Evidence, Finding, UInt8Array

__all__ = ["Explorer", "explore"]

SIDE = 384  # pixels shown at first
SHOWN = 480  # pixels of the screen per side, at most


def explore(detector: Detector, finding: Finding) -> "Explorer":
    """Show a finding in a notebook: picture, residuals, scores of the views.

    Parameters
    ----------
    detector : Detector
        Examines the pictures that are picked.
    finding : Finding
        With the pixels of its picture; see `Finding.attach`.

    Returns
    -------
    Explorer
        Displayed when it is the last value of a cell.

    Raises
    ------
    EvidenceError
        The finding was read from JSON and holds no pixels.
    """
    finding.evidence.require_pixels()
    return Explorer(detector, finding)


class Explorer(w.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A picture under examination.

    Parameters
    ----------
    detector : Detector
    finding : Finding

    Attributes
    ----------
    finding : Finding
        Of the picture that is shown; pass it to ``write_report``.
    """

    def __init__(self, detector: Detector, finding: Finding) -> None:
        self.detector = detector
        self.finding = finding
        self.picker = w.FileUpload(description="Pick a picture", multiple=False, layout={"width": "12rem"})
        self.path = w.Text(placeholder="or type a path and press Enter", continuous_update=False)
        self.message = w.HTML()
        self.facts = w.HTML()
        self.left = _slider("Left", 0, 1)
        self.top = _slider("Top", 0, 1)
        self.side = _slider("Side", MIN_SIDE, MAX_SIDE)
        self.side.value = SIDE
        self.picture = _Frame("the picture")
        self.residuals = [_ResidualTab(name, self._look) for name in RESIDUALS.names()]
        self.tabs = w.Tab(
            children=[t.box for t in self.residuals], titles=[RESIDUALS[t.name].title for t in self.residuals]
        )
        self.scores = w.VBox()
        for slider in (self.left, self.top, self.side):
            slider.observe(self._redraw, names="value")
        self.tabs.observe(self._redraw, names="selected_index")
        self.picker.observe(self._picked, names="value")
        self.path.observe(self._typed, names="value")
        pick = w.HBox([self.picker, self.path], layout={"align_items": "center"})
        sliders = w.HBox([self.left, self.top, self.side])
        panes = w.HBox([self.picture.box, self.tabs], layout={"align_items": "flex-start", "flex_flow": "row wrap"})
        super().__init__([pick, self.message, self.facts, sliders, panes, self.scores])
        self.show(finding)

    def show(self, finding: Finding) -> None:
        """Show another finding."""
        self.finding = finding
        evidence = finding.evidence
        for slider, length in ((self.left, evidence.width), (self.top, evidence.height)):
            slider.max = max(1, length - MIN_SIDE)
            slider.value = max(0, (length - self.side.value) // 2)
        self.facts.value = _facts(finding)
        self.scores.children = () if finding.scores is None else (self._plot(finding),)
        self._redraw()

    def examine(self, picture: str | Path | Evidence) -> None:
        """Examine a picture and show it; what cannot be read is said in one line, and the last picture stays."""
        self.message.value = "<p>Examining …</p>"
        try:
            finding = self.detector.examine(picture)
        except ForensicsError as err:
            self.message.value = f"<p><b>Not examined.</b> {_safe(str(err))}</p>"
            return
        self.message.value = ""
        self.show(finding)

    def _plot(self, finding: Finding) -> w.DOMWidget:
        scores = finding.scores
        if scores is None:
            raise ValueError("a finding without scores has no plot. Check finding.scores first.")
        figure = draw_view_scores(scores)

        def go_to(_trace: object, points: Any, _state: object) -> None:
            if points.point_inds:
                self._move(look_at_view(scores, points.point_inds[0]))

        for trace in figure.data:
            trace.on_click(go_to)
        return figure

    def _move(self, look: Look) -> None:
        look = clamped(look, self.finding.evidence)
        self.side.value, self.left.value, self.top.value = look.side, look.left, look.top

    def _look(self) -> tuple[Evidence, Look]:
        evidence = self.finding.evidence
        look = Look(left=self.left.value, top=self.top.value, side=self.side.value)
        return evidence, clamped(look, evidence)

    def _redraw(self, _change: object = None) -> None:
        self.picture.show(picture_panel(*self._look()))
        self.residuals[self.tabs.selected_index or 0].redraw()

    def _picked(self, change: Any) -> None:
        for upload in change["new"]:
            try:
                evidence = Evidence.from_bytes(bytes(upload["content"]), name=str(upload["name"]))
            except ForensicsError as err:
                self.message.value = f"<p><b>Not examined.</b> {_safe(str(err))}</p>"
                return
            self.examine(evidence)

    def _typed(self, change: Any) -> None:
        if change["new"].strip():
            self.examine(Path(change["new"].strip()).expanduser())


class _Frame:
    """A picture with its caption."""

    def __init__(self, alt: str) -> None:
        self.image = w.Image(format="png", layout={"border": "1px solid #d3d8dd"})
        self.image.alt = alt
        self.caption = w.HTML(layout={"max_width": f"{SHOWN}px"})
        self.box = w.VBox([self.image, self.caption], layout={"width": f"{SHOWN + 20}px"})

    def show(self, panel: Panel) -> None:
        self.image.value = _png(panel.pixels)
        height, width = panel.pixels.shape[:2]
        enlarge = SHOWN / max(height, width, 1)
        self.image.width, self.image.height = str(round(width * enlarge)), str(round(height * enlarge))
        words = [f"<p>{_safe(panel.caption)}</p>"]
        if panel.look_at:
            words.append(f"<p><b>Look at</b> {_safe(panel.look_at)}<br><b>Ignore</b> {_safe(panel.ignore)}</p>")
        self.caption.value = "".join(words)


class _ResidualTab:
    """One residual: its map, a choice of channel, and a slider for the scale."""

    def __init__(self, name: str, look: Callable[[], tuple[Evidence, Look]]) -> None:
        self.name = name
        self.look = look
        residual = RESIDUALS[name]
        self.channel = w.Dropdown(options=[(c, k) for k, c in enumerate(residual.channels)], description="Channel")
        self.scale = w.FloatLogSlider(
            value=residual.limit, min=-2, max=2, step=0.05, description="Scale to", continuous_update=False
        )
        self.frame = _Frame(residual.title)
        self.box = w.VBox([w.HBox([self.channel, self.scale]), self.frame.box])
        self.channel.observe(self.redraw, names="value")
        self.scale.observe(self.redraw, names="value")

    def redraw(self, _change: object = None) -> None:
        evidence, look = self.look()
        limit = (
            RESIDUALS[self.name].limit
            if abs(self.scale.value / RESIDUALS[self.name].limit - 1) < 0.01
            else self.scale.value
        )
        self.frame.show(residual_panel(evidence, look, name=self.name, channel=self.channel.value, limit=limit))


def _slider(description: str, low: int, high: int) -> w.IntSlider:
    return w.IntSlider(
        value=low, min=low, max=high, step=8, description=description, continuous_update=False, readout_format="d"
    )


def _facts(finding: Finding) -> str:
    """Return what is known about the picture and what was measured, as HTML without anything active."""
    evidence = finding.evidence
    lines = [
        f"<b>{_safe(evidence.name)}</b>, {_safe(evidence.media_type)}, {evidence.width} × {evidence.height} pixels",
        f"SHA-256 <code>{evidence.sha256}</code>",
    ]
    if finding.scores is not None:
        branches = ", ".join(f"{_safe(b)} {v:+.2f}" for b, v in finding.scores.by_branch.items())
        lines.append(
            f"Uncalibrated score {finding.scores.score:.3f}, not a probability; log-odds by branch: {branches}"
        )
    lines.append(f"Outcome: {finding.outcome}. {_safe(finding.reason)}")
    lines += _strength(finding)
    lines += [_safe(note) for note in evidence.notes]
    lines += [_safe(c.text) for c in finding.caveats if c.text != finding.reason]
    return "<p>" + "<br>".join(lines) + "</p>"


def _strength(finding: Finding) -> list[str]:
    """Return the likelihood ratio and what became of copies, as lines of HTML."""
    lines = []
    lr, panel = finding.lr, finding.robustness
    if lr is not None:
        low, high = lr.interval
        reached = ", bound reached" if lr.at_bound else ""
        words = f": {lr.words()}" if finding.outcome in ("supports_h1", "supports_h2") else ""
        lines.append(
            f"log10 LR {lr.llr:+.2f} ({low:+.2f} to {high:+.2f}{reached}){words}; reference: {_safe(lr.stratum)}"
        )
    if panel is not None:
        lines.append(_safe(f"{panel.summary[:1].upper()}{panel.summary[1:]}."))
    return lines


def _safe(text: str) -> str:
    return html.escape(visible(text))


def _png(pixels: UInt8Array) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()
