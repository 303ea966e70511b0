"""What a report is made of before it is laid out: the case, the findings and the pictures."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from forensics.attribution.record import Attribution
from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
from forensics.detector.finding import Finding
from forensics.messages import Message
from forensics.report.case import Case

__all__ = ["Context", "Exhibit", "Figure"]


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
    exhibits : sequence of Exhibit
        In a report that is being written each is read from the disk when it is asked for: go through them one at a time and keep
        no more of each than a row.
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

    exhibits: Sequence[Exhibit]
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
    _by_exhibit: Mapping[str, Sequence[Figure]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        found: dict[str, list[Figure]] = defaultdict(list)
        for figure in self.figures:
            found["-".join(figure.id.split("-")[:2])].append(figure)
        object.__setattr__(self, "_by_exhibit", dict(found))

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
        return tuple(f for f in self._by_exhibit.get(f"exhibit-{exhibit.number}", ()) if f.kind in kinds)

    def attribution_figures(self, number: int) -> tuple[Figure, ...]:
        """Return the figures of attribution number `number`, counted from 1."""
        ending = f"-attribution-{number}"
        return tuple(f for f in self.figures if f.kind == "attribution" and f.id.endswith(ending))

    def part_under(self, figure: Figure) -> Figure | None:
        """Return the part of the picture that a map lies over, in the size of the map; None if it is not shown."""
        return next((f for f in self.figures if f.id == f"{figure.id}-part"), None)
