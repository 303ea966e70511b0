"""What is in a query and in a reply of a time-stamp authority (RFC 3161), and whether they belong together."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.custody.entries import Item, open_file, utc_text
from forensics.errors import CustodyError, MissingExtraError
from forensics.records.canonical import visible

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

__all__ = [
    "GRANTED", "IMPRINT", "MAX_REPLY", "claims", "decoded", "mismatches", "read_certificates", "read_query", "read_small",
    "require_client", "untrusted",
]  # fmt: skip

MAX_REPLY = 2**20  # bytes; one with its certificates has a few thousand
SHA256 = "2.16.840.1.101.3.4.2.1"
# A TimeStampReq (RFC 3161, 2.4.1) with a SHA-256 imprint, a nonce and certReq has one form in DER but for the nonce's length.
IMPRINT = bytes.fromhex("3031300d060960864801650304020105000420")
_QUERY = re.compile(rb"\x30.\x02\x01\x01" + re.escape(IMPRINT) + rb"(.{32})\x02.(.{1,32})\x01\x01\xff", re.DOTALL)
GRANTED = 0
STATUS = {
    1: "granted with changes, which this program does not accept",
    2: "refused",
    3: "not ready yet",
    4: "a warning of revocation",
    5: "revoked",
}


def mismatches(response: "TimeStampResponse", item: Item, query: tuple[bytes, int] | None) -> list[str]:
    """Return why a reply does not belong to a file and a query."""
    if response.status != GRANTED:
        words = STATUS.get(response.status, f"status {response.status}")
        said = "; ".join(visible(text) for text in response.status_string)
        return [f"the authority gave no time-stamp: {words}{f' ({said})' if said else ''}."]
    with _damaged("the time-stamp is damaged: it cannot be read."):
        info = response.tst_info
        algorithm, imprint = info.message_imprint.hash_algorithm.dotted_string, info.message_imprint.message
        nonce = info.nonce
    problems = []
    if algorithm != SHA256:
        problems.append(f"the time-stamp holds a digest of another kind ({algorithm}), not SHA-256.")
    elif imprint.hex() != item.sha256:
        problems.append(
            f"the time-stamp is for other bytes than {item.name} has: SHA-256 {imprint.hex()}, not {item.sha256}. The file "
            "was changed since, or "
            "is another."
        )
    if query is not None and imprint != query[0]:
        problems.append("the query was made for other bytes than the time-stamp.")
    if query is not None and nonce != query[1]:
        problems.append(f"the time-stamp answers another query: its nonce is {nonce}, that of the query {query[1]}.")
    return problems


def claims(response: "TimeStampResponse") -> tuple[str, str, str]:
    """Return time, accuracy in words, and the subject of the certificate that signed."""
    from cryptography.x509 import load_der_x509_certificate

    with _damaged("the time-stamp is damaged: its certificates or its time cannot be read."):
        info, signed = response.tst_info, response.signed_data
        time: datetime = info.gen_time
        signer = next(iter(signed.signer_infos))
        own = (signer.issuer, signer.serial_number)
        found = [load_der_x509_certificate(data) for data in sorted(signed.certificates)]
        subjects = [c.subject.rfc4514_string() for c in found if (c.issuer, c.serial_number) == own]
        seconds = info.accuracy.seconds if info.accuracy else None
        return utc_text(time), f" (within {seconds} s)" if seconds else "", subjects[0] if subjects else ""


@contextmanager
def _damaged(told: str) -> Iterator[None]:
    """Say in plain words that foreign bytes cannot be read: parsers raise KeyError, ValueError and classes of their own."""
    try:
        yield
    except Exception as err:
        raise CustodyError(told) from err


def untrusted(response: "TimeStampResponse", trusted: list["Certificate"], digest: bytes, roots: Path) -> list[str]:
    """Return why the certificates do not vouch for a reply."""
    from rfc3161_client import VerifierBuilder

    own = [c for c in trusted if c.issuer == c.subject]
    if not own:
        return [f"{roots.name} holds no root certificate, only ones that others issued. Add the root to it."]
    try:
        verifier = VerifierBuilder(roots=own, intermediates=[c for c in trusted if c not in own]).build()
        verifier.verify(response, digest)
    except Exception as err:  # noqa: BLE001  # as above: whatever it is, the reply does not hold
        text = str(err)
        if "certificate verify error" in text:
            return [
                f"no certificate in {roots.name} vouches for the authority at that time: it is unknown, or its certificate "
                "was not valid then. Give "
                "the root certificate that the authority publishes."
            ]
        if "EKU" in text:
            return ["the certificate of the authority is not one for time-stamps. Choose another authority."]
        return [
            "the signature of the authority does not fit: the time-stamp was changed after it was made. Get it again from "
            "who keeps it."
        ]
    return []


def decoded(data: bytes) -> "TimeStampResponse":
    """Return a reply, or say in plain words why it is none."""
    require_client()
    from rfc3161_client import decode_timestamp_response

    if len(data) > MAX_REPLY:
        raise CustodyError(
            f"the time-stamp has more than {MAX_REPLY:,} bytes, which none has. Name the reply of the authority."
        )
    try:
        return decode_timestamp_response(data)
    except Exception as err:
        if "InvalidSetOrdering" in str(err):
            raise CustodyError(
                "the time-stamp does not keep to DER: its certificates are not in order, and the package rfc3161-client "
                "reads no such file. Check it "
                "with 'openssl ts -verify', or ask for a reply without the chain of certificates."
            ) from err
        raise CustodyError(
            "the time-stamp cannot be read: it is damaged, or no reply of a time-stamp authority. Get it again."
        ) from err


def read_query(path: Path) -> tuple[bytes, int]:
    """Return the imprint and the nonce of a query."""
    data = read_small(path)
    found = _QUERY.fullmatch(data)
    if found is None or data[1] != len(data) - 2 or data[-len(found[2]) - 4] != len(found[2]):
        raise CustodyError(
            f"{path} is no query with a SHA-256 imprint, a nonce and a wish for certificates. Move it away and make one anew."
        )
    return found[1], int.from_bytes(found[2], "big", signed=True)


def read_certificates(path: Path) -> list["Certificate"]:
    """Return the certificates of a PEM file."""
    from cryptography.x509 import load_pem_x509_certificates

    data = read_small(path)
    try:
        return load_pem_x509_certificates(data)
    except ValueError as err:
        raise CustodyError(f"{path} holds no certificates in PEM. Give those that the authority publishes.") from err


def read_small(path: Path) -> bytes:
    """Return the bytes of a file that has a few thousand; one byte more than allowed of a longer one."""
    with open_file(path) as file:
        return file.read(MAX_REPLY + 1)


def require_client() -> None:
    """Check that the package that reads replies is installed."""
    if find_spec("rfc3161_client") is None:
        raise MissingExtraError(
            "time-stamps need the package rfc3161-client. Install it: pip install 'forensics[timestamp]'."
        )
