"""The file that keeps what took long: goes on after a cut, and never touches what is not its own."""

from pathlib import Path

import pytest

from forensics.records.resumable import append_line, open_kept

HEAD = {"format": "x/1", "of": "a"}


def test_lines_come_back_and_a_line_that_was_cut_is_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "new" / "kept.jsonl"
    assert open_kept(path, HEAD) == []
    append_line(path, {"n": 1})
    append_line(path, {"n": 2})
    assert open_kept(path, HEAD) == [{"n": 1}, {"n": 2}]
    whole = path.read_text()
    path.write_text(whole[:-4])
    assert open_kept(path, HEAD) == [{"n": 1}]
    append_line(path, {"n": 2})
    assert path.read_text() == whole


@pytest.mark.parametrize(
    "content", [b"", b"note without an end", b"\xff\xd8\xff", b'{"format": "x/1", "of": "b"}\n{"n"']
)
def test_what_is_not_its_own_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"kept by another|Expecting|decode"):
        open_kept(path, HEAD)
    assert path.read_bytes() == content
