"""What an explorer works out for an analyst: attributions, copies, a second exhibit, the report, and its page."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from threading import Event

import ipywidgets as w
import numpy as np
import pytest

import forensics as fx
from forensics.detector import Detector
from forensics.errors import AttributionError, Cancelled, EvidenceError
from forensics.explorers import Explorer, explore
from forensics.explorers.drawing.html_parts import groups_html
from forensics.explorers.picture_parts import Square
from forensics.explorers.state import TABS
from forensics.explorers.tabs.why import attribution_html
from forensics.messages import quoted
from forensics.residuals import RESIDUALS, render
from forensics.types import (
    Attribution,
    Evidence,
    Finding,
)
from tests.conftest import encoded, textured
from tests.desk import HOSTILE, code, fake_attribution, fake_fx, go_to, size_of, upload, walk
from tests.lines import run_line, value_of, values_of


def test_a_branch_is_explained_and_another_beside_it(explorer: Explorer, asked: list[dict[str, object]]) -> None:
    go_to(explorer, "why")
    tab = explorer.panes["why"]
    assert tab.branch.options == (("convnext", "convnext"), ("replknet", "replknet"))
    assert tab.view.label == "the one with the highest log-odds"
    tab.beside.value, tab.trust.value = "replknet", "none"
    tab.run.click()
    explorer.background.wait(60)
    assert [(a["branch"], a["view"], a["trust"]) for a in asked] == [
        ("convnext", None, "none"), ("replknet", explorer.finding.scores.views[0], "none"),
    ]  # fmt: skip
    assert [a.branch for a in explorer.why] == ["convnext", "replknet"]
    assert explorer.state.draft.attributions == (0, 1)
    shown = tab.result.value
    assert "1 check made, passed. So little was checked" in shown
    assert shown.count("counts 50 percent in the joint score") == 2
    assert "Log-odds that the group added" in shown
    assert "Not reliable: failed deletion" in shown
    assert "&lt;b&gt;measured&lt;/b&gt;" in shown
    assert "rank correlation" in shown
    assert shown.count("data:image/webp;base64,") == 2
    assert "convnext rgb +0.30" in shown
    assert not tab.run.disabled
    stand_in = type("Fx", (), {"attribute": fake_fx(explorer)})
    why = run_line(code(explorer), fx=stand_in, detector=1, finding=2)["why"]
    assert [(a.branch, a.view) for a in why] == [(a.branch, a.view) for a in explorer.why]


def test_explaining_can_be_stopped_and_its_errors_are_one_line(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = Event()

    def attribute(*_args: object, cancel: Event, **_how: object) -> Attribution:
        begun.set()
        assert cancel.wait(30)
        raise Cancelled("stopped")

    go_to(explorer, "why")
    monkeypatch.setattr("forensics.attribution.attribute", attribute)
    tab = explorer.panes["why"]
    tab.run.click()
    begun.wait(30)
    assert tab.run.disabled
    explorer.background.button.click()
    explorer.background.wait(60)
    assert explorer.why == []
    assert not tab.run.disabled

    def refuse(*_args: object, **_how: object) -> Attribution:
        raise AttributionError("the branch <b> passes no gradients")

    monkeypatch.setattr("forensics.attribution.attribute", refuse)
    tab.run.click()
    explorer.background.wait(60)
    assert "the branch &lt;b&gt; passes no gradients" in explorer.background.message.value


def test_attributions_of_an_exhibit_that_was_left_are_not_kept(
    explorer: Explorer, asked: list[dict[str, object]]
) -> None:
    go_to(explorer, "why")
    explorer.explain()
    assert len(explorer.why) == 1
    upload(explorer, "head", encoded(textured(80, 90)))
    assert explorer.why == []
    assert explorer.state.explained == ()


def test_all_copies_are_examined_at_the_press_of_a_button(explorer: Explorer) -> None:
    go_to(explorer, "robustness")
    tab = explorer.panes["robustness"]
    assert "No copies were examined" in tab.words.value
    finding = explorer.finding
    tab.run.click()
    explorer.background.wait(120)
    assert len(explorer.finding.robustness.copies) == 10
    assert "messenger-like" in tab.words.value
    again = value_of(code(explorer), detector=explorer.detector, finding=finding)
    assert again == explorer.finding.robustness
    assert explorer.state.tab == "robustness"


def test_metadata_is_reported_and_nothing_in_it_does_anything(detector: Detector, finding: Finding) -> None:
    meta = replace(finding.evidence.metadata, exif={"Make": HOSTILE}, software=("<script>x</script>",))
    evidence = replace(finding.evidence, metadata=meta, name=HOSTILE, remarks=(quoted("EXIF <i>"),))
    explorer = explore(detector, replace(finding, evidence=evidence))
    go_to(explorer, "metadata")
    words = explorer.panes["metadata"].words.value
    assert "Reported, never scored" in words
    assert "about 88" in words
    assert "2 tables" in words
    assert not re.search(r"<script|<img|<i>|\bonerror=alert\(1\)>(?!.*&gt;)", words)
    assert "&lt;script&gt;" in words
    assert value_of(code(explorer), finding=explorer.finding)["metadata"]["exif"] == {"Make": HOSTILE}


@pytest.mark.parametrize("size", [(300, 400), (120, 500)])
def test_two_exhibits_are_held_side_by_side(
    explorer: Explorer, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_to(explorer, "compare")
    tab = explorer.panes["compare"]
    assert tab.place.children == ()
    upload(explorer, "compare", encoded(textured(*size, 7)), HOSTILE)
    assert explorer.other.evidence.name == HOSTILE
    assert explorer.finding.evidence.name == "exhibit.jpg"
    assert HOSTILE not in tab.words.value
    assert "Log-odds, convnext" in tab.words.value
    names = [layer["name"] for layer in tab.layers.layers]
    assert names == ["Exhibit", "Second", "Exhibit, residual", "Second, residual"]
    assert tab.layers.size == (384, min(300, size[0]))
    same = size == (300, 400)
    assert ("the same of the second" in tab.caption.value) == same
    assert ("as it lies alike" in tab.caption.value) != same
    assert tab.words.value.index("Scores of two pictures are not to be held") < tab.words.value.index("<table")
    monkeypatch.chdir(tmp_path)
    Path(HOSTILE).write_bytes(encoded(textured(*size, 7)))
    *_, scores, first, second = values_of(code(explorer), fx=fx, detector=explorer.detector, finding=explorer.finding)
    assert all(f"{score:.3f}" in tab.words.value for score in scores)
    for values, pixels in ((first, tab.layers._pixels[2]), (second, tab.layers._pixels[3])):
        assert np.array_equal(render(values, limit=RESIDUALS["srm"].limit, signed=True), pixels)
    upload(explorer, "compare", b"junk", "junk.png")
    assert explorer.other.evidence.name == HOSTILE
    assert "junk.png" in explorer.background.message.value


def test_the_report_is_written_and_verified(explorer: Explorer, asked: list[dict[str, object]], tmp_path: Path) -> None:
    go_to(explorer, "why")
    explorer.explain()
    go_to(explorer, "report")
    tab = explorer.panes["report"]
    tab.path.value = str(tmp_path / "new" / "report.html")
    tab.examiner.value, tab.notes.value = "E. <b>", "Seen: nothing.\n</textarea>"
    figures = {item.description: item for item in tab.figures.items.children}
    figures["Spectrum of the residual"].value = False
    assert set(explorer.state.draft.figures) == {"srm", "median"}
    tab.run.click()
    explorer.background.wait(120)
    assert "The report is written and holds" in tab.result.value, explorer.background.message.value
    written = (tmp_path / "new" / "report.html").read_text(encoding="utf-8")
    assert "Seen: nothing." in written
    assert fx.verify_report(tmp_path / "new" / "report.html").ok
    line = code(explorer).replace("report.html", "again.html")
    run_line(line, fx=fx, finding=explorer.finding, why=explorer.why)
    again = fx.verify_report(tmp_path / "new" / "again.html")
    assert again.ok
    tab.attributions.items.children[0].value = False
    assert explorer.state.draft.attributions == ()
    tab.redact.value = True
    assert "redact=True" in code(explorer)
    explorer.export(tmp_path / "redacted.html")
    assert b"data:image" not in (tmp_path / "redacted.html").read_bytes()
    tab.path.value = str(tmp_path)
    tab.run.click()
    explorer.background.wait(60)
    assert 'role="alert"' in explorer.background.message.value


def test_hidden_pictures_leave_no_pixel(explorer: Explorer, asked: list[dict[str, object]]) -> None:
    for tab in ("residuals", "compare"):
        go_to(explorer, tab)
    explorer.compare(Evidence.from_bytes(encoded(textured(90, 90, 3))))
    explorer.explain()
    explorer.hide.value = True
    for tab in TABS:
        go_to(explorer, tab)
        shown = [x for x in walk(explorer.panes[tab].box) if isinstance(x, w.HTML)]
        assert not any("data:image/webp" in x.value and "fx pair" not in x.value for x in shown)
        assert not any(type(x).__name__ == "LayerView" for x in walk(explorer.panes[tab].box))
    assert "data:image/webp" in explorer.panes["why"].result.value  # the map without the outlines of the picture
    assert "data:image/webp" not in explorer.to_html().replace(explorer.panes["why"].result.value, "")


def test_an_unsuitable_picture_and_a_finding_without_pixels(
    detector: Detector, make_evidence: Callable[..., Evidence], finding: Finding
) -> None:
    explorer = explore(detector, detector.examine(make_evidence(np.zeros((20, 30, 3), np.uint8))))
    for tab in TABS:
        go_to(explorer, tab)
        assert explorer.background.message.value == "", tab
    assert "unsuitable for scoring" in explorer.panes["overview"].plot.children[0].value
    assert explorer.panes["why"].run.disabled
    stored = Finding.from_json(finding.to_json())
    with pytest.raises(EvidenceError, match="attach"):
        explore(detector, stored)
    with pytest.raises(EvidenceError, match="attach"):
        explorer.show(stored)


def test_no_view_is_larger_than_a_page_may_be(detector: Detector, references: list[tuple[Evidence, str]]) -> None:
    """Of the worst there is: noise, the largest part, every reference as large."""
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 256, (1100, 1100, 3), dtype=np.uint8) for _ in range(2)]
    exhibit = Evidence.from_bytes(encoded(noise[0], "PNG", compress_level=1), name="noise.png")
    other = Evidence.from_bytes(encoded(noise[1], "PNG", compress_level=1), name="known.png")
    explorer = explore(detector, detector.examine(exhibit, robustness="none"), references=[(other, "original")])
    explorer.compare(other)
    for tab in TABS:
        go_to(explorer, tab)
        explorer.panes["residuals"].side.value = 1024
        n = sum(size_of(widget) for widget in walk(explorer.panes[tab].box))
        assert n <= 1_500_000 + 100_000, (tab, n)
    assert len(explorer.to_html()) < 1_500_000


def test_without_a_head_the_same_cells_give_a_page(
    detector: Detector, finding: Finding, references: list[tuple[Evidence, str]], asked: list[dict[str, object]],
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
) -> None:  # fmt: skip
    monkeypatch.setenv("FORENSICS_HEADLESS", "1")
    explorer = explore(detector, finding, references=references)
    explorer.explain(wait=False)
    explorer.compare(Evidence.from_bytes(encoded(textured(90, 90, 3)), name=HOSTILE), wait=False)
    assert len(explorer.why) == 1
    bundle = explorer._repr_mimebundle_()
    assert set(bundle) == {"text/html", "text/plain"}
    html = bundle["text/html"]
    assert all(f"<h2>{title}</h2>" in html for title in TABS.values())
    assert "known-1.png" in html
    assert explorer.to_html() == html


def test_without_a_head_what_went_wrong_is_told_at_once_and_in_the_page(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FORENSICS_HEADLESS", "1")
    for ask, path in ((explorer.compare, "/nothing.jpg"), (explorer.examine, "/nope<b>.jpg")):
        ask(path)
        assert path in caplog.text
        assert path.replace("<b>", "&lt;b&gt;") in explorer.to_html()
        assert 'role="alert"' in explorer.to_html()


def test_the_page_is_for_readers_who_can_press_nothing(explorer: Explorer, tmp_path: Path) -> None:
    page = explorer.to_html()
    assert "press" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL).replace("compress", "")
    assert "Pick a second" not in page
    assert "Nothing was explained here." in page
    assert "No second picture was compared." in page
    assert "No report was written yet." in page
    explorer.export(tmp_path / "report.html")
    page = explorer.to_html()
    assert "The report is written and holds" in page
    assert "No report was written yet." not in page
    explorer.show(explorer.detector.examine(Evidence.from_bytes(encoded(textured(90, 90)))))
    assert "No report was written yet." in explorer.to_html()  # of this exhibit


def test_the_lines_of_the_page_give_its_numbers(
    explorer: Explorer, asked: list[dict[str, object]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line of every section, run in order, with nothing but what its heading names; the part is smaller than in the tab."""
    explorer.choose(square=Square(left=8, top=0, side=290))
    explorer.explain()
    second = tmp_path / "second.png"
    second.write_bytes(encoded(textured(90, 90, 3)))
    explorer.compare(str(second))
    page = explorer.to_html()
    sections = [unescape(code) for code in re.findall(r'<code class="code">(.*?)</code>', page, re.DOTALL)]
    assert len(sections) == len(TABS)
    stand_in = type("Fx", (), {"attribute": fake_fx(explorer), "residual_maps": staticmethod(fx.residual_maps)})
    stand_in.write_report = staticmethod(lambda *_args, **how: how["attributions"])
    lines = "\n".join(sections)
    values = values_of(lines, fx=stand_in, detector=explorer.detector, finding=explorer.finding)
    residual = values[1]
    assert residual.shape == (256, 256)
    rows = re.findall(r"in question</td>(.*?)</tr>", page, re.DOTALL)
    assert all(f"{v:.3f}".replace("-", "−") in rows[0] for v in (residual.std(), np.abs(residual).mean()))
    assert [a.branch for a in values[-1]] == [a.branch for a in explorer.why]
    scores = next(v for v in values if isinstance(v, tuple) and len(v) == 2)
    assert all(f"{score:.3f}" in page for score in scores)


