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
from forensics.messages import Message, Value

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
            raise _error("is_folder", name)
        if not stat.S_ISREG(status.st_mode):
            raise _error("not_a_regular_file", name)
        _check_size(name, status.st_size, limits)
        data = Path(path).read_bytes()
    except FileNotFoundError as err:
        if os.fspath(path) == name:
            raise _error("not_there", name) from err
        raise _error("not_there_at", name, path=one_line(os.fspath(path))) from err
    except EvidenceError:  # a ValueError too
        raise
    except (OSError, ValueError) as err:
        reason = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
        raise _error("not_readable", name, reason=reason) from err
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
        kinds = [one.title for one in FORMATS.values()]
        raise _error("not_a_picture", name, start=data[:8].hex(" "), kinds=kinds)
    remarks: list[Message] = []
    try:
        name.encode()
    except UnicodeEncodeError:
        name = storable(name)
        remarks.append(Message("name_not_text"))
    suffix = PurePath(name).suffix.lower()
    if suffix and suffix not in kind.suffixes:
        remarks.append(Message("name_ends_otherwise", {"suffix": one_line(suffix), "kind": kind.title}))
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
        remarks=(*remarks, *picture.remarks),
    )


def _error(code: str, name: str, **values: Value) -> EvidenceError:
    return EvidenceError(Message(code, {"name": one_line(name), **values}))


def _check_size(name: str, n_bytes: int, limits: Limits) -> None:
    if n_bytes == 0:
        raise _error("empty", name)
    if n_bytes > limits.max_bytes:
        raise _error("too_many_bytes", name, n_bytes=n_bytes, limit=limits.max_bytes)
