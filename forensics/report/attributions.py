"""Attributions as figures of a report: the same drawing as in a notebook."""

from collections.abc import Iterator, Sequence

from forensics.attribution.rendering import draw
from forensics.errors import ReportError
from forensics.report.context import Figure
from forensics.report.figures import bar, make_figure
from forensics.types import Attribution, Finding

__all__ = ["draw_attributions", "numbered"]

SIDE = 480


def numbered(attributions: Sequence[object], findings: Sequence[tuple[int, Finding]]) -> list[tuple[int, Attribution]]:
    """Return attributions with the number of the exhibit that they explain.

    Raises
    ------
    ReportError
        One is no attribution, or is of a picture or of weights that no finding is about.
    """
    found = []
    for attribution in attributions:
        if not isinstance(attribution, Attribution):
            raise ReportError(f"attributions holds {type(attribution).__name__}. Pass what attribute returned.")
        key = (attribution.evidence_sha256, attribution.weights_sha256)
        numbers = [n for n, f in findings if (f.evidence.sha256, f.run.weights.get("sha256")) == key]
        if not numbers:
            raise ReportError(
                f"an attribution is of the picture {key[0][:12]}… and the weights {key[1][:12]}…, which no finding of this report is about. "
                "Pass the finding that it explains, or leave it out."
            )
        found.append((numbers[0], attribution))
    return found


def draw_attributions(
    attributions: Sequence[tuple[int, Attribution]], findings: Sequence[tuple[int, Finding]]
) -> Iterator[tuple[Figure, bytes]]:
    """Yield the figures of attributions that credit places, with their PNG bytes, where the pixels are at hand."""
    evidence = {number: finding.evidence for number, finding in findings}
    drawn = [
        (k, n, a) for k, (n, a) in enumerate(attributions, start=1) if a.part is not None and evidence[n].pixels.size
    ]
    if drawn:
        yield bar(signed=True)
    for k, number, attribution in drawn:
        drawing = draw(attribution, evidence=evidence[number], side=SIDE)
        rows, columns = drawing.pixels.shape[:2]
        left, top, right, bottom = attribution.box
        yield make_figure(
            f"exhibit-{number}-attribution-{k}",
            evidence[number],
            drawing.pixels,
            kind="attribution",
            title=f"What “{attribution.branch}” responded to",
            caption=drawing.caption,
            look="Cells that lie together, and that other methods and baselines show too.",
            ignore="Single cells. Dark lines are outlines of the picture.",
            alt=drawing.alt,
            scale=f"{columns} × {rows} picture pixels for {right - left} × {bottom - top}",
            bar_id="bar-signed",
            low=drawing.low,
            high=drawing.high,
        )
