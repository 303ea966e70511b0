"""What a report is made of before it is laid out: the case, the findings and the pictures."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any, Self

from forensics.attribution.record import Attribution
from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
from forensics.detector.finding import Finding
from forensics.errors import ReportError
from forensics.messages import Message
from forensics.records.canonical import JsonObject

__all__ = ["Case", "Context", "Exhibit", "Figure", "read_toml"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One picture of the report; its bytes are in the page, its digest in the record.

    Parameters
    ----------
    id : str
        ``exhibit-1-preview``; letters, digits and hyphens.
    exhibit : str
        SHA-256 of the exhibit it was made from.
    kind : str
        ``preview``, ``localisation``, ``crop``, ``residual``, ``attribution``, ``part`` or ``bar``.
    title, caption : str
    look, ignore : str
        What to look at, what to ignore; empty if there is nothing to say.
    alt : str
        What the picture shows, with numbers, for those who cannot see it.
    scale : str
        Pixels of the picture per pixel of the exhibit.
    width, height : int
        In pixels.
    sha256 : str
        Of the PNG bytes.
    bar : str
        Figure that holds the colours from the lowest to the highest value; empty for photographs.
    low, high : str
        What its two ends mean, with unit.
    """

    id: str
    exhibit: str
    kind: str
    title: str
    caption: str
    look: str
    ignore: str
    alt: str
    scale: str
    width: int
    height: int
    sha256: str
    media_type: str = "image/png"
    bar: str = ""
    low: str = ""
    high: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One picture of the case under its number, with what was found or why it was not examined.

    Parameters
    ----------
    number : int
        From 1, in the order given.
    name : str
    finding : Finding or None
        Without pixels.
    problem : Message or None
        Why there is no finding; None if there is one.
    sha256 : str
        Of the file's bytes; empty if they could not be read.
    n_bytes : int
    """

    number: int
    name: str
    finding: Finding | None = None
    problem: Message | None = None
    sha256: str = ""
    n_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a section may speak of.

    Parameters
    ----------
    exhibits : tuple of Exhibit
    figures : tuple of Figure
        Those of covered exhibits are covered; none if whole pictures are withheld.
    case : Case
    created : str
        UTC, ISO 8601.
    version, lock_sha256 : str
        Of this package, and digest of the list of its dependencies.
    language, profile : str
    redaction : mapping
        ``what`` is covered (none, whole, faces, regions), in which ``style``, and whether ``names`` are withheld.
    covered : mapping of int to mapping
        Exhibit to the number of covered ``places``, whether the ``whole`` picture is withheld, and how many faces were ``found``
        (None if none were looked for).
    scale : VerbalScale
        The words in force.
    attributions : tuple of (int, Attribution)
        Each with the number of its exhibit, in the order given.
    custody : mapping or None
        ``head``, ``length`` and ``entries`` about the exhibits; None if no log was given.
    hashes : mapping of int to mapping
        Exhibit to its ``perceptual`` hashes and the ``lists`` it was looked up in.
    validation : mapping or None
        What the calibration card says of the kinds of pictures of this report; None if there was none at hand.
    """

    exhibits: tuple[Exhibit, ...]
    figures: tuple[Figure, ...]
    case: Case
    created: str
    version: str
    lock_sha256: str = ""
    language: str = "en"
    profile: str = "investigator"
    redaction: Mapping[str, Any] = field(default_factory=lambda: {"what": "none"})
    covered: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    scale: VerbalScale = ENFSI_2015
    attributions: tuple[tuple[int, Attribution], ...] = ()
    custody: Mapping[str, Any] | None = None
    hashes: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    validation: Mapping[str, Any] | None = None

    @property
    def redacted(self) -> bool:
        """Whether anything of the pictures is covered or withheld."""
        return bool(self.redaction["what"] != "none")

    @property
    def examined(self) -> Iterator[tuple[Exhibit, Finding]]:
        """Exhibits that have a finding, each with it."""
        return ((e, e.finding) for e in self.exhibits if e.finding is not None)

    def figures_of(self, exhibit: Exhibit, *kinds: str) -> tuple[Figure, ...]:
        """Return the figures of these kinds that were made from an exhibit."""
        prefix = f"exhibit-{exhibit.number}-"
        return tuple(f for f in self.figures if f.id.startswith(prefix) and f.kind in kinds)

    def attribution_figures(self, number: int) -> tuple[Figure, ...]:
        """Return the figures of attribution number `number`, counted from 1."""
        ending = f"-attribution-{number}"
        return tuple(f for f in self.figures if f.kind == "attribution" and f.id.endswith(ending))

    def part_under(self, figure: Figure) -> Figure | None:
        """Return the part of the picture that a map lies over, in the size of the map; None if it is not shown."""
        return next((f for f in self.figures if f.id == f"{figure.id}-part"), None)
