"""A widget that shows one part of a picture in several layers, to compare them and to mark a region by mouse or keyboard."""

import base64
import html
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets as t
from PIL import Image

from forensics.errors import ForensicsError
from forensics.explorers.drawing.picture_layers import Layer
from forensics.records.arrays import UInt8Array
from forensics.records.canonical import visible
from forensics.report.sections.phrases import shorten

__all__ = ["MODES", "ZOOMS", "Layer", "LayerView"]

MODES = ("blend", "swipe", "side by side")
ZOOMS = (1, 2, 4, 8)
BUDGET = 1_500_000  # bytes of all layers of one view, and of one answer with exact pixels
EXACT_AREA = BUDGET // 2 // 3 - 10_000  # pixels; two layers of them fit the budget even where nothing can be compressed
MAX_LAYERS, MAX_SIDE = 12, 4096
HEIGHTS = (120, 2000)  # of the viewport, in pixels of the screen
QUALITIES = (97, 90, 60, 30)  # of WebP, for layers that do not fit without loss
ASSETS = Path(__file__).parent.parent / "assets"


class LayerView(anywidget.AnyWidget):
    """Layers over each other or side by side, with linked zoom and pan.

    Each of its many parameters is one thing that can be set on the screen too.

    Parameters
    ----------
    layers : sequence of Layer
        1 to 12 layers of equal height and width, at most 4096 pixels a side.
    origin : tuple of int
        Left and top of the part on the picture. All coordinates that are asked, told or marked are on the picture.
    read : callable, optional
        Takes x and y on the picture and returns the text that is shown for that pixel, with units. Without it, the
        colours of the layers are told.
    mode : str
        "blend", "swipe" or "side by side".
    first, second : int
        Which two layers are compared. The second is the next one if it is not given.
    share : float
        0 to 1: opacity of the second layer in "blend"; in "swipe" the place of the border between the first layer (to
        the left of it) and the second.
    zoom : int
        1 (one pixel is one pixel of the screen), 2, 4 or 8.
    offset : tuple of float
        Left and top of what the viewport shows, in pixels from the corner of the part.
    region : tuple of int, optional
        Left, top, right and bottom on the picture, right and bottom exclusive.
    height : int
        Of the viewport, in pixels of the screen.

    Attributes
    ----------
    layers : list of dict
        What the browser gets: name, alt, media_type, data and note. The note is empty where the data are lossless and
        otherwise says that they are a preview; the browser then asks for exact pixels as soon as few enough are in view.

    Raises
    ------
    ValueError
        Layers of different sizes, an unknown mode, a region outside of the part, and the like.

    Examples
    --------
    >>> grey = np.full((64, 64, 3), 128, np.uint8)
    >>> view = LayerView([Layer(name="Picture", pixels=grey, alt="A grey square.")], origin=(200, 100))
    >>> view.region = (210, 110, 220, 130)
    >>> view.region
    (210, 110, 220, 130)
    """

    _esm = ASSETS / "layers.js"
    _css = ASSETS / "layers.css"

    layers = t.List(t.Dict()).tag(sync=True)
    size = t.Tuple(t.Int(), t.Int(), default_value=(1, 1)).tag(sync=True)
    origin: Any = t.TraitType((0, 0)).tag(sync=True)
    mode: Any = t.TraitType(MODES[0]).tag(sync=True)
    first: Any = t.TraitType(0).tag(sync=True)
    second: Any = t.TraitType(0).tag(sync=True)
    share: Any = t.TraitType(0.5).tag(sync=True)
    zoom: Any = t.TraitType(1).tag(sync=True)
    offset: Any = t.TraitType((0.0, 0.0)).tag(sync=True)
    region: Any = t.TraitType(None, allow_none=True).tag(sync=True)
    height: Any = t.TraitType(480).tag(sync=True)
    exact_area = t.Int(EXACT_AREA, read_only=True).tag(sync=True)

    def __init__(
        self,
        layers: Sequence[Layer],
        *,
        origin: tuple[int, int] = (0, 0),
        read: Callable[[int, int], str] | None = None,
        mode: str = "blend",
        first: int = 0,
        second: int | None = None,
        share: float = 0.5,
        zoom: int = 1,
        offset: tuple[float, float] = (0.0, 0.0),
        region: tuple[int, int, int, int] | None = None,
        height: int = 480,
    ) -> None:
        super().__init__()
        self.read = read
        self._pixels: tuple[UInt8Array, ...] = ()
        try:
            with self.hold_sync():
                self.show(layers, origin=origin)
                self.mode, self.first = mode, first
                self.second = min(first + 1, len(layers) - 1) if second is None else second
                self.share, self.zoom, self.offset, self.region, self.height = share, zoom, offset, region, height
        except ValueError:
            self.close()  # the browser has already heard of it
            raise
        self.on_msg(self._answer)

    def show(self, layers: Sequence[Layer], *, origin: tuple[int, int] | None = None) -> None:
        """Show other layers; mode, zoom and the chosen layers stay as they are.

        Parameters
        ----------
        layers : sequence of Layer
        origin : tuple of int, optional
            Left and top of the part on the picture; as before if it is not given.

        Raises
        ------
        ValueError
            The layers do not fit together. What was shown before stays.

        Notes
        -----
        The region stays if it lies within the new part; otherwise there is none. The offset stays if the part has the
        same size; otherwise the view begins at its corner.
        """
        pixels = _checked(layers)
        height, width = pixels[0].shape[:2]
        corner = self.origin if origin is None else _whole(origin, 2, "origin", "left and top of the part")
        encoded = [
            {"name": visible(shorten(a.name, 80)), "alt": visible(shorten(a.alt, 600)), **b}
            for a, b in zip(layers, _encoded(pixels, BUDGET), strict=True)
        ]
        region = self.region
        with self.hold_sync():
            self.region = None
            if (width, height) != self.size:
                self.offset = (0.0, 0.0)
            self._pixels, self.layers, self.size, self.origin = pixels, encoded, (width, height), corner
            self.first, self.second = (min(k, len(pixels) - 1) for k in (self.first, self.second))
            if region is not None and self._holds(region):
                self.region = region

    def to_html(self) -> str:
        """Return all layers under each other as HTML without scripts, for pages and for notebooks without a kernel."""
        width, height = self.size
        left, top = self.origin
        place = f"Columns {left} to {left + width - 1}, rows {top} to {top + height - 1}."
        if self.region is not None:
            a, b, c, d = self.region
            place += f" Marked: columns {a} to {c - 1}, rows {b} to {d - 1}."
        figures = [
            f'<figure style="margin:0 0 1em"><img src="data:{layer["media_type"]};base64,'
            f'{base64.b64encode(layer["data"]).decode("ascii")}" alt="{html.escape(layer["alt"])}" width="{width}" '
            f'style="max-width:100%;height:auto;image-rendering:pixelated"><figcaption><b>{html.escape(layer["name"])}</b>. '
            f"{html.escape(' '.join(filter(None, (layer['alt'], place, layer['note']))))}</figcaption></figure>"
            for layer in self.layers
        ]
        return f"<div>{''.join(figures)}</div>"

    def _holds(self, region: tuple[int, int, int, int]) -> bool:
        left, top, right, bottom = region
        x, y = self.origin
        width, height = self.size
        return x <= left < right <= x + width and y <= top < bottom <= y + height

    @t.validate("origin")
    def _valid_origin(self, proposal: Any) -> tuple[int, ...]:
        return _whole(proposal["value"], 2, "origin", "left and top of the part")

    @t.validate("mode")
    def _valid_mode(self, proposal: Any) -> str:
        return str(_one_of(proposal["value"], MODES, "mode"))

    @t.validate("zoom")
    def _valid_zoom(self, proposal: Any) -> int:
        return int(_one_of(proposal["value"], ZOOMS, "zoom"))

    @t.validate("first", "second")
    def _valid_layer(self, proposal: Any) -> int:
        names = [layer["name"] for layer in self.layers] or [""]
        value = proposal["value"]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < len(names):
            choices = "; ".join(f"{k}: {name}" for k, name in enumerate(names))
            raise ValueError(f"no layer {value!r}. There are {choices}. Choose one of these numbers.")
        return value

    @t.validate("share")
    def _valid_share(self, proposal: Any) -> float:
        return _number(proposal["value"], 0, 1, "share")

    @t.validate("height")
    def _valid_height(self, proposal: Any) -> int:
        return round(_number(proposal["value"], *HEIGHTS, "height"))

    @t.validate("offset")
    def _valid_offset(self, proposal: Any) -> tuple[float, float]:
        value = proposal["value"]
        if not isinstance(value, list | tuple) or len(value) != 2:
            raise ValueError(f"offset is {value!r}. Give left and top in pixels of the part.")
        x, y = (_number(v, 0, n, "offset") for v, n in zip(value, self.size, strict=True))
        return x, y

    @t.validate("region")
    def _valid_region(self, proposal: Any) -> tuple[int, ...] | None:
        if proposal["value"] is None:
            return None
        left, top, right, bottom = region = _whole(proposal["value"], 4, "region", "left, top, right and bottom")
        if not self._holds((left, top, right, bottom)):
            x, y = self.origin
            width, height = self.size
            raise ValueError(
                f"region {region} does not lie within the part shown, columns {x} to {x + width}, rows {y} to "
                f"{y + height}. Give left < right and top < bottom between these."
            )
        return region

    def _answer(self, _widget: object, message: Any, _buffers: object) -> None:
        """Answer what the browser asks; what it cannot have asked is ignored."""
        message = message if isinstance(message, dict) else {}
        ask, exact = message.get("ask"), message.get("exact")
        if _all_whole(ask, 2) and self._holds((ask[0], ask[1], ask[0] + 1, ask[1] + 1)):
            self.send({"answer": list(ask), "text": visible(shorten(self._value_text(*ask), 600))})
        elif _all_whole(exact, 4) and self._holds(tuple(exact)):
            left, top, right, bottom = exact
            if (right - left) * (bottom - top) <= EXACT_AREA:
                x, y = self.origin
                numbers = [k for k in dict.fromkeys((self.first, self.second)) if self.layers[k]["note"]]
                parts = [_lossless(self._pixels[k][top - y : bottom - y, left - x : right - x]) for k in numbers]
                self.send({"exact": list(exact), "layers": numbers}, buffers=parts)

    def _value_text(self, x: int, y: int) -> str:
        """Return what is known about a pixel of the picture."""
        if self.read is not None:
            try:
                return self.read(x, y)
            except (ForensicsError, ValueError, LookupError) as err:
                return f"No value here: {err}"
        left, top = self.origin
        values = (np.atleast_1d(p[y - top, x - left]).tolist() for p in self._pixels)
        return "; ".join(
            f"{layer['name']} {', '.join(map(str, v))}" for layer, v in zip(self.layers, values, strict=True)
        )


