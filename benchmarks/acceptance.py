"""The acceptance table: every quantity a detector of this kind is held to, its figure, and whether it passes.

A row whose figure comes from elsewhere, or cannot be measured yet, says so; none is left out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.calibrated import calibration_facts
from benchmarks.checks import milliseconds_per_tile, repeatable
from benchmarks.left_out import LeftOut, read_left_out
from benchmarks.withheld import arguments, sides, weights_files
from forensics.calibration import Card
from forensics.detector import load_detector
from forensics.evaluation.comparison import AucRow, RateRow, auc_rows, false_alarms, flips, known_by_file
from forensics.evaluation.scoring import ALL, JOINT, ScoredCopy, chosen_deliveries, score_labelled, usable
from forensics.evaluation.shortcuts import TREES_LIMIT
from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.judgement.deliveries import AS_RECEIVED
from forensics.training.measuring.audit import COUNTED, WHOLE, AuditRow, audit_run
from forensics.training.measuring.families import FamilyRow, MaskRow, evaluate_families, evaluate_swaps, mask_summary
from forensics.training.measuring.withheld import MEAN, cores, judged_out_of_source, pairs_for

__all__ = ["AcceptanceRow", "Measured", "acceptance_rows", "acceptance_table", "source_mean"]

Verdict = Literal["passed", "**failed**", "not measured"]
STRATA = ("JPEG 60", "JPEG 75", "JPEG 85", "resized 75 %", "screenshot-like")
ALARMS = 0.12  # false alarms of a stratum above which a row fails
FLIPS = 0.15
REVERSED = 0.40  # AUC below which a source counts as reversed


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptanceRow:
    """One line of the table.

    Parameters
    ----------
    number : int
    quantity : str
    value : str
        The figure with its n or interval, or why there is none.
    fail : str
        What counts as failing.
    verdict : str
    """

    number: int
    quantity: str
    value: str
    fail: str
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """All that the table is made of.

    Parameters
    ----------
    scored : sequence of ScoredCopy
        Withheld pictures; the joint judgement fitted out of source.
    families : sequence of FamilyRow
    masks : sequence of MaskRow
    swaps : sequence of FamilyRow
        As `forensics.training.measuring.families.evaluate_swaps` gives them.
    audit : sequence of AuditRow
        Of the training stream; empty if it was not drawn.
    trained : tuple of str
        Families that the weights were trained on.
    left_out : sequence of LeftOut
        Runs without a family or a source, and whole runs with another seed.
    milliseconds : mapping of str to float
        Branch to time per tile.
    sizes : mapping of str to int
        Weights file to bytes.
    repeatable : bool
        Whether two examinations of one picture, and a tile alone or among others, gave the same bits.
    card : Card or None
        The calibration card of the weights, with what it reached on the sources that it was checked on.
    """

    scored: Sequence[ScoredCopy]
    families: Sequence[FamilyRow]
    masks: Sequence[MaskRow]
    swaps: Sequence[FamilyRow] = ()
    audit: Sequence[AuditRow] = ()
    trained: tuple[str, ...] = ()
    left_out: Sequence[LeftOut] = ()
    milliseconds: Mapping[str, float] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    repeatable: bool | None = None
    card: Card | None = None


def acceptance_rows(measured: Measured) -> list[AcceptanceRow]:
    """Return the 25 rows, in order."""
    aucs = auc_rows(measured.scored)
    rows = [
        _elsewhere(1, "parity: score, logits, merged network", "tests/parity, in make test", "above 1e-5, 1e-4, 1e-4"),
        _elsewhere(2, "speed of the published arrangement", "python -m benchmarks, docs/speed.md", "below 3 times"),
        *_audit(measured.audit),
        _test_audit(measured.scored),
        _own_families(measured),
        _left_out(measured.left_out, "family", number=7, fail="mean below 0.75, any below 0.60", mean=0.75, any_=0.60),
        _source(aucs, "sdfd", number=8, quantity="diffusion faces, never trained on", least=0.55),
        _source(aucs, "gpt4o_images", number=9, quantity="recent generator, never trained on", least=REVERSED),
        _face_swap(measured.swaps),
        _masks(measured.masks),
        _alarms(measured.scored),
        _flips(measured.scored),
        *_branches(aucs),
        *(_row(*fact) for fact in calibration_facts(measured.card)),
        *(
            _elsewhere(number, quantity, "python -m benchmarks.explanations", fail)
            for number, quantity, fail in (
                (19, "attribution: randomised weights", "Spearman 0.3 or more"),
                (20, "attribution: pointing and removal", "below 0.70, 0 or less"),
                (21, "attribution: completeness of integrated gradients", "above 5 %"),
            )
        ),
        _time(measured.milliseconds),
        _sizes(measured.sizes),
        _repeatable(measured.repeatable),
        _second_seed(measured, aucs),
    ]
    return sorted(rows, key=lambda row: row.number)


def _row(number: int, quantity: str, value: str, fail: str, passed: bool | None) -> AcceptanceRow:
    verdict: Verdict = "not measured" if passed is None else "passed" if passed else "**failed**"
    return AcceptanceRow(number=number, quantity=quantity, value=value, fail=fail, verdict=verdict)


def _elsewhere(number: int, quantity: str, where: str, fail: str) -> AcceptanceRow:
    return _row(number, quantity, where, fail, None)


def _audit(rows: Sequence[AuditRow]) -> list[AcceptanceRow]:
    quantities = ("what file statistics know of the stream, linear", "the same, boosted trees; pairs ranked")
    fails = ("outside 0.50 ± 0.03, a family outside ± 0.05", "above 0.60; above 0.75")
    if not rows:
        where = "the stream was not drawn with this table"
        return [_elsewhere(n, q, where, f) for n, q, f in zip((3, 4), quantities, fails, strict=True)]
    return [
        _row(3, quantities[0], _worst(rows, "logistic"), fails[0], all(r.passed for r in rows if r.test == "logistic")),
        _row(
            4, quantities[1], f"{_worst(rows, 'trees')}; {_worst(rows, 'paired')}", fails[1],
            all(r.value <= (0.60 if r.test == "trees" else 0.75) for r in rows if r.test in ("trees", "paired")),
        ),
    ]  # fmt: skip


def _worst(rows: Sequence[AuditRow], test: str) -> str:
    own = {r.family: r.value for r in rows if r.test == test}
    streams = {family: value for family, value in own.items() if family in (WHOLE, COUNTED)}
    others = {family: value for family, value in own.items() if family not in streams}
    worst = max(others, key=lambda family: abs(others[family] - 0.5), default=None)
    parts = [f"{family} {value:.3f}" for family, value in streams.items()]
    parts += [] if worst is None else [f"worst family {worst} {others[worst]:.3f}"]
    return f"{test}: {', '.join(parts)}" if parts else test


def _test_audit(scored: Sequence[ScoredCopy]) -> AcceptanceRow:
    """How well boosted trees tell the withheld classes from file statistics: what the AUC rows have to be read against."""
    quantity, fail = "what file statistics know of each withheld comparison, boosted trees", f"above {TREES_LIMIT:.2f}"
    known = known_by_file(scored)
    if not known:
        return _elsewhere(5, quantity, "too few pictures as received", fail)
    text = ", ".join(f"{source} {value:.3f}" for source, value in known.items())
    return _row(5, quantity, text, fail, all(value <= TREES_LIMIT for value in known.values()))


def _own_families(measured: Measured) -> AcceptanceRow:
    own = [r for r in measured.families if r.branch == JOINT and r.family in measured.trained]
    if not own:
        return _elsewhere(6, "families trained on, other pictures", "no family measured", "below 0.90")
    text = ", ".join(f"{r.family} {r.auc:.3f}" for r in own)
    return _row(6, "families trained on, other pictures", text, "below 0.90", all(r.auc >= 0.90 for r in own))


def _left_out(rows: Sequence[LeftOut], kind: str, *, number: int, fail: str, mean: float, any_: float) -> AcceptanceRow:
    quantity = f"each {kind} left out in turn, joint"
    own = [r for r in rows if r.kind == kind and r.branch == JOINT]
    if not own:
        return _elsewhere(number, quantity, "no run without a family was made", fail)
    text = ", ".join(f"{r.name} {r.auc:.3f}" for r in own)
    average = float(np.mean([r.auc for r in own]))
    passed = average >= mean and all(r.auc >= any_ for r in own)
    return _row(number, quantity, f"mean {average:.3f}: {text}", fail, passed)


def _source(aucs: Sequence[AucRow], source: str, *, number: int, quantity: str, least: float) -> AcceptanceRow:
    fail = f"below {least:.2f}"
    own = [r for r in aucs if r.source == source and r.branch == JOINT]
    if not own:
        return _elsewhere(number, f"{quantity} ({source})", "no such source is withheld", fail)
    text = "; ".join(f"{r.delivery} {r.auc:.3f} ({interval_cell(r.interval)})" for r in own)
    return _row(number, f"{quantity} ({source}, n = {own[0].n_fake})", text, fail, all(r.auc >= least for r in own))


def _face_swap(swaps: Sequence[FamilyRow]) -> AcceptanceRow:
    quantity, fail = "face swap per frame, blend maker never trained on, H.264 crf 28", "below 0.60"
    own = [r for r in swaps if r.branch == JOINT]
    if not own:
        return _elsewhere(10, quantity, "no faces to swap", fail)
    row = own[0]
    return _row(
        10, quantity, f"{row.auc:.3f} ({interval_cell(row.interval)}, n = {row.n_pairs})", fail, row.auc >= 0.60
    )


def _masks(rows: Sequence[MaskRow]) -> AcceptanceRow:
    quantity = "pixel F1 of the map at 0.5 on our own composites"
    if not rows:
        return _elsewhere(11, quantity, "no branch has a mask head", "below 0.35")
    total = mask_summary(rows)
    text = f"{total['pixel_f1']:.3f} on {total['n']:.0f} tiles; pointing {total['pointing']:.3f} (chance {total['chance']:.3f}); "
    text += f"painted on originals {total['false_area']:.3f}"
    return _row(11, quantity, text, "below 0.35", total["pixel_f1"] >= 0.35)


def _alarms(scored: Sequence[ScoredCopy]) -> AcceptanceRow:
    quantity, fail = "false alarms on withheld originals at the 5 % point, by stratum", f"above {ALARMS:.0%}"
    rows = [r for r in false_alarms(scored) if r.source == "all" and r.delivery in (AS_RECEIVED, *STRATA)]
    return _rates(12, quantity, rows, fail, ALARMS, called=lambda r: r.delivery)


def _flips(scored: Sequence[ScoredCopy]) -> AcceptanceRow:
    rows = [r for r in flips(scored) if r.delivery in ("JPEG 75", "resized 75 %")]
    return _rates(
        13, "changes of side after saving or resizing", rows, f"above {FLIPS:.0%}", FLIPS,
        called=lambda r: f"{r.source}, {r.delivery}",
    )  # fmt: skip


def _rates(
    number: int, quantity: str, rows: Sequence[RateRow], fail: str, most: float, *, called: Callable[[RateRow], str]
) -> AcceptanceRow:
    if not rows:
        return _elsewhere(number, quantity, "no such delivery was scored", fail)
    text = ", ".join(f"{called(r)} {r.rate:.1%}" for r in rows)
    return _row(number, f"{quantity} (n = {rows[0].n})", text, fail, all(r.rate <= most for r in rows))


def source_mean(rows: Iterable[AucRow], branch: str) -> float | None:
    """Return the mean AUC of a branch over withheld sources and deliveries; None if it has no row."""
    values = [r.auc for r in rows if r.branch == branch and r.source != "all"]
    return float(np.mean(values)) if values else None


def _branches(aucs: Sequence[AucRow]) -> list[AcceptanceRow]:
    names = [b for b in dict.fromkeys(r.branch for r in aucs) if b not in (JOINT, MEAN)]
    means = {name: source_mean(aucs, name) or 0.0 for name in names}
    joint = source_mean(aucs, JOINT) or 0.0
    best = max(means, key=lambda name: means[name])
    lift = joint - means[best]
    alone = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
    return [
        _row(
            14, "joint judgement against the best branch, mean over withheld sources and deliveries",
            f"{joint:.3f} against {means[best]:.3f} ({best}): {lift:+.3f}", "below -0.005", lift >= -0.005,
        ),
        _row(15, "each branch alone, the same mean", alone, "any below 0.65", min(means.values()) >= 0.65),
    ]  # fmt: skip


def _time(milliseconds: Mapping[str, float]) -> AcceptanceRow:
    quantity, fail = "time per tile of 256 on the CPU, all branches", "above 30 ms with AMX, above 120 ms without"
    if not milliseconds:
        return _elsewhere(22, quantity, "python -m benchmarks.tiles", fail)
    total = sum(milliseconds.values())
    text = f"{total:.0f} ms (" + ", ".join(f"{name} {value:.0f}" for name, value in milliseconds.items()) + ")"
    return _row(22, quantity, text, fail, total <= 120)


def _sizes(sizes: Mapping[str, int]) -> AcceptanceRow:
    text = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in sizes.items())
    return _row(
        23,
        "size of each weights file",
        text or "no file",
        "above 20 MB",
        max(sizes.values()) <= 20e6 if sizes else None,
    )


def _repeatable(repeatable: bool | None) -> AcceptanceRow:
    value = {None: "not tried", True: "the same bits", False: "other bits"}[repeatable]
    return _row(24, "two runs, and a tile alone or among others", value, "other bits", repeatable)


def _second_seed(measured: Measured, aucs: Sequence[AucRow]) -> AcceptanceRow:
    """Compare branch by branch: a run that fits some of the branches only is a second seed of these."""
    quantity, fail = "another seed, mean over withheld sources", "more than 0.05 apart"
    again = [r for r in measured.left_out if r.kind == "seed" and r.branch not in (JOINT, MEAN)]
    first = {(r.branch, r.source, r.delivery): r.auc for r in aucs}
    pairs: dict[str, list[tuple[float, float]]] = {}
    for r in again:
        if (r.branch, r.name, r.condition) in first:
            pairs.setdefault(r.branch, []).append((first[r.branch, r.name, r.condition], r.auc))
    if not pairs:
        return _elsewhere(25, quantity, "no run with another seed was made", fail)
    means = {branch: np.mean(values, axis=0) for branch, values in pairs.items()}
    text = ", ".join(f"{branch} {one:.3f} and {other:.3f}" for branch, (one, other) in means.items())
    apart = max(abs(one - other) for one, other in means.values())
    return _row(25, quantity, text, fail, bool(apart <= 0.05 + 1e-12))


def acceptance_table(rows: Iterable[AcceptanceRow]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        ("#", "quantity", "figure", "fails if", "result"),
        ((r.number, r.quantity, r.value, r.fail, r.verdict) for r in rows),
    )


def main() -> None:
    """Print the table of weights."""
    parser = arguments("acceptance", __doc__, "weights", "at-most", "scores")
    parser.add_argument("--delivery", action="append", help="beside as received; all if not given")
    parser.add_argument("--pairs", type=int, default=2000, help="of the training stream, for its audit")
    parser.add_argument("--left-out", type=Path, help="figures that `python -m benchmarks.left_out` gathered")
    options = parser.parse_args()
    config, training, withheld = sides(options)
    detector = load_detector(options.weights, judgement="mean", mode="exact")  # as its rows say
    pictures = withheld if options.at_most is None else withheld.thinned(options.at_most)
    chosen = chosen_deliveries(options.delivery or (ALL,))
    copies = score_labelled(
        detector, pictures.distinct(), deliveries=chosen, keep=options.scores, progress=True, workers=cores()
    )
    shipped = load_detector(options.weights)
    fusion, n = shipped.companion.fusion, pairs_for(options.at_most)
    families, masks = evaluate_families(detector.ensemble, withheld, pairs=n, fusion=fusion)
    measured = Measured(
        scored=usable(copies) if fusion is None else judged_out_of_source(usable(copies)),
        families=families,
        masks=masks,
        swaps=evaluate_swaps(detector.ensemble, withheld, pairs=n, fusion=fusion),
        audit=audit_run(config, training, pairs=options.pairs),
        trained=tuple(config.forgeries.shares),
        left_out=read_left_out(options.left_out) if options.left_out is not None else (),
        milliseconds=milliseconds_per_tile(detector),
        sizes={path.name: path.stat().st_size for path in weights_files(options.weights)},
        repeatable=repeatable(detector),
        card=shipped.calibration,
    )
    print(acceptance_table(acceptance_rows(measured)))


if __name__ == "__main__":
    main()
