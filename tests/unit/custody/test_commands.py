"""``forensics custody``, ``forensics keys`` and ``forensics timestamp``: thin, safe to print, with the right exit codes."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from forensics.commands.custody import WORDS, custody_app
from forensics.commands.keys import keys_app
from forensics.commands.timestamp import timestamp
from forensics.custody import ACTIONS, CustodyLog, fingerprint, load_private_key, query_path, timestamp_path
from forensics.custody.keys import public_path
from forensics.errors import CustodyError
from tests.unit.custody.conftest import Authority

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(monkeypatch: pytest.MonkeyPatch) -> Invoke:
    monkeypatch.delenv("FORENSICS_PASSPHRASE", raising=False)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.add_typer(custody_app, name="custody")
    app.add_typer(keys_app, name="keys")
    app.command()(timestamp)

    def run(*arguments: object, typed: str | None = None) -> Result:
        done = CliRunner().invoke(app, [str(a) for a in arguments], input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit | CustodyError), done.exception
        return done

    return run


@pytest.fixture
def exhibit(tmp_path: Path) -> Path:
    path = tmp_path / "exhibit.jpg"
    path.write_bytes(b"abc")
    return path


def test_a_log_is_kept_shown_and_checked(invoke: Invoke, exhibit: Path, tmp_path: Path) -> None:
    log = tmp_path / "custody.jsonl"
    report = tmp_path / "report.html"
    report.write_text("<html>")
    done = invoke(
        "custody", "add", log, exhibit, "--action", "received", "--actor", "A. Examiner", "--note", "sealed bag 7"
    )
    assert done.exit_code == 0, done.output
    head = CustodyLog(log).head
    assert done.stdout == f"entry 1  head {head}\n"
    assert (
        invoke("custody", "add", log, exhibit, "--action", "reported", "--actor", "x", "--output", report).exit_code
        == 0
    )
    assert invoke("custody", "add", log, "--actor", "x\u202e\x1b[31m").exit_code == 0
    first, second, third = CustodyLog(log).entries()
    assert (first.note, third.action, third.inputs) == ("sealed bag 7", "noted", ())
    assert (second.inputs[0].name, second.outputs[0].name) == ("exhibit.jpg", "report.html")
    shown = invoke("custody", "show", log).stdout
    assert "1  " in shown
    assert "in: exhibit.jpg  3 bytes  sha256 ba7816bf" in shown
    assert "out: report.html" in shown
    assert "note: sealed bag 7" in shown
    assert f"head {third.sha256}" in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    done = invoke("custody", "verify", log)
    assert done.exit_code == 0
    assert "passed: The 3 entries form one chain" in done.stdout
    assert "not checked: Not shown" in done.stdout
    done = invoke("custody", "verify", log, "--head", head, "--length", 1)
    assert done.exit_code == 0
    assert "not checked" not in done.stdout


def test_what_is_wrong_with_a_log_ends_with_1(invoke: Invoke, exhibit: Path, tmp_path: Path) -> None:
    log = tmp_path / "custody.jsonl"
    for _ in range(3):
        invoke("custody", "add", log, exhibit, "--actor", "x")
    done = invoke("custody", "verify", log, "--length", 4)
    assert done.exit_code == 1
    assert "FAILED: truncated" in done.stdout
    log.write_bytes(log.read_bytes().replace(b'"actor":"x"', b'"actor":"y"', 1))
    assert "FAILED: lines 1 and 2" in invoke("custody", "verify", log).stdout
    exhibit.write_bytes(b"abx")
    done = invoke("custody", "add", log, exhibit, "--actor", "x")
    assert isinstance(done.exception, CustodyError)
    assert "first recorded" in str(done.exception)
    assert [e.action for e in CustodyLog(log).entries()][-1] == "mismatched"
    assert "note: Entry 4 tells of a file" in invoke("custody", "verify", log).stdout
    for command in ("show", "verify"):
        assert isinstance(invoke("custody", command, tmp_path / "none").exception, CustodyError)


def test_wrong_use_of_a_log_ends_with_2_and_writes_nothing(invoke: Invoke, exhibit: Path, tmp_path: Path) -> None:
    log = tmp_path / "custody.jsonl"
    assert invoke("custody", "add", log, exhibit).exit_code == 2
    done = invoke("custody", "add", log, exhibit, "--actor", "x", "--action", "stolen")
    assert done.exit_code == 2
    assert "received" in done.output
    assert invoke("custody", "verify", log, "--length", -1).exit_code == 2
    assert isinstance(invoke("custody", "add", log, tmp_path / "none", "--actor", "x").exception, CustodyError)
    assert not log.exists()
    written = set(re.split(", | or ", WORDS))
    assert written == set(ACTIONS) - {"mismatched", "repaired"}  # which the log writes itself


def test_a_key_is_made_with_a_passphrase_that_is_typed_twice(invoke: Invoke, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    assert invoke("keys", "new", key, typed="one\ntwo\n").exit_code == 1  # they differ, and nothing more was typed
    assert not key.exists()
    done = invoke("keys", "new", key, typed="secret words\nsecret words\n")
    assert done.exit_code == 0, done.output
    assert "secret words" not in done.output
    words = fingerprint(load_private_key(key, "secret words").public_key())
    assert f"fingerprint {words}" in done.stdout
    assert words in invoke("keys", "show", public_path(key)).stdout
    assert words in invoke("keys", "show", key, typed="secret words\n").stdout
    wrong = invoke("keys", "show", key, typed="other words\n")
    assert "passphrase is wrong" in str(wrong.exception)
    assert "never replaced" in str(invoke("keys", "new", key, "--no-passphrase").exception)


def test_the_passphrase_can_come_from_the_environment(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORENSICS_PASSPHRASE", "from outside")
    key = tmp_path / "key.pem"
    assert invoke("keys", "new", key).exit_code == 0
    load_private_key(key, "from outside")
    assert invoke("keys", "show", key).exit_code == 0
    assert invoke("keys", "new", tmp_path / "open.pem", "--no-passphrase").exit_code == 0
    assert b"BEGIN PRIVATE KEY" in (tmp_path / "open.pem").read_bytes()


def test_a_time_stamp_is_asked_for_by_hand(invoke: Invoke, exhibit: Path, authority: Authority, tmp_path: Path) -> None:
    pytest.importorskip("rfc3161_client")
    assert invoke("timestamp", exhibit, "--roots", authority.root).exit_code == 2
    assert not query_path(exhibit).exists()
    done = invoke("timestamp", exhibit)
    assert done.exit_code == 0
    assert done.stdout == f"{query_path(exhibit)}\n"
    assert "--reply" in done.stderr
    reply = tmp_path / "from the authority.tsr"
    reply.write_bytes(authority.reply(query_path(exhibit)))
    done = invoke("timestamp", exhibit, "--reply", reply, "--roots", authority.root)
    assert done.exit_code == 0, done.output
    assert done.stdout.count("passed: ") == 2
    assert timestamp_path(exhibit).read_bytes() == reply.read_bytes()
    done = invoke("timestamp", exhibit)
    assert done.exit_code == 0
    assert "not checked: Not shown: that the time is true" in done.stdout
    done = invoke("timestamp", exhibit, "--roots", authority.other_root)
    assert done.exit_code == 1
    assert "FAILED: no certificate in other.pem" in done.stdout
    assert invoke("timestamp", exhibit, "--reply", reply, "--authority", "http://x").exit_code == 2


def test_a_live_authority_is_asked_only_when_named(
    invoke: Invoke, exhibit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, str]] = []

    def request(path: Path, url: str) -> Path:
        asked.append((path, url))
        raise CustodyError("not now")

    monkeypatch.setattr("forensics.custody.timestamps.request", request)
    invoke("timestamp", exhibit)
    assert asked == []
    assert isinstance(invoke("timestamp", exhibit, "--authority", "https://tsa.example").exception, CustodyError)
    assert asked == [(exhibit, "https://tsa.example")]


def test_what_the_page_tells_to_type_works(
    invoke: Invoke, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("rfc3161_client")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FORENSICS_PASSPHRASE", "the passphrase")
    for name in ("exhibit.jpg", "report.html"):
        Path(name).write_bytes(b"abc")
    Path("authority.pem").write_bytes(authority.root.read_bytes())
    page = (Path(__file__).parents[3] / "docs" / "custody.md").read_text(encoding="utf-8")
    done = 0
    for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page, re.DOTALL | re.MULTILINE):
        if language == "python":
            exec(compile(block, "docs/custody.md", "exec"), {})  # noqa: S102  # our own page
            done += 1
            continue
        for line in block.splitlines():
            if "--reply" in line:
                Path("reply.tsr").write_bytes(authority.reply(tmp_path / "report.html.tsq"))
            command = line.replace("8d5f…", CustodyLog("custody.jsonl").head)
            result = invoke(*shlex.split(command)[1:])
            assert result.exit_code == 0, (command, result.output, result.exception)
            assert "FAILED" not in result.stdout
            done += 1
    assert done == 11