def test_taking_a_group_out_and_adding_it_are_told_apart(explorer: Explorer, finding: Finding) -> None:
    made = [
        replace(fake_attribution(finding, branch, finding.scores.views[0], method), part=None)
        for branch, method in (("convnext", "group_ablation"), ("replknet", "group_shapley"))
    ]
    ablation, shapley, both = (groups_html(shown) for shown in (made[:1], made[1:], made))
    assert "lost when the group is taken out, all others left in; they need not add up" in ablation
    assert "that the group added; they sum to what is explained" in shapley
    assert "the two can disagree" in both


def test_how_the_view_was_chosen_and_what_is_explained_is_told(finding: Finding) -> None:
    why = fake_attribution(finding, "convnext", finding.scores.views[0], "grad_cam")
    named = attribution_html(why, None)
    assert (
        "Log-odds of the branch on this view 0.40; of the baseline “median_blur” −0.10, a difference of +0.50" in named
    )
    assert "in favour of" not in named
    chosen = attribution_html(replace(why, settings={"view chosen": "the highest of 6"}), None)
    assert "the highest of 6, the one most in favour of ‘fake’" in chosen


def test_the_page_has_its_references_though_nobody_opened_their_tab(explorer: Explorer) -> None:
    html = explorer.to_html()
    assert "known-1.png" in html
    assert explorer.to_html() == html


def test_the_page_holds_nothing_active(explorer: Explorer, asked: list[dict[str, object]]) -> None:
    from html.parser import HTMLParser

    evidence = replace(explorer.finding.evidence, name=HOSTILE, remarks=(quoted(HOSTILE),))
    explorer.show(replace(explorer.finding, evidence=evidence, reasons=(quoted(HOSTILE),)))
    explorer.compare(Evidence.from_bytes(encoded(textured(90, 90, 3)), name=HOSTILE))
    explorer.explain()
    go_to(explorer, "residuals")
    seen: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append((tag, dict(attrs)))

    for html in (explorer.to_html(), *(x.value for x in walk(explorer) if isinstance(x, w.HTML))):
        Reader().feed(html)
    assert len(seen) > 200
    assert not {tag for tag, _ in seen} & {"script", "iframe", "object", "embed", "link", "form", "base", "meta", "a"}
    for tag, attrs in seen:
        assert not [name for name in attrs if name.startswith("on")], (tag, attrs)
        assert attrs.get("src", "data:image/").startswith("data:image/")
    redacted = explorer.to_html(redact=True)
    assert "Pictures are left out of this copy." in redacted
