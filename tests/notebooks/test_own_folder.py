"""Notebook 05 on a folder of the reader's own: every file is taken or named, and nothing in a name does anything."""

from pathlib import Path

import jupytext
import numpy as np
import pytest

from tests.conftest import encoded, textured

NOTEBOOK = Path(__file__).parent.parent.parent / "notebooks" / "05_case_from_folder_to_report.py"
HOSTILE = "<img src=x onerror=alert(1)>.png"


@pytest.mark.filterwarnings("ignore")
def test_the_case_runs_on_an_ordinary_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "seized"
    (folder / "within").mkdir(parents=True)
    (folder / "IMG.JPG").write_bytes(encoded(textured(260, 300), "JPEG", quality=90))
    (folder / HOSTILE).write_bytes(encoded(textured(260, 300, 1)))
    (folder / "without_ending").write_bytes(encoded(textured(90, 120, 2)))
    (folder / "tiny.png").write_bytes(encoded(textured(20, 30)))
    (folder / "flat.png").write_bytes(encoded(np.full((300, 300, 3), 90, np.uint8)))
    (folder / "notes.txt").write_text("no picture")
    cells = [c.source for c in jupytext.read(NOTEBOOK).cells if c.cell_type == "code"]
    cells[0] = f"{cells[0]}\nFOLDER, OUTPUT = {str(folder)!r}, {str(tmp_path / 'out')!r}"
    names: dict[str, object] = {}
    shown = []
    for cell in cells:
        *_, last = lines = cell.splitlines()
        if last.startswith("HTML("):
            lines[-1] = f"shown = {last}"
        exec("\n".join(lines), names)  # noqa: S102  # our own notebook, which is what is tested
        shown.append(names.pop("shown", None))
    table = next(x for x in shown if x is not None).data
    said = capsys.readouterr().out
    for name in (path.name for path in folder.iterdir()):
        assert name in said
        assert name.replace("<", "&lt;").replace(">", "&gt;") in table or name == "within"
    assert "<img" not in table
    assert "not examined: notes.txt" in said
    assert "not scored: tiny.png: The short side has 20 pixels" in said
    assert "folders not entered: ['within']" in said
    assert (tmp_path / "out" / "report.html").is_file()
    assert "broken.jpg" not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
