"""What an event changes, and that the line of Python does what it says."""

import ast
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import forensics as fx
from forensics.errors import UnknownNameError
from forensics.explorers.drawing.picture_layers import maps_of
from forensics.explorers.picture_parts import Square, Subject, clamped, place_words
from forensics.explorers.python_lines import attribution_line, code_line, source_of
from forensics.explorers.state import (
    TABS,
    State,
    add_explained,
    change_exhibit,
    choose_branch,
    go_to_view,
    open_state,
    update,
    update_draft,
)
from forensics.explorers.tabs.residuals import residual_rows
from forensics.messages import quoted
from forensics.residuals import RESIDUALS
from forensics.types import Evidence, Finding, RunRecord
from tests.conftest import encoded, textured
from tests.lines import run_line, value_of, values_of

SUBJECT = Subject(
    name="a.png",
    sha256="0" * 64,
    width=300,
    height=200,
    branches=("one", "two"),
    views=("u", "v"),
    boxes=((0, 0, 64, 64), (236, 136, 300, 200)),
)
OTHER = replace(SUBJECT, name="b.png", sha256="1" * 64, branches=("two", "three"))


@pytest.fixture
def state() -> State:
    return open_state(SUBJECT)


def test_it_opens_in_the_middle_on_the_first_branch(state: State) -> None:
    assert state.square == Square(left=0, top=0, side=384)
    assert open_state(replace(SUBJECT, width=1000, height=784)).square == Square(left=308, top=200, side=384)
    assert (state.tab, state.branch, state.gain, state.region) == ("overview", "one", 1.0, None)
    assert open_state(replace(SUBJECT, branches=(), views=(), boxes=())).branch == ""
    assert open_state(replace(SUBJECT, leading="two")).branch == "two"  # the one that moved the score most


def test_a_look_is_brought_into_the_picture() -> None:
    assert clamped(Square(left=290, top=-5, side=64), SUBJECT) == Square(left=236, top=0, side=64)
    assert clamped(Square(left=0, top=50, side=1), SUBJECT) == Square(left=0, top=50, side=32)
    assert clamped(Square(left=9, top=9, side=5000), SUBJECT) == Square(left=0, top=0, side=1024)
    assert Square(left=0, top=0, side=1024).box(SUBJECT) == (0, 0, 300, 200)
    assert place_words((8, 0, 40, 32)) == "columns 8 to 39, rows 0 to 31"


def test_what_changes_nothing_gives_the_same_state(state: State) -> None:
    """The widgets rely on it: a control that is set to what the state says asks for nothing."""
    for choices in (
        {"tab": "overview"}, {"residual": "srm"}, {"channel": 0}, {"gain": 1.0}, {"square": state.square}, {"region": None},
        {"branch": "one"}, {"method": "integrated_gradients"}, {"view": None}, {"second_branch": ""}, {"trust": "quick"},
        {"hidden": False}, {"other": None},
    ):  # fmt: skip
        assert update(state, **choices) is state, choices
    assert choose_branch(state, "one", ("integrated_gradients",)) is state
    assert update_draft(state, path="report.html") is state
    assert add_explained(state, ()) is state


def test_a_residual_with_fewer_channels_keeps_the_channel_within(state: State) -> None:
    last = len(RESIDUALS["srm_bank"].channels) - 1
    bank = update(update(state, residual="srm_bank"), channel=99)
    assert bank.channel == last == 29
    assert update(bank, residual="median").channel == 2
    assert update(bank, residual="spectrum").channel == 0
    with pytest.raises(UnknownNameError, match="Did you mean 'median'"):
        update(state, residual="medain")


def test_gain_is_bounded_and_next_to_one_is_one(state: State) -> None:
    assert update(state, gain=1000.0).gain == 16.0
    assert update(state, gain=0.0).gain == 1 / 16
    assert update(replace(state, gain=2.0), gain=1.001).gain == 1.0


def test_a_region_is_put_in_order_and_cut_at_the_border(state: State) -> None:
    assert update(state, region=(50, 40, 10, 20)).region == (10, 20, 50, 40)
    assert update(state, region=(-5, 190, 20, 900)).region == (0, 190, 20, 200)
    assert update(state, region=(400, 10, 500, 20)).region is None


def test_a_region_lies_in_the_part_and_goes_with_it(state: State) -> None:
    part = update(state, square=Square(left=40, top=24, side=96))
    marked = update(part, region=(30, 30, 60, 500))
    assert marked.region == (40, 30, 60, 120)
    assert update(marked, square=Square(left=32, top=24, side=96)).region == (40, 30, 60, 120)
    assert update(marked, square=Square(left=48, top=24, side=96)).region is None
    assert go_to_view(marked, 1).region is None


