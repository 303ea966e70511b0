"""Signatures: what one shows, and that a change of anything under it is found and told in plain words."""

import base64
import errno
import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from forensics.custody import (
    fingerprint,
    load_private_key,
    new_key,
    sign_file,
    signature_path,
    signing,
    verify_signature,
)
from forensics.custody.keys import public_path
from forensics.errors import CustodyError
from forensics.records.canonical import canonical_text
from tests.conftest import NOW
from tests.hostile import hostile_texts

# RFC 8032, 7.1, test 1: a key that everybody knows.
KEY = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
# The members by hand after RFC 8785; "21fe…" is the beginning of the SHA-256 of the public key.
SIGNED = (
    '{"file":{"n_bytes":3,"name":"a.jpg","sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},"key":{"algorithm":'
    '"Ed25519","fingerprint":"21fe 31df a154 a261 626b f854 046f d227","public":"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},"record_'
    'sha256":null,"schema":"forensics.signature/1"SIGNATURE,"signer":"A. Examiner","time":"2026-01-02T03:04:05+00:00"}'
)


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"abc")
    sign_file(path, KEY, signer="A. Examiner", now=NOW)
    return path


@pytest.fixture
def public(tmp_path: Path) -> Path:
    new_key(tmp_path / "other.pem", passphrase=None)
    return public_path(tmp_path / "other.pem")


def resigned(path: Path, **members: object) -> None:
    """Put other members under a signature that fits them."""
    target = signature_path(path)
    record = {**json.loads(target.read_text()), **members}
    record.pop("signature")
    record["signature"] = base64.b64encode(KEY.sign(canonical_text(record).encode())).decode()
    target.write_text(canonical_text(record) + "\n")


def test_a_signature_is_the_one_worked_out_by_hand(signed: Path) -> None:
    signature = base64.b64encode(KEY.sign(SIGNED.replace("SIGNATURE", "").encode())).decode()
    assert signature_path(signed).read_text() == SIGNED.replace("SIGNATURE", f',"signature":"{signature}"') + "\n"
    assert [p.name for p in sorted(signed.parent.iterdir())] == ["a.jpg", "a.jpg.sig"]
    assert signed.read_bytes() == b"abc"


def test_without_a_key_only_the_holder_is_shown(signed: Path) -> None:
    check = verify_signature(signed)
    assert check.ok
    assert (check.signer, check.time, check.record_sha256) == ("A. Examiner", "2026-01-02T03:04:05+00:00", None)
    assert check.fingerprint == fingerprint(KEY.public_key())
    assert check.fingerprint in check.proofs[0]
    assert "by another way" in check.proofs[0]


