"""The query for a time-stamp and the reply of an authority (RFC 3161): what is in them, and whether they belong together.

A query is written with the ASN.1 of ``cryptography``. The request builder of ``rfc3161-client`` wants the whole file in memory
instead of its digest, takes no empty file, and is an extra, while a query can be written and carried without it.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forensics.custody.entries import Item, open_file, utc_text
from forensics.errors import CustodyError, needed_by
from forensics.records.canonical import visible

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

__all__ = [
    "GRANTED", "MAX_BYTES", "claims", "decoded", "mismatches", "query_bytes", "read_certificates", "read_query", "read_small",
    "require_client", "untrusted",
]  # fmt: skip

SHA256 = "2.16.840.1.101.3.4.2.1"
MAX_BYTES = 2**20  # of a query or a reply; a reply with its certificates has a few thousand
GRANTED = 0
STATUS = {
    1: "granted with changes, which this program does not accept",
    2: "refused",
    3: "not ready yet",
    4: "a warning of revocation",
    5: "revoked",
}


def query_bytes(digest: bytes) -> bytes:
    """Return a query in DER for a digest of 32 bytes, with a new number of eight bytes."""
    from cryptography.hazmat.asn1 import encode_der

    return encode_der(_query(digest, 2**56 + secrets.randbelow(2**63 - 2**56)))


def read_query(path: Path) -> tuple[bytes, int]:
    """Return the digest and the number (nonce) of a query.

    Raises
    ------
    CustodyError
        It cannot be read, or is no query of this kind.
    """
    from cryptography.hazmat.asn1 import decode_der, encode_der

    data = read_small(path)
    try:
        query = decode_der(_types()[0], data)
        found = (query.message_imprint.hashed_message, query.nonce)
        exact = len(found[0]) == 32 and encode_der(_query(*found)) == data
    except ValueError:
        exact = False
    if not exact:
        raise CustodyError(
            f"{path} is no query with a SHA-256 imprint, a nonce and a wish for certificates. Move it away and make one anew."
        )
    return found


def read_small(path: Path) -> bytes:
    """Return the bytes of a query, a reply or certificates; one byte more than allowed of a longer file."""
    with open_file(path) as file:
        return file.read(MAX_BYTES + 1)


@cache
def _types() -> tuple[Any, Any, Any]:
    """Return TimeStampReq, MessageImprint and AlgorithmIdentifier, made when they are first needed."""
    from cryptography.hazmat import asn1
    from cryptography.x509 import ObjectIdentifier

    @asn1.sequence
    class AlgorithmIdentifier:
        algorithm: ObjectIdentifier
        parameters: asn1.Null

    @asn1.sequence
    class MessageImprint:
        hash_algorithm: AlgorithmIdentifier
        hashed_message: bytes

    @asn1.sequence
    class TimeStampReq:
        version: int
        message_imprint: MessageImprint
        nonce: int
        cert_req: bool

    return TimeStampReq, MessageImprint, AlgorithmIdentifier


def _query(digest: bytes, nonce: int) -> Any:
    from cryptography.hazmat.asn1 import Null
    from cryptography.x509 import ObjectIdentifier

    request, imprint, algorithm = _types()
    kind = algorithm(algorithm=ObjectIdentifier(SHA256), parameters=Null())
    return request(
        version=1,
        message_imprint=imprint(hash_algorithm=kind, hashed_message=digest),
        nonce=nonce,
        cert_req=True,
    )


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
    with needed_by("A time-stamp"):
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
    with needed_by("A time-stamp"):
        from rfc3161_client import decode_timestamp_response

    if len(data) > MAX_BYTES:
        raise CustodyError(
            f"the time-stamp has more than {MAX_BYTES:,} bytes, which none has. Name the reply of the authority."
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


def read_certificates(path: Path) -> list["Certificate"]:
    """Return the certificates of a PEM file."""
    from cryptography.x509 import load_pem_x509_certificates

    data = read_small(path)
    try:
        return load_pem_x509_certificates(data)
    except ValueError as err:
        raise CustodyError(f"{path} holds no certificates in PEM. Give those that the authority publishes.") from err


def require_client() -> None:
    """Check that the package that reads replies is installed."""
    with needed_by("A time-stamp"):
        import rfc3161_client  # noqa: F401  # asked before anything else is done
