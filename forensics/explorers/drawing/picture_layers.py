"""Layers of pictures: parts of exhibits and of their residuals with their words, what they measure, and many in a row."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Lock

import numpy as np

from forensics.attribution.arguments import Picture, evidence_of
from forensics.detector.finding import Finding
from forensics.detector.pictures import name_of
from forensics.errors import ForensicsError
from forensics.evidence.record import Evidence
from forensics.explorers.picture_parts import Box, place_words
from forensics.records.arrays import Float32Array, UInt8Array
from forensics.residuals import RESIDUALS, Amounts, RegionStatistics, Residual, region_statistics, render

__all__ = [
    "MAPS",
    "PLACELESS",
    "Layer",
    "ResidualRow",
    "WholeMaps",
    "maps_of",
    "measure",
    "middle",
    "picture_layer",
    "residual_layer",
    "residual_row",
    "scale_words",
]

PLACELESS = "spectrum"  # the one residual whose maps have frequencies for places


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer: what is drawn for every pixel of a part of the picture.

    Parameters
    ----------
    name : str
        A few words for the list of layers.
    pixels : array of shape (h, w, 3) or (h, w), uint8
        One pixel per pixel of the evidence.
    alt : str
        What the layer shows, for those who cannot see it; with scale and unit if it has them.
    """

    name: str
    pixels: UInt8Array
    alt: str


class WholeMaps:
    """The maps of whole pictures, kept for residuals in which every pixel counts for every place.

    Parameters
    ----------
    max_bytes : int
        The maps of the picture seen longest ago go first; the newest stay whatever their size.
    """

    def __init__(self, max_bytes: int = 128 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._maps: OrderedDict[tuple[str, tuple[int, ...], str], Float32Array] = OrderedDict()
        self._lock = Lock()

    @property
    def n_bytes(self) -> int:
        """Size of what is kept."""
        return sum(maps.nbytes for maps in self._maps.values())

    def holds(self, evidence: Evidence, name: str) -> bool:
        """Return whether the maps of one residual are there."""
        return (evidence.sha256, evidence.pixels.shape, name) in self._maps

    def get(self, evidence: Evidence, name: str) -> Float32Array:
        """Return the maps of one residual, computed if they are not there."""
        key = (evidence.sha256, evidence.pixels.shape, name)
        with self._lock:
            if key in self._maps:
                self._maps.move_to_end(key)
                return self._maps[key]
        maps = RESIDUALS[name](evidence.require_pixels())
        with self._lock:
            self._maps[key] = maps
            while len(self._maps) > 1 and self.n_bytes > self.max_bytes:
                self._maps.popitem(last=False)
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


def picture_layer(evidence: Evidence, box: Box, *, name: str = "Picture", about: str = "") -> Layer:
    """Return the part as it is in the picture, 1 : 1; `about` stands before its other words."""
    left, top, right, bottom = box
    return Layer(
        name=name,
        pixels=np.array(evidence.require_pixels()[top:bottom, left:right]),
        alt=f"{about}The picture, {place_words(box)}, every pixel shown.",
    )


def residual_layer(
    evidence: Evidence, box: Box, *, residual: str, channel: int = 0, gain: float = 1.0, name: str = "", about: str = ""
) -> Layer:
    """Return one residual map of a part, 1 : 1.

    Parameters
    ----------
    evidence : Evidence
    box : (left, top, right, bottom)
    residual : str
        One of ``RESIDUALS.names()``.
    channel : int
    gain : float
        1 for the fixed scale; the words say so when another is set.
    name, about : str
        Of the layer, and what stands before its other words.

    Returns
    -------
    Layer
    """
    of = RESIDUALS[residual]
    values = maps_of(evidence, box, residual)[..., channel]
    return Layer(
        name=name or of.title,
        pixels=render(values, limit=of.limit / gain, signed=of.signed),
        alt=f"{about}{of.title}, channel “{of.channels[channel]}”; {place_words(box)}. {scale_words(of, gain)}",
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
    layer : Layer or None
        None if the picture cannot be read.
    amounts : Amounts or None
        Of the channel in the part that is shown.
    problem : str
        Why there is no layer.
    """

    name: str
    layer: Layer | None = None
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
            evidence = evidence_of(picture, takes="residual_row")
            box = middle(evidence, side)
            layer = residual_layer(evidence, box, residual=name, channel=channel, gain=gain)
            maps = maps_of(evidence, box, name)
            amounts = measure(maps, (0, 0, maps.shape[1], maps.shape[0]), residual, channel).region
        except ForensicsError as err:
            yield ResidualRow(
                name=name_of(picture.evidence if isinstance(picture, Finding) else picture), problem=str(err)
            )
            continue
        yield ResidualRow(name=evidence.name, layer=layer, amounts=amounts)
