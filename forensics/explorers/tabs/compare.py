"""The tab Compare: two exhibits side by side."""

from typing import Any

import ipywidgets as w

from forensics.detector.finding import Finding
from forensics.evidence.record import Evidence
from forensics.explorers.drawing.html_parts import blocks_html
from forensics.explorers.drawing.layer_view import LayerView
from forensics.explorers.drawing.picture_layers import Layer, picture_layer, residual_layer, scale_words
from forensics.explorers.picture_parts import box_alike, place_words
from forensics.explorers.session import Session
from forensics.explorers.state import State
from forensics.explorers.tabs.controls import FilePicker, page
from forensics.messages import decimals
from forensics.report.blocks import Block, callout, paragraph, table
from forensics.report.sections.phrases import outcome_words, picture_words, shorten
from forensics.residuals import RESIDUALS

__all__ = ["CompareTab", "compare_html", "compare_layers"]

PICK = "Pick a second picture, such as another one of the same device and day."
WARNING = (
    "Where size, camera or history differ, scores and log-odds differ for that reason alone: that one is higher says nothing about "
    "which picture is forged (docs/when-not-to-use.md). Compare what the files say, and the residuals of the same material."
)


class CompareTab:
    """A picker for a second file, the facts and scores of both, and their pictures and residuals with linked zoom."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.picker = FilePicker("Pick a second", lambda picked: session.compare(picked, wait=False))
        self.layers: LayerView | None = None
        self.place = w.VBox(layout={"width": "100%"})
        self.words, self.caption = page(), page()
        self.box = w.VBox([self.picker.box, self.words, self.place, self.caption])
        self._shown: object = None

    def refresh(self) -> None:
        """Show both exhibits."""
        session = self._session
        state, other = session.state, session.other
        key = (session.finding, other, state.square, state.residual, state.channel, state.gain, state.hidden)
        if key == self._shown:
            return
        self._shown = key
        self.words.value = compare_html(session.finding, other)
        if other is None or state.hidden:
            self.place.children, self.caption.value = (), ""
            return
        layers, origin, caption = compare_layers(session.finding.evidence, other.evidence, state)
        if self.layers is None:
            self.layers = LayerView(layers, origin=origin, mode="side by side", first=0, second=1)
        else:
            self.layers.show(layers, origin=origin)
        self.place.children = (self.layers,)
        self.caption.value = blocks_html([paragraph(caption)])


def compare_html(finding: Finding, other: Finding | None, *, alone: str = PICK) -> str:
    """Return a table of what is known and was measured of two exhibits, below what must not be read from it.

    Parameters
    ----------
    finding : Finding
    other : Finding or None
    alone : str
        What is said where there is no second one.
    """
    if other is None:
        return blocks_html([paragraph(alone)])
    first, second = _facts(finding), _facts(other)
    rows = [(name, first.get(name, "none"), second.get(name, "none")) for name in dict.fromkeys((*first, *second))]
    blocks: list[Block] = [
        callout("Scores of two pictures are not to be held against each other", WARNING, tone="caution"),
        table(
            "Two exhibits. What a file says about itself is reported, never scored.", ("", "Exhibit", "Second"), rows
        ),
    ]
    if finding.evidence.sha256 == other.evidence.sha256:
        blocks.append(paragraph("Both are the same file."))
    return blocks_html(blocks)


def compare_layers(evidence: Evidence, other: Evidence, state: State) -> tuple[list[Layer], tuple[int, int], str]:
    """Return pictures and residuals of two exhibits, where the first layers lie, and the words for both.

    Pictures of the same size show the same part; others show parts of equal size that lie alike.
    """
    box = state.square.box(state.subject)
    of = box_alike(evidence, box, other)
    wide, tall = of[2] - of[0], of[3] - of[1]
    box = (box[0], box[1], min(box[2], box[0] + wide), min(box[3], box[1] + tall))
    parts = (("Exhibit", evidence, box), ("Second", other, of))
    layers = [picture_layer(e, b, name=name, about=f"{e.name}. ") for name, e, b in parts]
    shown: Any = {"residual": state.residual, "channel": state.channel, "gain": state.gain}
    layers += [residual_layer(e, b, name=f"{name}, residual", about=f"{e.name}. ", **shown) for name, e, b in parts]
    residual = RESIDUALS[state.residual]
    same = (evidence.width, evidence.height) == (other.width, other.height)
    beside = "the same of the second" if same else f"of the second, as it lies alike, {place_words(of)}"
    caption = (
        f"At 1 : 1, of the exhibit {place_words(box)}; {beside}. {residual.title}, channel “{residual.channels[state.channel]}”. "
        f"{scale_words(residual, state.gain)} Part, residual, channel and gain are those of the tab Residuals."
    )
    return layers, (box[0], box[1]), caption


def _facts(finding: Finding) -> dict[str, str]:
    evidence, meta, scores = finding.evidence, finding.evidence.metadata, finding.scores
    facts = {
        "Name": shorten(evidence.name, 120),
        "Picture": picture_words(finding),
        "SHA-256": evidence.sha256,
        "JPEG quality, estimated": "none" if meta.jpeg_quality is None else decimals(meta.jpeg_quality, 1),
        "Sub-sampling": meta.subsampling or "none",
        "Software named": "; ".join(shorten(s, 80) for s in meta.software) or "none",
        "EXIF fields": str(len(meta.exif)),
        "Outcome": outcome_words(finding),
        "log10 LR": "none" if finding.lr is None else f"{decimals(finding.lr.llr, 2)} ({finding.lr.stratum})",
    }
    if scores is not None:
        facts["Uncalibrated score"] = decimals(scores.score)
        facts |= {f"Log-odds, {b}": decimals(v, 2) for b, v in scores.by_branch.items()}
    return facts
