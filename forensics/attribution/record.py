"""What one branch responded to on one view, and how far that explanation can be relied on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeAlias

import numpy as np

from forensics.messages import Message, coded, known
from forensics.records.arrays import Float32Array, keep_copies
from forensics.records.canonical import JsonObject
from forensics.records.converting import as_field, recorded

__all__ = ["CELLS", "Attribution", "Trust", "TrustCheck", "TrustState"]

CELLS = 16  # along each side of a view: the grid on which maps are drawn, compared and stored
TrustState: TypeAlias = Literal["reliable", "not_reliable", "not_checked"]


def _with_message(record: JsonObject) -> JsonObject:
    """Return a record of today: older ones have a sentence alone."""
    return record if "message" in record else {**record, "message": coded(record.get("text"))}


@recorded(derived=("text",), older=_with_message)
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustCheck:
    """One measurement of how far an attribution can be relied on.

    Parameters
    ----------
    name : str
        Such as ``"deletion"``; see `forensics.attribution.LIMITS`.
    value : float
    limit : float or None
        What the value is held against; None if it is only reported.
    passed : bool or None
        None if it is only reported.
    message : Message
        What was measured and what it means.
    """

    name: str
    value: float
    limit: float | None
    passed: bool | None
    message: Message

    @property
    def text(self) -> str:
        """What was measured and what it means, in English."""
        return self.message.text


@recorded(derived=("state",))
@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """All that was measured of one attribution.

    Parameters
    ----------
    checks : tuple of TrustCheck
        Of this picture, and of this branch and method on forgeries whose place is known. Empty if nothing was measured.
    """

    checks: tuple[TrustCheck, ...] = ()

    def __post_init__(self) -> None:
        keep_copies(self)

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return tuple(c.name for c in self.checks if c.passed is False)

    @property
    def state(self) -> TrustState:
        """``reliable`` if every check that was judged passed; ``not_checked`` if none was judged."""
        if self.failed:
            return "not_reliable"
        return "reliable" if any(c.passed for c in self.checks) else "not_checked"

    @property
    def judged(self) -> int:
        """How many checks were held against a limit; few that passed say little."""
        return sum(c.passed is not None for c in self.checks)

    @property
    def message(self) -> Message:
        """The state, with the checks that failed, or with how many were made."""
        if self.state == "not_checked":
            return Message("trust_not_checked")
        if self.state == "not_reliable":
            return Message("trust_failed", {"checks": [known(name) for name in self.failed]})
        return Message("trust_passed", {"n": self.judged})

    @property
    def words(self) -> str:
        """The same in English."""
        return self.message.text


def _six_digits(part: Float32Array | None) -> list[list[float]] | None:
    """Return what is written of a map: the sums over its cells."""
    return None if part is None else [[float(f"{v:.6g}") for v in row] for row in cell_sums(part).tolist()]


def _spread(record: JsonObject) -> JsonObject:
    """Return a record with its map: what a cell holds is spread evenly over its pixels."""
    if record["cells"] is not None:
        left, top, right, bottom = record["box"]
        rows, columns = (np.diff([*edges(n), n]) for n in (bottom - top, right - left))
        even = np.asarray(record["cells"], dtype=np.float64) / (rows[:, None] * columns[None, :])
        record["cells"] = even.repeat(rows, axis=0).repeat(columns, axis=1)
    return record


@recorded(
    constants={"schema": "forensics.attribution/1"},
    left_out={"seconds": float},
    older=_spread,
    part=as_field(rename="cells", unstruct_hook=_six_digits),
)
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Attribution:
    """What one branch responded to on one view. Not a map of forged places.

    Parameters
    ----------
    evidence_sha256, weights_sha256 : str
        Of the picture's file and of the weights.
    branch, view, method, target : str
        ``target`` is what was explained: ``"logit_difference"`` is the branch's log-odds on this view.
    size : tuple of 2 int
        (width, height) of the picture.
    box : tuple of 4 int
        The view's (left, top, right, bottom) on the evidence grid.
    part : array of shape (bottom - top, right - left), float32, or None
        Signed, in log-odds per pixel: above 0 where the pixel speaks for “fake”. None if the method credits channel
        groups and no places.
    groups : mapping of str to float
        Channel group to its share of the log-odds, signed; empty if the method knows places only.
    output : float
        Log-odds of the branch on this view.
    reference : float or None
        The same for the baseline; None for methods without one.
    baseline : str
        Name of what “nothing there” was taken to be; empty for methods without one.
    delta : float or None
        Sum of the attribution minus (output - reference); None where no sum is promised.
    trust : Trust
    seconds : float
        Of the attribution, without its checks. Not part of what is stored in reports.
    settings : mapping of str to JSON scalars
        What else is needed to repeat it; under ``"view chosen"`` how the view was, if it was not named.
    """

    evidence_sha256: str
    weights_sha256: str
    branch: str
    view: str
    method: str
    target: str
    size: tuple[int, int]
    box: tuple[int, int, int, int]
    part: Float32Array | None
    output: float
    groups: Mapping[str, float] = field(default_factory=dict)
    reference: float | None = None
    baseline: str = ""
    delta: float | None = None
    trust: Trust = field(default_factory=Trust)
    seconds: float = 0.0
    settings: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        left, top, right, bottom = self.box
        if self.part is not None:
            if np.shape(self.part) != (bottom - top, right - left):
                raise ValueError(f"part must have shape {(bottom - top, right - left)}, got {np.shape(self.part)}")
        elif not self.groups:
            raise ValueError("an attribution credits places, channel groups or both, got neither")
        object.__setattr__(self, "groups", MappingProxyType({k: float(v) for k, v in self.groups.items()}))
        keep_copies(self)

    @property
    def values(self) -> Float32Array:
        """The attribution on the evidence grid, float32 (H, W), made anew: 0 outside `box`, NaN if no place is credited."""
        width, height = self.size
        left, top, right, bottom = self.box
        grid = np.zeros((height, width), dtype=np.float32)
        grid[top:bottom, left:right] = np.nan if self.part is None else self.part
        return grid

    @property
    def cells(self) -> Float32Array | None:
        """Sums over the cells of a grid of `CELLS` x `CELLS` on the view, in log-odds per cell; None without places.

        Parts smaller than that in a direction have one cell per pixel.
        """
        return None if self.part is None else cell_sums(self.part)


def edges(n: int) -> list[int]:
    """Return where the cells along a side of `n` pixels begin."""
    count = min(CELLS, n)
    return [n * k // count for k in range(count)]


def cell_sums(part: Float32Array) -> Float32Array:
    """Return the sums over the cells of a map, see `Attribution.cells`."""
    rows, columns = (edges(n) for n in part.shape)
    sums = np.add.reduceat(np.add.reduceat(part.astype(np.float64), rows, axis=0), columns, axis=1)
    return np.asarray(sums, dtype=np.float32)
