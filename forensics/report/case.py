"""What the examiner states about a case, and how it is read from a file."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import Self

from forensics.errors import ReportError
from forensics.records.canonical import JsonObject

__all__ = ["Case", "read_toml"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the examiner states about the case; nothing of it is checked, and any text is shown harmlessly.

    Parameters
    ----------
    number, requester, organisation, examiner, role, qualifications : str, optional
    interests : str, optional
        That could conflict with the task.
    question, not_asked : str, optional
        In the requester's words; what was left out of it.
    information : str, optional
        What the examiner was told beforehand that could colour the examination.
    received, acquisition, originality : str, optional
        When and how the exhibits arrived, how they were acquired, whether they are originals or copies.
    status, version, classification : str, optional
        Of the report: draft or final, its version, who may read it.
    technical_reviewer, administrative_reviewer : str, optional
        Name and date.
    second_tool : str, optional
        With which other tool the examination was repeated, and what came of it.
    notes : str, optional
        What the examiner wants to say; printed as the examiner's words.
    """

    number: str | None = None
    requester: str | None = None
    organisation: str | None = None
    examiner: str | None = None
    role: str | None = None
    qualifications: str | None = None
    interests: str | None = None
    question: str | None = None
    not_asked: str | None = None
    information: str | None = None
    received: str | None = None
    acquisition: str | None = None
    originality: str | None = None
    status: str | None = None
    version: str | None = None
    classification: str | None = None
    technical_reviewer: str | None = None
    administrative_reviewer: str | None = None
    second_tool: str | None = None
    notes: str | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"Case.{f.name} must be text, got {type(value).__name__}. Write it in quotes.")

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read a case from TOML: ``number = "12"``, ``examiner = "..."`` and so on.

        Raises
        ------
        ReportError
            The file cannot be read, is no TOML, or names something that a case does not have.
        """
        record = read_toml(Path(path), allowed=[f.name for f in fields(cls)], what="a case")
        try:
            return cls(**record)
        except TypeError as err:
            raise ReportError(f"{path} cannot be read as a case: {err}") from err

    def without_people(self, words: str) -> Self:
        """Return the case with everything replaced by `words` that can name people: free text does, whatever it is meant for."""
        kept = ("number", "organisation", "role", "status", "version", "classification")
        told = [f.name for f in fields(self) if f.name not in kept]
        return replace(self, **{name: words for name in told if getattr(self, name)})

    def of_sections(self, sections: Sequence[str]) -> Self:
        """Return the case without what no section of a report prints."""
        gone = [name for section, names in PRINTED_IN.items() if section not in sections for name in names]
        return replace(self, **dict.fromkeys(gone))


# The fields of a case that one section alone prints; number, organisation and classification head every report.
PRINTED_IN = {
    "case": ("requester", "examiner", "role", "qualifications", "interests", "status", "version", "notes"),
    "question": ("not_asked", "information"),
    "exhibits": ("acquisition", "originality"),
    "review": ("technical_reviewer", "administrative_reviewer", "second_tool"),
}


def read_toml(path: Path, *, allowed: Sequence[str], what: str) -> JsonObject:
    """Return the members of a TOML file, all of them among those that are allowed.

    Raises
    ------
    ReportError
    """
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as err:
        raise ReportError(f"{path} cannot be read as {what}: {err.strerror}. Check the path.") from err
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise ReportError(
            f'{path} cannot be read as {what}: it is no TOML ({err}). Write name = "value" lines.'
        ) from err
    unknown = sorted(set(record) - set(allowed))
    if unknown:
        raise ReportError(
            f"{path} names {', '.join(unknown)!r:.200}, which {what} does not have. There are: {', '.join(allowed)}."
        )
    return record
