"""Strength of evidence: propositions, the likelihood ratio between them, and the words that it may be given."""

import hashlib
import json
import math
import tomllib
from dataclasses import dataclass, field, fields
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Self

from forensics.errors import CalibrationError
from forensics.records.converting import to_record

__all__ = ["ENFSI_2015", "LikelihoodRatio", "Propositions", "VerbalScale"]

MEND = 'Write name, source, version, neutral and bands = [[2, "weak support"], ...].'


@dataclass(frozen=True, slots=True, kw_only=True)
class Propositions:
    """The pair of statements that a likelihood ratio weighs against each other."""

    h1: str = "The picture, or a part of it, was generated or altered by software."
    h2: str = "The picture is a camera original, apart from ordinary saving, scaling and compression."


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbalScale:
    """Words for likelihood ratios.

    Parameters
    ----------
    name, source, version : str
        Printed with the table.
    neutral : str
        For LRs up to the first band in either direction.
    bands : tuple of (float, str)
        LR above which the words hold, increasing, at least 1; an LR on the edge belongs to the band below.
    """

    name: str
    source: str
    version: str
    neutral: str
    bands: tuple[tuple[float, str], ...]

    def __post_init__(self) -> None:
        for name in ("name", "source", "version", "neutral"):
            if not isinstance(getattr(self, name), str) or not getattr(self, name).strip():
                raise CalibrationError(f"{name} of a verbal scale must be text, got {getattr(self, name)!r}. {MEND}")
        try:
            bands = tuple((float(above), words) for above, words in self.bands)
        except (TypeError, ValueError) as err:
            raise CalibrationError(f"the bands of a verbal scale must be pairs of an LR and words. {MEND}") from err
        edges = [above for above, _ in bands]
        if not bands or edges != sorted(set(edges)) or edges[0] < 1.0 or not all(math.isfinite(e) for e in edges):
            raise CalibrationError(
                f"the bands of a verbal scale must begin at LRs of 1 or more, each above the one before, got {edges}. {MEND}"
            )
        if not all(isinstance(words, str) and words.strip() for _, words in bands):
            raise CalibrationError(f"every band of a verbal scale needs words, got {[w for _, w in bands]}. {MEND}")
        object.__setattr__(self, "bands", bands)

    def is_neutral(self, llr: float) -> bool:
        """Return whether a log10 LR is in no band, in either direction: there is no word of support for it."""
        return not abs(llr) > math.log10(self.bands[0][0]) + 1e-12

    def strength(self, llr: float) -> str:
        """Return the words for a log10 LR in either direction; `neutral` if it is in no band."""
        words = self.neutral
        for above, name in self.bands:
            # On the edge, and within rounding of it, an LR belongs to the band below.
            if abs(llr) > math.log10(above) + 1e-12:
                words = name
        return words

    @property
    def sha256(self) -> str:
        """Digest of the table in force."""
        text = json.dumps(to_record(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> Self:
        """Read a laboratory's own table from TOML: name, source, version, neutral, and ``bands = [[2, "weak support"], ...]``.

        Raises
        ------
        CalibrationError
            The file is missing or holds no such table.
        """
        try:
            record = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except OSError as err:
            raise CalibrationError(f"{path} cannot be read as a verbal scale: {err.strerror}. {MEND}") from err
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as err:
            raise CalibrationError(f"{path} holds no verbal scale: it is no TOML ({err}). {MEND}") from err
        wanted = {f.name for f in fields(cls)}
        if set(record) != wanted or not isinstance(record["bands"], list):
            raise CalibrationError(
                f"{path} holds no verbal scale: it has {', '.join(sorted(record)) or 'nothing'}. {MEND}"
            )
        try:
            return cls(**record)
        except CalibrationError as err:
            raise CalibrationError(f"{path} holds no verbal scale: {err}") from err


ENFSI_2015 = VerbalScale(
    name="ENFSI",
    source="ENFSI Guideline for Evaluative Reporting in Forensic Science, table of verbal equivalents. The edges are "
    "assigned to the band below, and LRs up to 2 get no word of support; the guideline leaves both open.",
    version="3.0 (2015)",
    neutral="no useful support",
    bands=(
        (2, "weak support"),
        (10, "moderate support"),
        (100, "moderately strong support"),
        (1_000, "strong support"),
        (10_000, "very strong support"),
        (1_000_000, "extremely strong support"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelihoodRatio:
    """Strength of the findings for H1 over H2, log10, calibrated and bounded.

    Parameters
    ----------
    llr : float
        log10 LR, within `bounds`.
    interval : (float, float)
        95 % bootstrap interval of `llr`, within `bounds`: what sampling of the calibration pictures leaves open.
    bounds : (float, float)
        Beyond which the calibration pictures carry no LR.
    at_bound : bool
        Whether a bound was reached: the LR is then at least as far from 1 as that.
    stratum : str
        The reference pictures: subject, compression, size.
    n : (int, int)
        Calibration pictures of H1 and of H2 in the stratum.
    p_values : (float, float)
        Conformal p-values of H1 and of H2.
    calibration_sha256 : str
        Of the calibration card.
    propositions : Propositions
    """

    llr: float
    interval: tuple[float, float]
    bounds: tuple[float, float]
    at_bound: bool
    stratum: str
    calibration_sha256: str
    n: tuple[int, int] = (0, 0)
    p_values: tuple[float, float] = (1.0, 1.0)
    propositions: Propositions = field(default_factory=Propositions)

    def __post_init__(self) -> None:
        ordered = (self.bounds[0], self.interval[0], self.llr, self.interval[1], self.bounds[1])
        if not all(a <= b for a, b in pairwise(ordered)):
            raise ValueError(f"an LR lies within its interval, and that within the bounds; got {ordered}")

    @property
    def cautious(self) -> float:
        """The end of the interval nearer to 0, from which words are taken; 0 if 0 lies within."""
        low, high = self.interval
        return 0.0 if low <= 0.0 <= high else min((low, high), key=abs)

    def words(self, scale: VerbalScale = ENFSI_2015) -> str:
        """Return the verbal equivalent, from `cautious`: ``moderate support for H1 over H2``."""
        strength = scale.strength(self.cautious)
        if scale.is_neutral(self.cautious):
            return f"{strength} for either proposition"
        return f"{strength} for {'H1 over H2' if self.cautious > 0 else 'H2 over H1'}"
