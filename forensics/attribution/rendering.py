"""Attributions as pictures, on one scale for every picture, branch and method; the same in notebooks and reports.

NumPy and OpenCV only, so that reports need no torch.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from forensics.attribution.given import Picture, attribution_given, evidence_of
from forensics.attribution.record import Attribution
from forensics.errors import AttributionError
from forensics.evidence.record import Evidence
from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals import render

__all__ = ["LIMIT", "Drawing", "draw", "group_text"]

LIMIT = 0.1  # log-odds per cell at the ends of the scale; decision 013 says why
EXPLAINED = {"logit_difference": "log-odds", "logit_fake": "logit of ‘fake’", "logit_real": "logit of ‘real’"}
FAINT = 0.35  # of the picture's grey under a map: enough to see what lies where, too little to be read as colour


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """A picture with its words.

    Parameters
    ----------
    pixels : array of shape (h, w, 3), uint8
    caption, alt : str
        ``alt`` has the numbers, for those who cannot see it.
    low, high : str
        What the ends of the colour bar mean.
    """

    pixels: UInt8Array
    caption: str
    alt: str
    low: str
    high: str


def draw(attribution: Attribution, *, evidence: Picture | None = None, side: int = 480) -> Drawing:
    """Return the map of an attribution, cell by cell, from blue (“real”) through white (nothing) to brown (“fake”).

    The scale is fixed at `LIMIT` log-odds per cell of a grid of 16 x 16 on the view. Nothing is stretched to fit.

    Parameters
    ----------
    attribution : Attribution
        That credits places.
    evidence : Evidence, Finding, path or bytes, optional
        The picture; if given, its outlines are drawn faintly under the map.
    side : int
        Longer side of the drawing in pixels, about: cells are whole pixels wide.

    Raises
    ------
    AttributionError
        The attribution credits channel groups and no places, or is of another picture.
    EvidenceError
        The file cannot be read as a picture.
    TypeError
        `attribution` or `evidence` is something else.
    """
    cells = attribution_given(attribution, takes="draw").cells
    if cells is None:
        raise AttributionError(
            f"{attribution.method} credits channel groups and no places. Show attribution.groups, or use a method that gives a map."
        )
    enlarge = max(1, side // max(cells.shape))
    pixels = render(cells, limit=LIMIT, signed=True).repeat(enlarge, axis=0).repeat(enlarge, axis=1)
    if evidence is not None:
        pixels = _over(pixels, attribution, evidence_of(evidence, takes="draw"))
    return Drawing(
        pixels=pixels,
        caption=_caption(attribution, cells),
        alt=_alt(attribution, cells),
        low=f"−{LIMIT:g} log-odds per cell, for ‘real’",
        high=f"+{LIMIT:g} log-odds per cell, for ‘fake’",
    )


def group_text(attribution: Attribution) -> str:
    """Return the credit of the channel groups in words, largest first."""
    ordered = sorted(attribution.groups.items(), key=lambda item: -abs(item[1]))
    return ", ".join(f"{name} {value:+.2f}" for name, value in ordered)


def _over(pixels: UInt8Array, attribution: Attribution, evidence: Evidence) -> UInt8Array:
    """Return the map with the outlines of the picture: dark lines where the picture changes, so that no colour is altered much."""
    if evidence.sha256 != attribution.evidence_sha256:
        raise AttributionError(
            f"the attribution is of {attribution.evidence_sha256[:12]}…, the picture is {evidence.sha256[:12]}…. Pass the picture it was made of."
        )
    left, top, right, bottom = attribution.box
    part = np.ascontiguousarray(evidence.require_pixels()[top:bottom, left:right])
    grey = cv2.cvtColor(part, cv2.COLOR_RGB2GRAY)
    size = (pixels.shape[1], pixels.shape[0])
    shrunk = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if grey.shape[1] > size[0] else cv2.INTER_LINEAR)
    smooth = cv2.GaussianBlur(shrunk, (0, 0), 1.0).astype(np.float32)
    steps = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    ink = FAINT * np.clip(steps / 128.0, 0.0, 1.0)[..., None]
    return np.rint(pixels * (1.0 - ink)).astype(np.uint8)


def _caption(attribution: Attribution, cells: Float32Array) -> str:
    """Return what is drawn and what was explained, a sentence each, as translations know them."""
    left, top, right, bottom = attribution.box
    words = [
        f"What the branch “{attribution.branch}” responded to in columns {left} to {right - 1}, rows {top} to {bottom - 1}: "
        f"{attribution.method.replace('_', ' ')}, in log-odds per cell of {_cell(attribution)}.",
        f"Explained: {EXPLAINED.get(attribution.target, attribution.target)} {attribution.output:+.2f}.",
    ]
    if attribution.reference is not None:
        words.append(
            f"The baseline “{attribution.baseline}” has {attribution.reference:+.2f}, a difference of "
            f"{attribution.output - attribution.reference:+.2f}."
        )
    words.append(
        f"The cells sum to {cells[cells > 0].sum():+.2f} for ‘fake’ and {cells[cells < 0].sum():+.2f} for ‘real’."
    )
    if "view chosen" in attribution.settings:
        words.append(f"This view is {attribution.settings['view chosen']}.")
    return " ".join((*words, "It is no map of forged places.", f"Checks: {attribution.trust.words}."))


def _cell(attribution: Attribution) -> str:
    left, top, right, bottom = attribution.box
    rows, columns = attribution.cells.shape if attribution.cells is not None else (1, 1)
    return f"{(right - left) / columns:.3g} × {(bottom - top) / rows:.3g} pixels"


def _alt(attribution: Attribution, cells: Float32Array) -> str:
    left, top, right, bottom = attribution.box
    row, column = np.unravel_index(int(np.argmax(cells)), cells.shape)
    x, y = left + (right - left) * int(column) // cells.shape[1], top + (bottom - top) * int(row) // cells.shape[0]
    beyond = 100 * float(np.mean(np.abs(cells) >= LIMIT))
    return (
        f"Map of {cells.shape[1]} by {cells.shape[0]} cells, {attribution.trust.words}: sum for ‘fake’ {cells[cells > 0].sum():+.2f}, for ‘real’ "
        f"{cells[cells < 0].sum():+.2f} log-odds; strongest for ‘fake’ {cells.max():+.3f} in the cell at column {x}, row {y}; {beyond:.0f} percent "
        "of the cells at the ends of the scale or beyond."
    )
