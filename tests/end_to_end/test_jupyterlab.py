"""Widgets in a real JupyterLab: driven by mouse and keyboard, read back in the kernel."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import CHROMIUM
from tests.jupyter import Lab, jupyterlab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]

LAYERS = """
import numpy as np
from forensics.explorers.drawing.layer_view import LayerView
from forensics.explorers.drawing.picture_layers import Layer
y, x = np.mgrid[0:300, 0:1200]
picture = np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)
noise = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
flat = np.full_like(picture, 90)
layers = [
    Layer(name="Picture", pixels=picture, alt="Ramps of colour."),
    Layer(name="Flat", pixels=flat, alt="One grey."),
    Layer(name="<img src=x onerror=alert(1)>", pixels=flat, alt="<script>alert(2)</script>"),
]
view = LayerView(
    layers,
    origin=(1000, 500),
    read=lambda x, y: f"red {picture[y - 500, x - 1000, 0]}, residual {x - y} grey levels <img src=x onerror=alert(3)>",
    height=300,
)
view
"""
START = """
view.layout.width, view.height = None, 300
view.show(layers)
view.mode, view.first, view.second, view.share, view.zoom, view.offset, view.region = "blend", 0, 1, 0.5, 1, (0, 0), None
"""
HALF = [65, 55, 75]  # halfway between (40, 20, 60), the picture at 40, 20, and 90


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with jupyterlab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def opened(lab: Lab) -> Page:
    page = lab.open([LAYERS])
    page.locator(".fx-pane canvas[aria-label]").first.wait_for()
    return page


@pytest.fixture
def page(opened: Page, lab: Lab) -> Page:
    """The notebook with its view as at the beginning."""
    opened.mouse.move(0, 0)
    opened.locator(".jp-Notebook").evaluate("e => { e.focus(); e.scrollTop = 0; }")
    lab.run(START)
    drawn(opened, 40, 20, HALF)
    return opened


def spot(page: Page, x: float, y: float, *, pane: int = 0) -> tuple[float, float]:
    """A place in a pane, as the mouse counts: in whole pixels."""
    box = page.locator(".fx-pane canvas").nth(pane).bounding_box()
    assert box
    return round(box["x"] + x), round(box["y"] + y)


def colour(page: Page, x: float, y: float, *, pane: int = 0) -> list[int]:
    """What is drawn at a place of a pane."""
    script = """(canvas, [x, y]) => {
      const copy = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
      copy.drawImage(canvas, -x * devicePixelRatio, -y * devicePixelRatio);
      return [...copy.getImageData(0, 0, 1, 1).data];
    }"""
    data: list[int] = page.locator(".fx-pane canvas").nth(pane).evaluate(script, [x, y])
    return data[:3]


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with the mouse in the first pane."""
    page.mouse.move(*spot(page, *start))
    page.mouse.down()
    page.mouse.move(*spot(page, *end), steps=3)
    page.mouse.up()


def drawn(page: Page, x: float, y: float, expected: list[int], *, pane: int = 0) -> None:
    """Wait until a place of a pane has that colour; a blend is rounded."""
    for _ in range(100):
        found = colour(page, x, y, pane=pane)
        if all(abs(a - b) <= 1 for a, b in zip(found, expected, strict=True)):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{found} is drawn at {x}, {y}, not {expected}")


def test_the_mode_changes_from_the_keyboard(page: Page, lab: Lab) -> None:
    blend = page.get_by_role("radio", name="Blend")
    blend.focus()
    drawn(page, 100, 50, [95, 70, 120])  # halfway between (100, 50, 150) and 90
    page.keyboard.press("ArrowRight")
    lab.wait("print(view.mode)", "swipe")
    width = page.locator(".fx-pane canvas").first.evaluate("c => c.clientWidth")
    drawn(page, width - 10, 100, [90, 90, 90])
    drawn(page, 100, 50, [100, 50, 150])
    page.keyboard.press("ArrowRight")
    lab.wait("print(view.mode)", "side by side")
    drawn(page, 100, 50, [90, 90, 90], pane=1)
    drawn(page, 100, 50, [100, 50, 150])
    page.get_by_role("combobox", name="Second").select_option("2")
    lab.wait("print(view.second)", "2")


