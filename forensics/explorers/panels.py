"""Pictures with their words: parts of exhibits and of their residuals, what they measure, and many of them in a row."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from os import PathLike
from threading import Lock
from typing import TypeAlias

import numpy as np

from forensics.detector.finding import Finding
from forensics.errors import ForensicsError
from forensics.evidence.record import Evidence
from forensics.explorers.places import Box, place_words
from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals import RESIDUALS, Amounts, RegionStatistics, Residual, region_statistics, render

__all__ = [
    "MAPS",
    "PLACELESS",
    "Panel",
    "ResidualRow",
    "WholeMaps",
    "maps_of",
    "measure",
    "middle",
    "picture_panel",
    "residual_panel",
    "residual_row",
    "scale_words",
]

PLACELESS = "spectrum"  # the one residual whose maps have frequencies for places
Picture: TypeAlias = str | PathLike[str] | Evidence | Finding


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


class WholeMaps:
    """The maps of whole pictures, kept for residuals in which every pixel counts for every place.

    Parameters
    ----------
    max_bytes : int
        The maps of the picture seen longest ago go first; the newest stay whatever their size.
    """

    def __init__(self, max_bytes: int = 128 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, tuple[int, ...], str], Float32Array] = OrderedDict()
        self._lock = Lock()

    @property
    def n_bytes(self) -> int:
        """Size of what is kept."""
        return sum(maps.nbytes for maps in self._kept.values())

    def holds(self, evidence: Evidence, name: str) -> bool:
        """Return whether the maps of one residual are there."""
        return (evidence.sha256, evidence.pixels.shape, name) in self._kept

    def get(self, evidence: Evidence, name: str) -> Float32Array:
        """Return the maps of one residual, computed if they are not there."""
        key = (evidence.sha256, evidence.pixels.shape, name)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        maps = RESIDUALS[name](evidence.require_pixels())
        with self._lock:
            self._kept[key] = maps
            while len(self._kept) > 1 and self.n_bytes > self.max_bytes:
                self._kept.popitem(last=False)
        return maps


MAPS = WholeMaps()


def maps_of(evidence: Evidence, box: Box, name: str) -> Float32Array:
    """Return the maps of a part, as they are in those of the whole picture.

    Parameters
    ----------
    evidence : Evidence
    box : (left, top, right, bottom)
        Within the picture.
    name : str
        One of ``RESIDUALS.names()``; of the spectrum, which has no places, that of the part alone.

    Returns
    -------
    array of shape (h, w, C), float32
    """
    residual, pixels = RESIDUALS[name], evidence.require_pixels()
    left, top, right, bottom = box
    if name == PLACELESS:
        return residual(np.ascontiguousarray(pixels[top:bottom, left:right]))
    if residual.reach is None:
        return MAPS.get(evidence, name)[top:bottom, left:right]
    return residual.part(pixels, box)


def picture_panel(evidence: Evidence, box: Box) -> Panel:
    """Return the part as it is in the picture, 1 : 1."""
    left, top, right, bottom = box
    return Panel(
        pixels=np.array(evidence.require_pixels()[top:bottom, left:right]),
        caption=f"The picture, {place_words(box)}, every pixel shown.",
    )


def residual_panel(evidence: Evidence, box: Box, *, name: str, channel: int = 0, gain: float = 1.0) -> Panel:
    """Return one residual map of a part, 1 : 1.

    Parameters
    ----------
    evidence : Evidence
    box : (left, top, right, bottom)
    name : str
        One of ``RESIDUALS.names()``.
    channel : int
    gain : float
        1 for the fixed scale; the caption says so when another is set.

    Returns
    -------
    Panel
    """
    residual = RESIDUALS[name]
    maps = maps_of(evidence, box, name)
    return Panel(
        pixels=render(maps[..., channel], limit=residual.limit / gain, signed=residual.signed),
        caption=f"{residual.title}, channel “{residual.channels[channel]}”; {place_words(box)}. "
        f"{scale_words(residual, gain)}",
        look_at=residual.look_at,
        ignore=residual.ignore,
    )


def scale_words(residual: Residual, gain: float = 1.0) -> str:
    """Return the ends of the scale with their unit, and whether it is that of reports."""
    limit = residual.limit / gain
    low = f"−{limit:.3g}" if residual.signed else "0"
    own = "" if gain == 1.0 else f" Not the fixed scale of reports, which ends at {residual.limit:g}."
    return f"Scale {low} to {limit:.3g} {residual.unit}.{own}"


def measure(maps: Float32Array, box: Box, residual: Residual, channel: int) -> RegionStatistics:
    """Return what one channel of maps (h, w, C) amounts to in a place, and in the rest of them."""
    alone = replace(residual, channels=residual.channels[channel : channel + 1])
    return region_statistics(maps[..., channel : channel + 1], box, residual=alone)[0]


def middle(evidence: Evidence, side: int) -> Box:
    """Return the square in the middle of a picture, cut at its border."""
    wide, tall = min(side, evidence.width), min(side, evidence.height)
    left, top = (evidence.width - wide) // 2, (evidence.height - tall) // 2
    return left, top, left + wide, top + tall


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidualRow:
    """One picture of many.

    Parameters
    ----------
    name : str
    panel : Panel or None
        None if the picture cannot be read.
    amounts : Amounts or None
        Of the channel in the part that is shown.
    problem : str
        Why there is no panel.
    """

    name: str
    panel: Panel | None = None
    amounts: Amounts | None = None
    problem: str = ""


def residual_row(
    pictures: Iterable[Picture], *, name: str, channel: int = 0, side: int = 384, gain: float = 1.0
) -> Iterator[ResidualRow]:
    """Yield the same residual of many pictures, each of its middle, in the order given.

    A generator: one picture is in memory at a time, and one that cannot be read becomes a row that says why.

    Parameters
    ----------
    pictures : iterable of path, Evidence or Finding
    name : str
        One of ``RESIDUALS.names()``.
    channel, side : int
    gain : float

    Yields
    ------
    ResidualRow
    """
    residual = RESIDUALS[name]
    for picture in pictures:
        try:
            evidence = _evidence(picture)
            box = middle(evidence, side)
            panel = residual_panel(evidence, box, name=name, channel=channel, gain=gain)
            maps = maps_of(evidence, box, name)
            amounts = measure(maps, (0, 0, maps.shape[1], maps.shape[0]), residual, channel).region
        except ForensicsError as err:
            yield ResidualRow(name=_name(picture), problem=str(err))
            continue
        yield ResidualRow(name=evidence.name, panel=panel, amounts=amounts)


def _evidence(picture: Picture) -> Evidence:
    if isinstance(picture, Finding):
        return picture.evidence
    return picture if isinstance(picture, Evidence) else Evidence.from_file(picture)


def _name(picture: Picture) -> str:
    if isinstance(picture, Finding):
        return picture.evidence.name
    return picture.name if isinstance(picture, Evidence) else str(picture)
