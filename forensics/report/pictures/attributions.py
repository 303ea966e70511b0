"""Attributions as figures of a report: the same drawing as in a notebook."""

from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from forensics.attribution.record import Attribution
from forensics.attribution.rendering import draw
from forensics.detector.finding import Finding
from forensics.messages import _, sentences
from forensics.redaction import Redaction, hatched, hidden_cells, redacted_attribution, shown
from forensics.report.context import Figure
from forensics.report.pictures.figures import NOTHING, place_words
from forensics.report.pictures.png import bar, make_figure

__all__ = ["draw_attributions"]

SIDE = 480


def draw_attributions(
    attributions: Sequence[tuple[int, Attribution]],
    findings: Sequence[tuple[int, Finding]],
    *,
    redaction: Redaction = NOTHING,
    first: int = 1,
) -> Iterator[tuple[Figure, bytes]]:
    """Yield the figures of attributions that credit places, with their PNG bytes, where the pixels are at hand.

    Parameters
    ----------
    attributions : sequence of (exhibit number, Attribution)
    findings : sequence of (exhibit number, Finding)
    redaction : Redaction
        What is covered. Cells within a cell of a covered place are hatched and left out of the numbers; maps of nothing
        else, and of exhibits that are withheld whole, are not drawn.
    first : int
        Number of the first attribution in the report.

    Yields
    ------
    Figure, bytes
    """
    places = [(k, n, a) for k, (n, a) in enumerate(attributions, start=first) if a.part is not None]
    explained = {number for _k, number, _a in places}
    exhibits = {number: shown(f.evidence, redaction) for number, f in findings if number in explained}
    begun = False
    for k, number, attribution in places:
        seen = exhibits[number]
        if seen is None:
            continue
        hidden = hidden_cells(attribution, seen.covering.boxes)
        if hidden.all():
            continue
        if not begun:
            begun = True
            yield bar(signed=True)
        drawing = draw(redacted_attribution(attribution, seen.covering.boxes), evidence=seen.evidence, side=SIDE)
        rows, columns = drawing.pixels.shape[:2]
        left, top, right, bottom = attribution.box
        covered = sentences(
            _("Covered cells are hatched and count as 0.") if hidden.any() else "", seen.covering.said()
        )
        scale = _(
            "{columns} × {rows} picture pixels for {width} × {height}",
            columns=columns,
            rows=rows,
            width=right - left,
            height=bottom - top,
        )
        yield make_figure(
            f"exhibit-{number}-attribution-{k}",
            seen.evidence.sha256,
            hatched(drawing.pixels, hidden),
            kind="attribution",
            title=_("What “{branch}” responded to", branch=attribution.branch),
            caption=sentences(*(sentence.said() for sentence in drawing.about), covered),
            look=_("Cells that lie together, and that other methods and baselines show too."),
            ignore=_("Single cells. Dark lines are outlines of the picture."),
            alt=sentences(drawing.numbers.said(), covered),
            scale=scale,
            bar_id="bar-signed",
            low=drawing.ends[0].said(),
            high=drawing.ends[1].said(),
        )
        part = seen.evidence.pixels[top:bottom, left:right]
        how = Image.Resampling.LANCZOS if part.shape[1] > columns else Image.Resampling.NEAREST
        which = _("Exhibit {number}, {place}.", number=number, place=place_words(attribution.box))
        said = sentences(which, seen.covering.said())
        yield make_figure(
            f"exhibit-{number}-attribution-{k}-part",
            seen.evidence.sha256,
            np.asarray(Image.fromarray(part).resize((columns, rows), how)),
            kind="part",
            title=_("The part that was explained"),
            caption=said,
            alt=said,
            scale=scale,
        )