def test_with_a_key_the_signer_is_shown(tmp_path: Path, public: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("<html>")
    assert sign_file(path, load_private_key(tmp_path / "other.pem"), record_sha256="1" * 64) == signature_path(path)
    check = verify_signature(path, public_key=public)
    assert check.ok
    assert check.record_sha256 == "1" * 64
    assert "by the key given" in check.proofs[0]
    assert "by another way" not in check.proofs[0]


def test_another_key_is_told_with_both_fingerprints(signed: Path, public: Path) -> None:
    check = verify_signature(signed, public_key=public)
    assert not check.ok
    assert check.proofs == ()
    assert "another key than the one given" in check.problems[0]
    assert fingerprint(KEY.public_key()) in check.problems[0]


def test_a_changed_file_is_told_with_both_digests(signed: Path) -> None:
    signed.write_bytes(b"abx")
    check = verify_signature(signed)
    assert "changed after it was signed" in check.problems[0]
    assert "ba7816bf8f01cfea" in check.problems[0]
    assert check.proofs == ()


def test_a_renamed_file_is_still_signed_and_its_name_is_told(signed: Path) -> None:
    signed.rename(signed.with_name("b.jpg"))
    signature_path(signed).rename(signed.with_name("b.jpg.sig"))
    check = verify_signature(signed.with_name("b.jpg"))
    assert check.ok
    assert "It had the name a.jpg then" in check.proofs[0]


def test_every_change_of_one_byte_is_found(signed: Path) -> None:
    target = signature_path(signed)
    data, rng = target.read_bytes(), np.random.default_rng(20260102)
    for _ in range(200):
        at, value = int(rng.integers(len(data))), int(rng.integers(256))
        changed = bytearray(data)
        changed[at] = value if value != data[at] else value ^ 1
        target.write_bytes(changed)
        check = verify_signature(signed)
        assert not check.ok, (at, value)
        assert "changed" in check.problems[0]
        assert check.proofs == ()


def test_nothing_can_be_left_out_or_added(signed: Path) -> None:
    target = signature_path(signed)
    data = target.read_bytes()
    for wrong in [data[:n] for n in range(len(data))] + [
        data + b"\n",
        data + b" ",
        b" " + data,
        data[:-1] + b"\r\n",
        b"\xef\xbb\xbf" + data,
    ]:
        target.write_bytes(wrong)
        assert not verify_signature(signed).ok, wrong


@pytest.mark.parametrize(
    "change",
    [
        lambda r: json.dumps(r) + "\n",
        lambda r: (
            json.dumps(r, sort_keys=True, separators=(",", ":"), ensure_ascii=True).replace("A.", "\\u0041.") + "\n"
        ),
        lambda r: canonical_text(r)[:-1] + ',"schema":"forensics.signature/1"}\n',
    ],
)
def test_the_same_members_in_another_form_are_refused(signed: Path, change: object) -> None:
    target = signature_path(signed)
    target.write_text(change(json.loads(target.read_text())))  # type: ignore[operator]
    assert "not canonical" in verify_signature(signed).problems[0]


def test_the_unused_bits_of_base64_are_refused(signed: Path) -> None:
    target = signature_path(signed)
    text = target.read_text()
    signature = json.loads(text)["signature"]
    assert signature.endswith("==")
    loose = signature[:-3] + chr(ord(signature[-3]) + 1) + "=="
    assert base64.b64decode(loose) == base64.b64decode(signature)
    target.write_text(text.replace(signature, loose))
    assert not verify_signature(signed).ok


def test_the_second_form_of_a_signature_is_refused(signed: Path) -> None:
    """S and S + L verify alike unless S is bounded (RFC 8032, 8.4)."""
    target = signature_path(signed)
    text = target.read_text()
    signature = json.loads(text)["signature"]
    raw = base64.b64decode(signature)
    order = 2**252 + 27742317777372353535851937790883648493
    second = raw[:32] + (int.from_bytes(raw[32:], "little") + order).to_bytes(32, "little")
    target.write_text(text.replace(signature, base64.b64encode(second).decode()))
    assert not verify_signature(signed).ok


@pytest.mark.parametrize(
    "members",
    [
        {"more": 1}, {"schema": "forensics.signature/2"}, {"schema": None}, {"file": None}, {"file": []}, {"file": "a.jpg"},
        {"file": {"name": "a.jpg"}}, {"file": {"name": "a.jpg", "sha256": "0" * 64, "n_bytes": 3, "more": 1}},
        {"file": {"name": "a.jpg", "sha256": "0" * 64, "n_bytes": "3"}}, {"file": {"name": "a.jpg", "sha256": 7, "n_bytes": 3}},
        {"record_sha256": "x"}, {"record_sha256": 7}, {"time": "yesterday"}, {"time": "2026-01-02T03:04:05Z"}, {"time": 7}, {"signer": None},
        {"signer": ["x"]}, {"key": None}, {"key": {}}, {"key": {"public": 7}}, {"key": {"algorithm": "RSA", "public": "", "fingerprint": ""}},
        {"key": {"algorithm": "Ed25519", "public": "AAAA", "fingerprint": fingerprint(bytes(3))}},
        {"key": {"algorithm": "Ed25519", "public": base64.b64encode(KEY.public_key().public_bytes_raw()).decode(), "fingerprint": "0000"}},
    ],
)  # fmt: skip
def test_members_of_another_kind_are_refused_though_signed(members: dict[str, object], signed: Path) -> None:
    resigned(signed)
    assert verify_signature(signed).ok
    resigned(signed, **members)
    check = verify_signature(signed)
    assert not check.ok
    assert check.fingerprint == ""


@pytest.mark.parametrize(
    "content",
    [b"", b"AAAA\n", b"[]\n", b"{}\n", b"null\n", b"\xff\n", b"[" * 100_000, b"{" * 300_000, b'{"key":NaN}\n'],
)
def test_what_is_no_signature_is_told(content: bytes, signed: Path) -> None:
    signature_path(signed).write_bytes(content)
    check = verify_signature(signed)
    assert "does not hold" in check.problems[0]
    signature_path(signed).unlink()
    assert "missing" in verify_signature(signed).problems[0]


def test_any_text_can_sign_and_is_shown_safely(signed: Path) -> None:
    for text in hostile_texts(n=120):
        if len(text) > 10_000:
            with pytest.raises(CustodyError, match="Shorten"):
                sign_file(signed, KEY, signer=text, now=NOW)
            continue
        sign_file(signed, KEY, signer=text, now=NOW)
        check = verify_signature(signed)
        assert check.ok, text
        assert "\u202e" not in check.proofs[0]
        assert "\x1b" not in check.proofs[0]


def test_a_signature_is_replaced_by_another_and_nothing_else_is(signed: Path) -> None:
    first = signature_path(signed).read_bytes()
    sign_file(signed, KEY, signer="B", now=NOW)
    assert signature_path(signed).read_bytes() != first
    for precious in (b"-----BEGIN PGP SIGNATURE-----", b"{}", b"\xff"):
        signature_path(signed).write_bytes(precious)
        with pytest.raises(CustodyError, match="not replaced"):
            sign_file(signed, KEY, now=NOW)
        assert signature_path(signed).read_bytes() == precious


def test_a_full_disk_leaves_the_earlier_signature(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = signature_path(signed).read_bytes()

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(signing.os, "fsync", full)
    with pytest.raises(CustodyError, match="cannot be written: No space left"):
        sign_file(signed, KEY, signer="B", now=NOW)
    assert signature_path(signed).read_bytes() == first
    assert sorted(p.name for p in signed.parent.iterdir()) == ["a.jpg", "a.jpg.sig"]


def test_wrong_use_is_told(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(CustodyError, match="no ordinary file"):
        sign_file(tmp_path / "none", KEY)
    with pytest.raises(CustodyError, match="no ordinary file"):
        verify_signature(tmp_path / "none")
    with pytest.raises(CustodyError, match="64 hexadecimal digits"):
        sign_file(signed, KEY, record_sha256="0")
    with pytest.raises(CustodyError, match="no key"):
        verify_signature(signed, public_key=signed)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_confirms_a_signature(signed: Path, tmp_path: Path) -> None:
    record = json.loads(signature_path(signed).read_text())
    (tmp_path / "raw").write_bytes(base64.b64decode(record.pop("signature")))
    (tmp_path / "message").write_text(canonical_text(record))
    der = bytes.fromhex("302a300506032b6570032100") + base64.b64decode(record["key"]["public"])  # RFC 8410
    (tmp_path / "key.der").write_bytes(der)
    subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "key.der", "-keyform", "DER", "-rawin", "-in", "message", "-sigfile", "raw"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
