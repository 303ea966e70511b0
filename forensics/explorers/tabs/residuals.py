"""The exhibit's residuals beside those of pictures of known origin, on one scale."""

from threading import Event as Stop

import ipywidgets as w
import numpy as np

from forensics.evidence.record import Evidence
from forensics.explorers.background import Progress
from forensics.explorers.events import ChannelChosen, GainSet, LookMoved, RegionMarked, ResidualChosen, ViewClicked
from forensics.explorers.layers import Layer, LayerView
from forensics.explorers.page import amounts_html, bar_html, blocks_html
from forensics.explorers.panels import (
    MAPS,
    PLACELESS,
    Panel,
    maps_of,
    measure,
    picture_panel,
    residual_panel,
)
from forensics.explorers.places import MAX_SIDE, MIN_SIDE, Box, Look, box_alike, place_words, within
from forensics.explorers.references import Reference
from forensics.explorers.state import GAINS, State
from forensics.explorers.tabs.desk import LABEL, WIDE, Desk, button, choice, page, row, slider, told
from forensics.records.arrays import UInt8Array
from forensics.report.blocks import paragraph
from forensics.residuals import RESIDUALS, Amounts

__all__ = ["ResidualsTab", "reference_words", "residual_layers", "residual_rows"]

LONG = 2_000_000  # pixels; from there on filtering a whole picture takes a second or more
PAPER = 255


