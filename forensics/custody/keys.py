"""Keys that sign: Ed25519 (RFC 8032), in PEM files as OpenSSL reads them too."""

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from forensics.custody.entries import open_file
from forensics.errors import CustodyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = [
    "Passphrase",
    "fingerprint",
    "is_private",
    "load_private_key",
    "load_public_key",
    "new_key",
    "public_bytes",
    "public_path",
]

Passphrase: TypeAlias = str | Callable[[], str] | None

PRIVATE, PUBLIC = b"PRIVATE KEY-----", b"PUBLIC KEY-----"  # what a PEM file says of itself
MAX_KEY = 2**16  # bytes; a key has about 300
MAX_PASSPHRASE = 1023  # bytes that OpenSSL reads
MAKE_ONE = "Make one with 'forensics keys new KEY.pem', or with 'openssl genpkey -algorithm ed25519'."


def public_path(path: str | PathLike[str]) -> Path:
    """Return where `new_key` writes the public key: beside the private one, with ``.pub`` added to its name."""
    path = Path(path)
    return path.with_name(f"{path.name}.pub")


def new_key(path: str | PathLike[str], *, passphrase: str | None) -> "Ed25519PublicKey":
    """Make a key: `path` gets the private one, readable by its owner only, ``path.pub`` the public one.

    Parameters
    ----------
    path : path
        Must not exist, nor must ``path.pub``.
    passphrase : str or None
        Encrypts the private key. None leaves it open to whoever can read the file, and has to be asked for.

    Raises
    ------
    CustodyError
        A file is there already or cannot be written, or the passphrase is empty or too long.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    path = Path(path)
    protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        protection = serialization.BestAvailableEncryption(_passphrase_bytes(passphrase))
    for target in (path, public_path(path)):
        if os.path.lexists(target):
            raise CustodyError(
                f"{target} exists, and a key is never replaced. Choose another name, or move the file away."
            )
    key = Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, protection)
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write_new(path, private, 0o600)
    try:
        _write_new(public_path(path), public, 0o644)
    except CustodyError:
        path.unlink()
        raise
    return key.public_key()


def is_private(path: str | PathLike[str]) -> bool:
    """Return whether a file holds a private key in PEM, of whatever kind."""
    return PRIVATE in _read(path)


def load_private_key(path: str | PathLike[str], passphrase: Passphrase = None) -> "Ed25519PrivateKey":
    """Read a private key.

    Parameters
    ----------
    path : path
    passphrase : str or callable, optional
        Used, or asked for by a call, only if the key is encrypted.

    Raises
    ------
    CustodyError
        The file holds no Ed25519 private key in PEM, the passphrase is missing or wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _read(path)
    if PRIVATE not in data:
        held = "it holds a public key" if PUBLIC in data else "it holds no key"
        raise CustodyError(f"{path} is no Ed25519 private key in PEM: {held}. {MAKE_ONE}")
    encrypted = False
    try:
        try:
            key = load_pem_private_key(data, password=None)
        except TypeError:  # how the library says that it is encrypted
            encrypted = True
            key = load_pem_private_key(data, password=_passphrase_bytes(_asked(passphrase, path)))
    except (ValueError, TypeError, UnsupportedAlgorithm) as err:
        if isinstance(err, CustodyError):
            raise
        if encrypted:
            raise CustodyError(
                f"{path} cannot be decrypted: the passphrase is wrong, or the file is damaged. Try again."
            ) from err
        raise CustodyError(
            f"{path} is no Ed25519 private key in PEM: it is damaged, or of another format. {MAKE_ONE}"
        ) from err
    if not isinstance(key, Ed25519PrivateKey):
        raise CustodyError(f"{path} is no Ed25519 private key: it is of another kind, {_kind(key)}. {MAKE_ONE}")
    return key


def load_public_key(path: str | PathLike[str]) -> "Ed25519PublicKey":
    """Read a public key.

    Raises
    ------
    CustodyError
        The file holds no Ed25519 public key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    data = _read(path)
    ask = "Ask the signer for theirs, which ends in .pub, or make it with 'openssl pkey -in KEY.pem -pubout -out KEY.pem.pub'."
    if PUBLIC not in data:
        held = (
            "it holds a private key, which nobody but its owner should have" if PRIVATE in data else "it holds no key"
        )
        raise CustodyError(f"{path} is no Ed25519 public key in PEM: {held}. {ask}")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm) as err:
        raise CustodyError(
            f"{path} is no Ed25519 public key in PEM: it is damaged, or of another format. {ask}"
        ) from err
    if not isinstance(key, Ed25519PublicKey):
        raise CustodyError(f"{path} is no Ed25519 public key: it is of another kind, {_kind(key)}. {ask}")
    return key


def public_bytes(public: "Ed25519PublicKey") -> bytes:
    """Return the 32 bytes of a public key."""
    return public.public_bytes_raw()


def fingerprint(public: "Ed25519PublicKey | bytes") -> str:
    """Return the beginning of the SHA-256 of the 32 bytes of a public key, eight groups of four digits to read aloud.

    Examples
    --------
    >>> fingerprint(bytes(32))
    '6668 7aad f862 bd77 6c8f c18b 8e9f 8e20'
    """
    raw = public if isinstance(public, bytes) else public_bytes(public)
    digits = hashlib.sha256(raw).hexdigest()[:32]
    return " ".join(digits[i : i + 4] for i in range(0, 32, 4))


def _kind(key: object) -> str:
    return type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey").strip("_")


def _asked(passphrase: Passphrase, path: str | PathLike[str]) -> str:
    given = passphrase() if callable(passphrase) else passphrase
    if given is None:
        raise CustodyError(f"{path} is encrypted and no passphrase was given. Give it, or set FORENSICS_PASSPHRASE.")
    return given


def _passphrase_bytes(passphrase: str) -> bytes:
    try:
        data = passphrase.encode("utf-8", "surrogateescape")  # a variable of the environment can hold any bytes
    except UnicodeEncodeError as err:
        raise CustodyError("the passphrase holds characters that have no UTF-8 form. Choose others.") from err
    if not 0 < len(data) <= MAX_PASSPHRASE:
        raise CustodyError(f"the passphrase has {len(data)} bytes; 1 to {MAX_PASSPHRASE} are allowed. Choose another.")
    return data


def _read(path: str | PathLike[str]) -> bytes:
    with open_file(Path(path)) as file:
        return file.read(MAX_KEY)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that was not there before; the mode holds from the first byte on."""
    made = False
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
        made = True
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as err:
        if made:
            with suppress(OSError):
                path.unlink()
        raise CustodyError(
            f"{path} cannot be written: {err.strerror or err}. Choose another place for the key."
        ) from err
