"""What is known about an ensemble beyond its weights: the fitted joint judgement, and how good its maps and attributions are.

A JSON file beside the weights, because it is measured after training, on pictures that no branch has seen.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensics.errors import WeightsMismatchError
from forensics.scores import Fusion

__all__ = ["FILE_NAME", "Companion", "read_companion", "write_companion"]

FORMAT = "forensics.companion/1"
FILE_NAME = "companion.json"


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
        What was measured of each branch and method by `forensics.training.explaining`; empty if nothing was.
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
    fusion = companion.fusion
    record = {
        "format": FORMAT,
        "weights_sha256": companion.weights_sha256,
        "fusion": None if fusion is None else {"bias": fusion.bias, "mean": dict(fusion.mean), "top": dict(fusion.top)},
        "maps": dict(companion.maps),
        "attributions": [dict(row) for row in companion.attributions],
        "fitted_on": dict(companion.fitted_on),
        "withdrawn": companion.withdrawn,
    }
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(record, sort_keys=True, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def read_companion(path: Path) -> Companion:
    """Read a companion file.

    Raises
    ------
    WeightsMismatchError
        It is damaged or of another format.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(f"format {record['format']!r} instead of {FORMAT!r}")
        digest, fusion = record["weights_sha256"], record["fusion"]
        return Companion(
            weights_sha256=digest,
            fusion=None if fusion is None else Fusion(weights_sha256=digest, **fusion),
            maps=record["maps"],
            attributions=tuple(record.get("attributions", ())),  # older files have none
            fitted_on=record["fitted_on"],
            withdrawn=str(record.get("withdrawn", "")),  # older files have none
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as err:
        raise WeightsMismatchError(
            f"{path.name} cannot be read ({type(err).__name__}: {err}). Get the weights folder again."
        ) from err
