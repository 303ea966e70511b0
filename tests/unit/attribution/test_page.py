"""The page for users, docs/attribution.md: its code runs, and it names every method and check there is."""

import re
from pathlib import Path

import pytest

import forensics as fx
from forensics.attribution import LIMITS, METHODS
from tests.conftest import encoded, textured
from tests.planted import detector_of, planted_branch

DOCS = Path(__file__).parent.parent.parent.parent / "docs"


def test_every_method_and_check_is_told() -> None:
    page, glossary = ((DOCS / name).read_text(encoding="utf-8") for name in ("attribution.md", "glossary.md"))
    for name in (*METHODS, *LIMITS):
        assert f"`{name}`" in page, name
    for name in (*LIMITS, "srm", "med", "npr", "median_blur"):
        assert f"`{name}`" in glossary, name


def test_its_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (DOCS / "attribution.md").read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "exhibit-07.jpg").write_bytes(encoded(textured(260, 280), "JPEG", quality=90))
    monkeypatch.chdir(tmp_path)
    # Small branches under the names of the shipped ones: what the calls give and how they are named is the same.
    small = detector_of(convnext=planted_branch(), replknet=planted_branch("npr"), statistics=planted_branch("rgb"))
    monkeypatch.setattr(fx, "load_detector", lambda: small)
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102  # our own page, which is what is tested
    assert names["why"].groups
    assert names["places"].cells.shape == (16, 16)
