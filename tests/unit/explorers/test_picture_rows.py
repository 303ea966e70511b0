"""Pictures beside each other in a notebook."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from forensics.explorers.drawing.picture_rows import picture_row
from forensics.residuals import RESIDUALS
from tests.conftest import textured


def test_each_picture_has_its_name_and_nothing_of_a_name_is_active() -> None:
    row = picture_row({"original": textured(60, 90), "<b>again": textured(60, 90, 1)}, shown=300)
    html = row._repr_html_()
    assert re.findall(r"<figcaption>(.*?)</figcaption>", html) == ["original", "&lt;b&gt;again"]
    assert html.count('width="300" height="200"') == 2
    assert 'class="figures"' in html  # with gaps
    assert repr(row) == "PictureRow of 2 pictures"
    assert 'class="key"' not in html


def test_maps_are_drawn_on_the_fixed_scale_which_is_shown() -> None:
    residual = RESIDUALS["ela"]
    maps = {"none": np.zeros((40, 60), np.float32), "most": np.full((40, 60), residual.limit, np.float32)}
    html = picture_row(maps, residual=residual)._repr_html_()
    assert html.count('class="key"') == 1
    assert f"Scale −{residual.limit:g} to {residual.limit:g} {residual.unit}." in html
    data = [base64.b64decode(d) for d in re.findall(r'data:image/webp;base64,([^"]+)"', html)]
    levels = [np.asarray(Image.open(io.BytesIO(d)).convert("L")).mean() for d in data]
    assert abs(levels[0] - levels[1]) > 100  # the two ends of the scale
    assert f'alt="most: {residual.title}, mean size {residual.limit:.3g} {residual.unit}."' in html


def test_what_is_no_picture_and_no_map_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"'a' has shape \(4, 4\) and type float32. Give uint8 \(H, W, 3\), or residual="
    ):
        picture_row({"a": np.zeros((4, 4), np.float32)})
    with pytest.raises(ValueError, match=r"one channel"):
        picture_row({"a": np.zeros((4, 4, 3), np.float32)}, residual=RESIDUALS["srm"])
