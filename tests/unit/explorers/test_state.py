from collections.abc import Callable

import numpy as np
import pytest

from forensics.explorers.state import Look, clamped, look_at_view, picture_panel, residual_panel
from forensics.residuals import RESIDUALS, render, residual_maps
from forensics.types import BranchScores, Evidence
from tests.conftest import textured


@pytest.fixture
def evidence(make_evidence: Callable[..., Evidence]) -> Evidence:
    return make_evidence(textured(200, 300))


def test_a_look_is_brought_into_the_picture(evidence: Evidence) -> None:
    assert clamped(Look(left=290, top=-5, side=64), evidence) == Look(left=236, top=0, side=64)
    assert clamped(Look(left=0, top=50, side=1), evidence) == Look(left=0, top=50, side=32)
    assert clamped(Look(left=9, top=9, side=5000), evidence) == Look(left=0, top=0, side=1024)
    assert Look(left=0, top=0, side=1024).box(evidence) == (0, 0, 300, 200)


def test_the_picture_is_shown_pixel_by_pixel(evidence: Evidence) -> None:
    panel = picture_panel(evidence, Look(left=40, top=20, side=64))
    assert np.array_equal(panel.pixels, evidence.pixels[20:84, 40:104])
    assert "columns 40 to 103, rows 20 to 83" in panel.caption


@pytest.mark.parametrize("name", [n for n in RESIDUALS.names() if n != "spectrum"])
def test_a_part_shows_what_the_whole_picture_shows_there(name: str, evidence: Evidence) -> None:
    residual = RESIDUALS[name]
    channel = len(residual.channels) - 1
    whole = residual_maps(evidence, name)[50:114, 90:154, channel]
    panel = residual_panel(evidence, Look(left=90, top=50, side=64), name=name, channel=channel)
    assert np.array_equal(panel.pixels, render(whole, limit=residual.limit, signed=residual.signed))
    assert residual.channels[channel] in panel.caption


def test_the_spectrum_is_that_of_the_part(evidence: Evidence) -> None:
    panel = residual_panel(evidence, Look(left=90, top=50, side=64), name="spectrum")
    maps = residual_maps(np.ascontiguousarray(evidence.pixels[50:114, 90:154]), "spectrum")
    assert np.array_equal(panel.pixels, render(maps[..., 0], limit=RESIDUALS["spectrum"].limit, signed=False))


def test_another_scale_is_said(evidence: Evidence) -> None:
    look = Look(left=0, top=0, side=64)
    assert "Not the fixed scale" not in residual_panel(evidence, look, name="median").caption
    assert "Not the fixed scale" in residual_panel(evidence, look, name="median", limit=0.5).caption


def test_a_view_leads_to_its_part() -> None:
    scores = BranchScores(
        branches=("a",),
        views=("u", "v"),
        logits=np.zeros((1, 2, 2)),
        boxes=np.array([[0, 0, 64, 64], [64, 8, 128, 72]]),
    )
    assert look_at_view(scores, 1) == Look(left=64, top=8, side=64)
