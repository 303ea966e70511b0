"""The explorer without a kernel: its widgets are driven as an analyst would drive them."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import ipywidgets as w
import numpy as np
import pytest
from ipywidgets.widgets.widget import _remove_buffers

import forensics as fx
from forensics.detector import Detector, load_detector
from forensics.errors import AttributionError, Cancelled, EvidenceError
from forensics.explorers import Explorer, explore
from forensics.explorers.panels import MAPS
from forensics.explorers.state import TABS, code_line
from forensics.residuals import RESIDUALS, render
from forensics.types import (
    Attribution,
    DeliveredScore,
    Evidence,
    Finding,
    LikelihoodRatio,
    Robustness,
    Trust,
    TrustCheck,
)
from tests.broken_files import BROKEN, write_broken
from tests.conftest import encoded, textured
from tests.lines import run_line, value_of

WEIGHTS = Path(__file__).parent.parent.parent / "parity" / "dfd_tiny.pth"
HOSTILE = "<img src=x onerror=alert(1)>'\"\u202e.png"
Shown = Callable[..., Explorer]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return load_detector(WEIGHTS)


@pytest.fixture(scope="module")
def finding(detector: Detector) -> Finding:
    data = encoded(textured(300, 400), "JPEG", quality=88)
    return detector.examine(Evidence.from_bytes(data, name="exhibit.jpg"), robustness="none")


@pytest.fixture
def references() -> list[tuple[Evidence, str]]:
    pairs = ((1, "original"), (2, "forgery"))
    return [(Evidence.from_bytes(encoded(textured(200, 260, k)), name=f"known-{k}.png"), label) for k, label in pairs]


@pytest.fixture
def explorer(detector: Detector, finding: Finding, references: list[tuple[Evidence, str]]) -> Iterator[Explorer]:
    made = explore(detector, finding, references=references)
    yield made
    made.background._pool.shutdown()


def go_to(explorer: Explorer, tab: str) -> None:
    """Choose a tab as a click does, and wait for what it computes."""
    explorer.tabs.selected_index = list(TABS).index(tab)
    explorer.background.wait(60)


def code(explorer: Explorer) -> str:
    return code_line(explorer.state)


def upload(explorer: Explorer, tab: str, data: bytes, name: str = "new.png") -> None:
    picker = explorer.picker if tab == "head" else explorer.panes[tab].picker
    picker.upload.value = (
        {
            "name": name,
            "type": "",
            "size": len(data),
            "content": memoryview(data),
            "last_modified": datetime.now(tz=UTC),
        },
    )
    explorer.background.wait(60)


def fake_attribution(finding: Finding, branch: str, view: str, method: str, *, failed: bool = False) -> Attribution:
    left, top, right, bottom = (int(v) for v in finding.scores.boxes[finding.scores.views.index(view)])
    rng = np.random.default_rng(len(branch))
    check = TrustCheck(name="deletion", value=0.5, limit=1.0, passed=not failed, text="<b>measured</b>")
    return Attribution(
        evidence_sha256=finding.evidence.sha256, weights_sha256=finding.run.weights["sha256"], branch=branch, view=view, method=method,
        target="logit_difference", size=(finding.evidence.width, finding.evidence.height), box=(left, top, right, bottom),
        part=rng.normal(0, 1e-4, (bottom - top, right - left)).astype(np.float32), output=0.4, reference=-0.1,
        baseline="median_blur", groups={"rgb": 0.3, "srm": -0.2}, trust=Trust(checks=(check,)),
    )  # fmt: skip


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Attributions that cost nothing, and what was asked for."""
    calls: list[dict[str, object]] = []

    def attribute(detector: Detector, finding: Finding, **how: object) -> Attribution:
        calls.append(how)
        how["progress"](1, 2)
        view = how["view"] or finding.scores.views[0]
        return fake_attribution(finding, how["branch"], view, how["method"], failed=how["branch"] == "replknet")

    monkeypatch.setattr("forensics.attribution.attribute", attribute)
    return calls


def test_every_control_has_a_label_and_says_what_it_does(explorer: Explorer) -> None:
    for tab in TABS:
        go_to(explorer, tab)
    controls = [
        x for x in walk(explorer) if isinstance(x, w.ValueWidget | w.Button) and not isinstance(x, w.HTML | w.Label)
    ]
    controls = [x for x in controls if x is not explorer.background.bar]
    assert len(controls) > 30
    for control in controls:
        assert control.description, control
        assert control.tooltip, control.description


