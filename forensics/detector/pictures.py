"""What a detector is handed: a path, bytes or evidence; and what stands in the place of a finding if it cannot be read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from os import PathLike
from pathlib import Path, PurePath
from typing import Any, Self, TypeAlias

from forensics.errors import EvidenceError, ForensicsError
from forensics.evidence.credentials.trust_list import TrustList
from forensics.evidence.record import Evidence, Limits
from forensics.messages import Message, carried
from forensics.records.canonical import JsonObject
from forensics.reproducibility import file_sha256

__all__ = [
    "ErrorRow",
    "Picture",
    "error_record",
    "file_name",
    "identity_of",
    "load_picture",
    "name_of",
    "placeless",
    "read_error",
]

ERROR_SCHEMA = "forensics.error/1.1"  # 1.0 held a sentence alone

Picture: TypeAlias = str | PathLike[str] | bytes | Evidence


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
    def message(self) -> Message:
        """Why, as a code with values."""
        return carried(self.error)

    def to_dict(self) -> JsonObject:
        """Return JSON values that follow ``forensics/assets/error.schema.json``; ``error`` is the sentence of the code."""
        record = error_record(file_name(self.name), self.message, sha256=self.sha256, n_bytes=self.n_bytes)
        return {**record, "path": self.name}

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the row that `to_dict` came from, or that stands in a report, which leaves the path out."""
        given = str(record.get("path") or record["name"])
        error = EvidenceError(read_error(record))
        return cls(name=given, error=error, sha256=record["sha256"], n_bytes=record["n_bytes"])

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False)


def error_record(name: str, message: Message, *, sha256: str, n_bytes: int) -> dict[str, Any]:
    """Return the JSON values that stand where a finding would."""
    why = message.to_dict()
    why["error"] = why.pop("text")
    return {"schema": ERROR_SCHEMA, "name": name, **why, "sha256": sha256, "n_bytes": n_bytes}


def read_error(record: Mapping[str, Any]) -> Message:
    """Return why there is no finding, from what `error_record` made; of older records the sentence as it stands."""
    return Message.from_dict({**record, "text": record["error"]} if "code" in record else record["error"])


def placeless(why: Message, given: str, name: str) -> Message:
    """Return why a file was not examined, with this name for it, and without the folders in which it lies."""
    if "name" in why.values:
        return Message(why.code, {k: name if k in ("name", "path") else v for k, v in why.values.items()})
    told = [text for text in (given, Path(given).name) if text]
    return why.with_texts(lambda text: reduce(lambda rest, one: rest.replace(one, name), told, text))


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
