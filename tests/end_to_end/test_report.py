"""A report from a real examination: same bytes twice, nothing active, hostile text harmless."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from forensics.detector import ErrorRow, load_detector
from forensics.errors import EvidenceError, ReportError
from forensics.report import Case, verify_report, write_report
from forensics.report.page.html import seal
from forensics.types import Caveat, Evidence, Finding, Fusion
from tests import report_samples
from tests.conftest import textured

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202egnp.\x00\x1b"
WEIGHTS = Path(__file__).parent.parent / "parity" / "dfd_tiny.pth"


@pytest.fixture
def finding(make_evidence: Callable[..., Evidence], now: datetime) -> Finding:
    return load_detector(WEIGHTS).examine(make_evidence(textured(), name=HOSTILE), now=now)


def test_the_page_is_the_same_twice_and_holds_nothing_active(finding: Finding, tmp_path: Path, now: datetime) -> None:
    case = Case(number=HOSTILE, examiner=HOSTILE)
    first, second = (
        write_report([finding], tmp_path / n, case=case, now=now).read_bytes() for n in ("a.html", "b.html")
    )
    assert first == second
    page = first.decode()
    tags = re.findall(r"<[a-zA-Z][^>]*>", page)
    assert not [t for t in tags if re.match(r"<(script|iframe|object|embed|link|base|form)\b", t, re.IGNORECASE)]
    assert not [t for t in tags if re.search(r"\son[a-z]+\s*=|\sstyle\s*=|(src|href)=.?https?:", t, re.IGNORECASE)]
    assert "default-src 'none'" in page or "default-src &#39;none&#39;" in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "U+202E" in page


def test_a_redacted_report_holds_no_picture(finding: Finding, tmp_path: Path, now: datetime) -> None:
    assert b"data:image" in write_report([finding], tmp_path / "a.html", now=now).read_bytes()
    assert b"data:image" not in write_report([finding], tmp_path / "b.html", now=now, redact=True).read_bytes()


def test_a_map_never_stands_without_what_it_is_worth(tmp_path: Path) -> None:
    sample = report_samples.finding()
    page = write_report([sample], tmp_path / "a.html", now=report_samples.NOW).read_text(encoding="utf-8")
    assert "exhibit-1-localisation" in page
    assert "It paints something on camera originals too" in page
    assert "On 640 forged tiles" in page
    assert "in 62 of 100 cases, where chance has 24" in page
    assert "highest 0.87 in the cell whose upper left corner is at column 96, row 64" in page
    unmeasured = replace(sample.localisation, measured={})
    other = write_report([replace(sample, localisation=unmeasured)], tmp_path / "b.html", now=report_samples.NOW)
    assert "was not measured for these weights" in other.read_text(encoding="utf-8")
    hidden = write_report([sample], tmp_path / "c.html", now=report_samples.NOW, redact=True)
    assert "exhibit-1-localisation" not in hidden.read_text(encoding="utf-8")


def test_the_method_says_how_the_joint_score_came_about(tmp_path: Path) -> None:
    plain = report_samples.finding()
    one = dict.fromkeys(plain.scores.branches, 1.0)
    fusion = Fusion(bias=0.0, mean=one, top=one, weights_sha256="0" * 64)
    fitted = replace(plain, scores=replace(plain.scores, fusion=fusion))
    texts = {}
    for name, findings in {"plain": [plain], "fitted": [fitted], "both": [plain, fitted]}.items():
        page = write_report(findings, tmp_path / f"{name}.html", now=report_samples.NOW).read_text(encoding="utf-8")
        texts[name] = ("is a plain mean" in page, "fitted sum of the branches" in page)
    assert texts == {"plain": (True, False), "fitted": (False, True), "both": (True, True)}
    first, *others = plain.scores.branches
    weights = {first: 3.0, **dict.fromkeys(others, 0.0)}
    leaning = Fusion(bias=0.0, mean=weights, top=dict.fromkeys(others, 1.0) | {first: 0.0}, weights_sha256="0" * 64)
    scores = replace(plain.scores, fusion=leaning)
    page = write_report([replace(plain, scores=scores)], tmp_path / "l.html", now=report_samples.NOW).read_text(
        encoding="utf-8"
    )
    share = f"{first} {300 / (3 + len(others)):.0f} percent, "
    assert f"Their shares of its weights: {share}" in page
    assert f"In it the branches count: {share}" in page  # on the first page, beside the score


def test_a_report_holds_no_place_of_a_file_that_could_not_be_read(tmp_path: Path) -> None:
    given = str(tmp_path / "source_jane_doe" / "gone.jpg")
    error = EvidenceError(f"{given} cannot be opened. Check the path.")
    rows = [report_samples.finding(), ErrorRow(name=given, error=error)]
    page = write_report(rows, tmp_path / "r.html", now=report_samples.NOW).read_text(encoding="utf-8")
    assert "jane" not in page
    assert "gone.jpg cannot be opened. Check the path." in page
    assert "2 files, those that could be read identified by SHA-256 under Exhibits. 1 file could not be read" in page


def test_reservations_name_their_exhibits(tmp_path: Path) -> None:
    flat = Caveat(code="flat", text="Three tiles were left out.")
    plain = report_samples.finding()
    marked = replace(plain, caveats=(*plain.caveats, flat))
    page = write_report([plain, marked], tmp_path / "r.html", now=report_samples.NOW).read_text(encoding="utf-8")
    assert "Exhibit 2: Three tiles were left out." in page
    if plain.caveats:
        assert f"Exhibits 1, 2: {plain.caveats[0].text}" in page
    alone = write_report([marked], tmp_path / "s.html", now=report_samples.NOW).read_text(encoding="utf-8")
    assert "Exhibit 1: Three tiles" not in alone


def test_another_language_is_refused_and_nothing_is_left(finding: Finding, tmp_path: Path) -> None:
    with pytest.raises(ReportError):
        write_report([finding], tmp_path / "a.html", language="tlh")
    assert not list(tmp_path.iterdir())


def test_verify_accepts_the_fresh_report_and_refuses_any_changed_byte(
    photograph_file: Path, tmp_path: Path, now: datetime
) -> None:
    detector = load_detector(WEIGHTS)
    finding = detector.examine(photograph_file, now=now)
    path = write_report([finding], tmp_path / "r.html", case=Case(number=HOSTILE), now=now)
    check = verify_report(path, evidence=photograph_file.parent)
    assert check.ok, check.problems
    shown = [proof for proof in check.proofs if not proof.startswith("Not shown")]
    assert len(shown) == 4  # seal, record, page, exhibit
    assert len(check.proofs) - len(shown) == 3  # another file, no signature, no time-stamp
    page = path.read_bytes()
    inside = (
        page.index(b'id="record"') + 400,
        page.index(b"<h1"),
        page.index(b"base64,") + 99,
        len(page) - 20,
        len(page) - 1,
    )
    spread = np.random.default_rng(0).integers(0, len(page), 12)
    for at in (*inside, *spread.tolist()):
        path.write_bytes(page[:at] + bytes([page[at] ^ 1]) + page[at + 1 :])
        assert not verify_report(path).ok, at
    path.write_bytes(page)
    photograph_file.write_bytes(photograph_file.read_bytes() + b"x")
    check = verify_report(path, evidence=photograph_file.parent)
    assert any("china.jpg" in p for p in check.problems)


def test_text_that_was_changed_and_sealed_anew_is_refused(finding: Finding, tmp_path: Path, now: datetime) -> None:
    """The seal is no secret; the page must still follow from its record."""
    path = write_report([finding], tmp_path / "r.html", now=now)
    body = path.read_bytes().rpartition(b"<!-- seal")[0].replace(b">Summary<", b">Finding<", 1)
    path.write_bytes(body + seal(body))
    problems = verify_report(path).problems
    assert len(problems) == 1
    assert "visible text does not follow from the record" in problems[0]


def test_the_seal_alone_finds_a_changed_byte(
    finding: Finding, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page of another version cannot be rendered anew, but its seal can be recomputed."""
    path = write_report([finding], tmp_path / "r.html", now=now)
    monkeypatch.setattr("forensics.report.checks.verification.__version__", "9.9")
    assert any("seal fits" in p for p in verify_report(path).proofs)
    path.write_bytes(path.read_bytes().replace(b">Summary<", b">Symmary<", 1))
    assert any("The seal in the last line does not fit" in p for p in verify_report(path).problems)


@pytest.mark.parametrize("content", [b"", b"junk", bytes(range(256)), b'<pre id="record" tabindex="0">{}</pre>'])
def test_what_is_no_report_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.html").write_bytes(content)
    assert not verify_report(tmp_path / "r.html").ok
    with pytest.raises(ReportError, match="Check the path"):
        verify_report(tmp_path / "none.html")


def test_a_folder_of_exhibits_that_does_not_exist_is_said(finding: Finding, tmp_path: Path, now: datetime) -> None:
    path = write_report([finding], tmp_path / "r.html", now=now)
    with pytest.raises(ReportError, match="Name the folder that holds the exhibits"):
        verify_report(path, evidence=tmp_path / "nowhere")
