"""Six real exhibits in every language and profile, in a real browser: WCAG 2.2 AA by axe-core, no request, no script, nothing cut."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

import forensics as fx
from forensics.detector import ErrorRow
from forensics.messages import LANGUAGES
from forensics.report.profile import PROFILES
from forensics.types import Finding
from tests.browser import CHROMIUM
from tests.calibrations import STARTER_CARD

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")]

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = f"async () => (await axe.run(document, {{runOnly: {{type: 'tag', values: {RULES}}}}})).violations"
BUDGET = 5_000_000  # bytes per exhibit


@dataclass(frozen=True)
class Seen:
    """What a page did while it was open."""

    violations: list[dict[str, Any]]
    requests: list[str]
    complaints: list[str]
    scripts: int
    inline_ran: bool
    overflow: bool


def exhibits(folder: Path) -> list[Path]:
    """An original, the same saved again, a forgery, one that is too small, a HEIC, and one that cannot be opened."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    china, flower = (np.asarray(load_sample_image(f"{name}.jpg")) for name in ("china", "flower"))
    forged = china.copy()
    forged[60:200, 60:260] = flower[60:200, 60:260]
    pictures = {
        "original.jpg": (china, 95),
        "again.jpg": (china, 60),
        "forged.jpg": (forged, 90),
        "tiny.jpg": (china[:40, :60], 90),
    }
    paths = []
    for name, (pixels, quality) in pictures.items():
        Image.fromarray(pixels).save(folder / name, quality=quality)
        paths.append(folder / name)
    buffer = io.BytesIO()
    Image.fromarray(flower).save(buffer, format="HEIF", quality=80)
    (folder / "phone.heic").write_bytes(buffer.getvalue())
    (folder / "broken.jpg").write_bytes((folder / "original.jpg").read_bytes()[:300])
    return [*paths, folder / "phone.heic", folder / "broken.jpg"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Finding | ErrorRow], list[fx.Attribution]]:
    detector = fx.load_detector(calibration=STARTER_CARD)
    found = list(detector.examine_many(exhibits(tmp_path_factory.mktemp("exhibits")), now=NOW, robustness="quick"))
    assert [isinstance(row, Finding) for row in found] == [True] * 5 + [False]
    why = fx.attribute(detector, found[2], branch="convnext", method="grad_cam", view=0)
    groups = fx.attribute(detector, found[0], branch="replknet", method="group_ablation", view=0)
    return found, [why, groups]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe() -> str:
    import axe_playwright_python

    return next(Path(axe_playwright_python.__file__).parent.rglob("axe.min.js")).read_text(encoding="utf-8")


def look(browser: Any, axe: str, path: Path, *, width: int, scheme: str) -> Seen:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda r: requests.append(r.url) if not r.url.startswith("data:") else None)
    page.on("console", lambda m: complaints.append(m.text))
    page.goto(path.as_uri())
    said = list(complaints)
    ran = page.evaluate(
        "() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1'; document.body.append(s); s.remove(); "
        "return window.ran === 1; }"
    )
    scripts = page.evaluate("document.scripts.length")
    overflow = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    page.evaluate(axe)
    violations = page.evaluate(AXE)
    context.close()
    return Seen(violations, requests, said, scripts, ran, overflow)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_is_accessible_and_quiet(
    language: str,
    profile: str,
    rows: tuple[list[Finding | ErrorRow], list[fx.Attribution]],
    browser: Any,
    axe: str,
    tmp_path: Path,
) -> None:
    findings, attributions = rows
    case = fx.Case(
        number="7", examiner="R. Okafor", question="Was it altered?\nAnd where?", classification="Confidential"
    )
    path = fx.write_report(
        findings, tmp_path / "r.html", case=case, attributions=attributions, language=language, profile=profile, now=NOW
    )
    assert path.stat().st_size < BUDGET * len(findings)
    assert fx.verify_report(path).ok
    wide = PROFILES.index(profile) % 2 == 0
    seen = look(browser, axe, path, width=1000 if wide else 320, scheme="light" if language == "en" else "dark")
    assert [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in seen.violations] == []
    assert seen.requests == [path.as_uri()]
    assert seen.complaints == []
    assert seen.scripts == 0
    assert not seen.inline_ran  # the policy of the page is in force
    assert not seen.overflow


def test_the_watch_sees_what_it_watches_for(
    rows: tuple[list[Finding | ErrorRow], list[fx.Attribution]], browser: Any, axe: str, tmp_path: Path
) -> None:
    """A page without its policy, with a picture without a text and a request, is found out."""
    path = fx.write_report(rows[0][:1], tmp_path / "r.html", now=NOW)
    text = path.read_text(encoding="utf-8").replace('http-equiv="Content-Security-Policy"', 'name="nothing"')
    path.write_text(text.replace("<main>", "<main><img src='gone.png'>", 1), encoding="utf-8")
    seen = look(browser, axe, path, width=320, scheme="light")
    assert "image-alt" in {v["id"] for v in seen.violations}
    assert len(seen.requests) == 2
    assert seen.inline_ran


@pytest.mark.parametrize(("paper", "width", "height"), [("A4", 794, 1123), ("Letter", 816, 1056)])
def test_print_cuts_nothing(
    paper: str,
    width: int,
    height: int,
    rows: tuple[list[Finding | ErrorRow], list[fx.Attribution]],
    browser: Any,
    tmp_path: Path,
) -> None:
    findings, attributions = rows
    path = fx.write_report(findings, tmp_path / "r.html", attributions=attributions, now=NOW)
    margins = 144  # 20 mm left, 18 mm right, in CSS pixels
    context = browser.new_context(viewport={"width": width - margins, "height": height})
    page = context.new_page()
    page.emulate_media(media="print")
    page.goto(path.as_uri())
    beyond = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && "
        "!e.closest('svg')).map(e => e.outerHTML.slice(0, 100))"
    )
    pdf = page.pdf(format=paper, prefer_css_page_size=False)
    context.close()
    assert beyond == []
    assert pdf.startswith(b"%PDF")
    assert pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") > 5