def test_opacity_and_border_are_moved(page: Page, lab: Lab) -> None:
    page.get_by_role("slider", name="Opacity").focus()
    page.keyboard.press("End")
    lab.wait("print(view.share)", "1.0")
    drawn(page, 100, 50, [90, 90, 90])
    lab.run("view.mode, view.share = 'swipe', 0.5")
    handle = page.locator(".fx-handle")
    handle.wait_for()
    box = handle.bounding_box()
    assert box
    width = page.locator(".fx-pane canvas").first.evaluate("c => c.clientWidth")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(*spot(page, width / 4, 90), steps=3)
    page.mouse.up()
    lab.wait("print(round(view.share, 2), view.offset)", "0.25 (0.0, 0.0)")


def test_zoom_and_pan_are_the_same_in_both_panes(page: Page, lab: Lab) -> None:
    lab.run("view.mode = 'side by side'")
    page.locator(".fx-pane").nth(1).wait_for()
    place = spot(page, 100, 60, pane=1)
    page.mouse.move(*place)
    page.mouse.wheel(0, -120)  # nothing was clicked yet: the wheel belongs to the notebook
    page.mouse.click(*place)
    lab.wait("print(view.zoom)", "1")
    page.mouse.wheel(0, -120)
    offset = "print(view.zoom, *(round(v) for v in view.offset))"
    lab.wait(offset, "2 50 30")  # pixel (100, 60) stays where it was
    page.mouse.wheel(0, -120)
    lab.wait(offset, "4 75 45")
    lab.run("view.offset = (75, 45)")
    page.mouse.move(*spot(page, 200, 100))
    page.mouse.down()
    page.mouse.move(*spot(page, 120, 80), steps=4)
    page.mouse.up()
    lab.wait("print(view.offset)", "(95.0, 50.0)")  # 80 and 20 of the screen are 20 and 5 pixels
    drawn(page, 40, 40, [105, 60, 165])
    lab.run("view.second = 0")
    drawn(page, 40, 40, [105, 60, 165], pane=1)


def test_arrows_move_the_cross_hair_and_the_view(page: Page, lab: Lab) -> None:
    lab.run("view.zoom, view.offset = 8, (200, 100)")
    page.mouse.click(*spot(page, 81, 81))  # pixel 210, 110
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Control+ArrowDown")
    expect(page.locator(".fx-place")).to_have_text("x 1211, y 626")
    offset = lab.run("print(view.offset)")
    for _ in range(3):
        page.keyboard.press("Control+ArrowDown")
    expect(page.locator(".fx-place")).to_have_text("x 1211, y 674")
    lab.wait(f"print(view.offset[1] > {offset}[1] + 30)", "True")
    for key in ("-", "-", "-", "-"):
        page.keyboard.press(key)
    lab.wait("print(view.zoom)", "1")


def test_a_region_is_marked_with_the_mouse(page: Page, lab: Lab) -> None:
    lab.run("view.zoom, view.offset = 4, (40, 20)")
    drawn(page, 2, 2, HALF)
    page.get_by_role("button", name="Mark a region").click()
    drag(page, (42, 22), (121, 81))  # pixels 50, 25 and 70, 40
    lab.wait("print(view.region)", "(1050, 525, 1071, 541)")
    assert page.get_by_role("button", name="Mark a region").get_attribute("aria-pressed") == "false"
    assert [page.get_by_label(w, exact=True).input_value() for w in ("Left", "Top", "Right", "Bottom")] == [
        "1050", "525", "1071", "541"
    ]  # fmt: skip
    page.keyboard.down("Shift")
    drag(page, (121, 81), (-50, 1))  # upwards, and beyond the pane: as far as pixel 27, 20
    page.keyboard.up("Shift")
    lab.wait("print(view.region)", "(1027, 520, 1071, 541)")
    page.keyboard.press("Escape")
    lab.wait("print(view.region)", "None")