class ResidualsTab:
    """Layers with linked zoom and pan, channel and gain, a marked region and its statistics."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        names = [(RESIDUALS[name].title, name) for name in RESIDUALS.names()]
        self.residual = choice("Residual", "Which filter; each says what to look at", names, self._tell_residual)
        self.channel = told(
            w.SelectionSlider(
                options=[("-", 0)],
                description="Channel",
                tooltip="Which map of this residual",
                continuous_update=False,
                style=LABEL,
                layout={"width": "32rem", "max_width": "100%"},
            ),
            self._tell_channel,
        )
        self.gain = told(
            w.FloatLogSlider(
                value=1.0,
                base=2,
                min=float(np.log2(GAINS[0])),
                max=float(np.log2(GAINS[1])),
                step=0.25,
                description="Gain",
                tooltip="1 is the fixed scale of reports; more shows smaller values, and the caption says so",
                continuous_update=False,
                readout_format=".3g",
                style=LABEL,
                layout={"width": WIDE, "max_width": "100%"},
            ),
            self._tell_gain,
        )
        self.left = slider("Left", "First column of the part that is shown", self._move, min=0, max=1, step=8)
        self.top = slider("Top", "First row of the part that is shown", self._move, min=0, max=1, step=8)
        self.side = slider(
            "Side", "Pixels along each side of the part", self._move, min=MIN_SIDE, max=MAX_SIDE, step=32
        )
        self.view = choice("Go to view", "The part that a view of the detector looked at", [("…", -1)], self._go)
        self.clear = button("Clear region", "Take the marked region back", lambda: desk.send(RegionMarked(None)))
        self.layers: LayerView | None = None
        self.place = w.VBox(layout={"width": "100%"})
        self.caption, self.bar, self.numbers = page(), page(), page()
        self.box = w.VBox(
            [
                row(self.residual, self.channel, self.gain),
                row(self.left, self.top, self.side, self.view, self.clear),
                self.bar,
                self.place,
                self.caption,
                self.numbers,
            ]
        )
        self._filling = False
        self._shown: tuple[object, Box | None] | None = None

    def refresh(self, desk: Desk) -> None:
        """Bind the controls and show the part; a whole large picture is filtered in the background first."""
        state = desk.state
        self._bind(state)
        matched = desk.references
        references = matched or ()
        key = (desk.finding.evidence, matched, state.look, state.residual, state.channel, state.gain, state.hidden)
        if (key, state.region) == self._shown:
            return
        pictures = (desk.finding.evidence, *(r.evidence for r in references))
        waiting = [e for e in pictures if _takes_long(e, state.residual)]
        if waiting:
            if not desk.background.busy:
                self._filter(waiting, state.residual)
            return
        if self._shown is None or self._shown[0] != key:
            self._show(desk, references)
        elif self.layers is not None and not state.hidden:
            self._filling = True
            self.layers.region = state.region
            self._filling = False
        self._shown = (key, state.region)
        self._count(desk, references, pending=matched is None)

    def _show(self, desk: Desk, references: tuple[Reference, ...]) -> None:
        """Draw the layers with their words."""
        state = desk.state
        box = state.look.box(state.subject)
        layers, panel = residual_layers(desk.finding.evidence, box, state, references)
        self.bar.value = bar_html(RESIDUALS[state.residual], state.gain)
        self.caption.value = blocks_html(
            [paragraph(panel.caption), paragraph(f"Look at: {panel.look_at}"), paragraph(f"Ignore: {panel.ignore}")]
        )
        self._draw(layers, box, state)

    def _count(self, desk: Desk, references: tuple[Reference, ...], *, pending: bool) -> None:
        """Fill the table of what the maps amount to."""
        state, evidence = desk.state, desk.finding.evidence
        residual, place = RESIDUALS[state.residual], state.region
        box = state.look.box(state.subject)
        of = f"{'Marked region' if place else 'Part shown'}, {place_words(place or box)}"
        channel = residual.channels[state.channel]
        self.numbers.value = amounts_html(
            residual_rows(evidence, box, state, references),
            residual,
            f"{of}; channel “{channel}”. {reference_words(references, pending=pending)}",
        )

    def _draw(self, layers: list[Layer], box: Box, state: State) -> None:
        if state.hidden:
            self.place.children = (w.HTML(blocks_html([paragraph("Pictures are hidden.")])),)
            return
        self._filling = True
        try:
            if self.layers is None:
                second = 2 if len(layers) > 2 else 1
                self.layers = LayerView(layers, origin=box[:2], mode="side by side", first=1, second=second)
                self.layers.observe(self._marked, names="region")
            else:
                alone = self.layers.second < 2 <= len(layers) - 1 and len(self.layers.layers) == 2
                self.layers.show(layers, origin=box[:2])
                if alone:
                    self.layers.second = 2
            self.layers.read = self._read
            self.layers.region = state.region
        finally:
            self._filling = False
        self.place.children = (self.layers,)

    def _read(self, x: int, y: int) -> str:
        """Return the values of a pixel of the exhibit, in the unit of the residual."""
        state, evidence = self._desk.state, self._desk.finding.evidence
        residual = RESIDUALS[state.residual]
        colours = ", ".join(str(v) for v in evidence.pixels[y, x].tolist())
        if state.residual == PLACELESS:
            return f"column {x}, row {y}: colours {colours}"
        left, top = max(0, x - 8), max(0, y - 8)
        box = (left, top, min(evidence.width, left + 17), min(evidence.height, top + 17))
        value = float(maps_of(evidence, box, state.residual)[y - top, x - left, state.channel])
        return f"column {x}, row {y}: colours {colours}; {residual.title} {value:+.3f} {residual.unit}"

    def _filter(self, pictures: list[Evidence], name: str) -> None:
        """Filter whole pictures; what was filtered when the work is stopped is kept."""

        def work(progress: Progress, stop: Stop) -> None:
            for k, evidence in enumerate(pictures):
                progress(k, len(pictures))
                if not stop.is_set():
                    MAPS.get(evidence, name)

        self._desk.background.run(
            f"Filtering the whole picture: {RESIDUALS[name].title}", work, lambda _: self._desk.refresh()
        )

    def _bind(self, state: State) -> None:
        residual = RESIDUALS[state.residual]
        self._filling = True
        try:
            self.residual.value = state.residual
            channels = [(name, k) for k, name in enumerate(residual.channels)]
            if tuple(channels) != tuple(self.channel.options):
                self.channel.options = channels
            self.channel.value, self.gain.value = state.channel, state.gain
            self.side.value = state.look.side
            for control, length, value in (
                (self.left, state.subject.width, state.look.left),
                (self.top, state.subject.height, state.look.top),
            ):
                control.max = max(1, length - state.look.side)
                control.value = value
            views = [("…", -1), *((name, k) for k, name in enumerate(state.subject.views))]
            if tuple(views) != tuple(self.view.options):
                self.view.options = views
            self.view.value = -1
            self.clear.disabled = state.region is None
        finally:
            self._filling = False

    def _tell_residual(self, name: str) -> None:
        if not self._filling:
            self._desk.send(ResidualChosen(name))

    def _tell_channel(self, channel: int) -> None:
        if not self._filling:
            self._desk.send(ChannelChosen(channel))

    def _tell_gain(self, gain: float) -> None:
        if not self._filling:
            self._desk.send(GainSet(gain))

    def _move(self, _value: int) -> None:
        if not self._filling:
            look = Look(left=self.left.value, top=self.top.value, side=self.side.value)
            self._desk.send(LookMoved(look))

    def _go(self, index: int) -> None:
        if not self._filling and index >= 0:
            self._desk.send(ViewClicked(index))

    def _marked(self, change: dict[str, object]) -> None:
        if not self._filling:
            self._desk.send(RegionMarked(change["new"]))  # type: ignore[arg-type]  # checked by LayerView


def residual_layers(
    evidence: Evidence, box: Box, state: State, references: tuple[Reference, ...]
) -> tuple[list[Layer], Panel]:
    """Return the picture, its residual and those of the references, and the panel of the exhibit's residual."""
    picture = picture_panel(evidence, box)
    panel = residual_panel(evidence, box, name=state.residual, channel=state.channel, gain=state.gain)
    layers = [
        Layer(name="Exhibit", pixels=picture.pixels, alt=picture.caption),
        Layer(name="Exhibit, residual", pixels=panel.pixels, alt=panel.caption),
    ]
    size = panel.pixels.shape
    for number, reference in enumerate(references, start=1):
        of = box_alike(evidence, box, reference.evidence)
        drawn = residual_panel(reference.evidence, of, name=state.residual, channel=state.channel, gain=state.gain)
        alt = f"Known {reference.label}, {reference.evidence.name}. {drawn.caption} {reference.matched}"
        layers.append(
            Layer(
                name=f"{number} {reference.label}: {reference.evidence.name}",
                pixels=_padded(drawn.pixels, size),
                alt=alt,
            )
        )
    return layers, panel


