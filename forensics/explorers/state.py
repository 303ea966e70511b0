"""What an explorer shows, as pure functions of a finding and of where the reader looks."""

from dataclasses import dataclass

import numpy as np

from forensics.residuals import RESIDUALS, render
from forensics.types import BranchScores, Evidence, UInt8Array

__all__ = ["Look", "Panel", "clamped", "look_at_view", "picture_panel", "residual_panel"]

GRID = 16  # pixels; a part is filtered with at least as much around it, cut on the grid that JPEG's blocks lie on
MIN_SIDE, MAX_SIDE = 32, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The square part of a picture that is shown.

    Parameters
    ----------
    left, top, side : int
        In pixels of the upright picture.
    """

    left: int
    top: int
    side: int

    def box(self, evidence: Evidence) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom), cut at the border of the picture; right and bottom exclusive."""
        return (
            self.left,
            self.top,
            min(evidence.width, self.left + self.side),
            min(evidence.height, self.top + self.side),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A picture with its words.

    Parameters
    ----------
    pixels : array of shape (h, w, 3), uint8
        One pixel per pixel of the evidence.
    caption : str
        Names the part, the scale and its unit.
    look_at, ignore : str
        Empty for the picture itself.
    """

    pixels: UInt8Array
    caption: str
    look_at: str = ""
    ignore: str = ""


def clamped(look: Look, evidence: Evidence) -> Look:
    """Return the look moved and shrunk so that it lies within the picture."""
    side = max(MIN_SIDE, min(look.side, MAX_SIDE))
    return Look(
        left=max(0, min(look.left, evidence.width - side)), top=max(0, min(look.top, evidence.height - side)), side=side
    )


def look_at_view(scores: BranchScores, index: int) -> Look:
    """Return the part that view `index` looked at."""
    left, top, right, bottom = (int(v) for v in scores.boxes[index])
    return Look(left=max(0, left), top=max(0, top), side=max(right - left, bottom - top))


def picture_panel(evidence: Evidence, look: Look) -> Panel:
    """Return the part as it is in the picture, 1 : 1."""
    left, top, right, bottom = look.box(evidence)
    return Panel(
        pixels=np.array(evidence.require_pixels()[top:bottom, left:right]),
        caption=f"The picture, {_place(look, evidence)}, every pixel shown.",
    )


def residual_panel(evidence: Evidence, look: Look, *, name: str, channel: int = 0, limit: float | None = None) -> Panel:
    """Return one residual map of the part.

    Parameters
    ----------
    evidence : Evidence
    look : Look
    name : str
        One of ``RESIDUALS.names()``.
    channel : int
    limit : float, optional
        Both ends of the display scale; the residual's own if not given. The caption says so when another is set.

    Returns
    -------
    Panel
    """
    residual = RESIDUALS[name]
    left, top, right, bottom = look.box(evidence)
    pixels = evidence.require_pixels()
    if name == "spectrum":  # of the part itself: a spectrum has no places
        maps = residual(np.ascontiguousarray(pixels[top:bottom, left:right]))
    else:
        x, y = (max(0, v // GRID - 1) * GRID for v in (left, top))
        u, v = ((v // GRID + 2) * GRID for v in (right, bottom))
        maps = residual(np.ascontiguousarray(pixels[y:v, x:u]))[top - y : bottom - y, left - x : right - x]
    limit = residual.limit if limit is None else limit
    low = f"−{limit:g}" if residual.signed else "0"
    own = "" if limit == residual.limit else f" Not the fixed scale of reports, which ends at {residual.limit:g}."
    return Panel(
        pixels=render(maps[..., channel], limit=limit, signed=residual.signed),
        caption=f"{residual.title}, channel “{residual.channels[channel]}”; {_place(look, evidence)}. "
        f"Scale {low} to {limit:g} {residual.unit}.{own}",
        look_at=residual.look_at,
        ignore=residual.ignore,
    )


def _place(look: Look, evidence: Evidence) -> str:
    left, top, right, bottom = look.box(evidence)
    return f"columns {left} to {right - 1}, rows {top} to {bottom - 1}"