def test_a_clicked_view_is_gone_to_and_chosen(state: State) -> None:
    clicked = go_to_view(state, 1)
    assert clicked.square == Square(left=236, top=136, side=64)
    assert clicked.view == "v"


def test_a_branch_brings_its_methods(state: State) -> None:
    chosen = choose_branch(replace(state, second_branch="two"), "two", ("occlusion", "group_shapley"))
    assert (chosen.branch, chosen.method, chosen.second_branch) == ("two", "occlusion", "")
    kept = choose_branch(state, "two", ("occlusion", "integrated_gradients"))
    assert kept.method == "integrated_gradients"
    assert update(state, second_branch="one").second_branch == ""
    assert update(state, second_branch="two").second_branch == "two"
    for name in ("branch", "second_branch", "view", "tab", "trust"):
        with pytest.raises(ValueError, match=r"no 'x' among the .* Choose one"):
            update(state, **{name: "x"})


def test_new_attributions_go_into_the_report_and_can_be_taken_out(state: State) -> None:
    two = add_explained(state, ("'a'", "'b'"))
    assert two.draft.attributions == (0, 1)
    one = update_draft(two, attributions=(1, 7))
    assert one.draft.attributions == (1,)
    assert add_explained(one, ("'c'",)).draft.attributions == (1, 2)


def test_another_exhibit_keeps_how_one_looks_and_drops_what_was_about_the_old_one(state: State) -> None:
    before = replace(
        state, tab="residuals", residual="median", gain=2.0, region=(1, 1, 2, 2), view="v", second_branch="two", other=OTHER, hidden=True,
        draft=replace(state.draft, notes="of the old one", examiner="E", attributions=(0,)), explained=("'a'",),
    )  # fmt: skip
    after = change_exhibit(before, OTHER, source="'b.png'")
    assert (after.tab, after.residual, after.gain, after.hidden) == ("residuals", "median", 2.0, True)
    assert (after.region, after.view, after.second_branch, after.explained) == (None, None, "", ())
    assert after.branch == "two"  # the first, as long as nothing is known of what moved its score
    led = change_exhibit(before, replace(OTHER, leading="three"))
    assert led.branch == "three"
    assert (after.draft.notes, after.draft.examiner, after.draft.attributions) == ("", "E", ())
    again = change_exhibit(before, replace(SUBJECT, name="c"))
    assert again == replace(before, subject=replace(SUBJECT, name="c"))


def test_unknown_figures_are_refused(state: State) -> None:
    with pytest.raises(UnknownNameError):
        update_draft(state, figures=("srm", "none"))
    assert update_draft(state, figures=()).draft.figures == ()


@pytest.fixture
def finding() -> Finding:
    evidence = Evidence(pixels=textured(200, 300), sha256="0" * 64, name="a.png", media_type="image/png", n_bytes=1)
    run = RunRecord(examined_at="", software={}, platform={}, weights={}, settings={})
    return Finding(evidence=evidence, scores=None, outcome="uncalibrated", reasons=(quoted("None."),), run=run)


@pytest.mark.parametrize("name", RESIDUALS.names())
def test_the_line_of_a_residual_gives_what_is_shown_and_measured(name: str, state: State, finding: Finding) -> None:
    state = update(update(update(state, tab="residuals"), residual=name), channel=1)
    for shown in (
        update(state, square=Square(left=40, top=24, side=96)),
        update(state, region=(60, 30, 130, 77)),
    ):
        box = shown.region or shown.square.box(SUBJECT)
        values = value_of(code_line(shown), fx=fx, finding=finding)
        assert np.array_equal(values, maps_of(finding.evidence, box, name)[..., shown.channel])
        amounts = residual_rows(finding.evidence, shown.square.box(SUBJECT), shown, ())[0][3]
        expected = [float(v) for v in (values.mean(), values.std(), np.abs(values).mean())]
        assert [amounts.mean, amounts.sd, amounts.mean_absolute] == pytest.approx(expected, rel=1e-4, abs=1e-5)


class Examiner:
    """Stands for a detector that knows one finding, and keeps what it was asked for."""

    def __init__(self, finding: Finding) -> None:
        self.finding, self.asked = finding, []

    def examine(self, picture: object, **_how: object) -> Finding:
        self.asked.append(picture)
        return self.finding