def walk(widget: w.Widget) -> Iterator[w.Widget]:
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child)


def test_the_overview_tells_outcome_reason_and_scores(explorer: Explorer, finding: Finding) -> None:
    overview = explorer.panes["overview"]
    assert "strength of evidence not stated" in overview.words.value
    assert finding.evidence.sha256 in overview.words.value
    assert len(overview.plot.children[0].data) == len(finding.scores.branches)
    assert overview.plot.children[0].data[0].y == pytest.approx(finding.scores.view_scores[0])


def test_a_point_of_the_plot_leads_to_its_part(explorer: Explorer, finding: Finding) -> None:
    trace = explorer.panes["overview"].plot.children[0].data[0]
    points = type("Points", (), {"point_inds": [2]})()
    for callback in trace._click_callbacks:
        callback(trace, points, None)
    assert explorer.state.view == finding.scores.views[2]


def test_a_likelihood_ratio_and_the_copies_are_told(detector: Detector, finding: Finding) -> None:
    lr = LikelihoodRatio(
        llr=0.8,
        interval=(0.5, 1.0),
        bounds=(-1.0, 1.0),
        at_bound=False,
        stratum="<b>kind</b>",
        calibration_sha256="0" * 64,
    )
    received = DeliveredScore(
        delivery="as received", text="", score=0.7, llr=0.8, outcome="supports_h1", stratum="kind"
    )
    copies = (replace(received, delivery="JPEG 85", llr=-0.1), replace(received, delivery="cropped", llr=None))
    weighed = replace(finding, lr=lr, outcome="supports_h1", robustness=Robustness(received=received, copies=copies))
    explorer = explore(detector, weighed)
    words = explorer.panes["overview"].words.value
    assert "weak support for H1 over H2" in words
    assert "0.50 to 1.00" in words
    assert "&lt;b&gt;kind" in words
    assert "the side changes in JPEG 85" in words
    go_to(explorer, "robustness")
    assert "The side changes" in explorer.panes["robustness"].words.value


def test_sliders_change_what_is_shown(explorer: Explorer) -> None:
    go_to(explorer, "residuals")
    tab = explorer.panes["residuals"]
    assert [layer["name"] for layer in tab.layers.layers] == [
        "Exhibit", "Exhibit, residual", "1 original: known-1.png", "2 forgery: known-2.png",
    ]  # fmt: skip
    assert (tab.layers.first, tab.layers.second, tab.layers.zoom) == (1, 2, 1)
    before = bytes(tab.layers.layers[1]["data"])
    tab.gain.value = 4.0
    assert bytes(tab.layers.layers[1]["data"]) != before
    assert "Not the fixed scale" in tab.caption.value
    tab.channel.value = 2
    assert RESIDUALS["srm"].channels[2] in tab.caption.value
    tab.residual.value = "median"
    assert "Median residual" in tab.caption.value
    tab.side.value, tab.left.value = 128, 200
    assert tab.layers.size == (128, 128)
    assert tab.layers.origin == (200, explorer.state.look.top)
    assert f"[{explorer.state.look.top}:{explorer.state.look.top + 128}, 200:328, 2]" in code(explorer)
    assert "Saved again with the exhibit&#39;s own quantisation tables" in tab.numbers.value


def test_a_marked_region_is_measured_in_all_pictures(explorer: Explorer, finding: Finding) -> None:
    go_to(explorer, "residuals")
    tab = explorer.panes["residuals"]
    sent = []
    tab.layers.observe(sent.append, names="layers")
    tab.layers.region = (100, 50, 150, 90)
    assert sent == []  # the pictures stay as they are
    assert explorer.state.region == (100, 50, 150, 90)
    assert "Marked region, columns 100 to 149, rows 50 to 89" in tab.numbers.value
    values = value_of(code(explorer), fx=fx, finding=finding)
    assert f"{values.std():.3f}" in tab.numbers.value
    assert tab.numbers.value.count("2,000") == 3  # pixels of exhibit and both references
    # The part begins at column 8; a reference, which is smaller than it, is shown whole.
    for reference in explorer.references:
        beside = fx.residual_maps(reference.evidence, "srm")[50:90, 92:142, 0]
        assert f"{beside.std():.3f}" in tab.numbers.value
    tab.layers.region = (280, 50, 300, 90)  # beyond the references, which are 260 pixels wide
    assert "known-1.png" not in tab.numbers.value
    tab.clear.click()
    assert explorer.state.region is None
    assert tab.layers.region is None


