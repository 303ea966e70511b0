"""Opening an exhibit through the log: written down before and after, and refused if it is not the file that the log knows."""

from pathlib import Path

import pytest

from forensics.custody import CustodyLog, Item
from forensics.errors import CustodyError
from tests.conftest import NOW

SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc", FIPS 180-4


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    path = tmp_path / "exhibit.jpg"
    path.write_bytes(b"abc")
    return path


def actions(log: CustodyLog) -> list[str]:
    return [entry.action for entry in log.entries()]


def test_access_is_written_down_before_and_after(exhibit: Path, tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    with log.access(exhibit, actor="x", action="examined", note="why", now=NOW) as file:
        assert actions(log) == ["examined"]
        assert file.read() == b"abc"
        assert not file.writable()
    first, last = log.entries()
    assert (first.note, first.inputs[0].sha256, last.action) == ("why", SHA256, "closed")
    assert last.inputs == first.inputs
    assert exhibit.read_bytes() == b"abc"
    with pytest.raises(KeyError), log.access(exhibit, actor="x", now=NOW):
        raise KeyError("the work went wrong")
    assert actions(log) == ["examined", "closed", "opened", "closed"]


def test_a_file_that_differs_from_the_first_record_is_not_opened(exhibit: Path, tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    log.append("received", actor="x", inputs=[Item.from_file(exhibit)])
    for _ in range(2):  # a second look does not make it the known one
        exhibit.write_bytes(b"abx")
        with pytest.raises(CustodyError) as told, log.access(exhibit, actor="x"):
            pytest.fail("it was opened")
        assert SHA256 in str(told.value)
        assert Item.from_file(exhibit).sha256 in str(told.value)
    last = list(log.entries())[-1]
    assert (last.action, last.inputs) == ("mismatched", (Item.from_file(exhibit),))
    assert SHA256 in last.note
    again = CustodyLog(log.path)  # the record is in the file, not in this program
    with pytest.raises(CustodyError, match="first recorded"), again.access(exhibit, actor="x"):
        pytest.fail("it was opened")
    with log.access(exhibit, actor="x", name="other phone/exhibit.jpg"):
        pass
    exhibit.write_bytes(b"abc")
    with log.access(exhibit, actor="x"):
        pass
    check = log.verify()
    assert check.ok
    assert sum("another digest" in remark for remark in check.remarks) == 3


def test_a_change_while_the_file_is_open_is_told(exhibit: Path, tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    with pytest.raises(CustodyError, match="changed while it was open") as told, log.access(exhibit, actor="x"):
        exhibit.write_bytes(b"abx")
    assert SHA256 in str(told.value)
    assert Item.from_file(exhibit).sha256 in str(told.value)
    assert actions(log) == ["opened", "mismatched"]
    exhibit.write_bytes(b"abc")
    with pytest.raises(CustodyError, match="not there"), log.access(exhibit, actor="x"):
        exhibit.unlink()
    assert actions(log)[-1] == "mismatched"
    with pytest.raises(CustodyError, match="not there"), log.access(exhibit, actor="x"):
        pytest.fail("it was opened")


def test_nothing_is_opened_when_the_log_cannot_be_written(exhibit: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(CustodyError, match="cannot be written"),
        CustodyLog(tmp_path / "none" / "l").access(exhibit, actor="x"),
    ):
        pytest.fail("it was opened")
