"""The explorer in a real JupyterLab: a picture is picked, looked at, explained and reported, by mouse and keyboard."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import forensics as fx
from forensics.demo import write_exhibits
from forensics.explorers.state import TABS
from tests.browser import CHROMIUM
from tests.calibrations import STARTER_CARD
from tests.jupyter import Lab, jupyterlab

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium"),
]

OPEN = f"""
import forensics as fx
detector = fx.load_detector(calibration={str(STARTER_CARD)!r})
finding = detector.examine("exhibits/astronaut-self_blend.jpg", robustness="none")
explorer = fx.explore(detector, finding)
explorer
"""
IDLE = "print(explorer.background.busy)"
PICTURES = os.environ.get("FORENSICS_SCREENSHOTS")  # a folder that keeps a picture of every tab, to be looked at


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("explorer")
    write_exhibits(folder / "exhibits")
    with jupyterlab(folder) as running:
        yield running


@pytest.fixture(scope="module")
def page(lab: Lab) -> Page:
    opened = lab.open([OPEN], width=1400, height=1700)
    opened.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    opened.locator(".fx-explorer").wait_for()
    return opened


def idle(lab: Lab) -> None:
    """Wait until no work is left; an explanation takes a while on a machine that has other things to do."""
    for _ in range(1200):
        if lab.run(IDLE) == "False":
            return
        lab.page.wait_for_timeout(100)
    raise AssertionError("work did not end")


def go_to(page: Page, lab: Lab, title: str) -> Locator:
    """Click a tab and return its pane once nothing is being worked on."""
    page.get_by_role("tab", name=title, exact=True).click()
    lab.wait("print(explorer.state.tab)", title.lower())
    idle(lab)
    return page.locator(".fx-explorer .widget-tab-contents > :not(.lm-mod-hidden)")


def kept(page: Page, name: str) -> None:
    if PICTURES:
        page.locator(".fx-explorer").evaluate("e => e.scrollIntoView()")
        page.wait_for_timeout(500)
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def code(lab: Lab) -> str:
    return lab.run("from forensics.explorers.python_lines import code_line; print(code_line(explorer.state))")


def test_the_outcome_is_told_with_its_reason(page: Page, lab: Lab) -> None:
    pane = go_to(page, lab, "Overview")
    expect(pane).to_contain_text("The findings support H2 over H1")
    expect(pane).to_contain_text("95 percent interval")
    expect(pane.locator(".js-plotly-plot")).to_have_count(1)
    kept(page, "overview")


def test_tabs_are_changed_from_the_keyboard(page: Page, lab: Lab) -> None:
    page.get_by_role("tab", name="Overview", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    lab.wait("print(explorer.state.tab)", "residuals")
    idle(lab)


def test_residuals_follow_their_sliders_and_a_region_is_measured(page: Page, lab: Lab) -> None:
    pane = go_to(page, lab, "Residuals")
    pane.locator(".fx-pane canvas").nth(1).wait_for()
    expect(pane).to_contain_text(
        "Saved again with the exhibit's own quantisation tables (estimated JPEG quality 92, 4:2:0)"
    )
    expect(pane.locator("tbody tr")).to_have_count(5)  # the exhibit, two originals and two forgeries
    pane.get_by_label("Residual", exact=True).select_option("Median residual")
    lab.wait("print(explorer.state.residual)", "median")
    pane.locator(".widget-slider", has_text="Gain").get_by_role("slider").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    lab.wait("print(explorer.state.gain)", "2.0")
    expect(pane).to_contain_text("Scale −4 to 4 grey levels. Not the fixed scale of reports, which ends at 8.")
    for edge, value in (("Left", 100), ("Top", 90), ("Right", 160), ("Bottom", 150)):
        box = pane.locator(".fx-layers").get_by_label(edge, exact=True)
        box.click(click_count=3)
        page.keyboard.type(str(value))
        page.keyboard.press("Enter")
    lab.wait("print(explorer.state.region)", "(100, 90, 160, 150)")
    expect(pane).to_contain_text("Marked region, columns 100 to 159, rows 90 to 149")
    line = code(lab)
    assert line == "fx.residual_maps(finding.evidence, 'median')[90:150, 100:160, 0]"
    expect(page.locator(".fx-explorer .line .code")).to_have_text(line)
    shown = lab.run(f"print('%.3f' % {line}.std())")
    expect(pane.locator("tbody tr").first).to_contain_text(shown)
    kept(page, "residuals")
    pane.get_by_role("button", name="Clear region").click()
    lab.wait("print(explorer.state.region)", "None")


def test_a_branch_is_explained_by_another_method_and_stopped_when_asked(page: Page, lab: Lab) -> None:
    pane = go_to(page, lab, "Why")
    pane.get_by_label("Branch", exact=True).select_option("convnext")
    pane.get_by_label("Method", exact=True).select_option("Grad-CAM")
    lab.wait("print(explorer.state.method)", "grad_cam")
    pane.get_by_label("Checks", exact=True).select_option("full")
    pane.get_by_role("button", name="Explain").click()
    cancel = page.get_by_role("button", name="Cancel")
    cancel.click()
    idle(lab)
    expect(page.get_by_role("alert")).to_have_text("Cancelled; nothing was changed.")
    assert lab.run("print(explorer.why)") == "[]"
    pane.get_by_label("Checks", exact=True).select_option("none")
    lab.wait("print(explorer.state.trust)", "none")
    pane.get_by_role("button", name="Explain").click()
    lab.page.wait_for_timeout(200)
    idle(lab)
    expect(pane).to_contain_text("How far this can be relied on")
    expect(pane.locator("img").first).to_be_visible()
    lab.run(f"why = []; {code(lab)}")
    assert (
        lab.run("from forensics.records.converting import to_record; print(to_record(explorer.why) == to_record(why))")
        == "True"
    )
    kept(page, "why")


def test_other_tabs_show_what_they_are_for(page: Page, lab: Lab) -> None:
    pane = go_to(page, lab, "Robustness")
    expect(pane.get_by_role("button", name="Examine all copies")).to_be_visible()
    expect(pane).to_contain_text("No copies were examined yet.")
    kept(page, "robustness")
    pane = go_to(page, lab, "Metadata")
    expect(pane).to_contain_text("Reported, never scored")
    kept(page, "metadata")
    pane = go_to(page, lab, "Compare")
    pane.get_by_label("or its path").fill("exhibits/astronaut.jpg")
    page.keyboard.press("Enter")
    lab.wait("print(explorer.other is not None)", "True")
    idle(lab)
    pane.locator(".fx-pane canvas").nth(1).wait_for()
    expect(pane).to_contain_text("the same of the second")
    kept(page, "compare")


def test_the_report_is_exported_and_verifies(page: Page, lab: Lab) -> None:
    pane = go_to(page, lab, "Report")
    pane.get_by_label("Write to", exact=True).fill("reports/case.html")
    pane.get_by_label("Notes", exact=True).fill("The border of the face was compared with <b>other borders</b>.")
    pane.get_by_label("Spectrum of the residual").uncheck()
    pane.get_by_role("button", name="Write and verify").click()
    expect(pane).to_contain_text("The report is written and holds", timeout=60_000)
    kept(page, "report")
    report = lab.folder / "reports" / "case.html"
    assert fx.verify_report(report, evidence=lab.folder / "exhibits").ok
    text = report.read_text(encoding="utf-8")
    assert "compared with &lt;b&gt;other borders&lt;/b&gt;" in text


def test_another_file_is_picked_and_a_broken_one_keeps_it(page: Page, lab: Lab) -> None:
    go_to(page, lab, "Overview")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=re.compile("Pick a picture")).click()
    chooser.value.set_files(lab.folder / "exhibits" / "china.jpg")
    lab.wait("print(explorer.finding.evidence.name)", "china.jpg")
    idle(lab)
    expect(page.locator(".fx-explorer h3").first).to_contain_text("china.jpg")
    hostile = lab.folder / "<img src=x onerror=alert(1)>.jpg"
    hostile.write_bytes(b"junk")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name=re.compile("Pick a picture")).click()
    chooser.value.set_files(hostile)
    expect(page.get_by_role("alert")).to_contain_text("<img src=x onerror=alert(1)>.jpg is not a picture")
    assert lab.run("print(explorer.finding.evidence.name)") == "china.jpg"
    assert page.locator("img[src=x]").count() == 0


def test_nothing_is_cut_off_in_a_narrow_window(page: Page, lab: Lab) -> None:
    page.set_viewport_size({"width": 480, "height": 1600})
    beyond = """root => [...root.querySelectorAll('input, select, button, textarea, p, h3, h4, dd, [role=tab]')]
      .filter(e => e.getClientRects().length && !e.closest('.scroll, .js-plotly-plot, legend'))
      .filter(e => e.getBoundingClientRect().right > root.getBoundingClientRect().right + 1).map(e => e.outerHTML.slice(0, 200))"""
    for title in TABS.values():
        go_to(page, lab, title)
        page.wait_for_timeout(300)
        kept(page, f"narrow-{title.lower()}")
        assert page.locator(".fx-explorer").evaluate(beyond) == [], title
    page.set_viewport_size({"width": 1400, "height": 1700})


def test_everything_has_a_name(page: Page, lab: Lab) -> None:
    unnamed = """root => [...root.querySelectorAll('input, select, button, textarea')].filter(e => e.getClientRects().length &&
      !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim() || e.title ||
        [...(e.labels ?? [])].map(l => l.textContent).join('').trim())).map(e => e.outerHTML.slice(0, 200))"""
    for title in TABS.values():
        go_to(page, lab, title)
        assert page.locator(".fx-explorer").evaluate(unnamed) == [], title


def test_nothing_left_the_machine_and_nothing_was_complained_about(lab: Lab) -> None:
    assert lab.strangers() == []
    assert lab.complaints == []
