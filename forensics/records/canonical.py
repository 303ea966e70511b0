"""The record in canonical form (RFC 8785), its digest, and text that cannot hide anything.

A report is a rendering of one JSON record. Its canonical form is a function of its content, so that the digest is
too, whoever computes it and in whatever language.
"""

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any, TypeAlias

import rfc8785

from forensics.errors import RecordError

__all__ = ["canonical_text", "digest", "parse", "printable_json", "storable", "visible"]

JsonObject: TypeAlias = dict[str, Any]

SAFE_INTEGER = 2**53 - 1  # RFC 8785 numbers are IEEE 754 doubles

# Characters that a reader would not see, that reorder what is seen, or that a file cannot hold. Listed and not
# looked up in unicodedata, whose tables change between Python versions and with them the bytes of a report.
_HIDDEN = (
    "\\x00-\\x1f\\x7f-\\xa0\\xad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180f\\u2000-\\u200f"
    "\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3164\\ud800-\\udfff\\ue000-\\uf8ff\\ufe00-\\ufe0f\\ufeff\\uffa0"
    "\\ufff0-\\ufffb\\ufffe\\uffff\\U0001bca0-\\U0001bca3\\U0001d173-\\U0001d17a\\U000e0000-\\U0010ffff"
)
_MARKS = "\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20ff\\ufe20-\\ufe2f"
# Three combining marks in a row occur in real writing; a stack of more covers the neighbouring lines.
_UNSEEN = re.compile(f"[{_HIDDEN}]|(?<=[{_MARKS}]{{3}})[{_MARKS}]")
_SURROGATE = re.compile("[\\ud800-\\udfff]")


def visible(text: str) -> str:
    """Return the text with control, bidirectional, zero-width and private characters spelled out.

    Examples
    --------
    >>> visible("a" + chr(0x202E) + "b")
    'a⟨U+202E⟩b'
    """
    return _UNSEEN.sub(_spelled, text)


def storable(value: Any) -> Any:
    """Return JSON values that RFC 8785 can hold.

    Lone surrogates are spelled out as by `visible`; integers beyond 2**53 and numbers that are not finite become
    text; tuples become lists.

    Raises
    ------
    RecordError
        A value is of a type that JSON does not have.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _SURROGATE.sub(_spelled, str(value))
    if isinstance(value, int):
        return int(value) if abs(value) <= SAFE_INTEGER else str(int(value))
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, Mapping):
        return _storable_mapping(value)
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    raise RecordError(
        f"a record cannot hold a value of type {type(value).__name__}. Use text, numbers, true/false, lists, mappings."
    )


def canonical_text(record: JsonObject) -> str:
    """Return the RFC 8785 form of a record.

    Raises
    ------
    RecordError
        The record holds something that RFC 8785 has no form for; see `storable`.
    """
    try:
        return rfc8785.dumps(record).decode("utf-8")
    except (rfc8785.CanonicalizationError, RecursionError) as err:
        raise RecordError(f"the record has no canonical form: {err}. Pass it through storable first.") from err


def digest(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8, 64 hexadecimal digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def printable_json(text: str) -> str:
    r"""Return canonical JSON in which characters that a reader would not see are JSON escapes such as ``\u202e``.

    Loss-free: `parse` gives the same record from both, and `canonical_text` of that is the original.
    """
    return _UNSEEN.sub(_json_escape, text)


def parse(text: str) -> JsonObject:
    """Return the record of a JSON text.

    Raises
    ------
    RecordError
        The text is not JSON, or not an object.
    """
    try:
        record = json.loads(text, parse_int=_number, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as err:
        raise RecordError(f"the record is not JSON: {err}. Ask for a new copy of the file.") from err
    if not isinstance(record, dict):
        raise RecordError(f"the record is a {type(record).__name__}, not an object. Ask for a new copy of the file.")
    return record


def _storable_mapping(value: Mapping[Any, Any]) -> JsonObject:
    out: JsonObject = {}
    for key, item in value.items():
        name = storable(str(key))
        while name in out:  # two keys that differed in a lone surrogate only
            name += "′"
        out[name] = storable(item)
    return out


def _spelled(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match.group()):04X}⟩"


def _json_escape(match: re.Match[str]) -> str:
    units = match.group().encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def _number(digits: str) -> int | float:
    """Whole numbers as RFC 8785 writes them include doubles such as 1e20, which Python would read as int."""
    number = int(digits)
    return number if abs(number) <= SAFE_INTEGER else float(digits)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")
