"""What somebody may do to a log afterwards: each is found, and called by its name."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from forensics.custody import CustodyLog, Item, verify_log
from forensics.custody.entries import MAX_LINE, ZEROS
from forensics.errors import CustodyError
from forensics.records.canonical import canonical_text
from tests.conftest import NOW

Writer = Callable[[int], CustodyLog]
Edit = Callable[[list[bytes]], list[bytes]]


def edited(line: bytes, **members: object) -> bytes:
    return canonical_text({**json.loads(line), **members}).encode() + b"\n"


def rewritten(lines: list[bytes], start: int) -> list[bytes]:
    """Mend the chain from a line on, as somebody would who knows how it is made."""
    out = lines[:start]
    for number, line in enumerate(lines[start:], start=start):
        previous = hashlib.sha256(out[-1][:-1]).hexdigest() if out else ZEROS
        out.append(edited(line, sequence=number + 1, previous=previous))
    return out


# What is done to a log of six lines, and what is said of it.
DONE: dict[str, tuple[Edit, tuple[str, ...]]] = {
    "edited": (lambda x: [*x[:2], edited(x[2], note="another"), *x[3:]], ("lines 3 and 4", "edited")),
    "first edited": (lambda x: [edited(x[0], note="another"), *x[1:]], ("lines 1 and 2", "edited")),
    "first names one before": (lambda x: [edited(x[0], previous="1" * 64), *x[1:]], ("line 1", "64 zeros")),
    "removed": (lambda x: [*x[:2], *x[3:]], ("between lines 2 and 3: entry 3 is missing", "removed")),
    "two removed": (lambda x: [*x[:2], *x[4:]], ("entries 3 to 4 are missing", "removed")),
    "beginning removed": (lambda x: x[2:], ("before line 1: entries 1 to 2 are missing", "removed")),
    "reordered": (lambda x: [*x[:2], x[3], x[2], *x[4:]], ("line 3: entry 4 stands where entry 3 should", "reordered")),
    "reversed": (lambda x: x[::-1], ("reordered",)),
    "inserted": (lambda x: [*x[:3], edited(x[2], note="forged"), *x[3:]], ("line 4: a second entry has the number 3", "inserted")),
    "inserted to fit": (lambda x: [*x[:3], edited(x[3], note="forged"), *x[3:]], ("line 5: a second entry has the number 4", "inserted")),
    "doubled": (lambda x: [*x[:3], *x[2:]], ("inserted",)),
    "inserted and all but the end written anew": (
        lambda x: [*rewritten([*x[:3], edited(x[3], note="forged"), *x[3:5]], 3), x[5]],
        ("line 7: a second entry has the number 6", "inserted"),
    ),
    "not canonical, spaces": (lambda x: [*x[:2], x[2].replace(b'":', b'": '), *x[3:]], ("line 3", "not canonical")),
    "not canonical, escapes": (lambda x: [*x[:2], x[2].replace(b"A. Exam", b"\\u0041. Exam"), *x[3:]], ("line 3", "not canonical")),
    "not canonical, a member twice": (lambda x: [*x[:2], x[2].replace(b"{", b'{"action":"noted",', 1), *x[3:]], ("line 3", "not canonical")),
    "not canonical, carriage return": (lambda x: [*x[:2], x[2][:-1] + b"\r\n", *x[3:]], ("line 3", "not canonical")),
    "not canonical, number": (lambda x: [*x[:2], x[2].replace(b'"n_bytes":2', b'"n_bytes":2.0'), *x[3:]], ("line 3", "edited")),
    "another format": (lambda x: [*x[:2], edited(x[2], schema="forensics.custody/2"), *x[3:]], ("line 3", "forensics.custody/1")),
    "no JSON": (lambda x: [*x[:2], b"a remark\n", *x[2:]], ("line 3", "not JSON")),
    "not UTF-8": (lambda x: [*x[:2], x[2].replace(b"A. ", b"\xff. "), *x[3:]], ("line 3", "not JSON")),
    "an empty line": (lambda x: [*x, b"\n"], ("line 7", "not JSON")),
    "a list": (lambda x: [*x[:2], b"[]\n", *x[2:]], ("line 3", "not JSON")),
    "deep": (lambda x: [*x[:2], b"[" * 100_000 + b"\n", *x[2:]], ("line 3", "not JSON")),
    "unknown member": (lambda x: [*x[:2], edited(x[2], more=1), *x[3:]], ("line 3", "unknown")),
    "member missing": (lambda x: [*x[:2], x[2].replace(b'"note":"entry 3",', b""), *x[3:]], ("line 3", "not canonical")),
    "tool missing": (lambda x: [*x[:2], edited(x[2], tool=None), *x[3:]], ("line 3", "wrong type")),
    "list of nothing": (lambda x: [*x[:2], edited(x[2], inputs=[7]), *x[3:]], ("line 3", "wrong type")),
    "an action that is a list": (lambda x: [*x[:2], edited(x[2], action=[]), *x[3:]], ("line 3", "wrong type")),
    "unknown action": (lambda x: [*x[:2], edited(x[2], action="stolen"), *x[3:]], ("line 3", "edited", "stolen")),
    "a time that is none": (lambda x: [*x[:2], edited(x[2], time="2026-01-02"), *x[3:]], ("line 3", "edited", "UTC")),
    "a number that is text": (lambda x: [*x[:2], edited(x[2], sequence="3"), *x[3:]], ("line 3", "edited")),
    "torn": (lambda x: [*x[:5], x[5][:50]], ("line 6: torn", "50 bytes")),
    "torn by a line end": (lambda x: [*x[:5], x[5][:-1]], ("line 6: torn",)),
    "too long": (lambda x: [*x[:5], b"x" * (MAX_LINE + 5) + b"\n"], ("line 6", "longer than")),
}  # fmt: skip


@pytest.mark.parametrize("name", DONE)
def test_what_was_done_is_named(name: str, write_log: Writer) -> None:
    log = write_log(6)
    assert log.verify().ok
    edit, words = DONE[name]
    log.path.write_bytes(b"".join(edit(log.path.read_bytes().splitlines(keepends=True))))
    check = log.verify()
    assert not check.ok
    told = "\n".join(check.problems)
    assert all(word in told for word in words), told
    assert not any("Not shown" in proof for proof in check.proofs) or "torn" in name or name == "too long"


def test_one_unreadable_line_is_one_problem(write_log: Writer) -> None:
    log = write_log(6)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join([*lines[:2], b"a remark\n", *lines[2:]]))
    check = log.verify()
    assert len(check.problems) == 1
    assert len(check.entries) == 6


def test_an_end_that_was_cut_off_takes_a_head_or_a_length(write_log: Writer) -> None:
    log = write_log(6)
    head = log.head
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(lines[:4]))
    alone = log.verify()
    assert alone.ok
    assert "truncated" in alone.proofs[-1]
    assert alone.proofs[-1].startswith("Not shown")
    assert "Entries 5 to 6 were cut off" in log.verify(length=6).problems[0]
    assert "truncated" in log.verify(head=head).problems[0]
    assert "truncated" in log.verify(head=head, length=6).problems[0]
    assert log.verify(length=4).ok


def test_the_last_entry_is_protected_by_the_head_alone(write_log: Writer) -> None:
    log = write_log(3)
    head = log.head
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join([*lines[:2], edited(lines[2], note="another")]))
    assert log.verify(length=3).ok
    assert "that the last one is as it was written" in log.verify(length=3).proofs[-1]
    assert not log.verify(head=head).ok


def test_a_log_written_anew_takes_a_head(write_log: Writer) -> None:
    log = write_log(6)
    head = log.head
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(b"".join(rewritten([*lines[:2], *lines[3:]], 2)))
    assert log.verify().ok
    assert not log.verify(head=head).ok


def test_a_head_holds_after_the_log_has_grown(write_log: Writer) -> None:
    log = write_log(4)
    head = log.head
    assert "Nothing was added since" in log.verify(head=head, length=4).proofs[-1]
    log.append("noted", actor="x", now=NOW + timedelta(days=1))
    check = log.verify(head=head, length=4)
    assert check.ok
    assert "line 4" in check.proofs[-1]
    assert "1 were added" in check.proofs[-1]
    assert log.verify(head=" ".join((head.upper()[:32], head.upper()[32:]))).ok  # as somebody types it
    assert "another log" in log.verify(head=head, length=3).problems[0]
    assert "another log" in log.verify(head="1" * 64).problems[0]
    for wrong in ("", "x" * 64, head[:-1]):
        with pytest.raises(CustodyError, match="64 hexadecimal digits"):
            log.verify(head=wrong)
    for length in (-1, 1.0, True):
        with pytest.raises(CustodyError, match="number of entries"):
            log.verify(length=length)  # type: ignore[arg-type]


def test_a_clock_that_was_set_back_is_remarked_and_no_failure(write_log: Writer) -> None:
    log = write_log(2)
    assert log.verify().remarks == ()
    log.append("noted", actor="x", now=NOW - timedelta(days=1))
    check = log.verify()
    assert check.ok
    assert "Entry 3 has an earlier time" in check.remarks[0]


def test_every_change_of_one_byte_is_found(write_log: Writer) -> None:
    log = write_log(8)
    data, head = log.path.read_bytes(), log.head
    rng = np.random.default_rng(20260102)
    for _ in range(200):
        at, value = int(rng.integers(len(data))), int(rng.integers(256))
        changed = bytearray(data)
        changed[at] = value if value != data[at] else value ^ 1
        log.path.write_bytes(changed)
        check = verify_log(log.path, head=head, length=8)
        assert not check.ok, (at, value)
        number = data[:at].count(b"\n") + 1
        told = "\n".join(check.problems)
        assert (
            f"line {number}:" in told or f"lines {number} and" in told or f" and {number} do" in told or number == 8
        ), (number, told)


def test_huge_numbers_do_not_take_time_or_room(write_log: Writer) -> None:
    log = write_log(2)
    lines = log.path.read_bytes().splitlines(keepends=True)
    log.path.write_bytes(lines[0] + edited(lines[1], sequence=2**53 - 1))
    assert "entries 2 to 9007199254740990 are missing" in log.verify().problems[0]


def test_a_check_does_not_touch_the_log(write_log: Writer) -> None:
    log = write_log(2)
    log.path.write_bytes(log.path.read_bytes()[:-5])
    before, at = log.path.read_bytes(), log.path.stat().st_mtime_ns
    log.path.chmod(0o444)
    verify_log(log.path)
    assert (log.path.read_bytes(), log.path.stat().st_mtime_ns) == (before, at)
    assert Item.from_file(log.path).n_bytes == len(before)
    assert [p.name for p in log.path.parent.iterdir()] == [log.path.name]
