"""Every notebook is a script with the same cells, and holds no outputs. nbmake runs them, see `make test`."""

import re
from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent.parent / "notebooks").rglob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == [
        "01_examine_a_picture.ipynb",
        "02_what_the_score_means.ipynb",
        "03_why_was_it_flagged.ipynb",
        "04_residuals_by_eye.ipynb",
        "05_case_from_folder_to_report.ipynb",
        "06_train_your_own.ipynb",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_and_script_are_the_same(path: Path) -> None:
    notebook, script = jupytext.read(path), jupytext.read(path.with_suffix(".py"))
    assert [(c.cell_type, c.source) for c in notebook.cells] == [(c.cell_type, c.source) for c in script.cells]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_nothing_of_a_run_is_kept(path: Path) -> None:
    notebook = jupytext.read(path)
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in notebook.cells)
    assert set(notebook.metadata) <= {"jupytext", "kernelspec", "language_info"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_cells_are_few_and_short_and_hold_no_logic(path: Path) -> None:
    cells = [c.source for c in jupytext.read(path).cells if c.cell_type == "code"]
    assert len(cells) <= 12
    for cell in cells:
        assert len(cell.splitlines()) <= 8, cell
        assert not re.search(
            r"^\s*(def|class|async def|!|%)|[\"']/(?!/)|manual_seed|random\.seed|default_rng", cell, re.M
        ), cell
