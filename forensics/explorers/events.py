"""What a reader can do in an explorer, one record per kind of action."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from forensics.explorers.places import Box, Look, Subject

__all__ = [
    "BesideChosen",
    "BranchChosen",
    "ChannelChosen",
    "Checks",
    "Event",
    "Examined",
    "Explained",
    "GainSet",
    "LookMoved",
    "MethodChosen",
    "OtherShown",
    "PicturesHidden",
    "RegionMarked",
    "ReportSet",
    "ResidualChosen",
    "TabChosen",
    "TrustChosen",
    "ViewChosen",
    "ViewClicked",
]


Checks: TypeAlias = Literal["quick", "full", "none"]


@dataclass(frozen=True, slots=True)
class TabChosen:
    """Another tab."""

    tab: str


@dataclass(frozen=True, slots=True)
class ResidualChosen:
    """Another residual, by its registered name."""

    name: str


@dataclass(frozen=True, slots=True)
class ChannelChosen:
    """Another map of the residual."""

    channel: int


@dataclass(frozen=True, slots=True)
class GainSet:
    """Another scale, as a multiple of the fixed one's slope."""

    gain: float


@dataclass(frozen=True, slots=True)
class LookMoved:
    """Another part of the picture."""

    look: Look


@dataclass(frozen=True, slots=True)
class ViewClicked:
    """A point of the plot of scores: go to the part which that view looked at."""

    index: int


@dataclass(frozen=True, slots=True)
class RegionMarked:
    """A region for statistics; None to take it back."""

    box: Box | None


@dataclass(frozen=True, slots=True)
class BranchChosen:
    """The branch to be explained, with the methods that work for it."""

    branch: str
    methods: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodChosen:
    """The method of attribution."""

    method: str


@dataclass(frozen=True, slots=True)
class ViewChosen:
    """The view to be explained; None for the one on which the branch answers highest."""

    view: str | None


@dataclass(frozen=True, slots=True)
class BesideChosen:
    """A second branch to explain beside the first; empty for none."""

    branch: str


@dataclass(frozen=True, slots=True)
class TrustChosen:
    """How thoroughly attributions are checked: ``quick``, ``full`` or ``none``."""

    trust: Checks


@dataclass(frozen=True, slots=True)
class PicturesHidden:
    """Whether every pixel of exhibits is left out of what is shown."""

    hidden: bool


@dataclass(frozen=True, slots=True)
class Explained:
    """These attributions are there now, each as the expression that gives it."""

    made: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherShown:
    """The second exhibit, with the lines that load it; None to put it away."""

    subject: Subject | None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportSet:
    """What a report will hold; what is None stays as it was."""

    path: str | None = None
    number: str | None = None
    examiner: str | None = None
    notes: str | None = None
    figures: tuple[str, ...] | None = None
    attributions: tuple[int, ...] | None = None
    language: str | None = None
    redact: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """An exhibit was examined.

    Parameters
    ----------
    subject : Subject
    source : str
        What loads it, see `forensics.explorers.python.source_of`.
    same_exhibit : bool
        The one that is shown, examined anew.
    """

    subject: Subject
    source: str = ""
    same_exhibit: bool = False


Event: TypeAlias = (
    TabChosen
    | ResidualChosen
    | ChannelChosen
    | GainSet
    | LookMoved
    | ViewClicked
    | RegionMarked
    | BranchChosen
    | MethodChosen
    | ViewChosen
    | BesideChosen
    | TrustChosen
    | PicturesHidden
    | Explained
    | OtherShown
    | ReportSet
    | Examined
)
