"""The custody log: what is written, what is read again, what is refused, and what happens to a line that was cut off."""

import errno
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from forensics import __version__
from forensics.custody import ACTIONS, CustodyLog, Entry, Item, Tool, storage, verify_log
from forensics.custody.entries import MAX_LINE, ZEROS, read_entry
from forensics.errors import CustodyError
from forensics.messages import Message
from forensics.records.converting import to_record
from tests.conftest import NOW
from tests.hostile import hostile_texts

Writer = Callable[[int], CustodyLog]
ABC = Item(name="a.jpg", sha256="ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", n_bytes=3)
# Written by hand after RFC 8785: members by name, no spaces; the digest is from sha256sum.
FIRST = (
    '{"action":"received","actor":"A. Examiner","inputs":[{"n_bytes":3,"name":"a.jpg","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a3'
    '96177a9cb410ff61f20015ad"}],"note":"by hand","outputs":[],"previous":"0000000000000000000000000000000000000000000000000000000000000000"'
    ',"schema":"forensics.custody/1","sequence":1,"time":"2026-01-02T03:04:05+00:00","tool":{"name":"forensics","version":"1"}}'
)
FIRST_SHA256 = "19d7a94ae56d30c788277e1cd96da253092db663a88f53492eaf0282d7e91d67"


def test_the_first_entry_is_the_one_worked_out_by_hand(tmp_path: Path) -> None:
    entry = Entry(
        sequence=1, previous="0" * 64, time="2026-01-02T03:04:05+00:00", actor="A. Examiner", action="received", inputs=(ABC,),
        note="by hand", tool=Tool(version="1"),
    )  # fmt: skip
    assert entry.line == FIRST.encode()
    assert entry.sha256 == FIRST_SHA256
    assert read_entry(entry.line) == entry
    log = CustodyLog(tmp_path / "custody.jsonl")
    log.append("received", actor="A. Examiner", inputs=[ABC], note="by hand", now=NOW)
    assert log.path.read_text() == FIRST.replace('"version":"1"', f'"version":"{__version__}"') + "\n"


def test_entries_name_the_one_before_and_are_read_again(write_log: Writer) -> None:
    log = write_log(5)
    entries = list(log.entries())
    lines = log.path.read_bytes().splitlines()
    assert [e.line for e in entries] == lines
    assert [e.sequence for e in entries] == [1, 2, 3, 4, 5]
    assert [e.previous for e in entries] == [ZEROS, *(e.sha256 for e in entries[:-1])]
    assert log.head == entries[-1].sha256
    assert log.length == 5
    again = CustodyLog(log.path)
    assert (again.head, again.length) == (log.head, 5)
    check = log.verify()
    assert check.ok
    assert check.entries == tuple(entries)
    assert check.head == log.head


def test_a_log_that_is_not_begun_is_empty_and_nothing_is_made(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    assert (log.head, log.length, list(log.entries())) == (ZEROS, 0, [])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(CustodyError, match="no custody log"):
        log.verify()
    log.path.touch()
    check = log.verify(head=ZEROS)
    assert check.ok
    assert check.head == ZEROS


def test_times_are_written_in_utc_and_need_a_zone(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    seoul = datetime(2026, 1, 2, 12, 4, 5, 999, tzinfo=timezone(timedelta(hours=9)))
    assert log.append("noted", actor="x", now=seoul).time == "2026-01-02T03:04:05+00:00"
    with pytest.raises(ValueError, match="time zone"):
        log.append("noted", actor="x", now=datetime(2026, 1, 2))  # noqa: DTZ001
    before = datetime.now(tz=UTC).replace(microsecond=0)
    assert before <= datetime.fromisoformat(log.append("noted", actor="x").time) <= datetime.now(tz=UTC)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"action": "stolen"}, "received, opened"),
        ({"actor": " "}, "Say who did it"),
        ({"actor": 7}, "Give text"),
        ({"note": None}, "Give text"),
    ],
)
def test_values_that_are_not_allowed_are_refused_and_nothing_is_made(
    change: dict[str, object], message: str, tmp_path: Path
) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    given = {"action": "noted", "actor": "x", **change}
    with pytest.raises(CustodyError, match=message):
        log.append(given.pop("action"), **given)  # type: ignore[arg-type]
    assert not log.path.exists()


@pytest.mark.parametrize(
    "change", [{"sha256": "A" * 64}, {"sha256": "0" * 63}, {"n_bytes": -1}, {"n_bytes": True}, {"n_bytes": 2**53}]
)
def test_files_that_cannot_be_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(CustodyError, match="again"):
        Item(**{"name": "x", "sha256": "0" * 64, "n_bytes": 1, **change})  # type: ignore[arg-type]


