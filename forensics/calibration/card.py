"""The calibration card: one JSON file that turns the scores of one detector into likelihood ratios, stratum by stratum.

Canonical (RFC 8785) and with its own digest inside, so that a card edited by hand is refused, as is one made for another
detector. What it holds was computed from pictures; no picture and no file name is in it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import rfc8785

from forensics.calibration.bootstrap import Estimate, LlrBand
from forensics.calibration.calibrators import CALIBRATORS, Calibrator
from forensics.calibration.conformal import class_p_value
from forensics.calibration.likelihood import LikelihoodRatio, Propositions
from forensics.errors import CalibrationError, NotCalibratedError, RecordError, UnknownNameError
from forensics.messages import Message
from forensics.records.arrays import Float64Array
from forensics.records.canonical import storable
from forensics.records.converting import JsonObject, as_field, from_record, recorded, to_record
from forensics.records.writing import write_atomically

__all__ = ["Card", "StratumCard", "read_card", "write_card"]

FORMAT = "forensics.calibration/1"


def _calibrator_record(calibrator: Calibrator) -> JsonObject:
    return {"name": calibrator.name, **calibrator.to_dict()}


def _calibrator(record: JsonObject, _: object) -> Calibrator:
    fitted = dict(record)
    maker: Any = CALIBRATORS[fitted.pop("name")]
    return maker.from_dict(fitted)


def _scores(record: Mapping[str, Any], _: object) -> tuple[Float64Array, Float64Array]:
    h1, h2 = (np.array(record[key], dtype=np.float64) for key in ("h1", "h2"))
    return h1, h2


@recorded(
    calibrator=as_field(unstruct_hook=_calibrator_record, struct_hook=_calibrator),
    scores=as_field(unstruct_hook=lambda s: {"h1": s[0].tolist(), "h2": s[1].tolist()}, struct_hook=_scores),
)
@dataclass(frozen=True, slots=True, kw_only=True)
class StratumCard:
    """What was fitted and measured for one kind of picture.

    Parameters
    ----------
    calibrator : Calibrator
        Fitted.
    bounds : (float, float)
        log10 LR; never beyond log10(n + 1) of the opposite class.
    band : LlrBand
    scores : (array, array)
        Ordered log-odds of H1 and of H2, for conformal p-values.
    n : (int, int)
        Pictures of H1 and of H2.
    metrics : mapping of str to Estimate
        Of LRs from fits that had not seen the picture (cross-validation), within the bounds.
    checked : mapping of str to Estimate
        Of LRs of this card on other sources; empty if none was given.
    checked_n : (int, int)
    members : tuple of str
        The strata that were taken together for lack of pictures; the stratum itself if there are no others.
    held_out : str
        What `metrics` and `bounds` were measured on: ``sources`` or ``pictures`` that a fit had not seen.
    """

    calibrator: Calibrator
    bounds: tuple[float, float]
    band: LlrBand
    scores: tuple[Float64Array, Float64Array]
    n: tuple[int, int]
    metrics: Mapping[str, Estimate]
    checked: Mapping[str, Estimate] = field(default_factory=dict)
    checked_n: tuple[int, int] = (0, 0)
    members: tuple[str, ...] = ()
    held_out: str = "pictures"

    def __post_init__(self) -> None:
        (lower, upper), (n1, n0) = self.bounds, self.n
        if not (-np.log10(n1 + 1) - 1e-9 <= lower <= 0 <= upper <= np.log10(n0 + 1) + 1e-9):
            raise CalibrationError(
                f"bounds of {lower} to {upper} cannot come from {n1} pictures of H1 and {n0} of H2. Do not use this card."
            )

    def llrs(self, log_odds: Float64Array) -> Float64Array:
        """Return log10 LRs within the bounds."""
        return np.clip(self.calibrator.transform(log_odds), *self.bounds)

    def p_values(self, log_odds: float) -> tuple[float, float]:
        """Return the conformal p-values of H1 and of H2."""
        h1, h2 = (float(class_p_value(scores, log_odds)) for scores in self.scores)
        return h1, h2


def _reasons_record(withdrawn: Mapping[str, Message]) -> JsonObject:
    # Of an older card the bare sentence that it holds, so that its digest stays.
    return {name: why.text if why.code == "as_recorded" else why.to_dict() for name, why in withdrawn.items()}


def _reasons(record: Mapping[str, Any], _: object) -> dict[str, Message]:
    return {name: Message.from_dict(why) for name, why in record.items()}


@recorded(constants={"format": FORMAT}, withdrawn=as_field(unstruct_hook=_reasons_record, struct_hook=_reasons))
@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A calibration of one detector.

    Parameters
    ----------
    detector_sha256 : str
        See `forensics.detector.Detector.sha256`.
    weights : mapping of str to str
        Name and digest of the weights, for people.
    created : str
        UTC, ISO 8601.
    software : mapping of str to str
    propositions : Propositions
        What H1 and H2 stand for among the pictures it was made from.
    level : float
        A class whose p-value is this or less does not fit.
    data : mapping
        JSON values: digest of the pictures, numbers, sources, deliveries.
    checked_on : mapping
        The same of the pictures that the strata were checked on; empty if none were.
    strata : mapping of str to StratumCard
    withdrawn : mapping of str to Message
        Strata that were looked at and carry no LR, and why.
    """

    detector_sha256: str
    weights: Mapping[str, str]
    created: str
    software: Mapping[str, str]
    propositions: Propositions
    level: float
    data: Mapping[str, Any]
    strata: Mapping[str, StratumCard]
    withdrawn: Mapping[str, Message]
    checked_on: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = field(init=False, default="")

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha256", _digest(self.to_dict()))

    def stratum(self, name: str) -> StratumCard:
        """Return what holds for one kind of picture.

        Raises
        ------
        NotCalibratedError
            There is none, or it was withdrawn; the message says why.
        """
        own = self.group(name)
        if own is not None:
            return self.strata[own]
        raise NotCalibratedError(Message("no_card_for_stratum", {"stratum": name, "why": self.why_not(name)}))

    def why_not(self, stratum: str) -> Message:
        """Return why the card holds nothing for a kind of picture."""
        return self.withdrawn.get(stratum) or Message("stratum_absent")

    def group(self, stratum: str) -> str | None:
        """Return the name under which the card holds a stratum, alone or with its neighbours; None if it holds none."""
        if stratum in self.strata:
            return stratum
        return next((name for name, s in self.strata.items() if stratum in s.members), None)

    def weigh(self, log_odds: float, stratum: str) -> LikelihoodRatio:
        """Return the likelihood ratio of a picture.

        Parameters
        ----------
        log_odds : float
            Joint, of the detector that this card is for.
        stratum : str

        Raises
        ------
        NotCalibratedError
            As `stratum` does.
        """
        own = self.stratum(stratum)
        lower, upper = own.bounds
        raw = float(own.calibrator.transform(np.float64(log_odds)))
        low, high = own.band.at(log_odds)
        llr = min(max(raw, lower), upper)
        return LikelihoodRatio(
            llr=llr,
            interval=(min(max(low, lower), llr), max(min(high, upper), llr)),
            bounds=own.bounds,
            at_bound=not lower < raw < upper,
            stratum=self.group(stratum) or stratum,
            calibration_sha256=self.sha256,
            n=own.n,
            p_values=own.p_values(log_odds),
            propositions=self.propositions,
        )

    def require(self, detector_sha256: str) -> None:
        """Raise `CalibrationError` if this card is for another detector."""
        if detector_sha256 != self.detector_sha256:
            raise CalibrationError(
                f"this calibration card is for the detector {self.detector_sha256[:16]}… ({self.weights.get('name', 'unnamed')}), "
                f"the one at hand is {detector_sha256[:16]}…: weights, joint judgement or views differ. Make a card for it with "
                "'forensics calibrate', or examine without one (--calibration none)."
            )

    def to_dict(self) -> JsonObject:
        """Return JSON values, without the digest of the card; what is not finite is text."""
        return storable(to_record(self))


