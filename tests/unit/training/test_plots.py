"""The figure of a training log."""

import json
from pathlib import Path
from typing import Any

import pytest

from forensics.training.plots import draw_log, read_log, write_plot

LOG = Path(__file__).parent.parent.parent.parent / "docs" / "validation" / "starter-0.1-training-log.jsonl"


def row(step: int, **values: float) -> dict[str, float]:
    return {"step": step, "lr": step / 1000, **{k.replace("_", "."): v for k, v in values.items()}}


def traces(figure: Any) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    """Name and panel to steps and values."""
    titles = dict(zip(("y", "y2", "y3", "y4"), (a.text for a in figure.layout.annotations), strict=False))
    return {(t.name, titles[t.yaxis]): (list(t.x), list(t.y)) for t in figure.data}


def panel_count(figure: Any) -> int:
    return len({t.yaxis for t in figure.data})


def test_every_branch_has_its_line_in_every_panel() -> None:
    rows = [row(20, a_loss=1.0, a_auc=0.5, b_mask=0.7, b_loss=2.0, b_auc=0.6),
            row(40, a_loss=0.9, a_auc=0.6, b_mask=0.6, b_loss=1.5, b_auc=0.7)]  # fmt: skip
    found = traces(draw_log(rows))
    assert {(name, panel.split()[0]): values for (name, panel), values in found.items()} == {
        ("a", "loss,"): ([20, 40], [1.0, 0.9]),
        ("b", "loss,"): ([20, 40], [2.0, 1.5]),
        ("a", "AUC"): ([20, 40], [0.5, 0.6]),
        ("b", "AUC"): ([20, 40], [0.6, 0.7]),
        ("b", "loss"): ([20, 40], [0.7, 0.6]),
        ("learning rate", "learning"): ([20, 40], [0.02, 0.04]),
    }


def test_the_scale_of_the_auc_is_fixed_and_chance_is_marked() -> None:
    figure = draw_log([row(20, a_loss=1.0, a_auc=0.93)])
    assert tuple(figure.layout.yaxis2.range) == (0.0, 1.0)
    [line] = figure.layout.shapes
    assert (line.yref, line.y0, line.y1) == ("y2", 0.5, 0.5)
    assert all("markers" in t.mode for t in figure.data)  # one point is no line


def test_a_log_without_maps_has_no_panel_for_them() -> None:
    rows = read_log(LOG)
    assert panel_count(draw_log(rows)) == 3
    assert panel_count(draw_log([row(20, a_loss=1.0, a_auc=0.5, a_mask=0.7)])) == 4
    assert [t.showlegend for t in draw_log(rows).data] == [True, True, False, False, False]


def test_what_a_resumed_run_repeats_replaces_what_it_was() -> None:
    """Killed after step 60 with a checkpoint of step 30."""
    rows = [row(20, a_loss=3.0), row(40, a_loss=9.0), row(60, a_loss=9.0), row(50, a_loss=2.0), row(70, a_loss=1.0)]
    before = [dict(r) for r in rows]
    [(steps, values)] = [v for (name, _), v in traces(draw_log(rows)).items() if name == "a"]
    assert (steps, values) == ([20, 40, 50, 70], [3.0, 9.0, 2.0, 1.0])
    assert rows == before


def test_a_name_with_a_dot_is_one_branch() -> None:
    assert {name for name, _ in traces(draw_log([{"step": 1, "lr": 0.1, "a.b.loss": 1.0}]))} == {"a.b", "learning rate"}


def test_no_log_and_damaged_logs_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no log at .*log.jsonl. Name the --out"):
        read_log(tmp_path / "log.jsonl")
    with pytest.raises(ValueError, match=r"no row yet. Wait"):
        draw_log([])
    with pytest.raises(ValueError, match=r"'step' and 'lr', got \['loss'\]"):
        draw_log([{"loss": 1.0}])
    for line in ('{"step": 20, "lr"', "[1]", '{"step": "x"}'):
        (tmp_path / "log.jsonl").write_text(json.dumps(row(20)) + "\n" + line + "\n")
        with pytest.raises(ValueError, match=r"log.jsonl line 2 is no row"):
            read_log(tmp_path / "log.jsonl")


def test_a_place_that_is_taken_is_explained_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    (tmp_path / "file").touch()
    for path in (tmp_path / "taken", tmp_path / "file" / "plot.html"):
        with pytest.raises(ValueError, match="Choose another place with --out"):
            write_plot(path, draw_log([row(1, a_loss=1.0)]))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "taken"]
