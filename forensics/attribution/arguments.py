"""Checks of what is handed to the functions of this package, and what is said of anything else."""

import difflib
import operator
from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from forensics.attribution.record import Attribution
from forensics.detector.finding import Finding
from forensics.detector.pictures import load_picture
from forensics.errors import AttributionError, UnknownNameError
from forensics.evidence.record import Evidence

if TYPE_CHECKING:
    from forensics.detector import Detector
    from forensics.models.branch import Branch

__all__ = ["Picture", "branch_of", "evidence_of", "refuse_unused", "require_attribution", "unknown", "whole_number"]

Picture: TypeAlias = Finding | Evidence | str | PathLike[str] | bytes


def evidence_of(picture: Picture, *, takes: str) -> Evidence:
    """Return the picture of a finding, or read a path or bytes as `Detector.examine` does.

    Parameters
    ----------
    picture : Finding, Evidence, path or bytes
    takes : str
        Where it was handed to, for the message.

    Raises
    ------
    EvidenceError
        The file cannot be read as a picture.
    TypeError
        It is something else.
    """
    if isinstance(picture, Finding):
        return picture.evidence
    if not isinstance(picture, Evidence | str | PathLike | bytes | bytearray | memoryview):
        raise TypeError(
            f"{takes} takes a picture as Finding, Evidence, path or bytes, got {type(picture).__name__}. Pass what examine returned."
        )
    return load_picture(picture, limits=None, trust=None)


def branch_of(detector: "Detector", name: str) -> "Branch":
    """Return a branch of a detector.

    Raises
    ------
    UnknownNameError
        There is no such branch; the message names a near one.
    """
    branches = dict(detector.ensemble.items())
    if name not in branches:
        raise UnknownNameError(unknown("branches", name, list(branches)))
    return branches[name]


def require_attribution(attribution: object, *, takes: str) -> Attribution:
    """Return what was handed in if it is an attribution.

    Raises
    ------
    TypeError
        It is something else.
    """
    if not isinstance(attribution, Attribution):
        raise TypeError(
            f"{takes} takes an Attribution, got {type(attribution).__name__}. Pass what attribute returned."
        )
    return attribution


def whole_number(value: object) -> int | None:
    """Return a whole number of any kind, NumPy's too, as int; None for all else, such as 1.0 and True."""
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what cannot be one raises
    except TypeError:
        return None


def unknown(what: str, name: object, names: list[str], *, listed: list[str] | None = None) -> str:
    """Return the message for a name that there is not, with those that there are and a near one."""
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    some = names if listed is None else listed
    more = ", …" if len(some) < len(names) else ""
    hint = f" Did you mean {close[0]!r}?" if close else " Choose one of these."
    return f"No {name!r} among the {what}: {', '.join(some)}{more}.{hint}"


def refuse_unused(
    method: str, takes: frozenset[str], settings: Mapping[str, object], others: Mapping[str, list[str]]
) -> None:
    """Refuse settings that a method has no use for, rather than to change nothing silently.

    Parameters
    ----------
    method : str
    takes : frozenset of str
        Names of the settings that it has a use for.
    settings : mapping
        Name of a setting to its value, of those that were given.
    others : mapping of str to list of str
        Name of a setting to the methods that have a use for it.

    Raises
    ------
    AttributionError
        Names the first one, and the methods that take it.
    """
    for name in sorted(set(settings) - takes):
        raise AttributionError(
            f"{method} has no use for {name}={settings[name]!r}; {name} is for {', '.join(others[name])}. Leave it out, or choose one of these."
        )