def test_a_region_is_marked_from_the_keyboard(page: Page, lab: Lab) -> None:
    lab.run("view.zoom, view.offset = 4, (40, 20)")
    drawn(page, 2, 2, HALF)
    page.mouse.click(*spot(page, 42, 22))
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Control+ArrowDown"):
        page.keyboard.press(f"Shift+{key}")
    lab.wait("print(view.region)", "(1050, 525, 1053, 543)")
    page.get_by_label("Left", exact=True).click(click_count=3)
    page.keyboard.type("1040")
    page.keyboard.press("Enter")
    lab.wait("print(view.region)", "(1040, 525, 1053, 543)")
    page.get_by_label("Right", exact=True).click(click_count=3)
    page.keyboard.type("3000")
    page.keyboard.press("Tab")
    expect(page.locator(".fx-problem")).to_have_text(re.compile("left < right from 1000 to 2200"))
    assert lab.run("print(view.region)") == "(1040, 525, 1053, 543)"
    page.get_by_role("button", name="Clear").click()
    lab.wait("print(view.region)", "None")
    assert page.locator(".fx-problem").text_content() == ""


def test_keys_stay_with_the_widget(page: Page, lab: Lab) -> None:
    """In command mode the notebook would add cells on “a” and “b”, delete them on “d d” and edit on Enter."""
    page.mouse.click(*spot(page, 42, 22))
    for key in ("b", "a", "d", "d", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("radio", name="Swipe").focus()
    page.keyboard.press("b")
    page.wait_for_timeout(200)
    dirty = "window.jupyterapp.shell.currentWidget.context.model.dirty"
    page.keyboard.press("Control+s")  # and this one is the notebook's
    page.wait_for_function(f"() => !{dirty}")
    assert page.locator(".jp-Notebook .jp-Cell").count() == 1
    assert page.locator(".fx-layers").count() == 1


def test_exact_values_are_told(page: Page) -> None:
    page.mouse.move(*spot(page, 300, 120))
    expect(page.locator(".fx-place")).to_have_text("x 1300, y 620")
    expect(page.locator(".fx-told")).to_have_text(
        "red 44, residual 680 grey levels <img src=x onerror=alert(3)>"
    )  # 300 − 256


def test_a_preview_says_so_and_becomes_exact_where_it_is_looked_at(page: Page, lab: Lab) -> None:
    lab.run("view.show([Layer(name=n, pixels=noise, alt='Noise.') for n in ('One', 'Two')]); view.height = 1000")
    tag = page.locator(".fx-tag").first
    expect(tag).to_have_text("One · preview, zoom in for exact pixels")
    label = page.locator(".fx-pane canvas").first.get_attribute("aria-label") or ""
    assert label.startswith("One: Noise. Preview, compressed with loss")
    lab.run("view.mode, view.zoom, view.offset = 'side by side', 8, (500, 400)")
    expected = [int(v) for v in lab.run("print(*noise[405, 510])").split()]
    for pane in (0, 1):
        for x, y in ((80, 40), (84, 44), (87, 47)):  # nearest neighbour: the whole square has the colour of the pixel
            drawn(page, x, y, expected, pane=pane)
    expect(tag).to_have_text("One")


def test_hostile_text_is_shown_as_text(page: Page, lab: Lab) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda d: (dialogs.append(d.message), d.dismiss()))
    lab.run("view.second = 2")
    expect(page.locator(".fx-tag").nth(1)).to_have_text("<img src=x onerror=alert(1)>")
    page.mouse.move(*spot(page, 300, 120))
    expect(page.locator(".fx-told")).to_contain_text("<img src=x")
    root = page.locator(".fx-layers")
    assert root.locator("img, script").count() == 0
    assert "<script>alert(2)</script>" in (page.locator(".fx-pane canvas").first.get_attribute("aria-label") or "")
    assert dialogs == []


def test_everything_has_a_name_and_shows_its_focus(page: Page) -> None:
    root = page.locator(".fx-layers")
    unnamed = """root => [...root.querySelectorAll('input, select, button, summary, [tabindex]')].filter(e =>
      !(e.getAttribute('aria-label') || e.textContent.trim() || [...(e.labels ?? [])].map(l => l.textContent).join('').trim()))
      .map(e => e.outerHTML)"""
    assert root.evaluate(unnamed) == []
    outlined = """() => { const e = document.activeElement;
      const shown = e.matches('[type=radio]') ? e.nextElementSibling : e;
      return [e.tagName, getComputedStyle(shown).outlineStyle, parseFloat(getComputedStyle(shown).outlineWidth)]; }"""
    page.get_by_role("radio", name="Blend").focus()
    seen = []
    for _ in range(13):
        tag, style, width = page.evaluate(outlined)
        assert (style, width) == ("solid", 2), tag
        seen.append(tag)
        page.keyboard.press("Tab")
    # modes, first, second, zooms, mark, share, pane, four edges, keys; "Clear" cannot be pressed without a region
    expected = [
        "INPUT",
        "SELECT",
        "SELECT",
        "INPUT",
        "BUTTON",
        "INPUT",
        "DIV",
        "INPUT",
        "INPUT",
        "INPUT",
        "INPUT",
        "SUMMARY",
    ]
    assert seen[:12] == expected


