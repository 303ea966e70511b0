"""Findings as JSON lines: each on the disk when it is added, read back with its picture, and nothing lost of what is whole."""

import json
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import forensics as fx
from forensics.commands.examine.resuming import Results
from forensics.detector import ErrorRow, FindingLines, read_findings
from forensics.errors import EvidenceError, ModelError, RecordError
from forensics.records.spool import IN_MEMORY, Spool
from forensics.report import write_report
from forensics.types import Evidence, Finding
from tests import report_samples
from tests.conftest import encoded, textured
from tests.report_samples import CASE, NOW


def finding(name: str, seed: int = 0) -> Finding:
    return report_samples.finding(
        Evidence.from_bytes(encoded(textured(96, 128, seed)), name=name), n_views=4, seed=seed
    )


def error(name: str, sha256: str = "") -> ErrorRow:
    return ErrorRow(name=name, error=EvidenceError(f"{name} is empty. Get it again."), sha256=sha256)


def names(results: Iterator[Finding | ErrorRow]) -> list[str]:
    return [r.name if isinstance(r, ErrorRow) else r.evidence.name for r in results]


def test_a_line_is_on_the_disk_when_its_picture_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "f.jsonl"
    with FindingLines(path) as lines:
        assert not path.exists()
        for n, result in enumerate((finding("a.png"), error("b.png"), finding("c.png", 1)), start=1):
            lines.add(result)
            assert len(path.read_bytes().splitlines()) == n
            assert path.read_bytes().endswith(b"\n")
        assert (lines.n_findings, [lines.is_finding(k) for k in range(3)]) == (2, [True, False, True])
    assert names(fx.read_findings(path)) == ["a.png", "b.png", "c.png"]


def test_an_error_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    rows = [
        ErrorRow(name="some folder/b.png", error=ModelError("no logits. Check."), sha256="ab" * 32, n_bytes=3),
        error("bad \udcff.png"),  # a name that is no text
    ]
    with FindingLines(path) as lines:
        for row in rows:
            lines.add(row)
    first = json.loads(path.read_bytes().splitlines()[0])
    assert first == {
        "schema": "forensics.error/1.1", "name": "b.png", "path": "some folder/b.png", "sha256": "ab" * 32, "n_bytes": 3,
        "code": "as_recorded", "values": {"text": "no logits. Check."}, "error": "no logits. Check.",
    }  # fmt: skip
    for row, again in zip(rows, read_findings(path), strict=True):
        assert isinstance(again, ErrorRow)
        assert again.to_dict() == row.to_dict()
        assert str(again.error) == str(row.error)


def test_a_cut_last_line_is_left_out_and_taken_away(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "f.jsonl"
    with FindingLines(path) as lines:
        lines.add(finding("a.png"))
        lines.add(finding("b.png", 1))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in (len(whole) - 1, first + 40):  # without its line end, and in the middle
        path.write_bytes(whole[:cut])
        caplog.clear()
        assert names(read_findings(path)) == ["a.png"]
        assert "cut off" in caplog.text
        with FindingLines(path, resume=True) as lines:
            assert len(lines) == 1
            lines.add(finding("b.png", 1))
        assert path.read_bytes() == whole


def test_a_line_in_the_middle_that_is_something_else_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text('{"schema": "other"}\n{}\n')
    for read in (lambda: list(read_findings(path)), lambda: FindingLines(path, resume=True)):
        with pytest.raises(RecordError, match=r"line 1 of .* is neither a finding nor an error"):
            read()
    assert path.read_text() == '{"schema": "other"}\n{}\n'
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_findings(tmp_path / "none.jsonl"))


def test_lines_are_put_into_another_order(tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    with FindingLines(path) as lines:
        for k, name in enumerate(("a.png", "b.png", "c.png")):
            lines.add(finding(name, k))
        lines.arrange([2, 0])
        assert names(iter(lines)) == ["c.png", "a.png"]
        lines.add(error("d.png"))
        assert [name for name, _sha256 in lines.identities] == ["c.png", "a.png", "d.png"]
    assert names(read_findings(path)) == ["c.png", "a.png", "d.png"]


def test_a_report_from_lines_is_the_report_from_findings(tmp_path: Path) -> None:
    """With the pixels read again one at a time; in one report of few exhibits and one of many."""
    files = []
    for k in range(18):
        files.append(tmp_path / f"{k}.png")
        files[-1].write_bytes(encoded(textured(96, 128, k)))
    files.insert(2, tmp_path / "broken.png")
    rows = [finding(f.name, int(f.stem)) if f.stem != "broken" else error(str(f)) for f in files]
    for n in (4, len(files)):
        with FindingLines() as lines:
            places = [lines.add(row) for row in rows[:n]]
            results = Results(lines, files[:n], places)
            written = write_report(results, tmp_path / "lines.html", case=CASE, now=NOW).read_bytes()
        assert written == write_report(rows[:n], tmp_path / "rows.html", case=CASE, now=NOW).read_bytes()
        assert written == write_report(iter(rows[:n]), tmp_path / "iter.html", case=CASE, now=NOW).read_bytes()
    with FindingLines() as lines:
        place = lines.add(rows[0])
        files[0].write_bytes(encoded(textured(96, 128, 99)))
        with pytest.raises(EvidenceError, match="has SHA-256"):
            write_report(Results(lines, files[:1], [place]), tmp_path / "changed.html", now=NOW)
    assert not (tmp_path / "changed.html").exists()


def test_a_report_lets_pixels_go_as_it_draws(tmp_path: Path) -> None:
    alive: list[weakref.ref[np.ndarray]] = []
    counts = []

    def findings() -> Iterator[Finding]:
        for k in range(40):
            one = finding(f"{k}.png", k)
            alive.append(weakref.ref(one.evidence.pixels))
            counts.append(sum(ref() is not None for ref in alive))
            yield one
            del one

    write_report(findings(), tmp_path / "r.html", now=NOW)
    assert max(counts) <= 17  # how much is drawn of each is known once there are 16
    assert max(counts[20:]) <= 2
    assert not list(tmp_path.glob("*.partial"))


def test_a_spool_gives_back_what_was_put_in(tmp_path: Path) -> None:
    pieces = [b"", b"one", bytes(IN_MEMORY), b"last"]  # beyond what stays in memory
    with Spool(tmp_path) as spool:
        assert [spool.add(piece) for piece in pieces] == [0, 1, 2, 3]
        assert list(spool) == pieces
        assert (spool[-1], spool[1:2]) == (b"last", [b"one"])
        spool.add(b"more")
        assert (len(spool), spool[1], spool[4]) == (5, b"one", b"more")
        with pytest.raises(IndexError):
            _ = spool[5]
    assert not list(tmp_path.iterdir())


def test_the_line_of_a_finding_is_that_of_its_json(tmp_path: Path, make_evidence: Callable[..., Evidence]) -> None:
    one = replace(report_samples.finding(n_views=4), evidence=make_evidence())
    with FindingLines(tmp_path / "f.jsonl") as lines:
        lines.add(one)
    assert (tmp_path / "f.jsonl").read_text(encoding="utf-8") == one.to_json() + "\n"
