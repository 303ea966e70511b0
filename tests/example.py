"""``reports/example.html``: the report on a photograph that scikit-learn carries, as the shipped weights see it.

``python -m tests.example`` writes it anew from the finding that it holds, so that no machine leaves a trace in it;
``python -m tests.example --examine`` examines the photograph again, which is due when weights, settings or the record of
a finding change. The test (``end_to_end/test_example.py``) says when one of them is due.
"""

import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from forensics.detector import load_detector
from forensics.report import Case, read_record, write_report
from forensics.types import Evidence, Finding

EXAMPLE = Path(__file__).parent.parent / "reports" / "example.html"
STALE = "reports/example.html is stale: run python -m tests.example, or with --examine where scores or settings changed"
NOW = datetime(2026, 11, 24, 9, 0, 0, tzinfo=UTC)
CASE = Case(
    number="example",
    examiner="Example examiner",
    organisation="Example laboratory. This shows the form of a report; its weights are withdrawn as evidence: judged on 869 hidden pictures "
    "they rank worse than a coin (mean AUC 0.456; face swaps 0.085), and 73 of 97 face swaps got “supports H2”.",
    requester="Example newsroom",
    question="Was the photograph altered after it was taken?",
    received="china.jpg by danielbuechele on Flickr, CC BY 2.0, as shipped with scikit-learn",
)


def exhibit() -> Evidence:
    """Return the photograph from the bytes that scikit-learn ships."""
    data = (files("sklearn.datasets.images") / "china.jpg").read_bytes()
    return Evidence.from_bytes(data, name="china.jpg")


def stored() -> Finding:
    """Return the finding that the example holds, without its picture."""
    return Finding.from_dict(read_record(EXAMPLE)["findings"][0])


def write_example(finding: Finding, path: Path = EXAMPLE) -> Path:
    """Write the example from a finding."""
    return write_report([finding], path, case=CASE, now=NOW)


if __name__ == "__main__":
    anew = "--examine" in sys.argv[1:]
    write_example(load_detector().examine(exhibit(), now=NOW) if anew else stored().attach(exhibit()))
