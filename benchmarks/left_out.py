"""What weights reach on a family or a source that their training was denied: one JSON line per figure.

Each line belongs to a run of its own, trained with ``--without``; the acceptance table gathers them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.withheld import arguments, sides
from forensics.detector import Detector, load_detector
from forensics.evaluation.comparison import auc_rows
from forensics.evaluation.labelled import Pictures
from forensics.evaluation.scoring import score_labelled, usable
from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.judgement.deliveries import AS_RECEIVED
from forensics.training.makers import MAKERS
from forensics.training.measuring.families import evaluate_families

__all__ = ["LeftOut", "append_left_out", "left_out_table", "measure_left_out", "read_left_out"]

PAIRS = 200
DELIVERIES = (AS_RECEIVED, "JPEG 75")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One figure of a run without one family or source.

    Parameters
    ----------
    name : str
        Family or source, or ``nothing`` for a whole run, such as one with another seed.
    condition : str
        Of the pictures; families are measured on freely post-processed tiles, ``as trained``.
    steps, seed : int
        Of the run.
    weights_sha256 : str
    branch : str
    n : int
        Forged pictures or tiles.
    auc : float
    interval : (float, float)
        95 %, bootstrap.
    """

    name: str
    kind: Literal["family", "source", "seed"]
    condition: str
    steps: int
    seed: int
    weights_sha256: str
    branch: str
    n: int
    auc: float
    interval: tuple[float, float]


def measure_left_out(
    detector: Detector,
    name: str | None,
    withheld: Pictures,
    *,
    at_most: int | None = None,
) -> list[LeftOut]:
    """Measure weights on what they were denied.

    Parameters
    ----------
    detector : Detector
        Of the run; its joint judgement is the plain mean.
    name : str or None
        A family, a source, or None for all withheld sources of fakes.
    withheld : Pictures
        Fakes of other sources are left aside if `name` is a source.
    at_most : int, optional
        Pictures per source and class, and pairs, at most 200; all, and 200, if not given.
    """
    run = detector.weights.manifest.training
    about: dict[str, Any] = {
        "steps": int(run.get("steps", 0)),
        "seed": int(run.get("seed", 0)),
        "weights_sha256": detector.weights.sha256,
    }
    if name is not None and name in MAKERS:
        n = min(PAIRS, at_most or PAIRS)
        rows, _ = evaluate_families(detector.ensemble, withheld, pairs=n, families=[name])
        return [
            LeftOut(
                name=name, kind="family", condition="as trained", branch=r.branch, n=r.n_pairs, auc=r.auc,
                interval=r.interval, **about,
            )
            for r in rows
            if r.family == name
        ]  # fmt: skip
    kept = withheld.where(lambda p: p.label == 0 or name in (None, p.source))
    pictures = (kept if at_most is None else kept.thinned(at_most)).distinct()
    scored = usable(score_labelled(detector, pictures, deliveries=DELIVERIES))
    return [
        LeftOut(
            name=r.source, kind="seed" if name is None else "source", condition=r.delivery, branch=r.branch,
            n=r.n_fake, auc=r.auc, interval=r.interval, **about,
        )
        for r in auc_rows(scored)
        if r.source != "all"
    ]  # fmt: skip


def append_left_out(path: Path, rows: Iterable[LeftOut]) -> None:
    """Add figures to a file, one JSON line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(row), sort_keys=True) + "\n" for row in rows)


def read_left_out(path: Path) -> Sequence[LeftOut]:
    """Return the figures of a file that `append_left_out` wrote."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [LeftOut(**{**record, "interval": tuple(record["interval"])}) for record in records]


def left_out_table(rows: Iterable[LeftOut]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("left out", "condition", "branch", "n", "AUC", "95 % interval", "steps", "seed"),
        ((r.name, r.condition, r.branch, r.n, r.auc, interval_cell(r.interval), r.steps, r.seed) for r in rows),
    )


def main() -> None:
    """Measure weights on what they were denied, and add the figures to a file."""
    parser = arguments("left_out", __doc__, "weights", "at-most")
    parser.add_argument("file", type=Path, help="where figures are gathered")
    parser.add_argument("--without", help="the family or source that the training was denied")
    options = parser.parse_args()
    _, _, withheld = sides(options)
    detector = load_detector(options.weights, judgement="mean", localise=False)
    rows = measure_left_out(detector, options.without, withheld, at_most=options.at_most)
    append_left_out(options.file, rows)
    print(left_out_table(rows))


if __name__ == "__main__":
    main()
