"""Trust lists: certificates of those who may vouch for the signer of a content credential."""

import functools
import hashlib
import os
import re
import stat
import warnings
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from forensics.errors import RecordError
from forensics.evidence.texts import storable

__all__ = ["TRUST_LIST_VARIABLE", "TrustList", "default_trust_list"]

TRUST_LIST_VARIABLE = "FORENSICS_TRUST_LIST"
MAX_TRUST_BYTES = 16 * 2**20  # the public lists have some 100 kB
_CERTIFICATE = re.compile(rb"-----BEGIN ([A-Z0-9 ]*)-----.*?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustList:
    """Certificates of authorities that are trusted to vouch for signers.

    Parameters
    ----------
    name : str
        File name without folders.
    sha256 : str
        Digest of the file's bytes.
    n_certificates : int
    pem : str
        The certificates and nothing else.
    """

    name: str
    sha256: str
    n_certificates: int
    pem: str = field(repr=False)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> "TrustList":
        """Read a file of certificates in PEM form; other text between them is passed over.

        Raises
        ------
        RecordError
            The file cannot be read, holds no certificate, one that cannot be read, or a private key.
        """
        from cryptography import x509  # most examinations have no trust list

        name = PurePath(os.fspath(path)).name
        data = _trust_bytes(Path(path), name)
        blocks = []
        for number, match in enumerate(_CERTIFICATE.finditer(data), 1):
            line = data.count(b"\n", 0, match.start()) + 1
            what = match.group(1).decode()
            if what != "CERTIFICATE":
                raise _unusable(name, f"holds a block “{what}” at line {line}", "Keep certificates only in it")
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # odd but usable certificates
                    x509.load_pem_x509_certificate(match.group())
            except ValueError as err:
                reason = " ".join(str(err).split())[:120]
                raise _unusable(
                    name, f"has a damaged certificate {number} at line {line}: {reason}", "Get it again"
                ) from err
            blocks.append(match.group().decode("ascii"))
        if not blocks:
            raise _unusable(
                name,
                f"holds no certificate (it starts with {data[:8].hex(' ') or 'nothing'})",
                "Give a PEM file with blocks “BEGIN CERTIFICATE”",
            )
        digest = hashlib.sha256(data).hexdigest()
        return cls(name=name, sha256=digest, n_certificates=len(blocks), pem="\n".join([*blocks, ""]))


def default_trust_list() -> TrustList | None:
    """Return the trust list that the environment variable FORENSICS_TRUST_LIST names, or None if it names none.

    Raises
    ------
    RecordError
        It names a file that is no trust list.
    """
    path = os.environ.get(TRUST_LIST_VARIABLE)
    if not path:
        return None
    try:
        status = Path(path).stat()
    except (OSError, ValueError) as err:
        raise _unusable(path, f"does not open: {err}", f"Correct {TRUST_LIST_VARIABLE}") from err
    return _cached_trust_list(path, status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=4)
def _cached_trust_list(path: str, _changed: int, _size: int) -> TrustList:
    return TrustList.from_file(path)


def _trust_bytes(path: Path, name: str) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _unusable(name, "is no ordinary file", "Name a PEM file")
        if status.st_size > MAX_TRUST_BYTES:
            raise _unusable(name, f"has {status.st_size} bytes, more than {MAX_TRUST_BYTES}", "Name a PEM file")
        return path.read_bytes()
    except OSError as err:
        raise _unusable(name, f"does not open: {err.strerror or err}", "Check the path") from err


def _unusable(name: str, reason: str, next_step: str) -> RecordError:
    return RecordError(f"the trust list {storable(name, 200)} {reason}. {next_step}; no trust list was used.")
