"""A signature beside a file, so that it can be told who made it: Ed25519 (RFC 8032) over canonical JSON (RFC 8785).

The file ``NAME.sig`` says what was signed, when by the signer's own clock, by whom in their own words, and with which key.
All of that is under the signature, and the file has one form only: another byte anywhere is found.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensics.custody.beside import signature_path
from forensics.custody.entries import Item, is_digest, is_utc, open_file, utc_text
from forensics.custody.keys import fingerprint, load_public_key, public_bytes
from forensics.errors import CustodyError, RecordError
from forensics.records.canonical import canonical_text, parse, storable, visible
from forensics.records.check import Check
from forensics.records.converting import to_record
from forensics.records.writing import write_atomically
from forensics.reproducibility import utc_now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SCHEMA", "SignatureCheck", "sign_file", "verify_signature"]

SCHEMA = "forensics.signature/1"
ALGORITHM = "Ed25519"
MAX_SIGNATURE = 2**18  # bytes that are read of a signature file; it has about 700
MAX_SIGNER = 10_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureCheck(Check):
    """What a check of a signature found.

    Parameters
    ----------
    signer, time, fingerprint : str
        As the signature file says; empty if it cannot be read or was changed.
    record_sha256 : str or None
        Digest of the canonical record inside the file, if the signer gave one.
    """

    signer: str = ""
    time: str = ""
    fingerprint: str = ""
    record_sha256: str | None = None


def sign_file(
    path: str | PathLike[str],
    key: "Ed25519PrivateKey",
    *,
    signer: str = "",
    record_sha256: str | None = None,
    now: datetime | None = None,
) -> Path:
    """Sign a file and write the signature beside it, whole or not at all.

    Parameters
    ----------
    path : path
    key : Ed25519PrivateKey
        See `forensics.custody.keys.load_private_key`.
    signer : str
        Who signs, in their own words.
    record_sha256 : str, optional
        Digest of the canonical record inside the file, if it has one.
    now : datetime, optional
        Aware; the clock of the machine if not given.

    Returns
    -------
    Path
        The signature; an earlier one of this format is replaced.

    Raises
    ------
    CustodyError
        The file cannot be read, the signature cannot be written, or another file has its name.
    """
    path = Path(path)
    target = signature_path(path)
    _refuse_to_replace(target)
    if record_sha256 is not None and not is_digest(record_sha256):
        raise CustodyError(
            f"the digest of the record is {record_sha256!r}, not 64 hexadecimal digits. Compute it again."
        )
    if len(signer) > MAX_SIGNER:
        raise CustodyError(f"the signer's name has {len(signer):,} characters; {MAX_SIGNER:,} are allowed. Shorten it.")
    raw = public_bytes(key.public_key())
    record: dict[str, Any] = {
        "schema": SCHEMA,
        "file": to_record(Item.from_file(path)),
        "record_sha256": record_sha256,
        "time": utc_text(now or utc_now()),
        "signer": storable(signer),
        "key": {"algorithm": ALGORITHM, "public": _base64(raw), "fingerprint": fingerprint(raw)},
    }
    record["signature"] = _base64(key.sign(canonical_text(record).encode("utf-8")))
    return write_atomically(target, f"{canonical_text(record)}\n", error=CustodyError)


def verify_signature(path: str | PathLike[str], *, public_key: str | PathLike[str] | None = None) -> SignatureCheck:
    """Check the signature beside a file.

    Parameters
    ----------
    path : path
        The signed file.
    public_key : path, optional
        The key that must have signed it, in PEM. Without it the check shows only that the holder of some key did.

    Raises
    ------
    CustodyError
        The file or the public key cannot be read. Whatever is wrong with the signature is a problem in the result.
    """
    path = Path(path)
    expected = None if public_key is None else public_bytes(load_public_key(public_key))
    item = Item.from_file(path)
    target = signature_path(path)
    if not target.is_file():
        return SignatureCheck(
            problems=(
                f"the signature is missing: there is no {target.name} beside {item.name}. Ask the signer for it.",
            )
        )
    try:
        with open_file(target) as file:
            record = _read_signature(file.read(MAX_SIGNATURE))
    except CustodyError as err:
        return SignatureCheck(
            problems=(f"the signature in {target.name} does not hold: {err} Get both files again from the signer.",)
        )
    return _checked(record, item, expected)


def _checked(record: Mapping[str, Any], item: Item, expected: bytes | None) -> SignatureCheck:
    raw, signed = base64.b64decode(record["key"]["public"]), record["file"]
    shown = fingerprint(raw)
    problems = []
    if signed["sha256"] != item.sha256:
        problems.append(
            f"the signature does not fit: {item.name} was changed after it was signed, or is another file. Its SHA-256 was "
            f"{signed['sha256']} and "
            f"is {item.sha256}. Get both files again from the signer."
        )
    if expected is not None and raw != expected:
        problems.append(
            f"the signature is by another key than the one given: it has the fingerprint {shown}, the one given has "
            f"{fingerprint(expected)}. Ask the "
            "signer which is theirs."
        )
    named = "" if signed["name"] == item.name else f" It had the name {visible(signed['name'])} then."
    who = f", who claims to be {visible(record['signer'])}," if record["signer"].strip() else ""
    if expected is None:
        proof = (
            f"The signature beside it fits the file: the holder of the key {shown}{who} signed it, at {record['time']} by "
            "their own clock, and it is as it "
            f"was signed.{named} Not shown: whose key that is. Compare the fingerprint with the signer by another way, or "
            "give their public key."
        )
    else:
        proof = (
            f"The signature beside it is by the key given, {shown}; its holder{who} signed the file at {record['time']} by "
            "their own clock, and it is as "
            f"it was signed.{named}"
        )
    return SignatureCheck(
        problems=tuple(problems),
        proofs=() if problems else (proof,),
        signer=record["signer"],
        time=record["time"],
        fingerprint=shown,
        record_sha256=record["record_sha256"],
    )


def _read_signature(data: bytes) -> dict[str, Any]:
    """Return the record of a signature file that is exactly as its signer wrote it."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        text = data.decode("utf-8")
        record = parse(text)
        exact = f"{canonical_text(record)}\n" == text
    except (UnicodeDecodeError, RecordError) as err:
        raise CustodyError("it is no signature file: changed, or written by another program.") from err
    try:
        raw, signature = _require_form(record)
    except (KeyError, TypeError, ValueError, binascii.Error) as err:
        raise CustodyError(
            f"it is no signature of the format {SCHEMA}: changed, or written by another program."
        ) from err
    try:
        unsigned = {name: value for name, value in record.items() if name != "signature"}
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, canonical_text(unsigned).encode("utf-8"))
    except (InvalidSignature, ValueError) as err:
        raise CustodyError("what it says was changed after it was signed, or the signature itself was.") from err
    if not exact:
        raise CustodyError("it is not canonical: spaces, order or escapes were changed after it was made.")
    return record