def test_the_lines_of_the_second_exhibit_load_it_and_give_both_parts(state: State, finding: Finding) -> None:
    state = update(state, tab="compare", other=replace(OTHER, branches=()), other_source="'b.png'")
    examiner = Examiner(finding)
    _other, outcomes, first, second = values_of(code_line(state), fx=fx, detector=examiner, finding=finding)
    assert examiner.asked == ["b.png"]
    assert outcomes == ("uncalibrated", "uncalibrated")
    assert first.shape == second.shape == (200, 300)


def test_what_loads_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = encoded(textured(80, 90))
    (tmp_path / "it's.png").write_bytes(data)
    for picked in ("it's.png", Path("it's.png"), ("it's.png", data), Evidence.from_bytes(data, name="it's.png")):
        *before, expression = source_of(picked).splitlines()
        assert ("without its path" in "".join(before)) == (not isinstance(picked, str | Path))
        assert Evidence.from_file(value_of(expression)).sha256 == Evidence.from_bytes(data).sha256


class Recorder:
    """Stands for `forensics`, and keeps what it is called with."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[object, ...], dict[str, object]]] = []

    def attribute(self, *args: object, **kwargs: object) -> "Recorder":
        self.calls.append((args, kwargs))
        return self

    write_report = attribute
    view = "the highest"

    def Case(self, **kwargs: object) -> dict[str, object]:
        return kwargs


def test_the_line_of_an_attribution(state: State) -> None:
    state = update(state, tab="why")
    recorder = Recorder()
    assert run_line(code_line(state), fx=recorder, detector="D", finding="F")["why"] == [recorder]
    assert recorder.calls == [(("D", "F"), {"branch": "one", "method": "integrated_gradients"})]
    beside = update(update(state, second_branch="two"), trust="full")
    run_line(code_line(beside), fx=recorder, detector="D", finding="F")
    assert recorder.calls[2][1] == {
        "branch": "two",
        "view": "the highest",
        "method": "integrated_gradients",
        "trust": "full",
    }
    run_line(code_line(update(beside, view="v")), fx=recorder, detector="D", finding="F")
    assert [call[1]["view"] for call in recorder.calls[3:]] == ["v", "v"]


def test_once_something_was_explained_the_line_gives_all_of_it(state: State) -> None:
    state, recorder = update(state, tab="why"), Recorder()
    made = (attribution_line(state, "one", None), attribution_line(replace(state, trust="none"), "two", "v"))
    shown = add_explained(state, made)
    names = run_line(code_line(shown), fx=recorder, detector="D", finding="F")
    assert len(names["why"]) == 2
    assert recorder.calls[1][1] == {"branch": "two", "view": "v", "method": "integrated_gradients", "trust": "none"}
    run_line(code_line(update(shown, tab="report")), **names)  # all that the report needs was made by lines before
    assert recorder.calls[2][1]["attributions"] == [recorder, recorder]


def test_the_line_of_a_report(state: State) -> None:
    hostile = "it's <b>\"\n\u202e');import os"
    state = add_explained(update(state, tab="report"), ("'a'", "'b'"))
    state = update_draft(state, notes=hostile, figures=("srm",), attributions=(1,), redact=True, path="x/y.html")
    recorder = Recorder()
    run_line(code_line(state), fx=recorder, finding="F", why=["a", "b"])
    assert recorder.calls == [
        (
            (["F"], "x/y.html"),
            {
                "case": {"notes": hostile},
                "attributions": ["b"],
                "residuals": ("srm",),
                "language": "en",
                "redact": True,
            },
        )
    ]


def test_every_tab_has_lines_that_python_understands(state: State) -> None:
    hostile = replace(SUBJECT, name="'); boom('\n", branches=("a'b\"", "c"), views=("'v'", "w"), boxes=SUBJECT.boxes)
    upload = source_of(("\n'); boom('\u2028.jpg", b""))
    opened = replace(
        open_state(hostile), source=upload, other_source=upload, view="'v'", second_branch="c", other=hostile
    )
    explained = add_explained(opened, (attribution_line(opened, "a'b\"", "'v'"),))
    for shown in (state, opened, explained):
        made = {"fx", "detector", "finding"}
        for tab in TABS:
            lines = code_line(update(shown, tab=tab))
            assert [line for line in lines.splitlines() if line] == lines.split("\n")
            for node in ast.walk(ast.parse(lines)):  # a name is made before it is used, in this tab or one to the left
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    made.add(node.id)
            assert {n.id for n in ast.walk(ast.parse(lines)) if isinstance(n, ast.Name)} <= made, lines


def test_the_state_is_frozen(state: State) -> None:
    for field in fields(state):
        with pytest.raises((AttributeError, TypeError)):
            setattr(state, field.name, None)
