"""The nouns of the toolkit: frozen records that flow from bytes to report.

``Evidence -> Views -> BranchScores -> Finding -> report``. Arrays are copied when a record is made and are
read-only afterwards. A `Finding` and its JSON are loss-free in both directions; the JSON names the picture by
digest and does not hold its pixels.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensics.errors import EvidenceError
from forensics.units import log_odds_from_logits, log_odds_from_probability, probability_from_log_odds

__all__ = [
    "BranchScores",
    "Caveat",
    "Evidence",
    "Finding",
    "LikelihoodRatio",
    "Limits",
    "Metadata",
    "Outcome",
    "Propositions",
    "RunRecord",
    "Views",
]

UInt8Array: TypeAlias = NDArray[np.uint8]
Float32Array: TypeAlias = NDArray[np.float32]
Float64Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
JsonObject: TypeAlias = dict[str, Any]
Outcome: TypeAlias = Literal["supports_h1", "supports_h2", "inconclusive", "unsuitable", "uncalibrated"]

OUTCOMES: tuple[Outcome, ...] = ("supports_h1", "supports_h2", "inconclusive", "unsuitable", "uncalibrated")
SCHEMA_VERSION = "1.0"


def _frozen(array: Any, dtype: Any) -> Any:
    """Return a C-contiguous, read-only copy."""
    copy = np.array(array, dtype=dtype, order="C")
    copy.setflags(write=False)
    return copy


def _plain(value: Any) -> Any:
    """Return a record as JSON values; tuples become lists, mappings become dicts, arrays become nested lists."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


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
    c2pa: Literal["absent", "present, not validated"] = "absent"
    icc_profile: str | None = None
    stored_mode: str = "RGB"
    stored_size: tuple[int, int] = (0, 0)
    n_frames: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "exif", MappingProxyType(dict(self.exif)))
        object.__setattr__(self, "software", tuple(self.software))
        object.__setattr__(self, "quantisation", tuple(tuple(int(v) for v in t) for t in self.quantisation))
        width, height = self.stored_size
        object.__setattr__(self, "stored_size", (int(width), int(height)))

    def to_dict(self) -> JsonObject:
        """Return JSON values."""
        return dict(_plain(self))

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the record that `to_dict` came from."""
        return cls(**record)


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
    notes : tuple of str
        What loading did, in order: ``"EXIF orientation 6 applied"``.
    """

    pixels: UInt8Array = field(repr=False)
    sha256: str
    name: str
    media_type: str
    n_bytes: int
    metadata: Metadata = field(default_factory=Metadata)
    notes: tuple[str, ...] = ()
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
            raise EvidenceError(
                f"{self.name}: pixels must be uint8 of shape (H, W, 3), got {pixels.dtype} {pixels.shape}. "
                "Load the file with Evidence.from_file."
            )
        object.__setattr__(self, "pixels", _frozen(pixels, np.uint8))
        if pixels.size:
            object.__setattr__(self, "height", int(pixels.shape[0]))
            object.__setattr__(self, "width", int(pixels.shape[1]))
        object.__setattr__(self, "notes", tuple(self.notes))

    @classmethod
    def from_file(cls, path: str | PathLike[str], *, limits: Limits | None = None) -> "Evidence":
        """Read a picture file without altering it.

        Parameters
        ----------
        path : path
            JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIC; recognised by content.
        limits : Limits, optional
            Checked against the header before anything is decoded.

        Raises
        ------
        EvidenceError
            The file is missing, a folder, empty, not a picture, damaged or beyond the limits.
        """
        from forensics.evidence import load_file

        return load_file(path, limits=limits)

    @classmethod
    def from_bytes(cls, data: bytes, *, name: str = "unnamed", limits: Limits | None = None) -> "Evidence":
        """Read a picture from the bytes of a file; otherwise as `from_file`."""
        from forensics.evidence import load_bytes

        return load_bytes(data, name=name, limits=limits)

    def require_pixels(self) -> UInt8Array:
        """Return `pixels`, or raise `EvidenceError` if this record was read from JSON."""
        if not self.pixels.size:
            raise EvidenceError(
                f"{self.name}: this record was read from JSON and holds no pixels. Next: finding.attach("
                f"Evidence.from_file(...)) with the file whose SHA-256 is {self.sha256}."
            )
        return self.pixels

    def to_dict(self) -> JsonObject:
        """Return JSON values, without the pixels."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name != "pixels"}

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return a record without pixels."""
        rest = {**record, "metadata": Metadata.from_dict(record["metadata"])}
        return cls(pixels=np.zeros((0, 0, 3), dtype=np.uint8), **rest)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Views:
    """What the networks look at: V square looks at one picture.

    Parameters
    ----------
    names : tuple of str, length V
        Unique, printed in the report.
    pixels : array of shape (V, 3, S, S), float32 in [0, 1]
    boxes : array of shape (V, 4), int64
        (left, top, right, bottom) on the evidence grid; right and bottom exclusive.
    turns : tuple of str, length V
        Names of the geometric operations, see `forensics.views`; each has an inverse there.
    """

    names: tuple[str, ...]
    pixels: Float32Array = field(repr=False)
    boxes: IntArray
    turns: tuple[str, ...]

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        v = len(self.names)
        if pixels.ndim != 4 or pixels.shape[:2] != (v, 3) or pixels.shape[2] != pixels.shape[3]:
            raise ValueError(f"pixels must have shape ({v}, 3, S, S), got {pixels.shape}")
        if np.shape(self.boxes) != (v, 4) or len(self.turns) != v:
            raise ValueError(f"{v} views need boxes of shape ({v}, 4) and {v} turns")
        object.__setattr__(self, "pixels", _frozen(pixels, np.float32))
        object.__setattr__(self, "boxes", _frozen(self.boxes, np.int64))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BranchScores:
    """Logits of every branch on every view, and what follows from them.

    The joint judgement is the published one: softmax per view, mean over views, then mean over branches.

    Parameters
    ----------
    branches : tuple of str, length B
    views : tuple of str, length V
    logits : array of shape (B, V, 2), float64
        Raw class outputs in the order (real, fake).
    boxes : array of shape (V, 4), int64
        Where each view lies on the evidence grid: (left, top, right, bottom).
    """

    branches: tuple[str, ...]
    views: tuple[str, ...]
    logits: Float64Array
    boxes: IntArray

    def __post_init__(self) -> None:
        shape = (len(self.branches), len(self.views), 2)
        if np.shape(self.logits) != shape or 0 in shape:
            raise ValueError(f"logits must have shape {shape} with no empty axis, got {np.shape(self.logits)}")
        if np.shape(self.boxes) != (len(self.views), 4):
            raise ValueError(f"boxes must have shape ({len(self.views)}, 4), got {np.shape(self.boxes)}")
        if not np.all(np.isfinite(self.logits)):
            raise ValueError("logits must be finite")
        object.__setattr__(self, "logits", _frozen(self.logits, np.float64))
        object.__setattr__(self, "boxes", _frozen(self.boxes, np.int64))
        object.__setattr__(self, "branches", tuple(self.branches))
        object.__setattr__(self, "views", tuple(self.views))

    @property
    def view_scores(self) -> Float64Array:
        """Uncalibrated score of each branch on each view, shape (B, V), in [0, 1]."""
        return probability_from_log_odds(log_odds_from_logits(self.logits))

    @property
    def score(self) -> float:
        """Joint uncalibrated score in [0, 1]. Not a probability of anything."""
        return float(self.view_scores.mean(axis=1).mean())

    @property
    def log_odds(self) -> float:
        """Natural-log odds of `score`; what calibrators take."""
        return _finite_log_odds(self.score)

    @property
    def by_branch(self) -> Mapping[str, float]:
        """Branch name to the log-odds of its mean score."""
        means = self.view_scores.mean(axis=1)
        return MappingProxyType({b: _finite_log_odds(m) for b, m in zip(self.branches, means, strict=True)})

    @property
    def by_view(self) -> Mapping[str, float]:
        """View name to the log-odds of the mean score over branches."""
        means = self.view_scores.mean(axis=0)
        return MappingProxyType({v: _finite_log_odds(m) for v, m in zip(self.views, means, strict=True)})

    @property
    def spread(self) -> float:
        """Standard deviation of the view scores over all branches and views, in [0, 0.5]."""
        return float(self.view_scores.std())

    def to_dict(self) -> JsonObject:
        """Return JSON values: the logits, and beside them what follows from them for readers of the file."""
        return {
            "branches": list(self.branches),
            "views": list(self.views),
            "boxes": self.boxes.tolist(),
            "logits": self.logits.tolist(),
            "score": self.score,
            "log_odds": self.log_odds,
            "by_branch": dict(self.by_branch),
            "spread": self.spread,
        }

    @classmethod
    def from_dict(cls, record: JsonObject) -> Self:
        """Return the record that `to_dict` came from; derived values are computed anew."""
        return cls(
            branches=tuple(record["branches"]),
            views=tuple(record["views"]),
            logits=np.array(record["logits"], dtype=np.float64),
            boxes=np.array(record["boxes"], dtype=np.int64),
        )


