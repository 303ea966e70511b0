"""Pictures beside each other in a notebook, each under its name, with the scale below: a page without scripts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forensics.explorers.drawing.html_parts import bar_html, blocks_html, image_html, style
from forensics.explorers.drawing.picture_layers import scale_words
from forensics.records.arrays import Float32Array, UInt8Array
from forensics.report.blocks import paragraph
from forensics.residuals import Residual, render

__all__ = ["PictureRow", "picture_row"]


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What `picture_row` returns; shown when it is the last value of a cell, or by ``display``.

    Parameters
    ----------
    html : str
    """

    html: str

    def __repr__(self) -> str:
        return f"PictureRow of {self.html.count('<figure>')} pictures"

    def _repr_html_(self) -> str:
        return self.html


def picture_row(
    pictures: Mapping[str, UInt8Array | Float32Array], *, residual: Residual | None = None, shown: int = 400
) -> PictureRow:
    """Return pictures with a gap between them and the name of each below.

    Parameters
    ----------
    pictures : mapping of str to array
        Name to colours (H, W, 3), uint8; where `residual` is given, to one of its maps (H, W), in its unit.
    residual : Residual, optional
        Whose fixed scale the maps are drawn on; the scale is shown below them.
    shown : int
        Width of a picture on the screen, in its pixels.

    Returns
    -------
    PictureRow
        For the eye: compressed with a little loss.

    Raises
    ------
    ValueError
        An array has another shape or type.
    """
    figures = []
    for name, values in pictures.items():
        pixels, alt = _rendered(name, values, residual)
        figures.append(image_html(pixels, alt=alt, caption=name, exact=False, shown=shown))
    below = "" if residual is None else bar_html(residual, 1.0) + blocks_html([paragraph(scale_words(residual))])
    return PictureRow(f'{style()}<div class="fx"><div class="figures">{"".join(figures)}</div></div>{below}')


def _rendered(name: str, values: UInt8Array | Float32Array, residual: Residual | None) -> tuple[UInt8Array, str]:
    """Return colours and a text for those who cannot see them."""
    array = np.asarray(values)
    if residual is None:
        if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
            raise ValueError(
                f"the picture {name!r} has shape {array.shape} and type {array.dtype}. Give uint8 (H, W, 3), or residual= for a map."
            )
        return array.astype(np.uint8, copy=False), f"{name}: picture of {array.shape[1]} by {array.shape[0]} pixels."
    if array.ndim != 2:
        raise ValueError(
            f"the map {name!r} has shape {array.shape}. Give (H, W): one channel of what the residual returns."
        )
    size = float(np.abs(array).mean())
    return (
        render(array.astype(np.float32, copy=False), limit=residual.limit, signed=residual.signed),
        f"{name}: {residual.title}, mean size {size:.3g} {residual.unit}.",
    )
