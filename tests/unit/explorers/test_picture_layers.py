"""Parts of pictures and of their residuals, what they measure, and many of them in bounded memory."""

import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.explorers.drawing.picture_layers import (
    MAPS,
    WholeMaps,
    maps_of,
    measure,
    middle,
    picture_layer,
    residual_layer,
    residual_row,
)
from forensics.residuals import RESIDUALS, render, residual_maps
from forensics.types import Evidence
from tests.conftest import encoded, textured


@pytest.fixture
def evidence(make_evidence: Callable[..., Evidence]) -> Evidence:
    return make_evidence(textured(200, 300))


def test_the_picture_is_shown_pixel_by_pixel(evidence: Evidence) -> None:
    layer = picture_layer(evidence, (40, 20, 104, 84))
    assert np.array_equal(layer.pixels, evidence.pixels[20:84, 40:104])
    assert "columns 40 to 103, rows 20 to 83" in layer.alt


@pytest.mark.parametrize("name", [n for n in RESIDUALS.names() if n != "spectrum"])
def test_a_part_shows_what_the_whole_picture_shows_there(name: str, evidence: Evidence) -> None:
    residual = RESIDUALS[name]
    channel = len(residual.channels) - 1
    whole = residual_maps(evidence, name)[50:114, 90:154, channel]
    layer = residual_layer(evidence, (90, 50, 154, 114), residual=name, channel=channel)
    assert np.array_equal(layer.pixels, render(whole, limit=residual.limit, signed=residual.signed))
    assert residual.channels[channel] in layer.alt


def test_the_spectrum_is_that_of_the_part(evidence: Evidence) -> None:
    layer = residual_layer(evidence, (90, 50, 154, 114), residual="spectrum")
    maps = residual_maps(np.ascontiguousarray(evidence.pixels[50:114, 90:154]), "spectrum")
    assert np.array_equal(layer.pixels, render(maps[..., 0], limit=RESIDUALS["spectrum"].limit, signed=False))


def test_another_scale_is_said(evidence: Evidence) -> None:
    box = (0, 0, 64, 64)
    fixed = residual_layer(evidence, box, residual="median")
    assert "Scale −8 to 8 grey levels." in fixed.alt
    assert "Not the fixed scale" not in fixed.alt
    other = residual_layer(evidence, box, residual="median", gain=4.0)
    assert "Scale −2 to 2 grey levels. Not the fixed scale of reports, which ends at 8." in other.alt
    whole = residual_maps(evidence, "median")[:64, :64, 0]
    assert np.array_equal(other.pixels, render(whole, limit=2.0, signed=True))


def test_amounts_are_those_of_one_channel() -> None:
    """0, 1, 2, 3 and an outline of 8: mean 2.8, SD sqrt(mean of squares 15.6 - 7.84), one in five at the limit of 8."""
    maps = np.zeros((1, 7, 3), dtype=np.float32)
    maps[0, 1:6, 1], maps[0, 6, 1] = (0, 1, 2, 3, 8), -4
    found = measure(maps, (1, 0, 6, 1), RESIDUALS["median"], 1)
    assert found.channel == "green"
    assert found.region.mean == pytest.approx(2.8)
    assert found.region.sd == pytest.approx(7.76**0.5)
    assert found.region.beyond == pytest.approx(0.2)
    assert (found.rest.mean, found.rest.mean_absolute) == (-2, 2)


def test_whole_maps_are_maps_within_bounds(
    make_evidence: Callable[..., Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    counted = replace(RESIDUALS["median"], function=lambda p: (calls.append(1), p.astype(np.float32))[1], reach=None)
    monkeypatch.setitem(RESIDUALS._parts, "counted", counted)
    pictures = [make_evidence(textured(50, 60, seed=k)) for k in range(4)]
    one = 50 * 60 * 3 * 4
    kept = WholeMaps(max_bytes=2 * one)
    for picture in (*pictures, pictures[3]):
        assert np.array_equal(kept.get(picture, "counted"), picture.pixels)
        assert kept.n_bytes <= 2 * one
    assert len(calls) == 4
    assert [kept.holds(p, "counted") for p in pictures] == [False, False, True, True]
    kept.get(pictures[2], "counted")  # seen last, so that 3 goes first
    kept.get(pictures[0], "counted")
    assert [kept.holds(p, "counted") for p in pictures] == [True, False, True, False]
    kept.max_bytes = 1
    kept.get(pictures[1], "counted")
    assert [kept.holds(p, "counted") for p in pictures] == [False, True, False, False]


def test_parts_of_one_picture_are_filtered_once_where_all_of_it_counts(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    counted = replace(RESIDUALS["median"], function=lambda p: (calls.append(1), p.astype(np.float32))[1], reach=None)
    monkeypatch.setitem(RESIDUALS._parts, "counted", counted)
    monkeypatch.setattr(MAPS, "_maps", MAPS._maps.copy())
    for left in (0, 32, 64):
        part = maps_of(evidence, (left, 8, left + 40, 60), "counted")
        assert np.array_equal(part, evidence.pixels[8:60, left : left + 40])
    assert len(calls) == 1


def test_the_middle_of_a_picture(make_evidence: Callable[..., Evidence]) -> None:
    assert middle(make_evidence(textured(200, 301)), 100) == (100, 50, 200, 150)
    assert middle(make_evidence(textured(20, 301)), 100) == (100, 0, 200, 20)


def test_many_pictures_one_after_another(tmp_path: Path, evidence: Evidence) -> None:
    good, broken = tmp_path / "<b>good.png", tmp_path / "broken.jpg"
    good.write_bytes(encoded(textured(90, 120), "PNG"))
    broken.write_bytes(b"junk")
    rows = list(residual_row([good, broken, tmp_path / "none.jpg", evidence], name="srm", side=64))
    assert [row.name for row in rows] == [good.name, str(broken), str(tmp_path / "none.jpg"), "exhibit.png"]
    assert [bool(row.problem) for row in rows] == [False, True, True, False]
    assert rows[0].layer.pixels.shape == (64, 64, 3)
    maps = residual_maps(evidence, "srm")[68:132, 118:182, 0]
    assert rows[3].amounts.sd == pytest.approx(float(maps.std()), rel=1e-5)


@pytest.mark.parametrize("name", ["srm", "double_quantisation"])  # in parts, and of the whole picture
def test_memory_does_not_grow_with_the_number_of_pictures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """60 pictures of 0.3 MB need no more than ten: what is kept of whole pictures has a bound, here of two."""
    monkeypatch.setattr(MAPS, "max_bytes", 2 * 300 * 320 * 4)
    base = textured(300, 320)

    def pictures(n: int) -> Iterator[Evidence]:
        for k in range(n):
            base[0, 0] = k
            yield Evidence.from_bytes(encoded(base, "PNG", compress_level=1), name=f"{k}.png")

    def peak(n: int) -> int:
        tracemalloc.reset_peak()
        assert sum(row.layer is not None for row in residual_row(pictures(n), name=name)) == n
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(3)
        first, then = peak(10), peak(60)
    finally:
        tracemalloc.stop()
        MAPS._maps.clear()
    assert then < first + 200_000
