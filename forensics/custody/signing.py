"""A signature beside a file, so that it can be told who made it: Ed25519 (RFC 8032), optional.

Needs ``pip install cryptography``.
"""

import base64
import binascii
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import CalibrationError, MissingExtraError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ["load_private_key", "signature_path", "verify_signature", "write_signature"]


def signature_path(path: Path) -> Path:
    """Return where the signature of a file lies: beside it, with ``.sig`` added to its name."""
    return path.with_name(f"{path.name}.sig")


def load_private_key(path: Path) -> "Ed25519PrivateKey":
    """Read a private key.

    Raises
    ------
    CalibrationError
        The file is no Ed25519 private key in PEM without a password.
    MissingExtraError
        The package cryptography is not installed.
    """
    _require_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise ValueError(f"it holds a key of another kind ({type(key).__name__})")
    except (OSError, ValueError, TypeError) as err:
        raise CalibrationError(
            f"{path} holds no Ed25519 private key: {err}. Make one with 'openssl genpkey -algorithm ed25519 -out KEY.pem'."
        ) from err
    return key


def write_signature(path: Path, key: "Ed25519PrivateKey") -> Path:
    """Sign the bytes of a file and write the signature beside it, in base64."""
    target = signature_path(path)
    partial = target.with_name(f"{target.name}.partial")
    partial.write_text(base64.b64encode(key.sign(path.read_bytes())).decode("ascii") + "\n", encoding="ascii")
    partial.replace(target)
    return target


def verify_signature(path: Path, public_key: Path) -> None:
    """Check the signature beside a file.

    Raises
    ------
    CalibrationError
        There is none, it is not by this key, or the file was changed after it was signed.
    MissingExtraError
        The package cryptography is not installed.
    """
    key = _public_key(public_key)
    target = signature_path(path)
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(base64.b64decode(target.read_text(encoding="ascii"), validate=False), path.read_bytes())
    except InvalidSignature as err:
        raise CalibrationError(
            f"the signature of {path.name} does not fit: the file was changed after it was signed, or another key signed it. Get "
            "both files again from whoever made them."
        ) from err
    except (OSError, UnicodeDecodeError, binascii.Error) as err:
        raise CalibrationError(f"{target.name} cannot be read: {err}. It must lie beside {path.name}.") from err


def _public_key(path: Path) -> "Ed25519PublicKey":
    _require_cryptography()
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    try:
        key = serialization.load_pem_public_key(path.read_bytes())
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise ValueError(f"it holds a key of another kind ({type(key).__name__})")
    except (OSError, ValueError, TypeError) as err:
        raise CalibrationError(
            f"{path} holds no Ed25519 public key: {err}. Make it with 'openssl pkey -in KEY.pem -pubout -out PUBLIC.pem'."
        ) from err
    return key


def _require_cryptography() -> None:
    if find_spec("cryptography") is None:
        raise MissingExtraError("signing needs the package cryptography. Install it: pip install cryptography.")
