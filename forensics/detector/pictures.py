"""What a detector is handed: a path, bytes or evidence; and what stands in the place of a finding if it cannot be read."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cache
from os import PathLike
from pathlib import Path, PurePath
from typing import Self, TypeAlias

from forensics import errors
from forensics.errors import ForensicsError
from forensics.evidence.provenance import TrustList
from forensics.evidence.record import Evidence, Limits
from forensics.records.canonical import JsonObject
from forensics.reproducibility import file_sha256

__all__ = ["ErrorRow", "Picture", "error_code", "file_name", "identity_of", "load_picture", "name_of"]

Picture: TypeAlias = str | PathLike[str] | bytes | Evidence

SCHEMA = "forensics.error/1.0"
_CAPITAL = re.compile("(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """A picture that could not be examined: what `Detector.examine_many` yields in its place.

    Parameters
    ----------
    name : str
        The path or name as given.
    error : ForensicsError
        Its message names the file, the reason and the next step.
    sha256 : str
        Of the bytes; empty if they could not be read.
    n_bytes : int
    """

    name: str
    error: ForensicsError
    sha256: str = ""
    n_bytes: int = 0

    @property
    def code(self) -> str:
        """The kind of error for machines, such as ``"evidence_error"``."""
        return error_code(self.error)

    def to_dict(self) -> JsonObject:
        """Return JSON values that follow ``forensics/assets/error.schema.json``."""
        return {
            "schema": SCHEMA,
            "name": file_name(self.name),
            "path": self.name,
            "sha256": self.sha256,
            "n_bytes": self.n_bytes,
            "code": self.code,
            "error": str(self.error),
        }

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the row that `to_dict` came from.

        Raises
        ------
        ValueError
            The record has another schema.
        """
        if record.get("schema") != SCHEMA:
            raise ValueError(
                f"expected a record with schema {SCHEMA!r}, got {record.get('schema')!r}. "
                "Read it with the version of forensics that wrote it."
            )
        kind = _kinds().get(record.get("code", "evidence_error"), ForensicsError)
        given = str(record.get("path") or record["name"])  # reports leave the path out
        return cls(name=given, error=kind(record["error"]), sha256=record["sha256"], n_bytes=record["n_bytes"])

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)


def error_code(error: Exception) -> str:
    """Return the kind of an error for machines: its own code if it has one, else its class, as in ``evidence_error``."""
    own = getattr(error.args[0], "code", None) if error.args else None
    return own if isinstance(own, str) else _kind(type(error))


@cache
def _kinds() -> dict[str, type[ForensicsError]]:
    found = (getattr(errors, name) for name in errors.__all__)
    return {_kind(kind): kind for kind in found if isinstance(kind, type) and issubclass(kind, ForensicsError)}


def _kind(error: type[Exception]) -> str:
    return _CAPITAL.sub("_", error.__name__).lower()


def load_picture(picture: Picture, *, limits: Limits | None, trust: TrustList | None) -> Evidence:
    """Return what there is to examine; evidence as it is.

    Raises
    ------
    EvidenceError
        The file cannot be read as a picture.
    TypeError
        It is none of the three.
    """
    if isinstance(picture, Evidence):
        return picture
    if isinstance(picture, bytes | bytearray | memoryview):
        return Evidence.from_bytes(bytes(picture), limits=limits, trust=trust)
    if not isinstance(picture, str | PathLike):
        raise TypeError(f"expected a path, bytes or Evidence, got {type(picture).__name__}")
    return Evidence.from_file(picture, limits=limits, trust=trust)


def identity_of(picture: Picture) -> tuple[str, int]:
    """Return digest and size of what could not be examined: it is an exhibit all the same."""
    if isinstance(picture, Evidence):
        return picture.sha256, picture.n_bytes
    if isinstance(picture, bytes | bytearray | memoryview):
        return hashlib.sha256(picture).hexdigest(), len(bytes(picture))
    path = Path(picture)
    try:
        return (file_sha256(path), path.stat().st_size) if path.is_file() else ("", 0)
    except (OSError, ValueError):
        return "", 0


def file_name(path: str | PathLike[str]) -> str:
    """Return what a finding calls a file: its name without folders, bytes that are no text written out."""
    return (PurePath(path).name or str(path)).encode("utf-8", "backslashreplace").decode("utf-8")


def name_of(picture: Picture) -> str:
    """Return the path or name as given; ``unnamed`` for bytes."""
    if isinstance(picture, Evidence):
        return picture.name
    return str(picture) if isinstance(picture, str | PathLike) else "unnamed"
