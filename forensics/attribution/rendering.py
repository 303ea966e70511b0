"""Attributions as pictures, on one scale for every picture, branch and method; the same in notebooks and reports.

NumPy and OpenCV only, so that reports need no torch.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from forensics.attribution.arguments import Picture, evidence_of, require_attribution
from forensics.attribution.record import Attribution
from forensics.errors import AttributionError
from forensics.evidence.record import Evidence
from forensics.messages import Message, known, quoted
from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals import render

__all__ = ["LIMIT", "Drawing", "draw"]

LIMIT = 0.1  # log-odds per cell at the ends of the scale; decision 013 says why
EXPLAINED = {
    "logit_difference": "explained_logit_difference",
    "logit_fake": "explained_logit_fake",
    "logit_real": "explained_logit_real",
}
FAINT = 0.35  # of the picture's grey under a map: enough to see what lies where, too little to be read as colour


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawing:
    """A picture with its words.

    Parameters
    ----------
    pixels : array of shape (h, w, 3), uint8
    about : tuple of Message
        What is drawn and what was explained, a sentence each; `caption` has them in English.
    numbers : Message
        The numbers, for those who cannot see it; `alt` has them in English.
    ends : (Message, Message)
        What the ends of the colour bar mean; `low` and `high` say it in English.
    """

    pixels: UInt8Array
    about: tuple[Message, ...]
    numbers: Message
    ends: tuple[Message, Message]

    @property
    def caption(self) -> str:
        """What is drawn and what was explained, in English."""
        return " ".join(sentence.text for sentence in self.about)

    @property
    def alt(self) -> str:
        """The numbers, in English."""
        return self.numbers.text

    @property
    def low(self) -> str:
        """What the lower end of the colour bar means, in English."""
        return self.ends[0].text

    @property
    def high(self) -> str:
        """What the upper end of the colour bar means, in English."""
        return self.ends[1].text


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
    cells = require_attribution(attribution, takes="draw").cells
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
        about=_about(attribution, cells),
        numbers=_numbers(attribution, cells),
        ends=(Message("for_real", {"limit": LIMIT}), Message("for_fake", {"limit": LIMIT})),
    )


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


def _about(attribution: Attribution, cells: Float32Array) -> tuple[Message, ...]:
    """Return what is drawn and what was explained, a sentence each."""
    left, top, right, bottom = attribution.box
    rows, columns = cells.shape
    place = {"left": left, "right": right - 1, "top": top, "bottom": bottom - 1}
    cell = {"width": (right - left) / columns, "height": (bottom - top) / rows}
    shown = {"branch": attribution.branch, "method": known(attribution.method), **place, **cell}
    code = EXPLAINED.get(attribution.target)
    output = {"output": attribution.output}
    about = [
        Message("responded_to", shown),
        Message(code, output) if code else quoted(f"{attribution.target} {output}"),
    ]
    if attribution.reference is not None:
        difference = {"reference": attribution.reference, "difference": attribution.output - attribution.reference}
        about.append(Message("against_baseline", {"baseline": attribution.baseline, **difference}))
    about.append(Message("cells_sum", _sums(cells)))
    if "view chosen" in attribution.settings:
        n = attribution.settings.get("views")  # older records have the words alone
        how = (
            quoted(f"This view is {attribution.settings['view chosen']}.")
            if n is None
            else Message("highest_view", {"n": n})
        )
        about.append(how)
    return (*about, Message("no_map_of_places"), Message("checks", {"checks": attribution.trust.message}))


def _sums(cells: Float32Array) -> dict[str, float]:
    return {"fake": float(cells[cells > 0].sum()), "real": float(cells[cells < 0].sum())}


def _numbers(attribution: Attribution, cells: Float32Array) -> Message:
    left, top, right, bottom = attribution.box
    row, column = np.unravel_index(int(np.argmax(cells)), cells.shape)
    return Message(
        "map_in_words",
        {
            "columns": cells.shape[1],
            "rows": cells.shape[0],
            "checks": attribution.trust.message,
            **_sums(cells),
            "strongest": float(cells.max()),
            "x": left + (right - left) * int(column) // cells.shape[1],
            "y": top + (bottom - top) * int(row) // cells.shape[0],
            "share": 100 * float(np.mean(np.abs(cells) >= LIMIT)),
        },
    )
