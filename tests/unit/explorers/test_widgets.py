"""The explorer without a kernel: its widgets are driven as a reader would drive them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forensics.detector import Detector, load_detector
from forensics.errors import EvidenceError
from forensics.explorers import explore
from forensics.types import DeliveredScore, Evidence, Finding, LikelihoodRatio, Robustness
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


def test_a_likelihood_ratio_and_the_copies_are_told(detector: Detector, make_evidence: Callable[..., Evidence]) -> None:
    finding = detector.examine(make_evidence(textured(100, 100)))
    assert "log10 LR" not in explore(detector, finding).facts.value
    lr = LikelihoodRatio(
        llr=0.8,
        interval=(0.5, 1.0),
        bounds=(-1.0, 1.0),
        at_bound=False,
        stratum="<b>kind</b>",
        calibration_sha256="0" * 64,
    )
    received = DeliveredScore(
        delivery="as received", text="", score=0.7, llr=0.8, outcome="supports_h1", stratum="kind"
    )
    copies = (replace(received, delivery="JPEG 85", llr=-0.1), replace(received, delivery="cropped", llr=None))
    weighed = replace(finding, lr=lr, outcome="supports_h1", robustness=Robustness(received=received, copies=copies))
    facts = explore(detector, weighed).facts.value
    assert "log10 LR +0.80 (+0.50 to +1.00): weak support for H1 over H2" in facts
    assert "&lt;b&gt;kind" in facts
    assert "Delivered in 2 other ways: log10 LR -0.10 to -0.10 (1 without one); the side changes in JPEG 85." in facts
