"""Labelled pictures: folders and tables, and what is wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from forensics.errors import CalibrationError
from forensics.evaluation.labelled import read_labelled


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in (
        "real/a.jpg",
        "real/phone/b.jpg",
        "real/phone/deep/c.jpg",
        "fake/gan/d.jpg",
        "fake/gan/.hidden",
        "fake/e.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def test_a_folder(folder: Path) -> None:
    files = read_labelled(folder)
    found = {f.path.name: (f.label, f.source) for f in files}
    assert found == {
        "a.jpg": (0, ""),
        "b.jpg": (0, "phone"),
        "c.jpg": (0, "phone"),
        "d.jpg": (1, "gan"),
        "e.jpg": (1, ""),
    }
    assert [f.sha256 for f in files] == sorted(f.sha256 for f in files)


def test_a_table(folder: Path) -> None:
    table = folder / "list.csv"
    table.write_text(
        "\ufeffpath,label,source\nreal/a.jpg,real,phone\nfake/e.jpg,Fake,\nreal/phone/b.jpg,0,x\n", encoding="utf-8"
    )
    found = {f.path.name: (f.label, f.source) for f in read_labelled(table)}
    assert found == {"a.jpg": (0, "phone"), "e.jpg": (1, ""), "b.jpg": (0, "x")}


def test_clusters_of_a_table(folder: Path) -> None:
    table = folder / "list.csv"
    table.write_text("path,label,cluster\nreal/a.jpg,real,clip 1\nfake/e.jpg,fake,\n")
    assert {f.path.name: f.cluster for f in read_labelled(table)} == {"a.jpg": "clip 1", "e.jpg": ""}


def test_a_file_that_is_there_twice_counts_once(folder: Path) -> None:
    (folder / "real" / "copy.jpg").write_bytes(b"real/a.jpg")
    assert len(read_labelled(folder)) == 5


def test_the_same_file_in_both_classes_is_told(folder: Path) -> None:
    (folder / "fake" / "copy.jpg").write_bytes(b"real/a.jpg")
    with pytest.raises(CalibrationError, match="one as real and one as fake"):
        read_labelled(folder)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("path,label\nreal/a.jpg,real\n", "no fake pictures"),
        ("path,label\nfake/e.jpg,1\n", "no real pictures"),
        ("path,label\n", "no real and no fake"),
        ("file,label\nreal/a.jpg,real\n", "lacks the column path"),
        ("a,b\n1,2\n", "columns path and label"),
        ("", "columns path and label"),
        ("path,label\nreal/a.jpg,genuine\n", "line 2: label 'genuine'"),
        ("path,label\nreal/a.jpg\n", "line 2: label None"),
        ("path,label\nreal/none.jpg,real\n", "no file 'real/none.jpg'"),
        ("path,label\n,real\n", "no file ''"),
    ],
)
def test_what_is_wrong_with_a_table(folder: Path, table: str, message: str) -> None:
    path = folder / "list.csv"
    path.write_text(table)
    with pytest.raises(CalibrationError, match=message):
        read_labelled(path)


@pytest.mark.parametrize("make", [lambda f: f / "missing.csv", lambda f: f / "real", lambda f: f / "binary.csv"])
def test_what_is_no_labelled_place(folder: Path, make: Callable[[Path], Path]) -> None:
    (folder / "binary.csv").write_bytes(b"\xff\xfe\x00path")
    with pytest.raises(CalibrationError) as caught:
        read_labelled(make(folder))
    assert "Errno" not in str(caught.value)
    assert "codec" not in str(caught.value)
