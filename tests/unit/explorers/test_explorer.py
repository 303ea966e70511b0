"""What an explorer shows, and what it does with files: driven without a kernel, as an analyst would."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import ipywidgets as w
import numpy as np
import pytest

import forensics as fx
from forensics.detector import Detector, load_detector
from forensics.errors import EvidenceError
from forensics.explorers import Explorer, explore
from forensics.explorers.drawing.picture_layers import MAPS
from forensics.explorers.python_lines import code_line
from forensics.explorers.state import TABS, update
from forensics.residuals import RESIDUALS
from forensics.types import (
    DeliveredScore,
    Evidence,
    Finding,
    LikelihoodRatio,
    Robustness,
)
from tests.broken_files import BROKEN, write_broken
from tests.conftest import encoded, textured
from tests.desk import HOSTILE, code, go_to, upload, walk
from tests.lines import run_line, value_of


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
    assert tab.layers.origin == (200, explorer.state.square.top)
    assert f"[{explorer.state.square.top}:{explorer.state.square.top + 128}, 200:328, 2]" in code(explorer)
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
    monkeypatch.setattr(MAPS, "_maps", MAPS._maps.copy())
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


def test_a_picked_file_is_examined_and_a_broken_one_keeps_the_last(
    explorer: Explorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(explorer, "head", encoded(textured(80, 90)), HOSTILE)
    assert explorer.finding.evidence.name == HOSTILE
    assert explorer.picker.upload.value == ()
    shown = explorer.title.value + explorer.panes["overview"].words.value + explorer.code.value
    assert "<img src=x" not in shown
    assert "⟨U+202E⟩" in shown
    assert "\u202e" not in shown
    data = encoded(textured(80, 90))
    (tmp_path / HOSTILE).write_bytes(data)
    monkeypatch.chdir(tmp_path)
    again = run_line(code(explorer), fx=fx, detector=explorer.detector)["finding"]
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
    assert code(explorer).splitlines()[0] == f"finding = detector.examine({str(path)!r})"


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


def test_a_path_is_examined_and_what_is_no_finding_is_refused(
    detector: Detector, finding: Finding, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(textured(80, 90)))
    assert explore(detector, path).finding.evidence.name == "a.png"
    assert explore(detector, path.read_bytes()).finding.evidence.sha256 == Evidence.from_file(path).sha256
    with pytest.raises(EvidenceError, match=r"none\.png"):
        explore(detector, tmp_path / "none.png")
    with pytest.raises(
        TypeError, match=r"explore takes a detector first, got Finding\. Write explore\(detector, finding\)"
    ):
        explore(finding, detector)
    with pytest.raises(TypeError, match="expected a path, bytes or Evidence, got int"):
        explore(detector, 3)


def test_it_begins_with_the_branch_that_moved_the_score_most_and_says_how_much_each_counts(finding: Finding) -> None:
    """The statistics pass no gradients, so that a method which needs none is chosen with them."""
    starter = load_detector(calibration="none")
    opened = explore(starter, finding.evidence)
    scores = opened.finding.scores
    assert scores.leading == "statistics"
    assert (opened.state.branch, opened.state.method) == ("statistics", "occlusion")
    go_to(opened, "why")
    tab = opened.panes["why"]
    assert (tab.branch.value, tab.method.value) == ("statistics", "occlusion")
    counts = f"counts {100 * scores.shares['statistics']:.0f} percent in the joint score"
    assert scores.contributions["statistics"] > 0
    adds = f"adds {scores.contributions['statistics']:+.2f} to the joint log-odds of this exhibit"
    for words in (tab.about.value, opened.panes["overview"].words.value, opened.to_html()):
        assert f"statistics: {counts}; {adds}" in words
    names = run_line(code_line(update(opened.state, tab="overview")), finding=opened.finding)
    assert names


def test_the_spectrum_of_a_marked_region_is_that_of_the_region(explorer: Explorer, finding: Finding) -> None:
    go_to(explorer, "residuals")
    tab = explorer.panes["residuals"]
    tab.residual.value = "spectrum"
    tab.layers.region = (100, 50, 196, 146)
    values = value_of(code(explorer), fx=fx, finding=finding)
    assert f"{values.mean():.3f}".replace("-", "−") in tab.numbers.value
    assert f"{values.std():.3f}" in tab.numbers.value
    assert "rest of the part" not in tab.numbers.value


def test_examine_from_a_cell_waits(explorer: Explorer) -> None:
    explorer.examine(Evidence.from_bytes(encoded(textured(90, 90, 5)), name="cell.png"))
    assert explorer.finding.evidence.name == "cell.png"
