"""The explorer without a kernel: its widgets are driven as a reader would drive them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.detector import Detector, load_detector
from forensics.errors import EvidenceError
from forensics.explorers import explore
from forensics.types import Evidence, Finding
from tests.conftest import encoded, textured

WEIGHTS = Path(__file__).parent.parent.parent / "parity" / "dfd_tiny.pth"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(WEIGHTS)


def test_sliders_and_tabs_change_what_is_shown(detector: Detector, make_evidence: Callable[..., Evidence]) -> None:
    explorer = explore(detector, detector.examine(make_evidence(textured(400, 500))))
    picture, residual = bytes(explorer.picture.image.value), bytes(explorer.residuals[0].frame.image.value)
    explorer.side.value = 64
    assert bytes(explorer.picture.image.value) != picture
    assert bytes(explorer.residuals[0].frame.image.value) != residual
    assert "columns" in explorer.picture.caption.value
    explorer.tabs.selected_index = 2
    assert bytes(explorer.residuals[2].frame.image.value[:4]) == b"\x89PNG"
    explorer.residuals[2].scale.value = 0.1
    assert "Not the fixed scale" in explorer.residuals[2].frame.caption.value
    assert len(explorer.scores.children[0].data) == len(detector.branches)


def test_a_picked_file_is_examined_and_a_broken_one_keeps_the_last(
    detector: Detector, make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    explorer = explore(detector, detector.examine(make_evidence()))
    upload = {"name": "<b>new</b>.png", "type": "", "size": 1, "content": encoded(textured(80, 90), "PNG")}
    explorer._picked({"new": (upload,)})
    assert explorer.finding.evidence.name == "<b>new</b>.png"
    assert "<b>new</b>" not in explorer.facts.value
    explorer._picked({"new": ({**upload, "content": b"junk"},)})
    assert "Not examined" in explorer.message.value
    explorer.path.value = str(tmp_path / "none.jpg")
    assert "none.jpg" in explorer.message.value
    assert explorer.finding.evidence.name == "<b>new</b>.png"


def test_an_unsuitable_picture_and_a_finding_without_pixels(
    detector: Detector, make_evidence: Callable[..., Evidence]
) -> None:
    explorer = explore(detector, detector.examine(make_evidence(np.zeros((20, 30, 3), np.uint8))))
    assert explorer.scores.children == ()
    stored = Finding.from_json(detector.examine(make_evidence()).to_json())
    with pytest.raises(EvidenceError, match="attach"):
        explore(detector, stored)


def test_a_point_of_the_plot_leads_to_its_part(detector: Detector, make_evidence: Callable[..., Evidence]) -> None:
    explorer = explore(detector, detector.examine(make_evidence(textured(400, 500))))
    explorer._move(explorer._look()[1].__class__(left=120, top=80, side=96))
    assert (explorer.left.value, explorer.top.value, explorer.side.value) == (120, 80, 96)
