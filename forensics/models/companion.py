"""What is known about an ensemble beyond its weights: the fitted joint judgement, and how good its maps and attributions are.

A JSON file beside the weights, because it is measured after training, on pictures that no branch has seen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensics.errors import WeightsMismatchError
from forensics.records.canonical import JsonObject
from forensics.records.converting import as_field, from_record, recorded, to_record
from forensics.records.writing import write_atomically
from forensics.scores import Fusion

__all__ = ["FILE_NAME", "Companion", "read_companion", "write_companion"]

FORMAT = "forensics.companion/1"
FILE_NAME = "companion.json"


def _with_digest(record: JsonObject) -> JsonObject:
    """Return a record whose fusion names the weights, which the file does once for all."""
    if record.get("fusion") is not None:
        record["fusion"] = {**record["fusion"], "weights_sha256": record["weights_sha256"]}
    return record


def _without_digest(fusion: Fusion | None) -> JsonObject | None:
    return None if fusion is None else {k: v for k, v in to_record(fusion).items() if k != "weights_sha256"}


@recorded(constants={"format": FORMAT}, older=_with_digest, fusion=as_field(unstruct_hook=_without_digest))
@dataclass(frozen=True, slots=True, kw_only=True)
class Companion:
    """What was fitted and measured for one set of weights.

    Parameters
    ----------
    weights_sha256 : str
        Digest of the weights.
    fusion : Fusion or None
    maps : mapping of str to float
        See `forensics.types.Localisation`; empty if nothing was measured.
    attributions : tuple of mappings
        What was measured of each branch and method by `benchmarks.explanations`; empty if nothing was.
    fitted_on : mapping
        JSON values: sources, numbers of pictures, digest of the index.
    withdrawn : str
        Code of `forensics.judgement.rules.WITHDRAWALS` if the weights are withdrawn as evidence; empty if they are not.
    """

    weights_sha256: str
    fusion: Fusion | None = None
    maps: Mapping[str, float] = field(default_factory=dict)
    attributions: tuple[Mapping[str, Any], ...] = ()
    fitted_on: Mapping[str, Any] = field(default_factory=dict)
    withdrawn: str = ""


def write_companion(path: Path, companion: Companion) -> None:
    """Write the file whole or not at all."""
    write_atomically(path, json.dumps(to_record(companion), sort_keys=True, indent=1) + "\n")


def read_companion(path: Path) -> Companion:
    """Read a companion file.

    Raises
    ------
    WeightsMismatchError
        It is damaged or of another format.
    """
    try:
        return from_record(Companion, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as err:
        raise WeightsMismatchError(
            f"{path.name} cannot be read ({type(err).__name__}: {err}). Get the weights folder again."
        ) from err