CONTRAST = """root => {
  const parsed = c => { const v = c.match(/[-0-9.e]+/g).map(Number); const unit = c.startsWith('color(') ? 255 : 1;
    return [...v.slice(0, 3).map(x => x * unit), v[3] ?? 1]; };
  const over = (top, below) => top.slice(0, 3).map((v, k) => v * top[3] + below[k] * (1 - top[3])).concat(1);
  const ground = e => { const c = parsed(getComputedStyle(e).backgroundColor);
    return c[3] === 1 || !e.parentElement ? c : over(c, ground(e.parentElement)); };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const found = {};
  for (const e of root.querySelectorAll('span, p, legend, select, button, input[type=number], output, summary, dt, dd')) {
    if (!e.getClientRects().length || !(e.textContent.trim() || e.matches('input'))) continue;
    const below = ground(e);
    const [a, b] = [light(over(parsed(getComputedStyle(e).color), below)), light(below)];
    const name = e.textContent.trim() || e.type;
    found[name] = Math.min(found[name] ?? 99, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)); }
  return found;
}"""


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_text_can_be_read_in_both_themes(theme: str, page: Page, lab: Lab, tmp_path: Path) -> None:
    page.mouse.move(*spot(page, 300, 120))
    lab.theme(theme)
    lab.run("view.region = (1100, 550, 1200, 600)")
    found = page.locator(".fx-layers").evaluate(CONTRAST)
    assert {"Blend", "Swipe", "Mark a region", "Picture", "x 1300, y 620", "number", "Keys"} <= set(found)
    assert {name: ratio for name, ratio in found.items() if ratio < 4.5} == {}
    page.screenshot(path=tmp_path / f"{theme}.png")
    lab.theme("Light")


def test_nothing_is_cut_off_at_320_pixels(page: Page, lab: Lab, tmp_path: Path) -> None:
    lab.run("view.layout.width, view.mode, view.region = '320px', 'side by side', (1100, 550, 1200, 600)")
    page.wait_for_function("document.querySelector('.fx-layers').getBoundingClientRect().width <= 320")
    page.locator(".fx-pane").nth(1).wait_for()
    beyond = """root => [...root.querySelectorAll('*')].filter(e => e.getClientRects().length && !e.closest('legend') &&
      e.getBoundingClientRect().right > root.getBoundingClientRect().right + 0.5).map(e => e.outerHTML)"""
    root = page.locator(".fx-layers")
    assert root.evaluate(beyond) == []
    assert root.evaluate("root => root.scrollWidth <= root.clientWidth")
    boxes = [page.locator(".fx-pane").nth(k).bounding_box() for k in (0, 1)]
    assert boxes[0]
    assert boxes[1]
    assert boxes[0]["x"] == boxes[1]["x"]  # under each other
    assert [page.locator(".fx-tag:visible").nth(k).text_content() for k in (0, 1)] == ["Picture", "Flat"]
    assert page.locator(".fx-tag:visible").count() == 2
    root.screenshot(path=tmp_path / "narrow.png")


def test_nothing_left_the_machine_and_nothing_was_complained_about(page: Page, lab: Lab) -> None:
    """Of all tests before; the last in this file. A request elsewhere would be seen, as one on purpose shows."""
    assert len(lab.requests) > 50
    assert any(a.startswith("ws://127.0.0.1") for a in lab.requests)
    assert lab.strangers() == []
    assert lab.complaints == []
    page.evaluate("() => fetch('http://192.0.2.1/x').catch(() => console.error('refused'))")
    assert lab.strangers() == ["http://192.0.2.1/x"]
    assert "refused" in " ".join(lab.complaints)
