"""What ``forensics train`` does besides training: audit, contact sheet, measuring weights."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from forensics.detector import load_detector
from forensics.models.companion import Companion, write_companion
from forensics.training.audit import audit_stream, audit_table
from forensics.training.autoencoders import makers_for
from forensics.training.config import Config
from forensics.training.contact_sheet import contact_sheet
from forensics.training.evaluation import (
    CONDITIONS,
    DELIVERED,
    JOINT,
    auc_rows,
    auc_table,
    evaluate,
    false_alarms,
    flips,
    rate_table,
    write_scores,
)
from forensics.training.families import evaluate_families, family_table, mask_summary, mask_table
from forensics.training.fusing import fit_fusion, out_of_source
from forensics.training.pictures import Pictures
from forensics.training.sensitivity import sensitivity, sensitivity_table

__all__ = ["audit", "measure", "write_contact_sheet"]

PAIRS = 200  # of each family
MEAN = "plain mean"


def audit(config: Config, training: Pictures, out: Path, *, pairs: int) -> tuple[str, bool]:
    """Return the audit's table and whether every limited row passed; `out` is where the run's auto-encoders lie."""
    rows = audit_stream(config, training, pairs=pairs, makers=makers_for(config, training, out))
    return audit_table(rows), all(row.passed for row in rows)


def write_contact_sheet(path: Path, config: Config, training: Pictures, out: Path) -> Path:
    """Write the sheet as a PNG and return its path; `out` as in `audit`."""
    makers = makers_for(config, training, out)
    sheet = Image.fromarray(contact_sheet(training, seed=config.seed, makers=makers))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, format="PNG")
    return path


def measure(
    weights: Path | None,
    withheld: Pictures,
    *,
    conditions: Sequence[str] | None = None,
    at_most: int | None = None,
    keep: Path | None = None,
    companion: Path | None = None,
) -> Iterator[str]:
    """Yield the tables of an evaluation: AUC, false alarms, changes of side, what moves originals, families, masks.

    With `companion`, a joint judgement is fitted first, and every figure about it comes from fits without the source
    that is judged.

    Parameters
    ----------
    weights : path or None
        The shipped starter if None.
    withheld : Pictures
    conditions : sequence of str, optional
        Of `forensics.training.evaluation.CONDITIONS`; all if not given. False alarms and changes of side need
        ``"as delivered"``.
    at_most : int, optional
        Pictures per source and class, and pairs per family; all, and 200, if not given.
    keep : path, optional
        Where to write the scores as JSON lines.
    companion : path, optional
        Where to write what was fitted and measured; beside the weights it is used with them.
    """
    detector = load_detector(weights, judgement="fitted" if companion is None else "mean")
    chosen = list(conditions or CONDITIONS)
    scored = list(evaluate(detector, withheld, conditions=chosen, at_most=at_most))
    if keep is not None:
        write_scores(keep, scored)
    fusion = None
    if companion is not None:
        fusion = fit_fusion(scored, weights_sha256=detector.weights.sha256)
        scored = [
            replace(s, log_odds={**s.log_odds, MEAN: s.log_odds[JOINT], JOINT: z})
            for s, z in zip(scored, out_of_source(scored), strict=True)
        ]
    yield auc_table(auc_rows(scored))
    if DELIVERED in chosen:
        yield rate_table(false_alarms(scored), what="false alarms")
        yield rate_table(flips(scored), what="changed side")
        yield sensitivity_table(sensitivity(scored))
    aucs, masks = evaluate_families(detector.ensemble, withheld, pairs=min(PAIRS, at_most or PAIRS))
    yield family_table(aucs)
    if masks:
        yield mask_table(masks)
    if companion is not None:
        fitted_on = {
            "sources": sorted({s.source for s in scored}),
            "real": len({s.name for s in scored if s.label == 0}),
            "fake": len({s.name for s in scored if s.label == 1}),
            "conditions": chosen,
            "index_sha256": withheld.digest(),
        }
        digest = detector.weights.sha256
        record = Companion(weights_sha256=digest, fusion=fusion, maps=mask_summary(masks), fitted_on=fitted_on)
        write_companion(companion, record)
