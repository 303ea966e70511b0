"""What lies around a report: its signature and time-stamp, the custody log, the calibration card and the weights."""

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from forensics.calibration import read_card
from forensics.custody import signature_path, timestamp_path, verify_log, verify_signature, verify_timestamp
from forensics.errors import CalibrationError, CustodyError, MissingExtraError, ReportError
from forensics.records.check import NotShown
from forensics.reproducibility import file_sha256, joint_sha256

__all__ = ["check_card", "check_custody", "check_signature", "check_time", "check_weights"]

JsonObject: TypeAlias = dict[str, Any]
Check: TypeAlias = Iterator[tuple[bool, str]]

ASSETS = Path(__file__).parents[2] / "assets"


def check_signature(path: Path, key: str | PathLike[str] | None) -> Check:
    """Yield what the signature beside a report shows; nothing if there is none and no key was named."""
    if not signature_path(path).exists():
        if key is not None:
            yield (
                False,
                f"There is no signature beside the report ({signature_path(path).name}), and a key was named that must have made one.",
            )
        else:
            yield True, NotShown("who wrote the report. There is no signature beside it.")
        return
    try:
        check = verify_signature(path, public_key=None if key is None else Path(key))
    except CustodyError as err:
        yield False, f"The signature cannot be checked: {err}"
        return
    yield from _told(check.proofs, check.problems)


def check_time(path: Path, roots: str | PathLike[str] | None) -> Check:
    """Yield what the time-stamp beside a report shows; nothing if there is none."""
    if not timestamp_path(path).exists():
        if roots is not None:
            yield (
                False,
                f"There is no time-stamp beside the report ({timestamp_path(path).name}), and authorities were named that must have made one.",
            )
        else:
            yield True, NotShown("that the report existed at some time. There is no time-stamp beside it.")
        return
    try:
        check = verify_timestamp(path, roots=None if roots is None else Path(roots))
    except (CustodyError, MissingExtraError) as err:
        yield False, f"The time-stamp cannot be checked: {err}"
        return
    yield from _told(check.proofs, check.problems)


def check_custody(record: JsonObject, log: str | PathLike[str] | None) -> Check:
    """Yield whether a custody log is whole and still holds what the report says of it."""
    said = record.get("custody")
    if log is None:
        if isinstance(said, dict):
            yield True, NotShown("that the custody log is as the report says. It was not at hand.")
        return
    if not isinstance(said, dict):
        yield False, "The report names no custody log, so that the one given cannot be the one of this report."
        return
    try:
        check = verify_log(Path(log), head=said.get("head"), length=said.get("length"))
    except CustodyError as err:
        yield False, f"The custody log cannot be checked: {err}"
        return
    yield from _told(check.proofs, [f"Custody log: {problem}" for problem in check.problems])


def check_card(record: JsonObject, given: str | PathLike[str] | None) -> Check:
    """Yield whether a calibration card is the one that the findings name."""
    named = _settings(record, "calibration_sha256")
    path = ASSETS / "calibration.json" if given is None else Path(given)
    if not named:
        if given is not None:
            yield (
                False,
                "No finding of the report names a calibration, so that the card given is not the one of this report.",
            )
        return
    try:
        found = read_card(path).sha256
    except CalibrationError as err:
        if given is not None:
            yield False, f"The calibration card is not as it was made: {err}"
        return
    if named == {found}:
        yield True, f"The calibration card at hand has the digest that the report names: {found}."
    elif given is not None:
        yield False, f"The calibration card has the digest {found}; the report names {', '.join(sorted(named))}."


def check_weights(record: JsonObject, given: str | PathLike[str] | None) -> Check:
    """Yield whether weights are the ones that the findings name."""
    named = {str(run["weights"].get("sha256") or "") for run in _runs(record)} - {""}
    place = ASSETS if given is None else Path(given)
    files = (
        [place]
        if place.is_file()
        else sorted(place.glob("starter_*.safetensors" if given is None else "*.safetensors"))
    )
    if not files:
        raise ReportError(f"there are no weights at {place}. Name a weights file, or a folder of .safetensors files.")
    if not named:
        if given is not None:
            yield False, "No finding of the report names weights, so that those given are not the ones of this report."
        return
    found = joint_sha256(file_sha256(file) for file in files)
    if named == {found}:
        yield True, f"The weights at hand have the digest that the report names: {found}."
    elif given is not None:
        yield False, f"The weights have the digest {found}; the report names {', '.join(sorted(named))}."


def _told(proofs: Iterator[str] | tuple[str, ...], problems: Iterator[str] | tuple[str, ...] | list[str]) -> Check:
    yield from ((True, text) for text in proofs)
    yield from ((False, text) for text in problems)


def _runs(record: JsonObject) -> Iterator[Mapping[str, Any]]:
    for row in record.get("findings", ()):
        run = row.get("run") if isinstance(row, dict) else None
        if isinstance(run, dict) and isinstance(run.get("weights"), dict) and isinstance(run.get("settings"), dict):
            yield run


def _settings(record: JsonObject, name: str) -> set[str]:
    return {str(run["settings"].get(name) or "") for run in _runs(record)} - {""}
