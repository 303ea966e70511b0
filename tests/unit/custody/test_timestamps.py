"""Time-stamps: the query, the reply of an authority made with OpenSSL, and every way in which they do not belong together."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from forensics.custody import attach_reply, query_path, timestamp_path, timestamps, verify_timestamp, write_query
from forensics.custody.rfc3161 import MAX_BYTES, read_query
from forensics.custody.timestamps import request
from forensics.errors import CustodyError, MissingExtraError
from tests.unit.custody.conftest import Authority

pytest.importorskip("rfc3161_client")
SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of b"abc", FIPS 180-4


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.html"
    path.write_bytes(b"abc")
    return path


@pytest.fixture
def stamped(file: Path, authority: Authority) -> Path:
    attach_reply(file, authority.reply(write_query(file)))
    return file


def test_a_query_holds_the_digest_and_a_nonce_and_is_kept(file: Path) -> None:
    query = write_query(file)
    assert query.name == "report.html.tsq"
    data = query.read_bytes()
    # RFC 3161, 2.4.1, by hand: version 1, SHA-256 (2.16.840.1.101.3.4.2.1) with NULL, the imprint, 8 bytes of nonce, certReq.
    assert data[:-13].hex() == "3043" + "020101" + "3031" + "300d06096086480165030402010500" + "0420" + SHA256
    assert (data[-13:-11].hex(), data[-3:].hex()) == ("0208", "0101ff")
    assert write_query(file).read_bytes() == data  # a reply to it may be on its way
    assert read_query(query) == (bytes.fromhex(SHA256), int.from_bytes(data[-11:-3], "big"))
    query.unlink()
    assert write_query(file).read_bytes() != data  # no nonce twice
    file.write_bytes(b"abx")
    with pytest.raises(CustodyError, match="other bytes"):
        write_query(file)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_reads_our_query_and_we_read_its(file: Path) -> None:
    def openssl(*arguments: str) -> str:
        return subprocess.run(
            ["openssl", "ts", *arguments], check=True, capture_output=True, text=True, cwd=file.parent
        ).stdout

    told = openssl("-query", "-in", str(write_query(file)), "-text")
    assert "Hash Algorithm: sha256" in told
    assert "Certificate required: yes" in told
    assert f"{read_query(query_path(file))[1]:X}" in told
    query_path(file).unlink()
    openssl("-query", "-data", file.name, "-sha256", "-cert", "-out", query_path(file).name)
    assert write_query(file) == query_path(file)
    assert read_query(query_path(file))[0].hex() == SHA256


def test_a_reply_goes_round(stamped: Path, authority: Authority) -> None:
    assert timestamp_path(stamped).name == "report.html.tsr"
    check = verify_timestamp(stamped, roots=authority.root)
    assert check.ok, check.problems
    assert check.time is not None
    time = datetime.fromisoformat(check.time)
    assert abs(datetime.now(tz=UTC) - time) < timedelta(minutes=10)
    assert check.authority == "CN=Test authority"
    assert "answers the query" in check.proofs[0]
    assert "(within 2 s)" in check.proofs[0]
    assert "a certificate in root.pem vouched" in check.proofs[1]
    query_path(stamped).unlink()
    again = verify_timestamp(stamped, roots=authority.root)
    assert again.ok
    assert "there is none beside it" in again.proofs[0]


def test_without_roots_nobody_vouches_and_that_is_said(stamped: Path) -> None:
    check = verify_timestamp(stamped)
    assert check.ok
    assert check.proofs[-1].startswith("Not shown")
    assert "nobody vouches" in check.proofs[-1]


def test_other_roots_do_not_vouch(stamped: Path, authority: Authority, tmp_path: Path) -> None:
    check = verify_timestamp(stamped, roots=authority.other_root)
    assert not check.ok
    assert "no certificate in other.pem vouches" in check.problems[0]
    check = verify_timestamp(stamped, roots=authority.folder / "authority.pem")
    assert "holds no root certificate" in check.problems[0]
    both = tmp_path / "both.pem"
    both.write_bytes(authority.other_root.read_bytes() + authority.root.read_bytes())
    assert verify_timestamp(stamped, roots=both).ok
    with pytest.raises(CustodyError, match="no certificates in PEM"):
        verify_timestamp(stamped, roots=stamped)
    with pytest.raises(CustodyError, match="no ordinary file"):
        verify_timestamp(stamped, roots=tmp_path / "none")


def test_a_file_that_was_changed_is_told(stamped: Path, authority: Authority) -> None:
    stamped.write_bytes(b"abx")
    for roots in (None, authority.root):
        check = verify_timestamp(stamped, roots=roots)
        assert not check.ok
        assert "is for other bytes" in check.problems[0]
        assert SHA256 in check.problems[0]
        assert check.proofs == ()


def test_a_reply_to_another_query_is_not_kept(file: Path, authority: Authority, tmp_path: Path) -> None:
    early = authority.reply(write_query(file))
    query_path(file).unlink()
    write_query(file)
    with pytest.raises(CustodyError, match="nonce"):
        attach_reply(file, early)
    other = tmp_path / "other.html"
    other.write_bytes(b"abx")
    with pytest.raises(CustodyError, match="no query"):
        attach_reply(other, early)
    with pytest.raises(CustodyError, match="other bytes"):
        attach_reply(file, authority.reply(write_query(other)))
    assert not timestamp_path(file).exists()
    timestamp_path(file).write_bytes(early)
    assert "answers another query" in verify_timestamp(file, roots=authority.root).problems[0]


def test_a_digest_of_another_kind_is_not_kept(file: Path, authority: Authority) -> None:
    write_query(file)
    authority.openssl("ts", "-query", "-data", str(file), "-sha512", "-cert", "-out", "long.tsq")
    with pytest.raises(CustodyError, match="another kind"):
        attach_reply(file, authority.reply(authority.folder / "long.tsq"))
    shutil.copy(authority.folder / "long.tsq", query_path(file))
    with pytest.raises(CustodyError, match="no query with a SHA-256"):
        write_query(file)


def test_a_refusal_is_told(file: Path, authority: Authority) -> None:
    refusal = authority.reply(write_query(file), section="refusing")
    with pytest.raises(CustodyError, match="gave no time-stamp: refused"):
        attach_reply(file, refusal)
    timestamp_path(file).write_bytes(refusal)
    check = verify_timestamp(file, roots=authority.root)
    assert "refused" in check.problems[0]
    assert check.time is None


def test_a_reply_is_not_replaced(stamped: Path, authority: Authority, tmp_path: Path) -> None:
    data = timestamp_path(stamped).read_bytes()
    (tmp_path / "again.tsr").write_bytes(data)
    assert attach_reply(stamped, tmp_path / "again.tsr") == timestamp_path(stamped)
    assert attach_reply(stamped, timestamp_path(stamped)).read_bytes() == data
    with pytest.raises(CustodyError, match="not replaced"):
        attach_reply(stamped, authority.reply(query_path(stamped)))
    assert timestamp_path(stamped).read_bytes() == data
    with pytest.raises(CustodyError, match="not replaced"):
        request(stamped, "http://127.0.0.1:9")


def test_certificates_out_of_order_are_told_with_a_way_on(file: Path, authority: Authority) -> None:
    unordered = authority.reply(write_query(file), "-chain", "root.pem")
    with pytest.raises(CustodyError, match="openssl ts -verify"):
        attach_reply(file, unordered)


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", b"0\x82\xff\xff", b"0\x00", b"x" * (MAX_BYTES + 5)])
def test_what_is_no_reply_is_told(content: bytes, file: Path) -> None:
    write_query(file)
    with pytest.raises(CustodyError, match=r"cannot be read|more than"):
        attach_reply(file, content)
    timestamp_path(file).write_bytes(content)
    assert not verify_timestamp(file).ok
    timestamp_path(file).unlink()
    assert "there is no time-stamp" in verify_timestamp(file).problems[0]


def test_no_change_of_one_byte_changes_what_is_shown(stamped: Path, authority: Authority) -> None:
    target = timestamp_path(stamped)
    data, rng = target.read_bytes(), np.random.default_rng(20260102)
    shown = verify_timestamp(stamped, roots=authority.root)
    unsigned = 0
    for _ in range(200):
        at, value = int(rng.integers(len(data))), int(rng.integers(256))
        changed = bytearray(data)
        changed[at] = value if value != data[at] else value ^ 1
        target.write_bytes(changed)
        check = verify_timestamp(stamped, roots=authority.root)
        if (
            check.ok
        ):  # a few bytes of the frame are under no signature, such as the name of a digest that is named twice
            unsigned += 1
            assert check == shown, (at, value)
        else:
            assert not any(word in check.problems[0] for word in ("ErrorStack", "ParseError", "Traceback")), (
                check.problems
            )
    assert unsigned < 20


def test_a_query_for_other_bytes_is_told(stamped: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.html"
    other.write_bytes(b"abx")
    write_query(other).replace(query_path(stamped))
    assert "the query was made for other bytes than the time-stamp." in verify_timestamp(stamped).problems


@pytest.mark.parametrize("at", [1, -12])
def test_a_query_with_a_wrong_length_is_told(at: int, file: Path) -> None:
    data = bytearray(write_query(file).read_bytes())
    data[at] += 1
    query_path(file).write_bytes(data)
    with pytest.raises(CustodyError, match="no query"):
        write_query(file)


@pytest.mark.parametrize("content", [b"", b"0", b"x" * 69, b"\x30\x00"])
def test_what_is_no_query_is_told(content: bytes, stamped: Path) -> None:
    query_path(stamped).write_bytes(content)
    with pytest.raises(CustodyError, match="no query"):
        write_query(stamped)
    assert "no query" in verify_timestamp(stamped).problems[0]


def test_the_missing_package_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    write_query(file)  # needs nothing
    for call in (
        lambda: attach_reply(file, b""),
        lambda: verify_timestamp(file),
        lambda: request(file, "http://127.0.0.1:9"),
    ):
        with pytest.raises(MissingExtraError, match=r"pip install 'forensics\[timestamp\]'"):
            call()


@pytest.fixture
def server(authority: Authority, tmp_path: Path) -> Iterator[HTTPServer]:
    """An authority on this machine, and what does not behave like one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.asked.append((self.path, self.headers["Content-Type"], query))  # type: ignore[attr-defined]
            if self.path == "/moved":
                self.send_response(302)
                self.send_header("Location", "http://elsewhere.example/tsa")
                self.end_headers()
                return
            if self.path == "/broken":
                self.send_error(503)
                return
            if self.path == "/silent":
                return
            (tmp_path / "received.tsq").write_bytes(query)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            if self.path == "/large":
                for _ in range(64):
                    self.wfile.write(b"x" * MAX_BYTES)  # until the caller hangs up
                raise ValueError("all of it was taken")
            self.wfile.write(authority.reply(tmp_path / "received.tsq"))

        do_GET = do_POST

        def log_message(self, *_args: object) -> None:
            pass

    class Quiet(HTTPServer):
        def handle_error(self, *_args: object) -> None:
            self.errors.append(sys.exc_info()[0])  # type: ignore[attr-defined]

    made = Quiet(("127.0.0.1", 0), Handler)
    made.asked, made.errors = [], []  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_named_authority_gets_the_digest_and_nothing_else(
    file: Path, server: HTTPServer, authority: Authority
) -> None:
    assert request(file, f"http://127.0.0.1:{server.server_port}/tsa") == timestamp_path(file)
    assert verify_timestamp(file, roots=authority.root).ok
    assert server.asked == [("/tsa", "application/timestamp-query", query_path(file).read_bytes())]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("/moved", "302 Found. It names 'http://elsewhere.example/tsa'"),
        ("/broken", "answers 503"),
        ("/silent", "cannot be reached"),
        ("/large", "sent more than 1,048,576 bytes"),
    ],
)
def test_an_authority_that_does_not_answer_is_told(place: str, words: str, file: Path, server: HTTPServer) -> None:
    with pytest.raises(CustodyError) as told:
        request(file, f"http://127.0.0.1:{server.server_port}{place}", timeout=5)
    assert words in str(told.value)
    server.shutdown()
    assert len(server.asked) == 1  # type: ignore[attr-defined]  # nowhere else was looked
    assert all(issubclass(error, OSError) for error in server.errors)  # type: ignore[attr-defined]  # the caller hung up
    assert not timestamp_path(file).exists()
    assert query_path(file).exists()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://x/y", "", "tsa.example", "http://", "http://[", "data:,x", "HTTP"]
)
def test_only_web_addresses_are_contacted(url: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timestamps.urllib.request, "build_opener", lambda *_a: pytest.fail("something was contacted"))
    with pytest.raises(CustodyError, match="begins with http"):
        request(file, url)
    assert not query_path(file).exists()


def test_an_authority_that_cannot_be_reached_is_told(file: Path) -> None:
    with pytest.raises(CustodyError, match="may not reach the network"):
        request(file, "http://192.0.2.1/tsa", timeout=1)  # RFC 5737: for documentation
    for url in ("http://127.0.0.1:1/tsa", "http://127.0.0.1:99999/", "http://a b/", "http://127.0.0.1/\n"):
        with pytest.raises(CustodyError, match=r"cannot be reached|begins with http"):
            request(file, url, timeout=1)
