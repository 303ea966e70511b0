"""Test certificates and signed test pictures for content credentials (C2PA); nothing here is trusted by anyone.

The chain is root -> signer, ES256, with what the C2PA certificate profile asks of a signer (C2PA 2.1, 14.5.1):
version 3, digitalSignature only, an allowed extended key usage, authority key identifier, no CA.
"""

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["GENERATED", "Chain", "chain", "signed"]

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
START, END = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), dt.datetime(2120, 1, 1, tzinfo=dt.UTC)
# A test must not reach for the network, not even while it signs.
OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False}}


@dataclass(frozen=True)
class Chain:
    """A root and a signer that it vouches for, as PEM."""

    root: str
    signer: str
    key: str


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "XX"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Press"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@cache
def chain(name: str = "A") -> Chain:
    """Return a fresh chain; the same for the same name within one run."""
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name = _name(f"Test root {name}")
    usage = {
        "digital_signature": True, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
        "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False, "decipher_only": False,
    }  # fmt: skip

    def builder(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(root_name).public_key(public)
        return (
            made.serial_number(x509.random_serial_number())
            .not_valid_before(START)
            .not_valid_after(END)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        )

    root = (
        builder(root_name, root_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(**{**usage, "digital_signature": False, "key_cert_sign": True, "crl_sign": True}),
            critical=True,
        )
        .sign(root_key, hashes.SHA256())
    )
    signer = (
        builder(_name(f"Test signer {name}"), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return Chain(
        root=root.public_bytes(pem).decode(),
        signer=signer.public_bytes(pem).decode(),
        key=key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode(),
    )


def signed(
    data: bytes,
    media_type: str = "image/jpeg",
    *,
    by: Chain | None = None,
    actions: Sequence[Mapping[str, Any]] = ({"action": "c2pa.created", "digitalSourceType": GENERATED},),
    title: str = "test picture",
    generator: str = "Test Camera",
    remote_url: str | None = None,
    embed: bool = True,
) -> bytes:
    """Return the picture with a content credential in it, or with the address of one."""
    by = by or chain()
    manifest = {
        "claim_generator_info": [{"name": generator, "version": "1.0"}],
        "title": title,
        "format": media_type,
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [dict(a) for a in actions]}}],
    }
    info = c2pa.C2paSignerInfo("es256", (by.signer + by.root).encode(), by.key.encode(), None)
    out = io.BytesIO()
    with (
        c2pa.Settings.from_dict(OFFLINE) as settings,
        c2pa.Context(settings) as context,
        c2pa.Signer.from_info(info) as signer,
        c2pa.Builder(manifest, context=context) as builder,
    ):
        if remote_url is not None:
            builder.set_remote_url(remote_url)
        if not embed:
            builder.set_no_embed()
        builder.sign(signer, media_type, io.BytesIO(data), out)
    return out.getvalue()