def _checked(layers: Sequence[Layer]) -> tuple[UInt8Array, ...]:
    """Return the pixels of layers that fit together."""
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise ValueError(f"{len(layers)} layers. Give 1 to {MAX_LAYERS}.")
    for layer in layers:
        p = layer.pixels
        if p.dtype != np.uint8 or p.ndim not in (2, 3) or p.shape[2:] not in ((), (3,)) or 0 in p.shape:
            raise ValueError(
                f"layer “{visible(layer.name)}” has pixels of shape {p.shape} and type {p.dtype}. "
                "Give uint8 of shape (h, w, 3) or (h, w)."
            )
        if p.shape[:2] != layers[0].pixels.shape[:2]:
            raise ValueError(
                f"layer “{visible(layer.name)}” has {p.shape[1]} × {p.shape[0]} pixels, “{visible(layers[0].name)}” has "
                f"{layers[0].pixels.shape[1]} × {layers[0].pixels.shape[0]}. Cut the same part out of every layer."
            )
        if max(p.shape[:2]) > MAX_SIDE:
            raise ValueError(f"a part of {p.shape[1]} × {p.shape[0]} pixels. Show at most {MAX_SIDE} a side.")
    return tuple(np.array(layer.pixels) for layer in layers)


def _encoded(pixels: Sequence[UInt8Array], budget: int) -> list[dict[str, Any]]:
    """Return media type, data and note of every layer; together they stay within the budget.

    The smallest layers are served first, so that what they do not need is left to the others.
    """
    lossless = [_lossless(p) for p in pixels]
    found: dict[int, dict[str, Any]] = {}
    for place, k in enumerate(sorted(range(len(pixels)), key=lambda k: len(lossless[k]))):
        allowed = budget // (len(pixels) - place)
        data, note = lossless[k], ""
        if len(data) > allowed:
            data, note = _preview(pixels[k], allowed)
        budget -= len(data)
        found[k] = {"media_type": "image/webp", "data": data, "note": note}
    return [found[k] for k in range(len(pixels))]


