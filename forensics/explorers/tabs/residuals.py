"""The tab Residuals: the exhibit's residuals beside those of pictures of known origin, on one scale."""

from dataclasses import replace
from threading import Event as Stop
from typing import Any

import ipywidgets as w
import numpy as np

from forensics.evidence.record import Evidence
from forensics.explorers.background import Progress
from forensics.explorers.drawing.html_parts import amounts_html, bar_html, blocks_html
from forensics.explorers.drawing.layer_view import LayerView
from forensics.explorers.drawing.picture_layers import (
    MAPS,
    PLACELESS,
    Layer,
    maps_of,
    measure,
    picture_layer,
    residual_layer,
)
from forensics.explorers.picture_parts import MAX_SIDE, MIN_SIDE, Box, Square, box_alike, place_words, within
from forensics.explorers.references import Reference
from forensics.explorers.session import Session
from forensics.explorers.state import GAINS, State, go_to_view
from forensics.explorers.tabs.controls import button, control, page, row, set_options
from forensics.records.arrays import UInt8Array
from forensics.report.blocks import paragraph
from forensics.residuals import RESIDUALS, Amounts

__all__ = ["ResidualsTab", "reference_words", "residual_layers", "residual_rows"]

LONG = 2_000_000  # pixels; from there on filtering a whole picture takes a second or more
PAPER = 255


