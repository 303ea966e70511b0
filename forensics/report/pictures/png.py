"""Pixels as a figure of a report: PNG bytes without anything else in them, and their digest."""

import hashlib
import io

import numpy as np
from PIL import Image

from forensics.records.arrays import UInt8Array
from forensics.report.context import Figure
from forensics.residuals import scale_bar

__all__ = ["bar", "make_figure"]


def bar(*, signed: bool) -> tuple[Figure, bytes]:
    """Return the colours of a scale as a figure, ``bar-signed`` or ``bar-unsigned``, which all maps on it refer to."""
    name = "bar-signed" if signed else "bar-unsigned"
    return make_figure(name, "", scale_bar(signed=signed), kind="bar", title="", caption="", alt="", scale="")


def make_figure(
    id_: str,
    exhibit: str,
    pixels: UInt8Array,
    *,
    kind: str,
    title: str,
    caption: str,
    alt: str,
    scale: str,
    look: str = "",
    ignore: str = "",
    bar_id: str = "",
    low: str = "",
    high: str = "",
) -> tuple[Figure, bytes]:
    """Return a picture as a figure, with its PNG bytes; the many parameters are the words of a `Figure`, which is made whole."""
    data = _png(pixels)
    figure = Figure(
        id=id_,
        exhibit=exhibit,
        kind=kind,
        title=title,
        caption=caption,
        look=look,
        ignore=ignore,
        alt=alt,
        scale=scale,
        width=pixels.shape[1],
        height=pixels.shape[0],
        sha256=hashlib.sha256(data).hexdigest(),
        bar=bar_id,
        low=low,
        high=high,
    )
    return figure, data


def _png(pixels: UInt8Array) -> bytes:
    """Return PNG bytes; pictures of at most 256 colours, as residuals are, get a palette, which is loss-free too."""
    flat = np.ascontiguousarray(pixels).reshape(-1, 3).astype(np.uint32)
    colours, index = np.unique(flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2], return_inverse=True)
    if len(colours) <= 256:
        picture = Image.fromarray(index.reshape(pixels.shape[:2]).astype(np.uint8))
        picture.putpalette(
            np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.uint8).tobytes()
        )
    else:
        picture = Image.fromarray(pixels)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()
