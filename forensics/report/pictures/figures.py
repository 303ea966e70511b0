"""The pictures of a report: the exhibit as seen, and its residuals, all on printed scales.

Pictures are bounded in number and size, so that a report of one exhibit stays below about three megabytes and one
of a hundred can still be opened.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from forensics.detector.finding import Finding
from forensics.evidence.record import Evidence
from forensics.messages import _, decimals, sentences
from forensics.records.arrays import UInt8Array
from forensics.redaction import (
    Redaction,
    Shown,
    hatched,
    hidden_cells,
    mixed,
    place_message,
    redacted_localisation,
    shown,
    touched,
)
from forensics.report.context import Figure
from forensics.report.pictures.png import bar, make_figure
from forensics.report.pictures.pooling import block_rms, pooled_maximum
from forensics.residuals import RESIDUALS, Residual, render
from forensics.scores import Localisation

__all__ = ["AMOUNTS", "RESIDUALS_SHOWN", "draw_figures", "place_words"]

CROP = 384  # pixels; at 1:1, where residuals must be read
BLOCK = 8  # pixels; the smallest block whose root mean square is drawn
SPECTRUM_SIDE = 1024


@dataclass(frozen=True, slots=True)
class _Amount:
    """How much of each exhibit is drawn, from the number of exhibits on."""

    exhibits: int
    preview: int
    residuals: bool


RESIDUALS_SHOWN = ("srm", "median", "spectrum")
NOTHING = Redaction()
CHANNELS = {"median": 1}  # green, which a sensor samples most densely; of others the first
AMOUNTS = (_Amount(1, 960, True), _Amount(4, 480, True), _Amount(16, 320, False))


def draw_figures(
    findings: Sequence[tuple[int, Finding]],
    *,
    residuals: Sequence[str] = RESIDUALS_SHOWN,
    redaction: Redaction = NOTHING,
    exhibits: int | None = None,
) -> Iterator[tuple[Figure, bytes]]:
    """Yield the figures of a report with their PNG bytes.

    Parameters
    ----------
    findings : sequence of (exhibit number, Finding)
        Findings without pixels get no figures. Up to 3 exhibits get a preview of 960 pixels, up to 15 one of 480,
        both with residuals; more get one of 320 without.
    residuals : sequence of str
        Names of the residuals to draw of the centre of each exhibit, in order.
    redaction : Redaction
        What is covered. Exhibits that are withheld whole get no figures. All else is drawn from the covered picture,
        and where a map mixes covered pixels with others it is hatched; maps that mix all pixels are left out, and so is
        what would show nothing but covered places.
    exhibits : int, optional
        How many findings the report holds, if not these alone.

    Yields
    ------
    Figure, bytes
    """
    n = len(findings) if exhibits is None else exhibits
    amount = next((a for a in reversed(AMOUNTS) if n >= a.exhibits), AMOUNTS[0])
    begun = False
    for number, finding in findings:
        seen = shown(finding.evidence, redaction)
        if seen is None:
            continue
        if amount.residuals and not begun:
            begun = True
            for signed in (True, False):
                yield bar(signed=signed)
        yield _preview(number, seen, amount.preview)
        if amount.residuals:
            if finding.localisation is not None:
                yield _localisation(number, seen, finding.localisation)
            yield from _crop(number, seen)
            for name in residuals:
                yield from _residual(number, seen, name)


def _residual(number: int, seen: Shown, name: str) -> Iterator[tuple[Figure, bytes]]:
    if name == "spectrum":
        yield from _spectrum(number, seen)
        return
    if name == "srm":
        yield from _energy(number, seen, RESIDUALS[name])
    yield from _residual_crop(number, seen, name, CHANNELS.get(name, 0))


def _preview(number: int, seen: Shown, max_side: int) -> tuple[Figure, bytes]:
    evidence = seen.evidence
    pixels = evidence.pixels
    shrink = max(1.0, max(evidence.width, evidence.height) / max_side)
    size = (max(1, round(evidence.width / shrink)), max(1, round(evidence.height / shrink)))
    if shrink > 1:
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0))
    scale = _("1 : 1, every pixel shown") if shrink == 1 else _("reduced 1 : {n}", n=decimals(shrink, 2))
    unaltered = _("The picture as the detector received it: upright, 8 bits per channel, otherwise unaltered.")
    covered = sentences(_("The picture as the detector received it, but for what is covered."), _covered_words(seen))
    whole = (0, 0, evidence.width, evidence.height)
    return make_figure(
        f"exhibit-{number}-preview",
        evidence.sha256,
        pixels,
        kind="preview",
        title=_("Exhibit {number} as examined", number=number),
        caption=covered if seen.words else unaltered,
        alt=sentences(
            _(
                "Exhibit {number}, {width} by {height} pixels, {scale}; {levels}.",
                number=number,
                width=evidence.width,
                height=evidence.height,
                scale=scale,
                levels=_levels(seen, whole),
            ),
            _covered_words(seen),
        ),
        scale=scale,
    )


def _localisation(number: int, seen: Shown, localisation: Localisation) -> tuple[Figure, bytes]:
    boxes = seen.covering.boxes
    kept = redacted_localisation(localisation, boxes)
    values, cell = kept.values, kept.cell
    looked = np.isfinite(values)
    enlarge = max(1, 480 // max(values.shape))
    drawn = render(np.where(looked, values, 0), limit=1.0, signed=False)
    drawn[~looked] = 255  # not looked at: paper white, a colour the scale has not
    row, column = np.unravel_index(int(np.nanargmax(values)), values.shape) if looked.any() else (0, 0)
    return make_figure(
        f"exhibit-{number}-localisation",
        seen.evidence.sha256,
        hatched(drawn.repeat(enlarge, axis=0).repeat(enlarge, axis=1), hidden_cells(kept, boxes)),
        kind="localisation",
        title=_("Where the network paints"),
        caption=sentences(
            _(
                "Map of the network “{branch}”, mean over its views, in cells of {cell} × {cell} pixels; white where no view looked.",
                branch=localisation.branch,
                cell=cell,
            ),
            _left_out(seen),
        ),
        look=_("A compact patch that coincides with a thing, and with a border in the residuals."),
        ignore=_("Scattered spots and whole-picture tints. Such maps paint something on camera originals too."),
        alt=sentences(
            _(
                "Map of {columns} by {rows} cells: median {median}, highest {highest} in the cell whose upper left corner is at column {x}, "
                "row {y}; {share} percent of the cells above 0.5.",
                columns=values.shape[1],
                rows=values.shape[0],
                median=decimals(float(np.nanmedian(values)), 2),
                highest=decimals(float(np.nanmax(values)), 2),
                x=column * cell,
                y=row * cell,
                share=decimals(100 * float(np.mean(values[looked] > 0.5)), 0),
            )
            if looked.any()
            else _("Empty map: no view looked at what may be shown of the picture."),
            _covered_words(seen),
        ),
        scale=_("{n} × {n} picture pixels per cell of {cell} × {cell}", n=enlarge, cell=cell),
        bar_id="bar-unsigned",
        low="0",
        high="1",
    )


def _crop(number: int, seen: Shown) -> Iterator[tuple[Figure, bytes]]:
    box = _centre(seen.evidence)
    if mixed(seen.covering.boxes, box).all():
        return
    yield make_figure(
        f"exhibit-{number}-crop",
        seen.evidence.sha256,
        _cut(seen.evidence.pixels, box),
        kind="crop",
        title=_("Centre of the picture"),
        caption=sentences(
            _("For comparison with the residuals of the same part: {place}.", place=place_words(box)),
            _covered_words(seen),
        ),
        alt=sentences(
            _(
                "Centre of exhibit {number}, {place}; {levels}.",
                number=number,
                place=place_words(box),
                levels=_levels(seen, box),
            ),
            _covered_words(seen),
        ),
        scale="1 : 1",
    )


def _energy(number: int, seen: Shown, residual: Residual) -> Iterator[tuple[Figure, bytes]]:
    evidence = seen.evidence
    block = max(BLOCK, math.ceil(max(evidence.width, evidence.height) / 480))
    values = block_rms(evidence.pixels, residual, block)
    lefts, tops = (np.arange(n) * block for n in values.shape[::-1])
    hidden = touched(seen.covering.boxes, lefts, tops, (block, block), reach=residual.reach or 0)
    if hidden.all():
        return
    kept = values[~hidden]
    enlarge = max(1, 480 // max(values.shape))
    drawn = render(values, limit=residual.limit, signed=False).repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    yield make_figure(
        f"exhibit-{number}-srm-overview",
        evidence.sha256,
        hatched(drawn, hidden),
        kind="residual",
        title=_("Overview: strength of the SRM residual"),
        caption=sentences(
            _(
                "Root mean square of the residual ({channel}) in blocks of {block} × {block} pixels.",
                channel=_(residual.channels[0]),
                block=block,
            ),
            _left_out(seen),
        ),
        look=_("A patch with clear borders that is calmer or rougher than its surroundings of the same kind."),
        ignore=_("Sky, blur and overexposure are calm, foliage and fabric are rough in every photograph."),
        alt=sentences(
            _(
                "Map of the residual's strength in {columns} by {rows} blocks: median {median}, 5th to 95th percentile {low} to {high} {unit}.",
                columns=values.shape[1],
                rows=values.shape[0],
                median=decimals(float(np.median(kept)), 2),
                low=decimals(float(np.percentile(kept, 5)), 2),
                high=decimals(float(np.percentile(kept, 95)), 2),
                unit=_(residual.unit),
            ),
            _covered_words(seen),
        ),
        scale=_("{n} × {n} picture pixels per block of {block} × {block}", n=enlarge, block=block),
        bar_id="bar-unsigned",
        low="0",
        high=_("{limit} {unit} or more", limit=f"{residual.limit:g}", unit=_(residual.unit)),
    )


def _residual_crop(number: int, seen: Shown, name: str, channel: int) -> Iterator[tuple[Figure, bytes]]:
    residual, boxes = RESIDUALS[name], seen.covering.boxes
    box = _centre(seen.evidence)
    if boxes and residual.reach is None:
        return  # every value depends on the whole picture, the cover included
    hidden = mixed(boxes, box, reach=residual.reach or 0)
    if hidden.all():
        return
    values = residual.part(seen.evidence.require_pixels(), box)[..., channel]
    kept = values[~hidden]
    beyond = 100 * float(np.mean(np.abs(kept) >= residual.limit))
    yield make_figure(
        f"exhibit-{number}-{name.replace('_', '-')}-crop",
        seen.evidence.sha256,
        hatched(render(values, limit=residual.limit, signed=residual.signed), hidden),
        kind="residual",
        title=_(residual.title),
        caption=sentences(
            _(
                "Channel “{channel}”, {place}. Method: {reference}.",
                channel=_(residual.channels[channel]),
                place=place_words(box),
                reference=residual.reference,
            ),
            _left_out(seen),
        ),
        look=_(residual.look_at),
        ignore=_(residual.ignore),
        alt=sentences(
            _(
                "{residual} of the centre: SD {sd} {unit}, mean {mean}; {share} percent of the values at the ends of the scale or beyond.",
                residual=_(residual.title),
                sd=decimals(float(kept.std()), 2),
                unit=_(residual.unit),
                mean=decimals(float(kept.mean()), 2),
                share=decimals(beyond, 1),
            ),
            _covered_words(seen),
        ),
        scale="1 : 1",
        bar_id="bar-signed" if residual.signed else "bar-unsigned",
        low=f"−{residual.limit:g}" if residual.signed else "0",
        high=f"{'+' if residual.signed else ''}{residual.limit:g} {_(residual.unit)}",
    )


def _spectrum(number: int, seen: Shown) -> Iterator[tuple[Figure, bytes]]:
    residual = RESIDUALS["spectrum"]
    box = _centre(seen.evidence, SPECTRUM_SIDE)
    # The median residual before the transform reaches one pixel beyond the part; a spectrum mixes all of it.
    if mixed(seen.covering.boxes, box, reach=RESIDUALS["median"].reach or 0).any():
        return
    values = residual(np.ascontiguousarray(_cut(seen.evidence.pixels, box)))[..., 0]
    block = math.ceil(max(values.shape) / CROP)
    drawn = pooled_maximum(values, block)
    yield make_figure(
        f"exhibit-{number}-spectrum",
        seen.evidence.sha256,
        render(drawn, limit=residual.limit, signed=residual.signed),
        kind="residual",
        title=_(residual.title),
        caption=_(
            "Of {place}; zero frequency in the middle. Method: {reference}.",
            place=place_words(box),
            reference=residual.reference,
        ),
        look=_(residual.look_at),
        ignore=_(residual.ignore),
        alt=_(
            "Spectrum of the median residual: median {median}, highest {highest} ({unit}).",
            median=decimals(float(np.median(values)), 2),
            highest=decimals(float(values.max()), 2),
            unit=_(residual.unit),
        ),
        scale="1 : 1" if block == 1 else _("highest value in each {block} × {block}", block=block),
        bar_id="bar-unsigned",
        low="0",
        high=f"{residual.limit:g} ({_(residual.unit)})",
    )


def _centre(evidence: Evidence, side: int = CROP) -> tuple[int, int, int, int]:
    wide, tall = min(side, evidence.width), min(side, evidence.height)
    left, top = (evidence.width - wide) // 2, (evidence.height - tall) // 2
    return left, top, left + wide, top + tall


def _cut(pixels: UInt8Array, box: tuple[int, int, int, int]) -> UInt8Array:
    left, top, right, bottom = box
    return pixels[top:bottom, left:right]


def place_words(box: tuple[int, int, int, int]) -> str:
    """Return where a part of a picture lies, in words."""
    return place_message(box).said()


def _levels(seen: Shown, box: tuple[int, int, int, int]) -> str:
    """Return mean and SD of the pixels in a box that are not covered, in words."""
    pixels = _cut(seen.evidence.pixels, box)
    if seen.covering.boxes:
        pixels = pixels[~mixed(seen.covering.boxes, box)]
    return _(
        "mean level {mean} of 255, SD {sd}", mean=decimals(float(pixels.mean()), 0), sd=decimals(float(pixels.std()), 0)
    )


def _left_out(seen: Shown) -> str:
    if not seen.words:
        return ""
    return sentences(_("Hatched where it would show what is covered."), _covered_words(seen))


def _covered_words(seen: Shown) -> str:
    """Return what is covered, in the language in force; empty if nothing is."""
    return seen.covering.said()
