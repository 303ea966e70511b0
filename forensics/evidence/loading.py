"""Bytes in, `Evidence` out, or an `EvidenceError` that says what to do.

The file is opened once and read-only. Its type is found from its content, its claims are checked against the limits
before any pixel is decoded, and only then is it decoded. How each kind of picture becomes RGB is stated in
`forensics.evidence.decoding`; whatever was done stands in ``Evidence.notes``.
"""

import hashlib
import os
import stat
from pathlib import Path, PurePath

from forensics.errors import EvidenceError
from forensics.evidence.credentials.trust_list import TrustList, default_trust_list
from forensics.evidence.decoding import decode
from forensics.evidence.formats import FORMATS, sniff
from forensics.evidence.metadata import read_metadata
from forensics.evidence.record import Evidence, Limits
from forensics.evidence.texts import one_line, storable

__all__ = ["load_bytes", "load_file"]


def load_file(
    path: str | os.PathLike[str],
    *,
    limits: Limits | None = None,
    trust: TrustList | None = None,
    check_credentials: bool = True,
) -> Evidence:
    """Read a picture file; see `Evidence.from_file`."""
    limits = limits or Limits()
    name = PurePath(os.fspath(path)).name or os.fspath(path)
    try:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise _error(name, "is a folder", "Name the pictures in it, as in 'folder/*.jpg'.")
        if not stat.S_ISREG(status.st_mode):
            raise _error(name, "is not a regular file", "Copy the picture to a file first.")
        _check_size(name, status.st_size, limits)
        data = Path(path).read_bytes()
    except FileNotFoundError as err:
        raise _error(
            name,
            "does not exist" if os.fspath(path) == name else f"does not exist at {one_line(os.fspath(path))}",
            "Check the path.",
        ) from err
    except EvidenceError:  # a ValueError too
        raise
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise _error(name, f"cannot be read: {reason}", "Check the path and the file's permissions.") from err
    return load_bytes(data, name=name, limits=limits, trust=trust, check_credentials=check_credentials)


def load_bytes(
    data: bytes,
    *,
    name: str = "unnamed",
    limits: Limits | None = None,
    trust: TrustList | None = None,
    check_credentials: bool = True,
) -> Evidence:
    """Read a picture from the bytes of a file; see `Evidence.from_bytes`."""
    limits = limits or Limits()
    trust = trust or default_trust_list()  # for every file, so that a list that cannot be used shows at the first
    _check_size(name, len(data), limits)
    kind = sniff(data)
    if kind is None:
        raise _error(
            name,
            f"is not a picture of a known kind (it starts with {data[:8].hex(' ')})",
            f"Give one of {', '.join(f.title for f in FORMATS.values())}.",
        )
    notes: list[str] = []
    try:
        name.encode()
    except UnicodeEncodeError:
        name = storable(name)
        notes.append("The file name held bytes that are no text; they are written as \\udcXX.")
    suffix = PurePath(name).suffix.lower()
    if suffix and suffix not in kind.suffixes:
        notes.append(f"The name ends in {one_line(suffix)}, the content is {kind.title}.")
    picture = decode(data, kind=kind, name=one_line(name), limits=limits)
    return Evidence(
        pixels=picture.pixels,
        sha256=hashlib.sha256(data).hexdigest(),
        name=name,
        media_type=kind.media_type,
        n_bytes=len(data),
        metadata=read_metadata(
            data, kind=kind, header=picture.header, trust=trust, check_credentials=check_credentials
        ),
        notes=(*notes, *picture.notes),
    )


def _error(name: str, reason: str, next_step: str) -> EvidenceError:
    return EvidenceError(f"{one_line(name)} {reason}. {next_step}")


def _check_size(name: str, n_bytes: int, limits: Limits) -> None:
    if n_bytes == 0:
        raise _error(name, "is empty", "Get the file again from its source.")
    if n_bytes > limits.max_bytes:
        raise _error(
            name,
            f"has {n_bytes} bytes, more than the limit of {limits.max_bytes}",
            "Raise Limits(max_bytes=...) if this size is expected.",
        )