def _require_form(record: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the public key and the signature; anything that a signature file does not hold is a ValueError."""
    file, key = record["file"], record["key"]
    raw, signature = _unbase64(key["public"]), _unbase64(record["signature"])
    digest = record["record_sha256"]
    good = (
        set(record) == {"schema", "file", "record_sha256", "time", "signer", "key", "signature"}
        and record["schema"] == SCHEMA
        and to_record(Item(**file)) == file
        and (digest is None or is_digest(digest))
        and is_utc(record["time"])
        and isinstance(record["signer"], str)
        and key == {"algorithm": ALGORITHM, "public": key["public"], "fingerprint": fingerprint(raw)}
        and (len(raw), len(signature)) == (32, 64)
    )
    if not good:
        raise ValueError("not the members that a signature has")
    return raw, signature


def _refuse_to_replace(target: Path) -> None:
    if not os.path.lexists(target):
        return
    try:
        with open_file(target) as file:
            ours = parse(file.read(MAX_SIGNATURE).decode("utf-8")).get("schema") == SCHEMA
    except (UnicodeDecodeError, RecordError):
        ours = False
    if not ours:
        raise CustodyError(
            f"{target} exists and is no signature of this program, and is not replaced. Move it away first."
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes:
    """Decode the one form of the bytes in base64: what differs in unused bits or spaces is refused."""
    data = base64.b64decode(text, validate=True)
    if _base64(data) != text:
        raise ValueError("not the canonical base64")
    return data
