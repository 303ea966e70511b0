"""Keys: made once, protected, read by OpenSSL too, and refused in plain words."""

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from forensics.custody import fingerprint, keys, load_private_key, load_public_key, new_key
from forensics.custody.keys import public_path
from forensics.errors import CustodyError

WORDS = "a long one – ünï"
PEM = serialization.Encoding.PEM


@pytest.fixture
def key(tmp_path: Path) -> Path:
    new_key(tmp_path / "key.pem", passphrase=WORDS)
    return tmp_path / "key.pem"


def test_a_key_is_encrypted_and_for_its_owner_only(key: Path) -> None:
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in key.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    private = load_private_key(key, WORDS)
    public = load_public_key(public_path(key))
    assert public_path(key).name == "key.pem.pub"
    assert private.public_key() == public
    assert fingerprint(private.public_key()) == fingerprint(public)
    assert sorted(p.name for p in key.parent.iterdir()) == ["key.pem", "key.pem.pub"]


def test_the_mode_holds_whatever_the_user_allows_by_default(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        new_key(tmp_path / "key.pem", passphrase=None)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600


def test_the_fingerprint_is_the_one_worked_out_by_hand() -> None:
    # RFC 8032, 7.1, test 1: the public key; its SHA-256 is from sha256sum.
    raw = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert fingerprint(raw) == fingerprint(ed25519.Ed25519PublicKey.from_public_bytes(raw))
    assert fingerprint(raw) == "21fe 31df a154 a261 626b f854 046f d227"


def test_the_passphrase_is_asked_for_only_if_there_is_one(key: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def ask() -> str:
        asked.append("asked")
        return WORDS

    new_key(tmp_path / "open.pem", passphrase=None)
    assert b"BEGIN PRIVATE KEY" in (tmp_path / "open.pem").read_bytes()
    load_private_key(tmp_path / "open.pem", ask)
    assert asked == []
    load_private_key(key, ask)
    assert asked == ["asked"]
    load_private_key(tmp_path / "open.pem", "not needed")


@pytest.mark.parametrize("passphrase", ["", "x" * 1024, "\ud800"])
def test_passphrases_that_cannot_be_are_refused(passphrase: str, tmp_path: Path) -> None:
    with pytest.raises(CustodyError, match="Choose"):
        new_key(tmp_path / "key.pem", passphrase=passphrase)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", ["key.pem", "key.pem.pub"])
def test_nothing_is_replaced(taken: str, tmp_path: Path) -> None:
    (tmp_path / taken).write_text("precious")
    with pytest.raises(CustodyError, match="never replaced"):
        new_key(tmp_path / "key.pem", passphrase=None)
    assert [p.name for p in tmp_path.iterdir()] == [taken]
    assert (tmp_path / taken).read_text() == "precious"
    (tmp_path / taken).unlink()
    (tmp_path / taken).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CustodyError, match="never replaced"):
        new_key(tmp_path / "key.pem", passphrase=None)


def test_a_file_that_appears_at_the_last_moment_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key.pem").write_text("precious")
    monkeypatch.setattr(keys.os.path, "lexists", lambda _path: False)
    with pytest.raises(CustodyError, match="File exists"):
        new_key(tmp_path / "key.pem", passphrase=None)
    assert (tmp_path / "key.pem").read_text() == "precious"


def test_no_half_of_a_pair_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CustodyError, match="cannot be written"):
        new_key(tmp_path / "none" / "key.pem", passphrase=None)
    real, calls = os.fsync, []

    def full(fd: int) -> None:
        calls.append(fd)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(fd)

    monkeypatch.setattr(keys.os, "fsync", full)
    with pytest.raises(CustodyError, match="No space left"):
        new_key(tmp_path / "key.pem", passphrase=None)
    assert list(tmp_path.iterdir()) == []


def foreign(path: Path, key: object) -> Path:
    path.write_bytes(key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))  # type: ignore[attr-defined]
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined]
    public_path(path).write_bytes(public)
    return path


def plain(told: str) -> bool:
    """Whether a message has no stack of a library in it."""
    return not any(word in told for word in ("Traceback", "ErrorStack", "OpenSSL error", "_OpenSSL", "ASN.1", "0x"))


def test_what_is_no_key_is_told_in_plain_words(key: Path, tmp_path: Path) -> None:
    curve = foreign(tmp_path / "ec.pem", ec.generate_private_key(ec.SECP256R1()))
    large = foreign(tmp_path / "rsa.pem", rsa.generate_private_key(65537, 2048))
    garbage, cut, damaged = tmp_path / "garbage.pem", tmp_path / "cut.pem", tmp_path / "damaged.pem"
    garbage.write_bytes(b"\xff\xd8 no key")
    cut.write_bytes(key.read_bytes()[:120])
    damaged.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    private: list[tuple[Path, Callable[[], str] | str | None, str]] = [
        (key, "wrong", "passphrase is wrong"),
        (key, None, "no passphrase was given"),
        (key, "", "1 to 1023"),
        (public_path(key), None, "it holds a public key"),
        (garbage, None, "it holds no key"),
        (cut, "x", "damaged"),
        (damaged, None, "damaged"),
        (curve, None, "of another kind, EC"),
        (large, None, "of another kind, RSA"),
        (tmp_path, None, "no ordinary file"),
    ]
    for path, passphrase, words in private:
        with pytest.raises(CustodyError, match=words) as told:
            load_private_key(path, passphrase)
        assert plain(str(told.value)), told.value
    for path, words in (
        (key, "private key, which nobody but its owner should have"),
        (garbage, "it holds no key"),
        (public_path(curve), "of another kind, EC"),
        (public_path(large), "of another kind, RSA"),
        (tmp_path / "none", "no ordinary file"),
    ):
        with pytest.raises(CustodyError, match=words) as told:
            load_public_key(path)
        assert plain(str(told.value)), told.value


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_reads_our_keys_and_we_read_its(key: Path, tmp_path: Path) -> None:
    def openssl(*arguments: str) -> bytes:
        return subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=tmp_path).stdout

    made = openssl("pkey", "-in", str(key), "-passin", f"pass:{WORDS}", "-pubout")
    assert made == public_path(key).read_bytes()
    openssl("genpkey", "-algorithm", "ed25519", "-out", "theirs.pem")
    openssl("pkey", "-in", "theirs.pem", "-pubout", "-out", "theirs.pub")
    assert load_private_key(tmp_path / "theirs.pem").public_key() == load_public_key(tmp_path / "theirs.pub")