def _finite_log_odds(probability: float) -> float:
    """Return log-odds, held within ±745, the largest that float64 can carry back to a probability above 0."""
    return float(np.clip(log_odds_from_probability(np.asarray(probability)), -745.0, 745.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Propositions:
    """The pair of statements that a likelihood ratio weighs against each other."""

    h1: str = "The picture, or a part of it, was generated or altered by software."
    h2: str = "The picture is a camera original, apart from ordinary saving, scaling and compression."


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """Strength of the findings for H1 over H2, log10, calibrated and bounded."""

    llr: float
    interval: tuple[float, float]
    bounds: tuple[float, float]
    at_bound: bool
    stratum: str
    calibration_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something about this case that a reader must know.

    Parameters
    ----------
    code : str
        Stable, lower-case, for machines: ``"not_calibrated"``.
    text : str
        One sentence for people.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """What is needed to repeat an examination.

    Parameters
    ----------
    examined_at : str
        UTC, ISO 8601, whole seconds. The only field that differs between two runs on one machine.
    software : mapping of str to str
        Package to version, for all that can change a number.
    platform : mapping of str to str
        Operating system, machine, processor, device.
    weights : mapping of str to str
        Weights name, digest, licence, and the digest of each branch.
    settings : mapping of str to JSON scalars
        Everything that was set: mode, view scheme, tile size, cap, threads.
    """

    examined_at: str
    software: Mapping[str, str]
    platform: Mapping[str, str]
    weights: Mapping[str, str]
    settings: Mapping[str, str | int | float | bool | None]

    def __post_init__(self) -> None:
        for name in ("software", "platform", "weights", "settings"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """What one examination of one picture found.

    Parameters
    ----------
    evidence : Evidence
    scores : BranchScores or None
        None if the picture is unsuitable for scoring.
    outcome : str
        ``supports_h1``, ``supports_h2``, ``inconclusive``, ``unsuitable`` or ``uncalibrated``.
    reason : str
        Why this outcome, one sentence.
    caveats : tuple of Caveat
    run : RunRecord
    propositions : Propositions
    lr : LikelihoodRatio or None
        None without a calibration that covers this picture.
    """

    evidence: Evidence
    scores: BranchScores | None
    outcome: Outcome
    reason: str
    run: RunRecord
    caveats: tuple[Caveat, ...] = ()
    propositions: Propositions = field(default_factory=Propositions)
    lr: LikelihoodRatio | None = None

    def __post_init__(self) -> None:
        if self.outcome not in OUTCOMES:
            raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}, got {self.outcome!r}")
        object.__setattr__(self, "caveats", tuple(self.caveats))

    def attach(self, evidence: Evidence) -> "Finding":
        """Return this finding with the pixels of its picture, for a finding read from JSON.

        Raises
        ------
        EvidenceError
            If the digest is not the one this finding names.
        """
        if evidence.sha256 != self.evidence.sha256:
            raise EvidenceError(
                f"{evidence.name} has SHA-256 {evidence.sha256}, but this finding is about {self.evidence.sha256} "
                f"({self.evidence.name}). Attach the file with that digest."
            )
        return replace(self, evidence=evidence)

    def to_dict(self) -> JsonObject:
        """Return JSON values that follow ``forensics/assets/finding.schema.json``."""
        return {
            "schema": f"forensics.finding/{SCHEMA_VERSION}",
            "evidence": self.evidence.to_dict(),
            "propositions": _plain(self.propositions),
            "scores": None if self.scores is None else self.scores.to_dict(),
            "lr": _plain(self.lr),
            "outcome": self.outcome,
            "reason": self.reason,
            "caveats": _plain(self.caveats),
            "run": _plain(self.run),
        }

    @classmethod
    def from_dict(cls, record: JsonObject) -> "Finding":
        """Return the finding that `to_dict` came from, without pixels; see `attach`."""
        expected = f"forensics.finding/{SCHEMA_VERSION}"
        if record.get("schema") != expected:
            raise ValueError(
                f"expected a record with schema {expected!r}, got {record.get('schema')!r}. "
                "Read it with the version of forensics that wrote it."
            )
        lr = record["lr"]
        return cls(
            evidence=Evidence.from_dict(record["evidence"]),
            scores=None if record["scores"] is None else BranchScores.from_dict(record["scores"]),
            outcome=record["outcome"],
            reason=record["reason"],
            caveats=tuple(Caveat(**c) for c in record["caveats"]),
            run=RunRecord(**record["run"]),
            propositions=Propositions(**record["propositions"]),
            lr=None if lr is None else LikelihoodRatio(**{**lr, **_tuples(lr, ("interval", "bounds"))}),
        )

    def to_json(self) -> str:
        """Return one line of JSON with sorted keys."""
        return json.dumps(self.to_dict(), sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> "Finding":
        """Return the finding that `to_json` came from, without pixels; see `attach`."""
        return cls.from_dict(json.loads(text))


def _tuples(record: JsonObject, names: Iterable[str]) -> JsonObject:
    return {name: tuple(record[name]) for name in names}
