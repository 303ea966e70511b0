"""The numbers on the map of tiles stand where a tile can be seen."""

import re

from forensics.report.blocks import tile_map
from forensics.report.page.plots import draw_tile_map


def test_the_number_of_a_tile_that_another_overlaps_stands_in_what_is_left_of_it() -> None:
    # 640 columns in tiles of 256: the last begins at 384 and hides the right half of the second.
    boxes = [[0, 0, 256, 256], [256, 0, 512, 256], [384, 0, 640, 256]]
    block = tile_map("c", size=(640, 256), boxes=boxes, values=[0.1, 0.5, 0.9], alt="a")
    places = [float(x) for x in re.findall(r'<text class="on-\d" x="([\d.]+)"', str(draw_tile_map(block)))]
    assert places == [128.0, 320.0, 512.0]


def test_rows_that_overlap_too() -> None:
    boxes = [[0, 0, 256, 256], [0, 100, 256, 356]]
    block = tile_map("c", size=(256, 356), boxes=boxes, values=[0.1, 0.5], alt="a")
    heights = [float(y) for y in re.findall(r'<text class="on-\d" x="[\d.]+" y="([\d.]+)"', str(draw_tile_map(block)))]
    assert heights[0] < 100 < heights[1]
