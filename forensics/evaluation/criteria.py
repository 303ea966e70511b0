"""Limits that a validation must keep, declared before it is run."""

import hashlib
import math
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, TypeAlias

from forensics.errors import CalibrationError

__all__ = ["CHARACTERISTICS", "Criteria", "Criterion", "read_criteria"]

Sense: TypeAlias = Literal["below", "at_most", "at_least"]

# Meuwly, Ramos and Haraksim, Forensic Science International 276 (2017): characteristic to the metrics that we have for it.
CHARACTERISTICS: dict[str, tuple[str, ...]] = {
    "accuracy": ("cllr",),
    "discrimination": ("eer", "cllr_min"),
    "calibration": (
        "cllr_cal",
        "devpav",
        "expected_calibration_error",
        "misleading_h2_beyond_10",
        "misleading_h1_beyond_10",
        "coverage_h1",
        "coverage_h2",
    ),
    "robustness": ("cllr_rise", "misleading_beyond_10"),
    "coherence": ("cllr_fall",),
    "generalisation": ("cllr",),
}
SENSES: tuple[Sense, ...] = ("below", "at_most", "at_least")


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """A limit for one metric."""

    sense: Sense
    limit: float

    def met(self, value: float) -> bool:
        """Return whether a value meets it; NaN does not."""
        if self.sense == "below":
            return value < self.limit
        return value <= self.limit if self.sense == "at_most" else value >= self.limit

    def __str__(self) -> str:
        return f"{self.sense.replace('_', ' ')} {self.limit:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """All limits of a validation.

    Parameters
    ----------
    name, version : str
    limits : mapping of str to mapping of str to Criterion
        Characteristic, then metric; a metric without one is reported and neither passed nor failed.
    text, sha256 : str
        The file as it was read, and its digest.
    own : bool
        Whether they are not those that ship with the package.
    """

    name: str
    version: str
    limits: dict[str, dict[str, Criterion]]
    text: str
    sha256: str
    own: bool = False

    def of(self, characteristic: str, metric: str) -> Criterion | None:
        """Return the limit of a metric, if it has one."""
        return self.limits.get(characteristic, {}).get(metric)


def read_criteria(path: Path | None = None) -> Criteria:
    """Read criteria from a TOML file; those that ship with the package if none is given.

    Raises
    ------
    CalibrationError
        The file is missing, no TOML, or names something that is not measured.
    """
    try:
        text = (files("forensics") / "assets" / "criteria.toml" if path is None else path).read_text(encoding="utf-8")
        record = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
        raise CalibrationError(
            f"{path} cannot be read as criteria: {err}. Start from a copy of forensics/assets/criteria.toml."
        ) from err
    limits = {}
    for name, metrics in record.items():
        if name in ("name", "version"):
            continue
        if name not in CHARACTERISTICS or not isinstance(metrics, dict):
            raise CalibrationError(
                f"{path}: there is no characteristic {name!r}. Use {', '.join(CHARACTERISTICS)}, and name and version."
            )
        limits[name] = {metric: _criterion(path, name, metric, value) for metric, value in metrics.items()}
    return Criteria(
        name=str(record.get("name", "unnamed")),
        version=str(record.get("version", "unnumbered")),
        limits=limits,
        text=text,
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        own=path is not None,
    )


def _criterion(path: Path | None, characteristic: str, metric: str, value: Any) -> Criterion:
    known = CHARACTERISTICS[characteristic]
    if metric not in known:
        raise CalibrationError(f"{path}: {characteristic} has no metric {metric!r}. Use {', '.join(known)}.")
    given = list(value.items()) if isinstance(value, dict) else []
    if (
        len(given) != 1
        or given[0][0] not in SENSES
        or isinstance(given[0][1], bool)
        or not isinstance(given[0][1], int | float)
    ):
        raise CalibrationError(
            f"{path}: {characteristic}.{metric} is {value!r}. Write one limit, such as {{ at_most = 0.15 }}; {', '.join(SENSES)} are possible."
        )
    sense, limit = given[0]
    if not math.isfinite(limit):
        raise CalibrationError(
            f"{path}: the limit of {characteristic}.{metric} must be finite, got {limit}. Leave the line out for none."
        )
    return Criterion(sense=sense, limit=float(limit))
