"""The example report is what the code and the shipped weights give today."""

from pathlib import Path

import numpy as np
import pytest

from forensics.detector import load_detector
from forensics.report import read_record, verify_report
from forensics.types import Finding
from tests.example import EXAMPLE, NOW, exhibit, write_example


@pytest.mark.slow
def test_the_example_is_not_stale(tmp_path: Path) -> None:
    """Scores agree to 1e-3 (machines differ in the last digits); given its finding, the record is the same.

    Digests of pictures are left out of the comparison: compressors differ between builds of zlib.
    """
    assert verify_report(EXAMPLE).ok
    record = read_record(EXAMPLE)
    stored = Finding.from_dict(record["findings"][0])
    fresh = load_detector().examine(exhibit(), now=NOW)
    again = read_record(write_example(stored.attach(fresh.evidence), tmp_path / "again.html"))
    for version in (record, again):
        version.pop("report_id")
        for figure in version["figures"]:
            figure.pop("sha256")
    same = (
        dict(stored.run.weights) == dict(fresh.run.weights)
        and dict(stored.run.settings).keys() == dict(fresh.run.settings).keys()
        and stored.evidence.to_dict() == fresh.evidence.to_dict()
        and np.abs(stored.scores.view_scores - fresh.scores.view_scores).max() < 1e-3
        and record == again
    )
    if not same:
        write_example(fresh)
    assert same, "reports/example.html was stale and has been written anew; look at it and commit it"
