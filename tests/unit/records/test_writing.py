import stat
from pathlib import Path
from typing import BinaryIO

import pytest

from forensics.errors import CustodyError, RecordError
from forensics.records import writing as module
from forensics.records.writing import write_atomically, writing, writing_at


@pytest.mark.parametrize("data", [b"a\r\nb", "a\r\nb", lambda file: file.write(b"a\r\nb")])
def test_bytes_text_and_what_a_callable_writes_are_the_file(tmp_path: Path, data: object) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"before")
    assert write_atomically(path, data) == path  # type: ignore[arg-type]
    assert path.read_bytes() == b"a\r\nb"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"before")

    def half(file: BinaryIO) -> None:
        file.write(b"half")
        raise KeyError("of the caller")

    with pytest.raises(KeyError):
        write_atomically(path, half)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_has_its_name_only_when_all_of_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with writing(path) as file:
        file.write(b"half")
        assert not path.exists()
        file.seek(0)
        assert file.read() == b"half"
    assert path.read_bytes() == b"half"


def test_the_bytes_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, seen = tmp_path / "a.txt", []
    monkeypatch.setattr(module.os, "fsync", lambda _fd: seen.append(path.exists()))
    write_atomically(path, b"x")
    assert seen == [False]
    write_atomically(path, b"x", sync=False)
    assert seen == [False]


def test_a_place_that_cannot_be_written_is_told_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none/a\.txt cannot be written: No such file or directory\. Make room"):
        write_atomically(tmp_path / "none" / "a.txt", b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(CustodyError, match="folder cannot be written: Is a directory"):
        write_atomically(tmp_path / "folder", b"", error=CustodyError)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_an_error_with_another_file_is_not_blamed_on_this_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"other\.txt"), writing(tmp_path / "a.txt"):
        (tmp_path / "other.txt").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_permissions_are_those_of_the_file_before_or_of_any_new_file(tmp_path: Path) -> None:
    path, other = tmp_path / "a.txt", tmp_path / "b.txt"
    other.write_bytes(b"")
    write_atomically(path, b"x")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)
    path.chmod(0o640)
    write_atomically(path, b"y")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    with writing(path) as first:
        first.write(b"first")
        write_atomically(path, b"second")
        assert path.read_bytes() == b"second"
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_a_folder_allows_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 120 + ".json")
    assert write_atomically(path, b"x").read_bytes() == b"x"


def test_a_library_that_takes_a_name_gets_one_with_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with writing_at(path) as place:
        assert place.parent == tmp_path
        assert place.suffix == ".npy"
        place.unlink()
        other = tmp_path / "moved here by the library"
        other.write_bytes(b"x")
        other.chmod(0o600)
        other.rename(place)
    write_atomically(tmp_path / "b.npy", b"")
    assert path.read_bytes() == b"x"
    assert path.stat().st_mode == (tmp_path / "b.npy").stat().st_mode
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.npy", "b.npy"]
