"""One picture as received, and what its file says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np

from forensics.errors import EvidenceError
from forensics.evidence.credentials.record import Provenance
from forensics.messages import Message, coded
from forensics.records.arrays import UInt8Array, keep_copies
from forensics.records.canonical import JsonObject
from forensics.records.converting import as_field, recorded

if TYPE_CHECKING:
    from forensics.evidence.credentials.trust_list import TrustList

__all__ = ["Evidence", "Limits", "Metadata"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a file may claim before any pixel is decoded.

    Parameters
    ----------
    max_bytes : int
        Size of the file.
    max_pixels : int
        Width times height of one frame. 200 million covers the largest phone sensors of 2026.
    max_side : int
        Longest side.
    max_frames : int
        Frames or pages in one file; only the first is examined.
    """

    max_bytes: int = 512 * 2**20
    max_pixels: int = 200_000_000
    max_side: int = 40_000
    max_frames: int = 10_000


def _with_provenance(record: JsonObject) -> JsonObject:
    """Return a record of today: version 0.1 said no more of a content credential than whether there is one."""
    if record.pop("c2pa", "absent") != "absent":
        told = Message("credential_present")
        record.setdefault("provenance", {"state": "not_tested", "message": told.to_dict()})
    return record


@recorded(older=_with_provenance)
@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a file says about itself: reported, never scored.

    ``None`` means *does not apply or could not be determined*; an empty mapping or tuple means *looked for and
    absent*.
    """

    exif: Mapping[str, str] = field(default_factory=dict)
    software: tuple[str, ...] = ()
    jpeg_quality: float | None = None
    quantisation: tuple[tuple[int, ...], ...] = ()
    subsampling: str | None = None
    progressive: bool | None = None
    thumbnail: bool = False
    xmp: bool = False
    provenance: Provenance = field(default_factory=Provenance)
    icc_profile: str | None = None
    stored_mode: str = "RGB"
    stored_size: tuple[int, int] = (0, 0)
    n_frames: int = 1

    def __post_init__(self) -> None:
        keep_copies(self)
        object.__setattr__(self, "quantisation", tuple(tuple(int(v) for v in t) for t in self.quantisation))
        width, height = self.stored_size
        object.__setattr__(self, "stored_size", (int(width), int(height)))


def _with_codes(record: JsonObject) -> JsonObject:
    """Return a record of today: the notes of older ones are bare sentences."""
    return {**record, "notes": [coded(note) for note in record.get("notes", ())]}


@recorded(
    left_out={"pixels": lambda: np.zeros((0, 0, 3), dtype=np.uint8)},
    older=_with_codes,
    remarks=as_field(rename="notes"),
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """One picture as received.

    Parameters
    ----------
    pixels : array of shape (H, W, 3), uint8
        RGB, upright. Shape (0, 0, 3) in a record read back from JSON, which names the picture by digest only.
    sha256 : str
        Digest of the file's bytes, 64 lower-case hexadecimal digits.
    name : str
        File name without folders, as received; may hold any character.
    media_type : str
        By content, not by name: ``image/jpeg`` and so on.
    n_bytes : int
        Size of the file.
    width, height : int
        Of the upright picture, in pixels; taken from `pixels` when these are given.
    metadata : Metadata
    remarks : tuple of Message
        What loading did, in order, such as ``orientation_applied``; `notes` has the English sentences.
    """

    pixels: UInt8Array = field(repr=False)
    sha256: str
    name: str
    media_type: str
    n_bytes: int
    metadata: Metadata = field(default_factory=Metadata)
    remarks: tuple[Message, ...] = ()
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise EvidenceError(
                f"{self.name}: pixels must be uint8 of shape (H, W, 3), got {pixels.dtype} {pixels.shape}. "
                "Load the file with Evidence.from_file."
            )
        keep_copies(self)
        if pixels.size:
            object.__setattr__(self, "height", int(pixels.shape[0]))
            object.__setattr__(self, "width", int(pixels.shape[1]))

    @property
    def notes(self) -> tuple[str, ...]:
        """What loading did, in English sentences: ``"EXIF orientation 6 applied."``."""
        return tuple(remark.text for remark in self.remarks)

    @classmethod
    def from_file(
        cls,
        path: str | PathLike[str],
        *,
        limits: Limits | None = None,
        trust: "TrustList | None" = None,
        check_credentials: bool = True,
    ) -> "Evidence":
        """Read a picture file without altering it.

        Parameters
        ----------
        path : path
            JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC; recognised by content.
        limits : Limits, optional
            Checked against the header before anything is decoded.
        trust : TrustList, optional
            Authorities that may vouch for the signer of a content credential; if None, the list that the environment
            variable FORENSICS_TRUST_LIST names, if any.
        check_credentials : bool
            False leaves a content credential untested.

        Raises
        ------
        EvidenceError
            The file is missing, a folder, empty, not a picture, damaged or beyond the limits.
        RecordError
            FORENSICS_TRUST_LIST names a file that is no trust list.
        """
        from forensics.evidence.loading import load_file

        return load_file(path, limits=limits, trust=trust, check_credentials=check_credentials)

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        *,
        name: str = "unnamed",
        limits: Limits | None = None,
        trust: "TrustList | None" = None,
        check_credentials: bool = True,
    ) -> "Evidence":
        """Read a picture from the bytes of a file; otherwise as `from_file`."""
        from forensics.evidence.loading import load_bytes

        return load_bytes(data, name=name, limits=limits, trust=trust, check_credentials=check_credentials)

    def require_pixels(self) -> UInt8Array:
        """Return `pixels`, or raise `EvidenceError` if this record was read from JSON."""
        if not self.pixels.size:
            raise EvidenceError(
                f"{self.name}: this record was read from JSON and holds no pixels. Next: finding.attach("
                f"Evidence.from_file(...)) with the file whose SHA-256 is {self.sha256}."
            )
        return self.pixels
