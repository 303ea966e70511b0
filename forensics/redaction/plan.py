"""What a copy of a report withholds: pictures, faces or marked regions, names, places."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

from forensics.evidence.record import Evidence
from forensics.messages import Message
from forensics.records.arrays import UInt8Array
from forensics.records.converting import from_record
from forensics.redaction.boxes import Box, checked_boxes
from forensics.redaction.covering import STYLES, Style, covered_boxes, paint
from forensics.redaction.faces import find_faces

__all__ = ["WHAT", "Covering", "Redaction", "What", "place_message"]

What: TypeAlias = Literal["none", "whole", "faces", "regions"]
WHAT: tuple[What, ...] = ("none", "whole", "faces", "regions")
DIGITS = frozenset("0123456789abcdef")
NAMED = 3  # places that an alt text names; of more it gives the number


@dataclass(frozen=True, slots=True, kw_only=True)
class Covering:
    """What of one exhibit is covered.

    Parameters
    ----------
    boxes : tuple of Box
        Margins included, within the picture; the whole picture if it is withheld.
    whole : bool
        Nothing of the picture may be shown.
    found : int or None
        How many places were taken for faces; None if none were looked for.
    marked : int
        How many regions were marked by hand.
    style : {"opaque", "blur"}
    """

    boxes: tuple[Box, ...] = ()
    whole: bool = False
    found: int | None = None
    marked: int = 0
    style: Style = "opaque"

    @property
    def message(self) -> Message | None:
        """What is covered; None if nothing is."""
        if self.whole:
            return Message("no_face_whole_withheld" if self.found == 0 else "whole_withheld")
        if not self.boxes:
            return None
        n = len(self.boxes)
        places = [place_message(box) for box in self.boxes[: n if n == 1 else NAMED]]
        more = [Message("and_more", {"n": n - NAMED})] if n > NAMED else []
        return Message("places_covered", {"n": n, "places": [*places, *more]})

    @property
    def words(self) -> str:
        """What is covered, in an English sentence; empty if nothing is."""
        return "" if self.message is None else self.message.text

    def said(self) -> str:
        """Return the same in the language in force."""
        return "" if self.message is None else self.message.said()

    def applied(self, pixels: UInt8Array) -> UInt8Array:
        """Return a copy of the exhibit's pixels with everything covered that is to be."""
        return paint(pixels, self.boxes, style=self.style)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redaction:
    """What a copy withholds. Whatever is not said clearly is withheld.

    Parameters
    ----------
    what : {"none", "whole", "faces", "regions"}
        ``whole``: no pixel of any exhibit is shown. ``faces``: what may be a face is covered, and the marked regions with it;
        a picture without a face found is withheld whole. ``regions``: the marked regions are covered; a picture for which
        nothing was marked is withheld whole. Name it with an empty sequence to show it.
    regions : mapping of str to sequence of (left, top, right, bottom)
        SHA-256 of an exhibit to the boxes that were marked on it, in pixels of the upright picture, right and bottom
        exclusive. What reaches beyond the picture is cut off; a box beside it is refused when the picture is covered.
    faces : mapping of str to sequence of (left, top, right, bottom)
        The same of faces that were found; `searched` fills it in. Exhibits that are missing here are searched each time.
    style : {"opaque", "blur"}
        How places are covered. A blur tells a few coarse colours; see `forensics.redaction.covering`.
    names : bool
        Withhold names of people and of files, and what tells one device from others.
    places : bool
        Withhold fields that tell a place. Always on where anything is withheld.
    """

    what: What = "none"
    regions: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    faces: Mapping[str, Sequence[Sequence[int]]] = field(default_factory=dict)
    style: Style = "opaque"
    names: bool = False
    places: bool = False

    def __post_init__(self) -> None:
        if self.what not in WHAT:
            raise ValueError(
                f"nothing to redact is called {self.what!r:.40}. There are: {', '.join(WHAT)}. "
                "Use 'whole' if you are not sure."
            )
        if self.style not in STYLES:
            raise ValueError(f"no style {self.style!r:.40} of covering. There are: {', '.join(STYLES)}. Use 'opaque'.")
        for name in ("names", "places"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"Redaction.{name} must be True or False, got {getattr(self, name)!r:.40}. Write one.")
        for name in ("regions", "faces"):
            object.__setattr__(self, name, MappingProxyType(_by_digest(getattr(self, name), name)))
        if self.regions and self.what not in ("faces", "regions"):
            raise ValueError(
                f"regions were marked, but {self.what!r} covers none of them. Write what='regions', or what='faces' for both."
            )
        if self.what == "regions" and not self.regions:
            raise ValueError(
                "regions are to be covered, but none were marked. Pass regions={sha256: [(left, top, right, bottom)]}, "
                "or use 'whole' or 'faces'."
            )
        object.__setattr__(self, "places", self.places or self.names or self.what != "none")

    @classmethod
    def of(cls, value: Any) -> "Redaction":
        """Return what is meant: True is ``whole``; False and None are ``none``; a string is that mode; a mapping holds its fields, as a record does."""
        if isinstance(value, cls):
            return value
        if value is None or isinstance(value, bool):
            return cls(what="whole" if value else "none")
        if isinstance(value, str):
            return cls(what=value)  # type: ignore[arg-type]  # checked when it is made
        if isinstance(value, Mapping):
            return from_record(cls, value)
        raise TypeError(
            f"a redaction is True, False, one of {', '.join(WHAT)} or a Redaction, got {type(value).__name__}. "
            "Pass redact=True if you are not sure."
        )

    @property
    def active(self) -> bool:
        """Whether anything is withheld."""
        return self.places

    def name_of(self, number: int, name: str) -> str:
        """Return what an exhibit is called in this copy: its name as given, or ``Exhibit 1``."""
        return f"Exhibit {number}" if self.names else name

    def searched(self, exhibits: Iterable[Evidence]) -> Self:
        """Return this redaction with the faces of these exhibits found, so that none is searched twice."""
        if self.what != "faces":
            return self
        found = {**self.faces}
        for exhibit in exhibits:
            if exhibit.sha256 not in found and exhibit.pixels.size:
                found[exhibit.sha256] = find_faces(exhibit.pixels)
        return replace(self, faces=found)

    def covering(self, exhibit: Evidence) -> Covering:
        """Return what of an exhibit is covered.

        Raises
        ------
        ValueError
            A region was marked beside the picture.
        """
        if self.what == "none":
            return Covering()
        all_of_it = (0, 0, exhibit.width, exhibit.height)
        marked = _boxes(self.regions, exhibit.sha256)
        found: tuple[Box, ...] | None = None
        if self.what == "faces":
            found = _boxes(self.searched([exhibit]).faces, exhibit.sha256)
        number = None if found is None else len(found)
        boxes = covered_boxes((*marked, *(found or ())), (exhibit.width, exhibit.height), style=self.style)
        unmarked = self.what == "regions" and exhibit.sha256 not in self.regions
        whole = self.what == "whole" or unmarked or number == 0 or all_of_it in boxes
        return Covering(
            boxes=(all_of_it,) if whole else boxes, whole=whole, found=number, marked=len(marked), style=self.style
        )

    def boxes_of(self, exhibit: Evidence) -> tuple[Box, ...]:
        """Return the boxes of an exhibit that are covered, margins included."""
        return self.covering(exhibit).boxes


def place_message(box: Box) -> Message:
    """Return where a part of a picture lies, right and bottom exclusive."""
    left, top, right, bottom = box
    return Message("place", {"left": left, "right": right - 1, "top": top, "bottom": bottom - 1})


def _by_digest(boxes_by_digest: object, name: str) -> dict[str, tuple[Box, ...]]:
    if not isinstance(boxes_by_digest, Mapping):
        raise TypeError(
            f"Redaction.{name} must name each exhibit, got {type(boxes_by_digest).__name__}. "
            "Pass {evidence.sha256: [(left, top, right, bottom)]}."
        )
    for sha256 in boxes_by_digest:
        if not (isinstance(sha256, str) and len(sha256) == 64 and set(sha256) <= DIGITS):
            raise ValueError(
                f"Redaction.{name} names exhibits by SHA-256, got {sha256!r:.80}, where 64 lower-case hexadecimal digits are "
                "needed. Use Evidence.sha256."
            )
    return {sha256: checked_boxes(boxes) for sha256, boxes in sorted(boxes_by_digest.items())}


def _boxes(boxes_by_digest: Mapping[str, Sequence[Sequence[int]]], sha256: str) -> tuple[Box, ...]:
    return checked_boxes(boxes_by_digest.get(sha256, ()))
