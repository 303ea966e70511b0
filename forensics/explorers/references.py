"""Pictures of known origin to hold an exhibit against, brought as near to its file as can be."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from os import PathLike
from typing import Literal, TypeAlias, get_args

import cv2
import numpy as np
from PIL import Image

from forensics.demo.photographs import ATTRIBUTION, FORGERIES, forge, photographs
from forensics.evidence.record import Evidence
from forensics.messages import quoted
from forensics.records.arrays import UInt8Array

__all__ = ["KnownPicture", "Label", "Reference", "checked_references", "match_references"]

Label: TypeAlias = Literal["original", "forgery"]
KnownPicture: TypeAlias = tuple[str | PathLike[str] | Evidence, Label]
LABELS: tuple[Label, ...] = get_args(Label)
PER_LABEL = 2  # shown of each
SAVED_AS = ("4:4:4", "4:2:2", "4:2:0")  # sub-samplings that Pillow can write
ROUNDING = 3  # grey levels by which two libraries may decode one file differently
SPAN = 20.0  # steps of JPEG quality that count as much as a picture of twice the size


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A picture of known origin, as it is compared.

    Parameters
    ----------
    evidence : Evidence
        After it was brought to the exhibit's compression, if it was.
    label : {"original", "forgery"}
    matched : str
        How it was brought near the exhibit, and where it is not, in a sentence.
    credit : str
        Who made it; empty for references that were given.
    """

    evidence: Evidence
    label: Label
    matched: str
    credit: str = ""


def checked_references(known: Sequence[KnownPicture] | None) -> tuple[KnownPicture, ...] | None:
    """Return the references as given, or None for those that come with installed packages.

    Raises
    ------
    ValueError
        One of them is no pair of a picture and a label.
    """
    if known is None:
        return None
    for pair in known:
        if not isinstance(pair, tuple) or len(pair) != 2 or pair[1] not in LABELS:
            raise ValueError(
                f"references are pairs of a picture and a label of {', '.join(LABELS)}, got {pair!r:.200}. "
                "Write [('a.jpg', 'original'), ('b.jpg', 'forgery')]."
            )
    return tuple(known)


def match_references(
    exhibit: Evidence, known: Sequence[KnownPicture] | None = None, *, step: Callable[[], None] | None = None
) -> tuple[Reference, ...]:
    """Return the references nearest to an exhibit in size and compression, saved again as the exhibit was.

    Parameters
    ----------
    exhibit : Evidence
    known : sequence of (picture, label), optional
        By default photographs that installed packages carry, and forgeries made from them on the spot.
    step : callable, optional
        Called before each picture; may raise to stop.

    Returns
    -------
    tuple of Reference
        Two originals and two forgeries at most, originals first. The exhibit itself is not held against itself.

    Raises
    ------
    EvidenceError
        One of them cannot be read.
    """
    nearest: dict[Label, list[tuple[float, int, Reference]]] = {label: [] for label in LABELS}
    for number, (evidence, label) in enumerate(_own() if known is None else _loaded(known)):
        if step is not None:
            step()
        reference = _matched(exhibit, evidence, label)
        if known is None:
            reference = replace(reference, credit=ATTRIBUTION[evidence.name.partition(",")[0]])
        if _same_picture(exhibit, reference.evidence):
            continue
        rows = nearest[label]
        rows.append((_distance(exhibit, evidence), number, reference))
        rows.sort(key=lambda row: row[:2])
        del rows[PER_LABEL:]  # the others are let go, so that a long list needs no memory
    return tuple(reference for label in LABELS for _, _, reference in nearest[label])


def _own() -> Iterator[tuple[Evidence, Label]]:
    originals = photographs()
    for name, pixels in originals.items():
        yield _record(name, pixels), "original"
    for name, maker in FORGERIES:
        yield _record(f"{name}, {maker.replace('_', ' ')}", forge(originals, name, maker)), "forgery"


def _loaded(known: Sequence[KnownPicture]) -> Iterator[tuple[Evidence, Label]]:
    for picture, label in known:
        yield picture if isinstance(picture, Evidence) else Evidence.from_file(picture), label


def _record(name: str, pixels: UInt8Array) -> Evidence:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=1)
    return Evidence.from_bytes(buffer.getvalue(), name=name)


def _distance(exhibit: Evidence, reference: Evidence) -> float:
    """Return how unlike two files are: octaves of size, and steps of quality where the reference is the poorer one."""
    octaves = abs(math.log2(reference.width * reference.height / (exhibit.width * exhibit.height))) / 2
    ours, theirs = (100.0 if e.metadata.jpeg_quality is None else e.metadata.jpeg_quality for e in (exhibit, reference))
    return octaves + max(0.0, ours - theirs) / SPAN


def _same_picture(exhibit: Evidence, reference: Evidence) -> bool:
    """Whether a reference, saved as the exhibit was, is the exhibit but for rounding."""
    ours, theirs = exhibit.pixels, reference.pixels
    return ours.shape == theirs.shape and int(cv2.absdiff(ours, theirs).max()) <= ROUNDING


def _matched(exhibit: Evidence, reference: Evidence, label: Label) -> Reference:
    quality, own = exhibit.metadata.jpeg_quality, reference.metadata.jpeg_quality
    if quality is None:
        had = "as it is" if own is None else f"as it is, at its own estimated JPEG quality of {own:.0f}"
        return Reference(
            evidence=reference,
            label=label,
            matched=f"Shown {had}: the exhibit is no JPEG, so there is nothing to match.",
        )
    saved = Evidence.from_bytes(_saved_as(exhibit, reference.require_pixels()), name=reference.name)
    poorer = (
        f" It had been saved at {own:.0f} before, which cannot be undone."
        if own is not None and own < quality - 1
        else ""
    )
    text = (
        f"Saved again with the exhibit's own quantisation tables (estimated JPEG quality {quality:.0f}, "
        f"{saved.metadata.subsampling}).{poorer}"
    )
    return Reference(evidence=replace(saved, remarks=(*saved.remarks, quoted(text))), label=label, matched=text)


def _saved_as(exhibit: Evidence, pixels: UInt8Array) -> bytes:
    """Return a JPEG file with the tables and the sub-sampling of the exhibit's."""
    meta = exhibit.metadata
    tables = [list(t) for t in meta.quantisation if len(t) == 64 and max(t) <= 255][:4]
    how: dict[str, object] = {"qtables": tables} if tables else {"quality": round(meta.jpeg_quality or 100)}
    if meta.subsampling in SAVED_AS:
        how["subsampling"] = meta.subsampling
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, format="JPEG", **how)
    return buffer.getvalue()
