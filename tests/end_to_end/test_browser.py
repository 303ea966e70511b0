"""The report in a real browser: nothing is blocked, asked for, run, cut off or hidden."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser import CHROMIUM, Page, chromium
from tests.report_samples import write_samples

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {path.stem: path for path in write_samples(tmp_path_factory.mktemp("reports"))}


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as opened:
        opened.resize(1000, 1300)
        yield opened


@pytest.mark.parametrize("name", ["one", "redacted", "several", "hostile"])
def test_nothing_is_blocked_asked_for_or_run(name: str, samples: dict[str, Path], page: Page) -> None:
    page.open(samples[name])
    assert page.complaints == []
    assert page.dialogs == []
    assert {address.split(":", 1)[0] for address in page.requests} <= {"file", "data"}
    assert sum(address.startswith("file:") for address in page.requests) == 1
    assert page.value("document.scripts.length") == 0
    active = "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on|^style$/i.test(a.name)))"
    assert page.value(f"{active}.length") == 0
    assert page.value("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0
    assert (page.value("document.images.length") > 0) == (name != "redacted")
    assert page.value("getComputedStyle(document.querySelector('h1')).fontSize") == "33.6px"  # the style sheet applies


def test_the_watch_sees_what_it_watches_for(samples: dict[str, Path], tmp_path: Path, page: Page) -> None:
    """A page with a script and an outside picture is blocked by the policy, and the browser says so."""
    text = samples["one"].read_text(encoding="utf-8")
    bad = tmp_path / "bad.html"
    inserted = "<body><script>alert(1)</script><img src='http://127.0.0.1:9/x.png'><p style='color:red'>x</p>"
    bad.write_text(text.replace("<body>", inserted, 1), encoding="utf-8")
    page.open(bad)
    said = " ".join(page.complaints)
    assert all(word in said for word in ("inline script", "inline style", "http://127.0.0.1:9/x.png"))
    assert page.dialogs == []


@pytest.mark.parametrize("width", [320, 768, 1440])
@pytest.mark.parametrize("name", ["several", "hostile"])
def test_no_width_cuts_anything_off(width: int, name: str, samples: dict[str, Path], page: Page) -> None:
    page.resize(width, 900)
    page.open(samples[name])
    assert page.value("document.documentElement.scrollWidth") <= width
    wide = "[...document.querySelectorAll('p,li,dd,dt,h1,h2,h3,h4,img,svg,figcaption')]"
    assert (
        page.value(
            f"{wide}.filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll')).length"
        )
        == 0
    )


def test_dark_and_print(samples: dict[str, Path], page: Page) -> None:
    page.open(samples["one"])
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.value(ground)
    page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    assert (light, page.value(ground)) == ("rgb(255, 255, 255)", "rgb(21, 24, 27)")
    page.send("Emulation.setEmulatedMedia", media="print", features=[])
    assert page.value("getComputedStyle(document.querySelector('details.record')).display") == "none"
    assert page.value("getComputedStyle(document.querySelector('#summary')).display") == "block"
    assert page.send("Page.printToPDF", preferCSSPageSize=True)["data"].startswith("JVBERi0")


def test_text_can_be_read_against_its_ground(samples: dict[str, Path], page: Page) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1 for every text colour of the style sheet, in light and in dark."""
    contrast = """
    (() => {
      const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number).map(v => { v /= 255;
        return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if (!/, 0\\)$|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
      let least = 99;
      for (const e of document.querySelectorAll('p,li,dd,dt,h1,h2,h3,h4,figcaption,caption,th,td,summary,a:not(.skip),code')) {
        if (!e.textContent.trim()) continue;
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
        least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)); }
      return least;
    })()
    """
    page.open(samples["several"])
    for scheme in ("light", "dark"):
        page.send("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        assert page.value(contrast) >= 4.5, scheme


def test_hostile_text_is_seen_as_text(samples: dict[str, Path], page: Page) -> None:
    page.open(samples["hostile"])
    text = page.value("document.body.innerText")
    assert "<script>alert(1)</script>" in text
    assert "⟨U+202E⟩" in text
    assert not {"\u202e", "\u200b", "\x00", "\x1b"} & set(text)
    assert page.value("document.querySelectorAll('script, iframe, object, embed, base, form, link').length") == 0