def test_a_file_is_named_without_folders_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    assert Item.from_file(path) == ABC
    assert Item.from_file(path, name="phone/a.jpg").name == "phone/a.jpg"
    hidden = tmp_path / os.fsdecode(b"\xff.jpg")
    hidden.write_bytes(b"")
    assert Item.from_file(hidden).name == "⟨U+DCFF⟩.jpg"
    for wrong in (tmp_path, tmp_path / "none"):
        with pytest.raises(CustodyError, match="no ordinary file"):
            Item.from_file(wrong)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CustodyError, match="no ordinary file"):  # and does not wait for a writer
        Item.from_file(tmp_path / "pipe")


def test_any_text_can_be_held(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    texts = list(hostile_texts())
    for text in texts:
        item = Item(name=text, sha256=ABC.sha256, n_bytes=3)
        entry = log.append("noted", actor=f"x{text}", note=text, inputs=[item], outputs=[item], now=NOW)
        assert read_entry(entry.line) == entry
    assert log.length == len(texts)
    assert log.verify(head=log.head, length=len(texts)).ok
    for text, entry in zip(texts, log.entries(), strict=True):
        if not any(0xD800 <= ord(c) <= 0xDFFF for c in text):
            assert (entry.actor, entry.note, entry.inputs[0].name) == (f"x{text}", text, text)
    assert log.append("noted", actor="\ud800", now=NOW).actor == "⟨U+D800⟩"


def test_an_append_reads_the_end_only(write_log: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_log(300)
    size = log.path.stat().st_size
    read: list[int] = []
    real = os.read
    monkeypatch.setattr(storage.os, "read", lambda fd, n: read.append(n) or real(fd, n))
    log.append("noted", actor="x", now=NOW)
    assert 0 < sum(read) <= storage.CHUNK < size / 4


def test_the_end_is_found_however_long_the_lines_are(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    heads = []
    for n in (10, storage.CHUNK - 400, storage.CHUNK, 5 * storage.CHUNK, 400_000, 3):
        entry = log.append("noted", actor="x", note="n" * n, now=NOW)
        heads.append(entry.sha256)
        assert log.head == entry.sha256
    assert log.length == 6
    assert [e.sha256 for e in log.entries()] == heads
    assert log.verify(head=heads[-1], length=6).ok
    with pytest.raises(CustodyError, match="Divide it"):
        log.append("noted", actor="x", note="n" * MAX_LINE, now=NOW)
    assert log.length == 6


@pytest.mark.parametrize("cut", [1, 2, 9, 200, 10_000])
def test_a_line_that_was_cut_off_is_taken_away_by_the_next_entry_which_says_so(cut: int, write_log: Writer) -> None:
    log = write_log(2)
    whole, head = log.path.read_bytes(), log.head
    torn = write_log(1).path.read_bytes()[len(whole) :].rstrip(b"\n")[:-1][:cut]
    log.path.write_bytes(whole + torn)
    assert log.head == head
    assert log.length == 2
    assert len(list(log.entries())) == 2
    check = log.verify(head=head, length=2)
    assert not check.ok
    assert check.problems[0].startswith("line 3: torn")
    assert "2 entries form one chain" in check.proofs[0]
    entry = log.append("noted", actor="A. Examiner", now=NOW)
    assert log.path.read_bytes().startswith(whole)
    repaired = list(log.entries())[2]
    assert (repaired.action, repaired.sequence, entry.sequence) == ("repaired", 3, 4)
    assert repaired.inputs[0].n_bytes == len(torn)
    assert torn.decode() in repaired.note
    after = log.verify(head=head, length=2)
    assert after.ok
    assert "cut off" in after.remarks[-1]


def test_a_torn_first_line_and_zeros_after_a_crash_are_taken_away(write_log: Writer) -> None:
    log = write_log(1)
    line = log.path.read_bytes()
    log.path.write_bytes(line[:40])
    assert log.append("noted", actor="x", now=NOW).sequence == 2
    log.path.write_bytes(line + b"\0" * 4096)
    assert log.append("noted", actor="x", now=NOW).sequence == 3
    assert log.verify().ok


def test_a_whole_entry_that_lacks_its_line_end_is_kept(write_log: Writer) -> None:
    log = write_log(3)
    head = log.head
    log.path.write_bytes(log.path.read_bytes()[:-1])
    assert log.append("noted", actor="x", now=NOW).previous == head
    assert log.length == 4
    assert log.verify(head=head, length=3).ok


def test_a_whole_line_that_does_not_fit_is_taken_away_as_a_torn_one_and_kept_in_the_note(write_log: Writer) -> None:
    log = write_log(3)
    foreign = Entry(
        sequence=4, previous="1" * 64, time="2026-01-02T03:04:05+00:00", actor="x", action="noted", note="no"
    )
    log.path.write_bytes(log.path.read_bytes() + foreign.line)
    assert log.append("noted", actor="x", now=NOW).sequence == 5
    assert foreign.line.decode() in list(log.entries())[3].note
    assert log.verify().ok


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff\xe0 a picture",
        b"line\n",
        b"\0" * 100,
        b'{"action":"other',
        b"\n",
        b"{}\n",
        b'{"schema":"forensics.custody/1"}\n',
    ],
)
def test_a_file_that_is_no_log_is_never_touched(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "exhibit.jpg"
    path.write_bytes(content)
    with pytest.raises(CustodyError, match=r"another file|Name the log"):
        CustodyLog(path).append("noted", actor="x")
    assert path.read_bytes() == content


def test_what_is_no_entry_at_the_end_of_a_log_is_never_touched(write_log: Writer) -> None:
    log = write_log(2)
    content = log.path.read_bytes() + b"a remark by hand"
    log.path.write_bytes(content)
    with pytest.raises(CustodyError, match="was edited"):
        log.append("noted", actor="x")
    assert log.path.read_bytes() == content


def test_places_that_cannot_be_written_are_told(
    write_log: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wrong, message in ((tmp_path, "no ordinary file"), (tmp_path / "none" / "custody.jsonl", "cannot be written")):
        with pytest.raises(CustodyError, match=message):
            CustodyLog(wrong).append("noted", actor="x")
    log = write_log(2)

    def refuse(*_args: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(storage.os, "open", refuse)
    with pytest.raises(CustodyError, match="cannot be written: Read-only file system"):
        log.append("noted", actor="x")
    with pytest.raises(CustodyError, match="cannot be read"):
        _ = log.head


@pytest.mark.parametrize("failing", ["write", "fsync"])
def test_a_full_disk_leaves_the_log_as_it_was(failing: str, write_log: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_log(2)
    before, calls = log.path.read_bytes(), []
    real = os.write

    def full(fd: int, data: bytes = b"") -> int:
        calls.append(data)
        if failing == "write" and len(calls) == 1:
            return real(fd, data[:50])  # what fits
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(storage.os, failing, full)
    with pytest.raises(CustodyError, match=r"cannot be written: No space left on device\. The entry was not added"):
        log.append("noted", actor="x")
    assert calls
    assert log.path.read_bytes() == before
    monkeypatch.undo()
    assert log.append("noted", actor="x").sequence == 3
    assert log.verify().ok


def test_an_entry_is_on_the_disk_before_it_is_acknowledged(write_log: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    log = write_log(1)
    synced: list[bytes] = []
    monkeypatch.setattr(storage.os, "fsync", lambda _fd: synced.append(log.path.read_bytes()))
    entry = log.append("noted", actor="x", now=NOW)
    assert synced[-1].endswith(entry.line + b"\n")


@pytest.mark.skipif(os.name == "nt", reason="folders cannot be opened there")
def test_the_name_of_a_new_log_is_on_the_disk_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    monkeypatch.setattr(storage.os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))
    log = CustodyLog(tmp_path / "custody.jsonl")
    for _ in range(2):
        log.append("noted", actor="x")
    assert synced == [True, False, False]


def test_threads_do_not_mix_their_entries(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    threads = [
        threading.Thread(target=lambda: [log.append("noted", actor="x", note="n" * 5000) for _ in range(20)])
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.length == 100
    assert log.verify().ok


def test_reading_does_not_keep_others_from_writing(write_log: Writer) -> None:
    log = write_log(3)
    seen = [log.append("noted", actor="x").sequence for _entry in log.entries()]
    assert seen == [4, 5, 6]  # and not for ever: what was there when reading began


def lines_of(log: CustodyLog) -> Iterator[dict[str, object]]:
    return (json.loads(line) for line in log.path.read_bytes().splitlines())


def test_every_action_can_be_written_and_is_explained(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    for action in ACTIONS:
        log.append(action, actor="x", now=NOW)
    assert [line["action"] for line in lines_of(log)] == list(ACTIONS)
    assert verify_log(log.path).ok
    page = (Path(__file__).parents[3] / "docs" / "custody.md").read_text()
    assert [action for action in ACTIONS if f"`{action}`" not in page] == []


def test_what_the_package_notes_is_a_code_with_values(tmp_path: Path) -> None:
    log = CustodyLog(tmp_path / "custody.jsonl")
    log.append("opened", actor="A", inputs=[ABC], now=NOW)
    with pytest.raises(CustodyError, match="first recorded"):
        log.require_same(Item(name=ABC.name, sha256="1" * 64, n_bytes=3), actor="A", now=NOW)
    by_hand, noted = log.entries()
    assert (by_hand.message, to_record(by_hand)["schema"]) == (None, "forensics.custody/1")
    assert noted.message == Message("recorded_first", {"sha256": ABC.sha256})
    assert noted.note == noted.message.text
    assert to_record(noted)["schema"] == "forensics.custody/1.1"
    assert to_record(noted)["message"] == noted.message.to_dict()
    assert read_entry(noted.line) == noted
    assert verify_log(log.path).ok
