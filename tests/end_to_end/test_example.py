"""The example report is what the code and the shipped weights give today, on whatever machine they are asked.

What follows the processor is asked for within a tolerance: scores, and the last digits of numbers that come from them.
What does not is asked for exactly: given the stored finding, the report says the same in every word.
"""

import math
from pathlib import Path

import numpy as np
import pytest

from forensics.detector import load_detector
from forensics.records.converting import to_record
from forensics.report import read_record, verify_report
from tests.example import EXAMPLE, NOW, STALE, exhibit, stored, write_example


def differences(one: object, other: object, place: str = "") -> list[str]:
    """Return the places at which two JSON values differ; numbers may, by a billionth of themselves."""
    if isinstance(one, float) and isinstance(other, float):
        return [] if math.isclose(one, other, rel_tol=1e-9) else [place]
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return [found for key in one for found in differences(one[key], other[key], f"{place}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            found for k, pair in enumerate(zip(one, other, strict=True)) for found in differences(*pair, f"{place}/{k}")
        ]
    return [] if type(one) is type(other) and one == other else [place]


@pytest.fixture(scope="module")
def record() -> dict[str, object]:
    assert verify_report(EXAMPLE).ok
    return read_record(EXAMPLE)


@pytest.mark.processor
def test_the_stored_finding_gives_the_same_report(record: dict[str, object], tmp_path: Path) -> None:
    """Digests of pictures are left out, and the number of the report with them: compressors differ between builds of zlib."""
    again = read_record(write_example(stored().attach(exhibit()), tmp_path / "again.html"))
    for version in (record, again):
        version.pop("report_id", None)
        for figure in version["figures"]:
            figure.pop("sha256", None)
    assert differences(record, again) == [], STALE


@pytest.mark.slow
@pytest.mark.processor
def test_the_shipped_weights_give_the_stored_scores(record: dict[str, object]) -> None:
    """Machines differ by up to 1e-4 (AVX-512, AVX2, SSE4.1), so scores agree to 1e-3; the rest of the finding is the same."""
    fresh, kept = load_detector().examine(exhibit(), now=NOW), stored()
    assert np.abs(kept.scores.view_scores - fresh.scores.view_scores).max() < 1e-3, STALE
    assert abs(kept.scores.score - fresh.scores.score) < 1e-3, STALE
    for what in (
        lambda finding: dict(finding.run.weights),
        lambda finding: dict(finding.run.settings).keys(),
        lambda finding: to_record(finding.evidence),
        lambda finding: finding.outcome,
        lambda finding: (finding.scores.branches, finding.scores.views, finding.scores.boxes.tolist()),
    ):
        assert what(kept) == what(fresh), STALE