class ResidualsTab:
    """Layers with linked zoom and pan, channel and gain, a marked region and its statistics."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.residual = control(
            w.Dropdown,
            "Residual",
            "Which filter; each says what to look at",
            lambda name: session.choose(residual=name),
            options=[(RESIDUALS[name].title, name) for name in RESIDUALS.names()],
        )
        self.channel = control(
            w.SelectionSlider,
            "Channel",
            "Which map of this residual",
            lambda channel: session.choose(channel=channel),
            options=[("-", 0)],
            width="32rem",
        )
        self.gain = control(
            w.FloatLogSlider,
            "Gain",
            "1 is the fixed scale of reports; more shows smaller values, and the caption says so",
            lambda gain: session.choose(gain=gain),
            value=1.0,
            base=2,
            min=float(np.log2(GAINS[0])),
            max=float(np.log2(GAINS[1])),
            step=0.25,
            readout_format=".3g",
        )
        self.left = self._slider("Left", "First column of the part that is shown", min=0, max=1, step=8)
        self.top = self._slider("Top", "First row of the part that is shown", min=0, max=1, step=8)
        self.side = self._slider("Side", "Pixels along each side of the part", min=MIN_SIDE, max=MAX_SIDE, step=32)
        self.view = control(
            w.Dropdown,
            "Go to view",
            "The part that a view of the detector looked at",
            self._go,
            options=[("…", -1)],
        )
        self.clear = button("Clear region", "Take the marked region back", lambda: session.choose(region=None))
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
        self._shown: tuple[object, Box | None] | None = None

    def refresh(self) -> None:
        """Bind the controls and show the part; a whole large picture is filtered in the background first."""
        session, state = self._session, self._session.state
        self._bind(state)
        matched = session.references
        references = matched or ()
        evidence = session.finding.evidence
        key = (evidence, matched, state.square, state.residual, state.channel, state.gain, state.hidden)
        if (key, state.region) == self._shown:
            return
        waiting = [e for e in (evidence, *(r.evidence for r in references)) if _takes_long(e, state.residual)]
        if waiting:
            if not session.background.busy:
                self._filter(waiting, state.residual)
            return
        box = state.square.box(state.subject)
        if self._shown is None or self._shown[0] != key:
            layers = residual_layers(evidence, box, state, references)
            residual = RESIDUALS[state.residual]
            words = (layers[1].alt, f"Look at: {residual.look_at}", f"Ignore: {residual.ignore}")
            self.bar.value = bar_html(residual, state.gain)
            self.caption.value = blocks_html(map(paragraph, words))
            self._draw(layers, box, state)
        elif self.layers is not None and not state.hidden:
            self.layers.region = state.region
        self._shown = (key, state.region)
        self._count(references, box, pending=matched is None)

    def _count(self, references: tuple[Reference, ...], box: Box, *, pending: bool) -> None:
        """Fill the table of what the maps amount to."""
        state = self._session.state
        residual, place = RESIDUALS[state.residual], state.region
        of = f"{'Marked region' if place else 'Part shown'}, {place_words(place or box)}"
        channel = residual.channels[state.channel]
        self.numbers.value = amounts_html(
            residual_rows(self._session.finding.evidence, box, state, references),
            residual,
            f"{of}; channel “{channel}”. {reference_words(references, pending=pending)}",
        )

    def _draw(self, layers: list[Layer], box: Box, state: State) -> None:
        if state.hidden:
            self.place.children = (w.HTML(blocks_html([paragraph("Pictures are hidden.")])),)
            return
        if self.layers is None:
            second = 2 if len(layers) > 2 else 1
            self.layers = LayerView(layers, origin=box[:2], mode="side by side", first=1, second=second)
            self.layers.observe(lambda change: self._session.choose(region=change["new"]), names="region")
            self.layers.read = self._read
        else:
            alone = self.layers.second < 2 <= len(layers) - 1 and len(self.layers.layers) == 2
            self.layers.show(layers, origin=box[:2])
            if alone:
                self.layers.second = 2
        self.layers.region = state.region
        self.place.children = (self.layers,)

    def _read(self, x: int, y: int) -> str:
        """Return the values of a pixel of the exhibit, in the unit of the residual."""
        state, evidence = self._session.state, self._session.finding.evidence
        residual = RESIDUALS[state.residual]
        colours = ", ".join(str(v) for v in evidence.pixels[y, x].tolist())
        if state.residual == PLACELESS:
            return f"column {x}, row {y}: colours {colours}"
        left, top = max(0, x - 8), max(0, y - 8)
        box = (left, top, min(evidence.width, left + 17), min(evidence.height, top + 17))
        value = float(maps_of(evidence, box, state.residual)[y - top, x - left, state.channel])
        return f"column {x}, row {y}: colours {colours}; {residual.title} {value:+.3f} {residual.unit}"

    def _filter(self, pictures: list[Evidence], name: str) -> None:
        """Filter whole pictures; what was filtered when the work is stopped stays."""

        def work(progress: Progress, stop: Stop) -> None:
            for k, evidence in enumerate(pictures):
                progress(k, len(pictures))
                if not stop.is_set():
                    MAPS.get(evidence, name)

        self._session.background.run(
            f"Filtering the whole picture: {RESIDUALS[name].title}", work, lambda _: self._session.refresh()
        )

    def _bind(self, state: State) -> None:
        square, subject = state.square, state.subject
        self.residual.value = state.residual
        channels = [(name, k) for k, name in enumerate(RESIDUALS[state.residual].channels)]
        set_options(self.channel, channels, state.channel)
        self.gain.value, self.side.value = state.gain, square.side
        self.left.max, self.top.max = (max(1, n - square.side) for n in (subject.width, subject.height))
        self.left.value, self.top.value = square.left, square.top
        set_options(self.view, [("…", -1), *((name, k) for k, name in enumerate(subject.views))], -1)
        self.clear.disabled = state.region is None

    def _slider(self, description: str, tooltip: str, **limits: Any) -> w.IntSlider:
        return control(w.IntSlider, description, tooltip, lambda _: self._move(), **limits)

    def _move(self) -> None:
        square = Square(left=self.left.value, top=self.top.value, side=self.side.value)
        self._session.choose(square=square)

    def _go(self, number: int) -> None:
        if number >= 0:
            self._session.change(lambda state: go_to_view(state, number))


def residual_layers(evidence: Evidence, box: Box, state: State, references: tuple[Reference, ...]) -> list[Layer]:
    """Return layers of a part: the picture, its residual, and those of the parts of references that lie alike."""

    def of(picture: Evidence, part: Box, name: str, about: str = "") -> Layer:
        return residual_layer(
            picture, part, residual=state.residual, channel=state.channel, gain=state.gain, name=name, about=about
        )

    layers = [picture_layer(evidence, box, name="Exhibit"), of(evidence, box, "Exhibit, residual")]
    for number, reference in enumerate(references, start=1):
        known, label = reference.evidence, reference.label
        part = box_alike(evidence, box, known)
        layer = of(known, part, f"{number} {label}: {known.name}", f"Known {label}, {known.name}. ")
        pixels = _padded(layer.pixels, layers[1].pixels.shape)
        layers.append(replace(layer, pixels=pixels, alt=f"{layer.alt} {reference.matched}"))
    return layers


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
    """Return the place of another part that is shown where a place of the first is, cut at its end."""
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
