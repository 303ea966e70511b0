"""Parts of a picture: what an exhibit offers to look at, and the square that is shown."""

from dataclasses import dataclass
from typing import Protocol, Self, TypeAlias

from forensics.detector.finding import Finding

__all__ = ["MAX_SIDE", "MIN_SIDE", "Box", "Square", "Subject", "box_alike", "clamped", "place_words", "within"]

Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom; the last two exclusive
MIN_SIDE, MAX_SIDE = 32, 1024


class HasSize(Protocol):
    """A picture, or a record of one."""

    @property
    def width(self) -> int:
        """In pixels."""

    @property
    def height(self) -> int:
        """In pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What can be chosen of one exhibit.

    Parameters
    ----------
    name : str
    sha256 : str
    width, height : int
    branches, views : tuple of str
        Empty if the exhibit was not scored.
    boxes : tuple of Box
        One per view.
    leading : str
        The branch that moved the joint judgement of the exhibit most; empty if it was not scored.
    robustness : str
        Which copies were examined with it.
    """

    name: str
    sha256: str
    width: int
    height: int
    branches: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()
    leading: str = ""
    robustness: str = "quick"

    @classmethod
    def of(cls, finding: Finding) -> Self:
        """Return that of a finding."""
        evidence, scores = finding.evidence, finding.scores
        rows = () if scores is None else tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in scores.boxes)
        return cls(
            name=evidence.name,
            sha256=evidence.sha256,
            width=evidence.width,
            height=evidence.height,
            branches=() if scores is None else scores.branches,
            views=() if scores is None else scores.views,
            boxes=rows,
            leading="" if scores is None else scores.leading,
            robustness=str(finding.run.settings.get("robustness", "quick")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """The square part of a picture that is shown.

    Parameters
    ----------
    left, top, side : int
        In pixels of the upright picture.
    """

    left: int
    top: int
    side: int

    def box(self, picture: "Subject") -> Box:
        """Return the part that lies within the picture."""
        return (
            self.left,
            self.top,
            min(picture.width, self.left + self.side),
            min(picture.height, self.top + self.side),
        )


def clamped(square: Square, picture: Subject) -> Square:
    """Return the square moved and shrunk so that it lies within the picture."""
    side = max(MIN_SIDE, min(square.side, MAX_SIDE))
    return Square(
        left=max(0, min(square.left, picture.width - side)),
        top=max(0, min(square.top, picture.height - side)),
        side=side,
    )


def box_alike(picture: HasSize, box: Box, other: HasSize) -> Box:
    """Return the part of another picture that lies as a part does in the first, of the same size where there is room."""
    left, top, right, bottom = box
    wide, tall = min(right - left, other.width), min(bottom - top, other.height)
    x = round((left + right) / 2 * other.width / picture.width - wide / 2)
    y = round((top + bottom) / 2 * other.height / picture.height - tall / 2)
    x, y = max(0, min(x, other.width - wide)), max(0, min(y, other.height - tall))
    return x, y, x + wide, y + tall


def within(region: Box | None, box: Box) -> Box | None:
    """Return the region if it lies in the part."""
    inside = region is not None and (
        box[0] <= region[0] and box[1] <= region[1] and region[2] <= box[2] and region[3] <= box[3]
    )
    return region if inside else None


def place_words(box: Box) -> str:
    """Return a part in words: ``columns 8 to 39, rows 0 to 31``."""
    left, top, right, bottom = box
    return f"columns {left} to {right - 1}, rows {top} to {bottom - 1}"