def _lossless(pixels: UInt8Array) -> bytes:
    # On noise and on photographs this is smaller than PNG, and no slower.
    return _webp(Image.fromarray(pixels), lossless=True, method=1, quality=20)


def _preview(pixels: UInt8Array, allowed: int) -> tuple[bytes, str]:
    """Return WebP of the best quality that fits, and what was lost."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels)
    for shrink in (1, 2, 4, 8, 16):
        smaller = image.resize((-(-width // shrink), -(-height // shrink)), Image.Resampling.BOX)
        size = "" if shrink == 1 else f" at 1/{shrink} of the size"
        for quality in QUALITIES:
            data = _webp(smaller, quality=quality, method=1)
            if len(data) <= allowed:
                return data, f"Preview, compressed with loss{size}."
    raise ValueError(f"{width} × {height} pixels do not fit {allowed} bytes. Show a smaller part or fewer layers.")


def _webp(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, format="WEBP", **options)
    return buffer.getvalue()


def _all_whole(value: object, n: int) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == n
        and all(isinstance(v, int | np.integer) and not isinstance(v, bool) for v in value)
    )


def _whole(value: Any, n: int, name: str, words: str) -> tuple[int, ...]:
    if not _all_whole(value, n):
        raise ValueError(f"{name} is {value!r}. Give {n} whole numbers: {words}.")
    return tuple(int(v) for v in value)


def _number(value: Any, low: float, high: float, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}. Give a number from {low} to {high}.")
    return float(value)


def _one_of(value: Any, allowed: Sequence[Any], name: str) -> Any:
    if isinstance(value, bool) or value not in allowed:
        raise ValueError(f"{name} is {value!r}. Choose one of {', '.join(map(repr, allowed))}.")
    return value
