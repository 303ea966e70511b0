"""The tables: what is in them, and that no spreadsheet computes them."""

import csv
import io
from pathlib import Path

import pytest

from forensics.custody import CustodyLog, Item
from forensics.packaging.extracts import CUSTODY, FINDINGS, METADATA, custody_rows, finding_rows, metadata_rows, table
from tests.report_samples import HOSTILE, NOW, evidence, finding


def read(header: tuple[str, ...], rows: object) -> list[dict[str, str]]:
    text = b"".join(table(header, rows)).decode("utf-8")
    assert text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_compute_is_text(start: str) -> None:
    text = f"{start}HYPERLINK(1)"
    (row,) = read(("a", "b"), [(text, -1.5)])
    assert row["a"].startswith("'")
    assert row["a"].endswith("HYPERLINK(1)")
    assert row["b"] == "-1.5"  # a number stays one


def test_text_stays_whole() -> None:
    (row,) = read(("a", "b", "c", "d"), [('say "x", y;=1', "é 한국", None, True)])
    assert row == {"a": 'say "x", y;=1', "b": "é 한국", "c": "", "d": "true"}


def test_no_cell_opens_a_line_or_hides_a_character() -> None:
    data = b"".join(table(("a",), [("x\r\n=1\u202e",), ("y" * 40_000,)]))
    assert data.count(b"\n") == 3
    assert b"U+202E" in data
    assert max(map(len, data.splitlines())) < 33_000


def test_findings() -> None:
    lr = {"llr": -1.25, "interval": [-1.5, -0.5], "bounds": [-2.0, 2.0], "at_bound": False, "stratum": "face"}
    one = {**finding(evidence(name=HOSTILE), n_views=4).to_dict(), "lr": lr, "outcome": "supports_h2"}
    one["reason_codes"] = ["a", "b"]
    error = {"schema": "forensics.error/1.0", "name": "=cmd", "error": "@broken"}
    sha256 = one["evidence"]["sha256"]
    first, second = read(FINDINGS, finding_rows([one, error], {sha256: "data/exhibits/x.jpg"}))
    assert list(first) == list(FINDINGS)
    assert first | {"name": ""} == {
        "path": "data/exhibits/x.jpg", "name": "", "sha256": sha256, "score": repr(one["scores"]["score"]),
        "log_odds": repr(one["scores"]["log_odds"]), "llr": "-1.25", "llr_lower": "-1.5", "llr_upper": "-0.5", "bound_lower": "-2.0",
        "bound_upper": "2.0", "at_bound": "false", "stratum": "face", "outcome": "supports_h2", "reason_codes": "a b",
        "caveats": "flat_tiles not_calibrated", "examined_at": "2026-01-02T03:00:00+00:00", "error": "",
    }  # fmt: skip
    assert "\u202e" not in first["name"]
    assert (second["path"], second["name"], second["error"]) == ("'=cmd", "'=cmd", "'@broken")


def test_metadata() -> None:
    one = finding(evidence(name="x.jpg", exif={"Artist": "=1+1"}), n_views=4).to_dict()
    rows = read(METADATA, metadata_rows([one, one, {"name": "n", "error": "e"}]))
    found = {row["field"]: row["value"] for row in rows}
    assert len(rows) == len(found)  # once
    assert {row["exhibit"] for row in rows} == {"x.jpg"}
    assert found["metadata.exif.Artist"] == "'=1+1"
    assert found["width"] == "640"
    assert found["metadata.quantisation"].startswith("[[")


def test_custody(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    items = [Item(name=f"{n}.jpg", sha256=str(n) * 64, n_bytes=n) for n in (1, 2)]
    log.append("received", actor="=A", inputs=items[:1], outputs=items[1:], note="+n", now=NOW)
    log.append("noted", actor="B", now=NOW)
    rows = read(CUSTODY, custody_rows(log.entries()))
    assert [(r["sequence"], r["side"], r["file"], r["actor"], r["note"]) for r in rows] == [
        ("1", "in", "1.jpg", "'=A", "'+n"), ("1", "out", "2.jpg", "'=A", "'+n"), ("2", "", "", "B", ""),
    ]  # fmt: skip
    assert rows[-1]["entry_sha256"] == log.head