def write_card(card: Card, path: str | PathLike[str]) -> Path:
    """Write the file whole or not at all.

    Raises
    ------
    CalibrationError
        The place cannot be written, or holds a file that is no card.
    """
    path = Path(path)
    refuse_to_replace(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise CalibrationError(f"{path} cannot be written: {err.strerror}. Choose another place with --out.") from err
    return write_atomically(path, rfc8785.dumps({**card.to_dict(), "sha256": card.sha256}), error=CalibrationError)


def refuse_to_replace(path: Path) -> None:
    """Raise if there is something at the place of a card that is none."""
    if path.is_dir():
        raise CalibrationError(f"{path} is a folder. Name a file for the card.")
    there = next((parent for parent in path.absolute().parents if parent.exists()), path)
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise CalibrationError(
            f"{path} cannot be written: {there} is no folder that can be written to. Choose another place with --out."
        )
    if path.is_file():
        try:
            read_card(path)
        except CalibrationError as err:
            raise CalibrationError(
                f"{path} exists and is no calibration card, so it is not replaced. Choose another name."
            ) from err


def read_card(path: str | PathLike[str]) -> Card:
    """Read a card and check its digest.

    Raises
    ------
    CalibrationError
        The file is missing, no card, damaged or edited.
    """
    path = Path(path)
    try:
        record = json.loads(path.read_bytes())
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise ValueError(f"it does not say that its format is {FORMAT}")
    except OSError as err:
        raise CalibrationError(
            f"{path} cannot be read: {err.strerror}. Name a file made by 'forensics calibrate'."
        ) from err
    except (ValueError, RecursionError) as err:
        raise CalibrationError(
            f"{path.name} is no calibration card: {err}. Name a file made by 'forensics calibrate'."
        ) from err
    said = record.pop("sha256", None)
    if said != _digest(record):
        raise CalibrationError(
            f"{path.name} was changed after it was made: its digest does not match its content. Get the card again from whoever "
            "made it, or make one with 'forensics calibrate'."
        )
    try:
        return from_record(Card, record)
    except (RecordError, CalibrationError, UnknownNameError) as err:
        raise CalibrationError(
            f"{path.name} holds a card that this version cannot read: {err}. Use the version of forensics that made it."
        ) from err


def _digest(record: JsonObject) -> str:
    try:
        return hashlib.sha256(rfc8785.dumps(record)).hexdigest()
    except rfc8785.CanonicalizationError as err:
        raise CalibrationError(
            f"the card has no canonical form: {err}. Report this as an error of the package."
        ) from err
