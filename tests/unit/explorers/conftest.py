"""An explorer of a small detector and two references."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.detector import Detector, load_detector
from forensics.explorers import Explorer, explore
from forensics.types import (
    Attribution,
    Evidence,
    Finding,
)
from tests.conftest import encoded, textured
from tests.desk import fake_attribution

WEIGHTS = Path(__file__).parent.parent.parent / "parity" / "dfd_tiny.pth"


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(WEIGHTS)


@pytest.fixture(scope="module")
def finding(detector: Detector) -> Finding:
    data = encoded(textured(300, 400), "JPEG", quality=88)
    return detector.examine(Evidence.from_bytes(data, name="exhibit.jpg"), robustness="none")


@pytest.fixture
def references() -> list[tuple[Evidence, str]]:
    pairs = ((1, "original"), (2, "forgery"))
    return [(Evidence.from_bytes(encoded(textured(200, 260, k)), name=f"known-{k}.png"), label) for k, label in pairs]


@pytest.fixture
def explorer(detector: Detector, finding: Finding, references: list[tuple[Evidence, str]]) -> Iterator[Explorer]:
    made = explore(detector, finding, references=references)
    yield made
    made.background._pool.shutdown()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Attributions that cost nothing, and what was asked for."""
    calls: list[dict[str, object]] = []

    def attribute(detector: Detector, finding: Finding, **how: object) -> Attribution:
        calls.append(how)
        how["progress"](1, 2)
        view = how["view"] or finding.scores.views[0]
        return fake_attribution(finding, how["branch"], view, how["method"], failed=how["branch"] == "replknet")

    monkeypatch.setattr("forensics.attribution.attribute", attribute)
    return calls