def test_a_pixel_is_told_with_its_value(explorer: Explorer, finding: Finding) -> None:
    go_to(explorer, "residuals")
    tab = explorer.panes["residuals"]
    value = fx.residual_maps(finding.evidence, "srm")[60, 120, 0]
    colours = ", ".join(map(str, finding.evidence.pixels[60, 120].tolist()))
    assert (
        tab.layers.read(120, 60)
        == f"column 120, row 60: colours {colours}; SRM noise residuals {value:+.3f} grey levels"
    )


def test_a_large_picture_is_filtered_once_in_the_background(
    explorer: Explorer, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, go = [], Event()

    def whole(pixels: np.ndarray) -> np.ndarray:
        calls.append(pixels.shape)
        go.wait(10)
        return pixels.astype(np.float32) - 128

    monkeypatch.setitem(RESIDUALS._parts, "srm", replace(RESIDUALS["srm"], function=whole, reach=None))
    monkeypatch.setattr("forensics.explorers.tabs.residuals.LONG", 1000)
    monkeypatch.setattr(MAPS, "_kept", MAPS._kept.copy())
    explorer.tabs.selected_index = list(TABS).index("residuals")
    for _ in range(3000):  # the references are matched, and then the first picture is being filtered
        if calls:
            break
        Event().wait(0.01)
    assert explorer.background.busy
    assert "Filtering the whole picture" in explorer.background.words.value
    go.set()
    for _ in range(3000):
        if not explorer.background.busy:
            break
        Event().wait(0.01)
    assert len(calls) == 3  # the exhibit and two references
    explorer.panes["residuals"].left.value = 8
    explorer.background.wait(30)
    assert len(calls) == 3


def test_references_that_cannot_be_read_are_said_once(detector: Detector, finding: Finding, tmp_path: Path) -> None:
    explorer = explore(detector, finding, references=[(tmp_path / "none.jpg", "original")])
    go_to(explorer, "residuals")
    assert "none.jpg" in explorer.background.message.value
    assert len(explorer.panes["residuals"].layers.layers) == 2
    assert "There are no references." in explorer.panes["residuals"].numbers.value
    with pytest.raises(ValueError, match="original, forgery"):
        explore(detector, finding, references=["a.jpg"])


def test_a_picked_file_is_examined_and_a_broken_one_keeps_the_last(explorer: Explorer, tmp_path: Path) -> None:
    upload(explorer, "head", encoded(textured(80, 90)), HOSTILE)
    assert explorer.finding.evidence.name == HOSTILE
    assert explorer.picker.upload.value == ()
    shown = explorer.title.value + explorer.panes["overview"].words.value + explorer.code.value
    assert "<img src=x" not in shown
    assert "⟨U+202E⟩" in shown
    assert "\u202e" not in shown
    data = encoded(textured(80, 90))
    again = value_of(code(explorer), fx=fx, detector=explorer.detector, data=data)
    assert again.to_dict()["scores"] == explorer.finding.to_dict()["scores"]
    for junk in (b"", b"junk", b"\x89PNG\r\n\x1a\n", encoded(textured(80, 90))[:200]):
        upload(explorer, "head", junk, "junk.png")
        assert 'role="alert"' in explorer.background.message.value
        assert "junk.png" in explorer.background.message.value
        assert explorer.finding.evidence.name == HOSTILE
    explorer.picker.path.value = str(tmp_path / "none.jpg")
    explorer.background.wait(60)
    assert "none.jpg" in explorer.background.message.value
    path = tmp_path / "it's.png"
    path.write_bytes(data)
    explorer.picker.path.value = str(path)
    explorer.background.wait(60)
    assert explorer.finding.evidence.name == "it's.png"
    assert code(explorer) == f"finding = detector.examine({str(path)!r})"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_broken_files_of_every_kind_keep_the_last_picture(explorer: Explorer, tmp_path: Path) -> None:
    before = explorer.finding
    for name in BROKEN:
        explorer.picker.path.value = str(write_broken(tmp_path, name))
        explorer.background.wait(60)
        assert explorer.finding is before
        assert explorer.background.message.value.count('role="alert"') == 1, name
        assert name in explorer.background.message.value


def test_a_picture_beyond_the_limits_keeps_the_last(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    from forensics.types import Limits

    default = Limits(max_pixels=1000)
    monkeypatch.setattr("forensics.evidence.loading.Limits", lambda: default)
    before = explorer.finding
    upload(explorer, "head", encoded(textured(80, 90)), "huge.png")
    assert "1,000" in explorer.background.message.value or "1000" in explorer.background.message.value
    assert explorer.finding is before


def test_examining_can_be_stopped(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is asked for views; the second waits until the button was pressed."""
    engine, pressed, begun = explorer.detector.computation.engine, Event(), Event()
    look = engine.look
    steps = []

    def slow(pixels: np.ndarray, plan: object, *, step: Callable[[], None]) -> object:
        def counted() -> None:
            steps.append(1)
            if len(steps) == 2:
                begun.set()
                pressed.wait(30)
            step()

        return look(pixels, plan, step=counted)

    monkeypatch.setattr(engine, "look", slow)
    before = explorer.finding
    explorer.examine(Evidence.from_bytes(encoded(textured(90, 90))), wait=False)
    begun.wait(30)
    explorer.background.button.click()
    pressed.set()
    explorer.background.wait(60)
    assert len(steps) == 2  # of six views
    assert explorer.finding is before
    assert "Cancelled" in explorer.background.message.value


def test_examine_from_a_cell_waits(explorer: Explorer) -> None:
    explorer.examine(Evidence.from_bytes(encoded(textured(90, 90, 5)), name="cell.png"))
    assert explorer.finding.evidence.name == "cell.png"


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
    assert "All checks passed" in shown
    assert "Not reliable: failed deletion" in shown
    assert "&lt;b&gt;measured&lt;/b&gt;" in shown
    assert "rank correlation" in shown
    assert shown.count("data:image/webp;base64,") == 2
    assert "convnext rgb +0.30" in shown
    assert not tab.run.disabled
    why: list[object] = []
    stand_in = type("Fx", (), {"attribute": fake_fx(explorer)})
    run_line(code(explorer), fx=stand_in, detector=1, finding=2, why=why)
    assert [(a.branch, a.view) for a in why] == [(a.branch, a.view) for a in explorer.why]


def fake_fx(explorer: Explorer) -> Callable[..., Attribution]:
    def attribute(
        _d: object, _f: object, *, branch: str, view: str | None = None, method: str, trust: str = ""
    ) -> Attribution:
        return fake_attribution(explorer.finding, branch, view or explorer.finding.scores.views[0], method)

    return staticmethod(attribute)


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
    assert explorer.state.explained == 0


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
    assert again.robustness == explorer.finding.robustness
    assert explorer.state.tab == "robustness"


def test_metadata_is_reported_and_nothing_in_it_does_anything(detector: Detector, finding: Finding) -> None:
    meta = replace(finding.evidence.metadata, exif={"Make": HOSTILE}, software=("<script>x</script>",))
    evidence = replace(finding.evidence, metadata=meta, name=HOSTILE, notes=("EXIF <i>",))
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
def test_two_exhibits_are_held_side_by_side(explorer: Explorer, size: tuple[int, int]) -> None:
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
    values = value_of(code(explorer), fx=fx, other=explorer.other)
    shown = render(values, limit=RESIDUALS["srm"].limit, signed=True)
    assert np.array_equal(shown, tab.layers._pixels[3])
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


def size_of(widget: w.Widget) -> int:
    """Bytes that the browser gets of a widget."""
    state, _, buffers = _remove_buffers(widget.get_state())
    return len(repr({k: v for k, v in state.items() if not k.startswith("_")})) + sum(len(bytes(b)) for b in buffers)


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


def test_the_page_has_its_references_though_nobody_opened_their_tab(explorer: Explorer) -> None:
    html = explorer.to_html()
    assert "known-1.png" in html
    assert explorer.to_html() == html


def test_the_page_holds_nothing_active(explorer: Explorer, asked: list[dict[str, object]]) -> None:
    from html.parser import HTMLParser

    evidence = replace(explorer.finding.evidence, name=HOSTILE, notes=(HOSTILE,))
    explorer.show(replace(explorer.finding, evidence=evidence, reason=HOSTILE))
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
