"""What a report is made of before it is laid out: the case, the findings and the pictures."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Self, TypeAlias

from forensics.types import ENFSI_2015, Attribution, Finding, VerbalScale

__all__ = ["Case", "Context", "Exhibit", "Figure"]

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the examiner states about the case; nothing of it is checked, and any text is shown harmlessly.

    Parameters
    ----------
    number, examiner, organisation, requester : str, optional
    question : str, optional
        The question that was asked, in the requester's words.
    received : str, optional
        When and how the exhibits arrived.
    notes : str, optional
        What the examiner wants to say; printed as the examiner's words.
    """

    number: str | None = None
    examiner: str | None = None
    organisation: str | None = None
    requester: str | None = None
    question: str | None = None
    received: str | None = None
    notes: str | None = None

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value is not None and not isinstance(value, str):
                raise TypeError(f"Case.{f.name} must be text, got {type(value).__name__}. Write it in quotes.")

    def to_dict(self) -> JsonObject:
        """Return JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the case that `to_dict` came from."""
        return cls(**record)


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
        ``preview``, ``localisation``, ``crop``, ``residual``, ``attribution`` or ``bar``.
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

    def to_dict(self) -> JsonObject:
        """Return JSON values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the figure that `to_dict` came from."""
        return cls(**record)


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
    problem : str
        Why there is no finding; empty if there is one.
    """

    number: int
    name: str
    finding: Finding | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """All that a section may speak of.

    Parameters
    ----------
    exhibits : tuple of Exhibit
    figures : tuple of Figure
        Empty in a redacted report.
    case : Case
    created : str
        UTC, ISO 8601.
    version : str
        Of this package.
    redacted : bool
    scale : VerbalScale
        The words in force.
    attributions : tuple of (int, Attribution)
        Each with the number of its exhibit, in the order given.
    """

    exhibits: tuple[Exhibit, ...]
    figures: tuple[Figure, ...]
    case: Case
    created: str
    version: str
    redacted: bool
    scale: VerbalScale = ENFSI_2015
    attributions: tuple[tuple[int, Attribution], ...] = ()

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