def reference_words(references: tuple[Reference, ...], *, pending: bool = False) -> str:
    """Return how the references were chosen and matched, and who made them."""
    if not references:
        return "References are being matched." if pending else "There are no references."
    made_by = dict.fromkeys(f"{r.evidence.name.partition(',')[0]}: {r.credit}" for r in references if r.credit)
    parts = ["References, nearest in size and compression, at the place that lies alike."]
    parts += dict.fromkeys(r.matched for r in references)
    return " ".join(parts + ([f"Photographs: {'; '.join(made_by)}."] if made_by else []))


def residual_rows(
    evidence: Evidence, box: Box, state: State, references: tuple[Reference, ...]
) -> list[tuple[str, str, int, Amounts]]:
    """Return name, label, pixels and amounts of the exhibit's part, and of the parts of references that lie alike.

    Where a region is marked in the part: of that, of the rest of the exhibit's part, and of what the marks lie on in the
    references. Of the spectrum, which has no places, that of the region alone, and of no rest.
    """
    residual = RESIDUALS[state.residual]
    region = within(state.region, box)
    place = region or box
    cut = place if state.residual == PLACELESS else box
    found = measure(maps_of(evidence, cut, state.residual), _moved(place, cut), residual, state.channel)
    rows = [("Exhibit", "in question", _area(place), found.region)]
    if found.rest is not None:
        rows.append(("Exhibit, rest of the part", "in question", _area(box) - _area(place), found.rest))
    for reference in references:
        part = box_alike(evidence, box, reference.evidence)
        of = _shifted(place, box, part)
        if not _area(of):
            continue  # the reference is smaller than the part, and ends before the region
        amounts = measure(maps_of(reference.evidence, of, state.residual), _moved(of, of), residual, state.channel)
        rows.append((reference.evidence.name, reference.label, _area(of), amounts.region))
    return rows


def _shifted(place: Box, box: Box, part: Box) -> Box:
    """Return the place of another part that is drawn where a place of the first is, cut at its end."""
    x, y = part[0] - box[0], part[1] - box[1]
    right, bottom = min(place[2] + x, part[2]), min(place[3] + y, part[3])
    return min(place[0] + x, right), min(place[1] + y, bottom), right, bottom


def _moved(place: Box, box: Box) -> Box:
    """Return a place as seen from the corner of a part."""
    return place[0] - box[0], place[1] - box[1], place[2] - box[0], place[3] - box[1]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _takes_long(evidence: Evidence, name: str) -> bool:
    whole = RESIDUALS[name].reach is None and name != PLACELESS
    return whole and evidence.width * evidence.height > LONG and not MAPS.holds(evidence, name)


def _padded(pixels: UInt8Array, size: tuple[int, ...]) -> UInt8Array:
    """Return the pixels on paper of that size, for references smaller than the part."""
    below, beside = size[0] - pixels.shape[0], size[1] - pixels.shape[1]
    return np.pad(pixels, ((0, below), (0, beside), (0, 0)), constant_values=PAPER) if below or beside else pixels
