"""Weights on withheld sources: the tables that ``forensics evaluate`` prints, and the companion file of the weights."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from forensics.detector import load_detector
from forensics.evaluation.comparison import auc_rows, auc_table, false_alarms, flips, known_by_file, rate_table
from forensics.evaluation.labelled import Pictures
from forensics.evaluation.scoring import (
    ALL,
    JOINT,
    ScoredCopy,
    chosen_deliveries,
    score_labelled,
    usable,
)
from forensics.evaluation.shortcuts import TREES_LIMIT
from forensics.evaluation.tables import markdown_table
from forensics.models.companion import Companion, write_companion
from forensics.training.measuring.families import (
    evaluate_families,
    evaluate_swaps,
    family_table,
    mask_summary,
    mask_table,
)
from forensics.training.measuring.fusing import fit_fusion, out_of_source

__all__ = ["MEAN", "cores", "judged_out_of_source", "measure", "pairs_for"]

MEAN = "plain mean"  # of the branches, where the joint judgement is fitted
PAIRS = 200  # of each family, at most


def measure(
    weights: Path | None,
    withheld: Pictures,
    *,
    deliveries: Sequence[str] = (ALL,),
    at_most: int | None = None,
    keep: Path | None = None,
    companion: Path | None = None,
) -> Iterator[str]:
    """Yield the tables of an evaluation: AUC, what file statistics know, false alarms, changes of side, families, masks.

    Where a joint judgement is fitted, its figures come from fits without the source that is judged, and the plain mean
    stands beside it; else the joint judgement is the plain mean.

    Parameters
    ----------
    weights : path or None
        The shipped starter if None.
    withheld : Pictures
    deliveries : sequence of str
        Of `forensics.judgement.deliveries.DELIVERIES`, or ``all``; as received always.
    at_most : int, optional
        Pictures per source and class, and five times as many pairs per family; all, and 200, if not given.
    keep : path, optional
        Where to keep the scores; what is there already is not scored again.
    companion : path, optional
        Where to write what was fitted and measured; beside the weights it is used with them. The fitted judgement is in it
        only if it is ahead of the plain mean on sources it was not fitted on.
    """
    shipped = load_detector(weights).companion.fusion
    detector = load_detector(weights, judgement="mean")
    chosen = chosen_deliveries(deliveries)
    pictures = withheld if at_most is None else withheld.thinned(at_most)
    plain = usable(
        score_labelled(detector, pictures.distinct(), deliveries=chosen, keep=keep, progress=True, workers=cores())
    )
    scored = judged_out_of_source(plain) if companion is not None or shipped is not None else plain
    if companion is not None:
        worth = _worth_fitting(scored)
        shipped = fit_fusion(plain, weights_sha256=detector.weights.sha256) if worth else None
    yield auc_table(auc_rows(scored))
    yield _audit_table(known_by_file(scored))
    if len({s.source for s in scored if s.label == 0}) < 2:
        yield "False alarms and changes of side need photographs of two sources or more; here one is withheld."
    else:
        yield rate_table(false_alarms(scored), what="false alarms")
        yield rate_table(flips(scored), what="changed side")
    n = pairs_for(at_most)
    aucs, masks = evaluate_families(detector.ensemble, withheld, pairs=n, fusion=shipped)
    swaps = evaluate_swaps(detector.ensemble, withheld, pairs=n, fusion=shipped)
    yield family_table([*aucs, *swaps])
    if masks:
        yield mask_table(masks)
    if companion is not None:
        fitted_on = {
            "sources": sorted({s.source for s in scored}),
            "real": len({s.sha256 for s in scored if s.label == 0}),
            "fake": len({s.sha256 for s in scored if s.label == 1}),
            "conditions": list(chosen),
            "index_sha256": withheld.digest(),
        }
        record = Companion(
            weights_sha256=detector.weights.sha256, fusion=shipped, maps=mask_summary(masks), fitted_on=fitted_on,
            withdrawn=detector.companion.withdrawn,
        )  # fmt: skip
        write_companion(companion, record)


def judged_out_of_source(scored: Sequence[ScoredCopy]) -> list[ScoredCopy]:
    """Return the scores with the joint judgement fitted out of source, if there are sources enough to fit it."""
    sources = {label: {s.source for s in scored if s.label == label} for label in (0, 1)}
    if min(len(own) for own in sources.values()) < 2:
        return list(scored)
    return [
        replace(s, by_branch={**s.by_branch, MEAN: s.joint}, log_odds=z)
        for s, z in zip(scored, out_of_source(scored), strict=True)
    ]


def pairs_for(at_most: int | None) -> int:
    """Return how many pairs of a family are drawn: five for each picture, as tiles are scored faster."""
    return PAIRS if at_most is None else min(PAIRS, 5 * at_most)


def cores() -> int:
    """Return how many processes score or make pairs."""
    return os.cpu_count() or 1


def _worth_fitting(scored: Sequence[ScoredCopy]) -> bool:
    """Return whether the fitted judgement, on sources it was not fitted on, is ahead of the plain mean."""
    rows = [r for r in auc_rows(scored) if r.source == "all"]
    fitted, plain = ([r.auc for r in rows if r.branch == name] for name in (JOINT, MEAN))
    return not plain or float(np.mean(fitted)) > float(np.mean(plain))


def _audit_table(known: Mapping[str, float]) -> str:
    """Return what file statistics know of each comparison as a table; above the limit its AUC is not to be quoted."""
    rows = ((source, value, f"{TREES_LIMIT:.2f}", _result(value)) for source, value in known.items())
    return markdown_table(("withheld source", "AUC of file statistics", "limit", "result"), rows)


def _result(value: float) -> str:
    return "passed" if value <= TREES_LIMIT else "**failed**"
