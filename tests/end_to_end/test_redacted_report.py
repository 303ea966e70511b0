"""Twenty exhibits with thumbnails, previews, GPS and names: nothing of what is withheld is anywhere in the file of a redacted report."""

import base64
import html
import re
from pathlib import Path

import numpy as np
import pytest

import forensics as fx
from forensics.report import read_record
from forensics.types import Evidence, Finding
from tests import report_samples
from tests.pictures_with_traces import NAMES, PLACES, Traced, traced

BOX = (64, 64, 176, 176)


@pytest.fixture(scope="module")
def exhibits() -> list[tuple[Traced, Finding]]:
    found = []
    for one in list(traced())[:20]:
        evidence = Evidence.from_bytes(one.data, name=one.name)
        found.append((one, report_samples.finding(evidence, n_views=6)))
    assert len(found) == 20
    return found


def leaks(page: bytes, one: Traced, evidence: Evidence, *, names: bool) -> list[str]:
    """What of a file is in a page: bytes of its thumbnail and preview, its position, names, and rows of its pixels."""
    text = html.unescape(page.decode("utf-8"))
    inside = b"".join(base64.b64decode(data) for data in re.findall(rb"base64,([A-Za-z0-9+/=]+)", page))
    found = []
    for name, data in (("thumbnail", one.thumbnail), ("preview", one.preview), ("file", one.data)):
        middle = data[len(data) // 2 : len(data) // 2 + 24]
        if middle and (middle in inside or middle in page or base64.b64encode(data)[40:80] in page):
            found.append(name)
    found += [f"position {p}" for p in one.position if p in text]
    found += [f"place {p}" for p in PLACES if p in text]
    found += [f"name {n}" for n in NAMES if names and n in text]
    return found


def pixels_of(page: bytes, figure: str) -> np.ndarray:
    import io

    from PIL import Image

    data = re.search(rf'data-figure="{figure}"[^>]*base64,([^"]*)"'.encode(), page)
    assert data is not None
    with Image.open(io.BytesIO(base64.b64decode(data.group(1)))) as opened:
        assert not opened.info.get("exif")
        assert not getattr(opened, "text", {})
        return np.asarray(opened.convert("RGB"))


def alike(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two pictures of one size."""
    x, y = (v.astype(float).ravel() - v.mean() for v in (a, b))
    return float(abs(x @ y) / (np.linalg.norm(x) * np.linalg.norm(y) + 1e-9))


@pytest.mark.parametrize("what", ["whole", "victim", "regions"])
def test_nothing_withheld_is_in_the_file(what: str, exhibits: list[tuple[Traced, Finding]], tmp_path: Path) -> None:
    for k, (one, finding) in enumerate(exhibits):
        evidence = finding.evidence
        options: dict[str, object] = {
            "whole": {"redact": True},
            "victim": {"profile": "victim"},
            "regions": {
                "redact": fx.Redaction(
                    what="regions", regions={evidence.sha256: [BOX]}, style=("opaque", "blur")[k % 2]
                )
            },
        }[what]
        page = fx.write_report(
            [finding], tmp_path / "r.html", now=report_samples.NOW, residuals=("srm",), **options
        ).read_bytes()  # type: ignore[arg-type]
        assert leaks(page, one, evidence, names=what == "victim") == [], one.name
        assert evidence.sha256.encode() in page
        assert fx.verify_report(tmp_path / "r.html").ok
        if what != "regions":
            assert b"data:image" not in page
            continue
        left, top, right, bottom = BOX
        own = evidence.pixels[top:bottom, left:right]
        shown = pixels_of(page, "exhibit-1-preview")[top:bottom, left:right]
        assert k % 2 or len(np.unique(shown.reshape(-1, 3), axis=0)) <= 4  # a blur tells coarse colours, as it says
        fine = shown.astype(float) - np.roll(shown, 1, axis=1)
        assert alike(fine[:, 1:], (own.astype(float) - np.roll(own, 1, axis=1))[:, 1:]) < 0.1


def test_an_open_report_shows_what_the_search_looks_for(exhibits: list[tuple[Traced, Finding]], tmp_path: Path) -> None:
    for one, finding in exhibits[:5]:
        page = fx.write_report([finding], tmp_path / "r.html", now=report_samples.NOW).read_bytes()
        found = leaks(page, one, finding.evidence, names=True)
        assert any(f.startswith("position") for f in found), one.name
        assert any(f.startswith("name") for f in found), one.name
        left, top, right, bottom = BOX
        own = finding.evidence.pixels[top:bottom, left:right]
        assert alike(pixels_of(page, "exhibit-1-preview")[top:bottom, left:right], own) > 0.99


def test_repeated_exports_tell_nothing_more(exhibits: list[tuple[Traced, Finding]], tmp_path: Path) -> None:
    """Averaging what many exports show of a covered place gives what one of them shows."""
    _one, finding = exhibits[0]
    redaction = fx.Redaction(what="regions", regions={finding.evidence.sha256: [BOX]}, style="blur")
    left, top, right, bottom = BOX
    seen = []
    for k in range(12):
        other = exhibits[1 + k % 6][1]
        rows = [finding] if k % 2 else [finding, other]
        redacted = fx.Redaction(what="regions", regions={**redaction.regions, other.evidence.sha256: []}, style="blur")
        path = fx.write_report(
            rows,
            tmp_path / f"{k}.html",
            redact=redacted,
            case=fx.Case(number=str(k)),
            now=report_samples.NOW,
            language=("en", "ko")[k % 2],
        )
        seen.append(pixels_of(path.read_bytes(), "exhibit-1-preview")[top:bottom, left:right])
    assert all(np.array_equal(one, seen[0]) for one in seen)
    assert read_record(tmp_path / "0.html")["redaction"]["covered"]["1"]["places"] == 1
