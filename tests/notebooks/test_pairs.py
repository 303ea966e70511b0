"""Every notebook is a script with the same cells, and holds no outputs. nbmake runs them, see `make test`."""

from pathlib import Path

import jupytext
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent.parent / "notebooks").rglob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["01_examine_a_picture.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_and_script_are_the_same(path: Path) -> None:
    notebook, script = jupytext.read(path), jupytext.read(path.with_suffix(".py"))
    assert [(c.cell_type, c.source) for c in notebook.cells] == [(c.cell_type, c.source) for c in script.cells]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_nothing_of_a_run_is_kept(path: Path) -> None:
    notebook = jupytext.read(path)
    assert all(not c.get("outputs") and c.get("execution_count") is None for c in notebook.cells)
    assert set(notebook.metadata) <= {"jupytext", "kernelspec", "language_info"}
