"""A thousand single bytes changed at random, in all that a report rests on: each is found, and what was changed is named."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from forensics.custody import CustodyLog, load_private_key, new_key, sign_file, verify_log
from forensics.report import verify_report, write_report
from forensics.types import Finding
from tests import report_samples
from tests.calibrations import STARTER_CARD
from tests.unit.report.test_sections import CARD, weighed

CHANGES = {"report.html": 400, "custody.jsonl": 150, "exhibit.jpg": 150, "report.html.sig": 150, "card.json": 150}
NAMED = {
    "report.html": ("seal", "signed"),
    "custody.jsonl": ("Custody log",),
    "exhibit.jpg": ("exhibit",),
    "report.html.sig": ("signature",),
    "card.json": ("card",),
}


@dataclass(frozen=True)
class Made:
    """A case with all that a report can rest on."""

    folder: Path
    key: Path

    def problems(self) -> tuple[str, ...]:
        return verify_report(
            self.folder / "report.html", evidence=self.folder / "exhibit.jpg", key=self.key, custody=self.folder / "custody.jsonl",
            card=self.folder / "card.json",
        ).problems  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("case")
    exhibit = folder / "exhibit.jpg"
    finding: Finding = weighed()
    small = report_samples.evidence(finding.evidence.pixels[:96, :96], name="exhibit.jpg")
    exhibit.write_bytes(report_samples.jpeg(finding.evidence.pixels[:96, :96]))
    from dataclasses import replace

    log = CustodyLog(folder / "custody.jsonl")
    with log.access(exhibit, actor="A. Lee", now=report_samples.NOW):
        pass
    shutil.copy(STARTER_CARD, folder / "card.json")
    report = write_report(
        [replace(finding, evidence=small)],
        folder / "report.html",
        custody=log.path,
        calibration=CARD,
        residuals=(),
        now=report_samples.NOW,
    )
    new_key(folder / "key.pem", passphrase=None)
    sign_file(report, load_private_key(folder / "key.pem"), signer="A. Lee", now=report_samples.NOW)
    return Made(folder, folder / "key.pem.pub")


def test_nothing_is_found_where_nothing_was_changed(made: Made) -> None:
    assert made.problems() == ()


@pytest.mark.parametrize("name", list(CHANGES))
def test_each_changed_byte_is_found_and_named(name: str, made: Made) -> None:
    path = made.folder / name
    whole = path.read_bytes()
    rng = np.random.default_rng(len(name))
    check: Callable[[], tuple[str, ...]] = made.problems
    try:
        for at, change in zip(
            rng.integers(0, len(whole), CHANGES[name]), rng.integers(1, 256, CHANGES[name]), strict=True
        ):
            data = bytearray(whole)
            data[at] ^= int(change)
            path.write_bytes(data)
            found = check()
            assert any(word in problem for problem in found for word in NAMED[name]), (
                name,
                int(at),
                int(change),
                found,
            )
    finally:
        path.write_bytes(whole)
    assert made.problems() == ()


def test_a_log_that_went_on_still_fits_and_one_that_was_cut_does_not(made: Made) -> None:
    path = made.folder / "custody.jsonl"
    whole = path.read_bytes()
    try:
        CustodyLog(path).append("transferred", actor="A. Lee", note="to the court", now=report_samples.NOW)
        assert made.problems() == ()
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
        assert any("truncated" in problem for problem in made.problems())
        assert verify_log(path).ok  # alone it cannot be told
    finally:
        path.write_bytes(whole)
