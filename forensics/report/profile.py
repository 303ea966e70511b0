"""Which sections a report has, in which order, and what it withholds: one TOML file per kind of reader."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Self

from forensics.errors import ReportError
from forensics.report.case import read_toml
from forensics.report.sections import SECTIONS

__all__ = ["PROFILES", "Profile"]

FOLDER = Path(__file__).parent / "profiles"
PROFILES = ("investigator", "newsroom", "course", "victim")
FIRST = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The plan of a report.

    Parameters
    ----------
    name : str
        Of the profile, or the path of a laboratory's own file.
    sections : tuple of str
        Registered names, in order; the summary comes first.
    redaction : mapping
        What is withheld unless the caller says otherwise; see `forensics.redaction.Redaction`.
    """

    name: str
    sections: tuple[str, ...]
    redaction: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sections = tuple(self.sections)
        for name in sections:
            SECTIONS[name]  # an unknown name raises with a suggestion
        if not sections or sections[0] != FIRST or len(set(sections)) < len(sections):
            raise ReportError(
                f"the sections of a profile begin with {FIRST!r} and name nothing twice, got {list(sections)}. Mend the profile {self.name}."
            )
        object.__setattr__(self, "sections", sections)

    @classmethod
    def of(cls, given: "str | PathLike[str] | Profile") -> "Profile":
        """Return a profile by name, from a file, or as it is.

        Raises
        ------
        ReportError
            There is no such profile, or the file is none.
        UnknownNameError
            It names a section that there is not.
        """
        if isinstance(given, Profile):
            return given
        if str(given) in PROFILES:
            return cls._read(FOLDER / f"{given}.toml", name=str(given))
        path = Path(given)
        if path.suffix != ".toml":
            raise ReportError(
                f"no profile {str(given)!r:.80}. There are: {', '.join(PROFILES)}; or name a TOML file of your own."
            )
        return cls._read(path, name=str(given))

    @classmethod
    def _read(cls, path: Path, *, name: str) -> Self:
        record = read_toml(path, allowed=("sections", "redaction"), what="a profile")
        sections, redaction = record.get("sections"), record.get("redaction", {})
        if not isinstance(sections, list) or not all(isinstance(s, str) for s in sections):
            raise ReportError(
                f'{path} is no profile: sections must be a list of names. Write sections = ["summary", ...].'
            )
        if not isinstance(redaction, dict):
            raise ReportError(f'{path} is no profile: redaction must be a table. Write [redaction] and what = "faces".')
        return cls(name=name, sections=tuple(sections), redaction=redaction)
