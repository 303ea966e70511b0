"""What the networks look at: whole-picture views in the published manner, or native-resolution tiles.

A scheme turns a picture into a plan (names, boxes, turns), which costs nothing, and the plan is cut into `Views`
a few at a time, so that memory does not grow with the picture. Every view can be mapped back to the evidence grid.

``tiles``
    Squares at native resolution, never resized, that cover the whole picture; the last row and column lie flush
    with its edge. Above the cap an even grid, and the plan says which share of the picture is covered.
``fixed_frame``
    The six views of DeepFakeDefenders: the picture turned inside its own frame (what turns out of the frame is cut
    and the corners are black), then resized to a square with Pillow's bilinear filter. Its networks were trained
    on just this, so it is kept for their checkpoints and for nothing else.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

import cv2
import numpy as np
from PIL import Image

from forensics.records.arrays import Float32Array, IntArray, UInt8Array, keep_copies

__all__ = [
    "TONES",
    "TURNS",
    "FixedFrame",
    "Plan",
    "Tiles",
    "ViewScheme",
    "cut",
    "look_name",
    "plan_views",
    "to_evidence_grid",
    "view_pixels",
]

# name -> (mirror left-right first, then quarter turns counter-clockwise): the eight symmetries of the square
DIHEDRAL: Mapping[str, tuple[bool, int]] = MappingProxyType(
    {
        "identity": (False, 0),
        "rot90": (False, 1),
        "rot180": (False, 2),
        "rot270": (False, 3),
        "hflip": (True, 0),
        "transpose": (True, 1),
        "vflip": (True, 2),
        "antitranspose": (True, 3),
    }
)
# name -> (gain around mid grey, offset in grey levels)
PLAIN = "plain"
TONES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        PLAIN: (1.0, 0.0),
        "brighter": (1.0, 16.0),
        "darker": (1.0, -16.0),
        "more contrast": (1.15, 0.0),
        "less contrast": (0.87, 0.0),
    }
)
FIXED_FRAME = ("identity", "rot90_fixed_frame", "rot180", "rot270_fixed_frame", "hflip", "vflip")
_FRAME_ANGLES = {"identity_in_frame": 0, "rot90_in_frame": 90, "rot180_in_frame": 180, "rot270_in_frame": 270}
FRAME_TURNS = (*_FRAME_ANGLES, "hflip_in_frame", "vflip_in_frame")
TURNS = (*DIHEDRAL, *FRAME_TURNS)
FLAT_SD = 4.0  # grey levels; below it a tile holds sky or wall and no trace that survives compression


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """What the networks look at: V square looks at one picture.

    Parameters
    ----------
    names : tuple of str, length V
        Unique, printed in the report.
    pixels : array of shape (V, 3, S, S), float32 in [0, 1]
    boxes : array of shape (V, 4), int64
        (left, top, right, bottom) on the evidence grid; right and bottom exclusive.
    turns : tuple of str, length V
        Names of the geometric operations, see `forensics.views`; each has an inverse there.
    """

    names: tuple[str, ...]
    pixels: Float32Array = field(repr=False)
    boxes: IntArray
    turns: tuple[str, ...]

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        v = len(self.names)
        if pixels.ndim != 4 or pixels.shape[:2] != (v, 3) or pixels.shape[2] != pixels.shape[3]:
            raise ValueError(f"pixels must have shape ({v}, 3, S, S), got {pixels.shape}")
        if np.shape(self.boxes) != (v, 4) or len(self.turns) != v:
            raise ValueError(f"{v} views need boxes of shape ({v}, 4) and {v} turns")
        keep_copies(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Native-resolution tiles.

    Parameters
    ----------
    size : int
        Side in pixels, even.
    stride : int
        Step between tiles, at most `size`, so that every pixel is seen.
    turns : tuple of str
        Which symmetries of each tile are looked at.
    max_tiles : int
        400 tiles of 256 cover 26 megapixels.
    tones : tuple of str
        In which brightness and contrast, of `TONES`; every turn is looked at in each. Which views help is measured by
        `benchmarks.views`; by default only those that did are looked at.
    """

    size: int = 256
    stride: int = 256
    turns: tuple[str, ...] = ("identity", "hflip")
    max_tiles: int = 400
    tones: tuple[str, ...] = (PLAIN,)
    kind: Literal["tiles"] = "tiles"

    def __post_init__(self) -> None:
        if self.size < 2 or self.size % 2 or not 1 <= self.stride <= self.size or self.max_tiles < 1:
            raise ValueError(f"tiles need an even size, 1 <= stride <= size and max_tiles >= 1, got {self}")
        for what, allowed in (("turns", DIHEDRAL), ("tones", TONES)):
            chosen = tuple(getattr(self, what))
            unknown = [t for t in chosen if t not in allowed]
            if unknown or not chosen:
                raise ValueError(f"unknown {what} {unknown}; choose at least one of {', '.join(allowed)}")
            object.__setattr__(self, what, chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedFrame:
    """The six published views, resized to `size` x `size`."""

    size: int = 512
    kind: Literal["fixed_frame"] = "fixed_frame"


ViewScheme: TypeAlias = Tiles | FixedFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which views of one picture will be looked at.

    Parameters
    ----------
    names : tuple of str, length V
    boxes : array of shape (V, 4), int64
        (left, top, right, bottom) on the evidence grid.
    turns, tones : tuple of str, length V
    scheme : Tiles or FixedFrame
    seen : float
        Share of the picture's pixels inside at least one box, in (0, 1].
    flat : int
        Tiles left out because they hold next to no structure.
    """

    names: tuple[str, ...]
    boxes: IntArray
    turns: tuple[str, ...]
    tones: tuple[str, ...]
    scheme: ViewScheme
    seen: float
    flat: int = 0


def plan_views(pixels: UInt8Array, scheme: ViewScheme) -> Plan:
    """Return the plan of a scheme for a picture.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
    scheme : Tiles or FixedFrame

    Returns
    -------
    Plan
        Without any view if every tile is flat.
    """
    height, width = pixels.shape[:2]
    if isinstance(scheme, FixedFrame):
        boxes = np.tile(np.array([0, 0, width, height]), (len(FIXED_FRAME), 1))
        tones = (PLAIN,) * len(FIXED_FRAME)
        return Plan(names=FIXED_FRAME, boxes=boxes, turns=FRAME_TURNS, tones=tones, scheme=scheme, seen=1.0)
    lefts, tops = _offsets(width, height, scheme)
    all_boxes = [(x, y, min(x + scheme.size, width), min(y + scheme.size, height)) for y in tops for x in lefts]
    kept = [b for b in all_boxes if _grey_sd(pixels, b) >= FLAT_SD]
    covered = _covered(lefts, scheme.size, width) * _covered(tops, scheme.size, height)
    looks = [(box, turn, tone) for box in kept for turn in scheme.turns for tone in scheme.tones]
    return Plan(
        names=tuple(f"tile {box[0]},{box[1]} {look_name(turn, tone)}" for box, turn, tone in looks),
        boxes=np.array([box for box, _, _ in looks], dtype=np.int64).reshape(-1, 4),
        turns=tuple(turn for _, turn, _ in looks),
        tones=tuple(tone for _, _, tone in looks),
        scheme=scheme,
        seen=covered / (width * height),
        flat=len(all_boxes) - len(kept),
    )


def look_name(turn: str, tone: str) -> str:
    """Return how a view of a tile is called, after the place of the tile."""
    return turn if tone == PLAIN else f"{turn}, {tone}"


def _offsets(width: int, height: int, scheme: Tiles) -> tuple[list[int], list[int]]:
    """Return the left and top offsets: the full cover, or an even grid of the same shape below the cap."""
    nx, ny = (max(1, -(-(side - scheme.size) // scheme.stride) + 1) for side in (width, height))
    if nx * ny <= scheme.max_tiles:
        return _flush(width, scheme, nx), _flush(height, scheme, ny)
    shrink = (scheme.max_tiles / (nx * ny)) ** 0.5
    nx = min(max(1, int(nx * shrink)), scheme.max_tiles)
    ny = max(1, min(ny, scheme.max_tiles // nx))
    nx = max(1, min(nx, scheme.max_tiles // ny))
    return _even(width, scheme.size, nx), _even(height, scheme.size, ny)


def _flush(side: int, scheme: Tiles, n: int) -> list[int]:
    return [min(k * scheme.stride, max(0, side - scheme.size)) for k in range(n)]


def _even(side: int, size: int, n: int) -> list[int]:
    return sorted({int(x) for x in np.linspace(0, max(0, side - size), n).round()})


def _covered(offsets: list[int], size: int, side: int) -> int:
    seen = np.zeros(side, dtype=bool)
    for x in offsets:
        seen[x : x + size] = True
    return int(seen.sum())


def _grey_sd(pixels: UInt8Array, box: tuple[int, int, int, int]) -> float:
    """Return the standard deviation of the mean of R, G and B: a third of that of their sum, which is a whole number."""
    left, top, right, bottom = box
    red, green, blue = cv2.split(pixels[top:bottom, left:right])
    total = cv2.add(cv2.add(red, green, dtype=cv2.CV_16U), blue, dtype=cv2.CV_16U)
    return float(cv2.meanStdDev(total)[1][0, 0]) / 3.0


def cut(pixels: UInt8Array, plan: Plan, chunk: int = 8) -> Iterator[Views]:
    """Yield the views of a plan, at most `chunk` at a time, in order.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
    plan : Plan
    chunk : int
        Views per record.

    Yields
    ------
    Views
    """
    for start in range(0, len(plan.names), chunk):
        part = slice(start, start + chunk)
        yield Views(
            names=plan.names[part],
            pixels=view_pixels(pixels, plan, part),
            boxes=plan.boxes[part],
            turns=plan.turns[part],
        )


def view_pixels(pixels: UInt8Array, plan: Plan, part: slice) -> Float32Array:
    """Return what some views of a plan look at.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
    plan : Plan
    part : slice
        Of the plan's views; reaches one at least.

    Returns
    -------
    array of shape (v, 3, S, S), float32 in [0, 1]
        Colours lie last in memory.
    """
    asked = zip(plan.boxes[part].tolist(), plan.turns[part], plan.tones[part], strict=True)
    looks = [_toned(_look(pixels, box, turn, plan.scheme), tone) for box, turn, tone in asked]
    levels = np.stack(looks).astype(np.float32)
    levels /= np.float32(255.0)
    return levels.transpose(0, 3, 1, 2)


def _look(pixels: UInt8Array, box: list[int], turn: str, scheme: ViewScheme) -> UInt8Array:
    """Return one view, uint8 (S, S, 3)."""
    if isinstance(scheme, FixedFrame):
        turned = _turn_in_frame(Image.fromarray(pixels), turn)
        return np.asarray(turned.resize((scheme.size, scheme.size), Image.Resampling.BILINEAR))
    left, top, right, bottom = box
    tile = pixels[top:bottom, left:right]
    below, beside = scheme.size - tile.shape[0], scheme.size - tile.shape[1]
    if below or beside:
        tile = np.pad(tile, ((0, below), (0, beside), (0, 0)), mode="reflect")
    return turn_square(tile, turn)


def _toned(tile: UInt8Array, tone: str) -> UInt8Array:
    gain, offset = TONES[tone]
    if tone == PLAIN:
        return tile
    return np.clip(np.rint((tile.astype(np.float32) - 127.5) * gain + 127.5 + offset), 0, 255).astype(np.uint8)


def turn_square(values: UInt8Array, turn: str) -> UInt8Array:
    """Return a square array, first two axes turned by one of the eight symmetries of the square."""
    mirrored, quarters = DIHEDRAL[turn]
    return np.rot90(values[:, ::-1] if mirrored else values, quarters)


def _turn_back(values: Float32Array, turn: str) -> Float32Array:
    mirrored, quarters = DIHEDRAL[turn]
    upright = np.rot90(values, -quarters)
    return upright[:, ::-1] if mirrored else upright


def _turn_in_frame(picture: Image.Image, turn: str) -> Image.Image:
    """Return the picture turned within its own width and height, as Pillow's rotate does."""
    if turn == "hflip_in_frame":
        return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if turn == "vflip_in_frame":
        return picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    angle = _FRAME_ANGLES[turn]
    return picture.rotate(angle) if angle else picture


def to_evidence_grid(values: Float32Array, *, box: tuple[int, int, int, int], turn: str) -> Float32Array:
    """Map one view's values back to the part of the picture it looked at.

    Parameters
    ----------
    values : array of shape (S, S), float32
        Such as an attribution, on the view's own grid.
    box : tuple of 4 int
        The view's (left, top, right, bottom) on the evidence grid.
    turn : str
        The view's turn, one of `TURNS`.

    Returns
    -------
    array of shape (bottom - top, right - left), float32
        Zero where a fixed-frame view had turned that part of the picture out of its frame.
    """
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if turn in DIHEDRAL:
        return np.array(_turn_back(values, turn)[:height, :width], dtype=np.float32)
    frame = Image.fromarray(np.array(values, dtype=np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    inverse = {"rot90_in_frame": "rot270_in_frame", "rot270_in_frame": "rot90_in_frame"}
    return np.array(_turn_in_frame(frame, inverse.get(turn, turn)), dtype=np.float32)
