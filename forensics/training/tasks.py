"""What ``forensics train`` does besides training: audit, contact sheet, measuring weights."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from forensics.detector import load_detector, starter_files
from forensics.errors import ModelError
from forensics.models.companion import Companion, read_companion, write_companion
from forensics.training.acceptance import Measured, acceptance_rows, acceptance_table
from forensics.training.audit import COUNTED, WHOLE, AuditRow, audit_stream, audit_table
from forensics.training.checks import milliseconds_per_tile, repeatable
from forensics.training.config import Config
from forensics.training.contact_sheet import contact_sheet
from forensics.training.evaluation import auc_rows, auc_table, false_alarms, flips, rate_table
from forensics.training.explaining import explain_forgeries, explanation_rows, explanation_table, local_forgeries
from forensics.training.families import evaluate_families, evaluate_swaps, family_table, mask_summary, mask_table
from forensics.training.fusing import fit_fusion, out_of_source
from forensics.training.imprint import imprint_rows, imprint_table
from forensics.training.left_out import append_left_out, left_out_table, measure_left_out, read_left_out
from forensics.training.makers import Maker
from forensics.training.pictures import Pictures
from forensics.training.scoring import CONDITIONS, DELIVERED, JOINT, MEAN, ScoredPicture, evaluate, thinned
from forensics.training.sensitivity import sensitivity, sensitivity_table
from forensics.training.streams import makers_for, stream_for
from forensics.training.view_gain import all_views, score_views, view_gain_table, view_gains
from forensics.views import Tiles

__all__ = ["audit", "measure", "measure_attributions", "write_contact_sheet"]

PAIRS = 200  # of each family, at most
IMPRINTS = 200


def audit(config: Config, training: Pictures, out: Path, *, pairs: int) -> tuple[str, bool]:
    """Return the audit's tables and whether every limited row passed; `out` is where the run's auto-encoders lie.

    The second table says how often each maker of whole pictures leaves the imprint that it is there for.
    """
    rows = _audited(config, training, out, pairs=pairs)
    imprints = imprint_rows(makers_for(config, training, out), training, n=min(IMPRINTS, pairs))
    return f"{audit_table(rows)}\n\n{imprint_table(imprints)}", all(row.passed for row in rows)


def _audited(config: Config, training: Pictures, out: Path, *, pairs: int) -> list[AuditRow]:
    """Audit the networks' stream, and that of the statistical branches if it is another."""
    stream = stream_for(config, training, out, workers=_cores())
    rows = audit_stream(stream, tile=config.forgeries.late_tile, pairs=pairs)
    if config.counted != config:
        counted = stream_for(config.counted, training, out, workers=_cores())
        own = audit_stream(counted, tile=config.statistics.tile, pairs=pairs)
        rows += [replace(row, family=COUNTED) for row in own if row.family == WHOLE]
    return rows


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
    makers: Mapping[str, Maker],
    *,
    conditions: Sequence[str] | None = None,
    at_most: int | None = None,
    keep: Path | None = None,
    companion: Path | None = None,
) -> Iterator[str]:
    """Yield the tables of an evaluation: AUC, false alarms, changes of side, what moves originals, families, masks.

    Where a joint judgement is fitted, its figures come from fits without the source that is judged, and the plain mean
    stands beside it; else the joint judgement is the plain mean.

    Parameters
    ----------
    weights : path or None
        The shipped starter if None.
    withheld : Pictures
    makers : mapping of str to Maker
        The families whose forgeries, made of withheld originals, are told apart and located.
    conditions : sequence of str, optional
        Of `forensics.training.scoring.CONDITIONS`; all if not given. False alarms and changes of side need
        ``"as delivered"``.
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
    chosen = list(conditions or CONDITIONS)
    plain = evaluate(detector, withheld, conditions=chosen, at_most=at_most, keep=keep, workers=_cores())
    scored = _judged(plain) if companion is not None or shipped is not None else plain
    if companion is not None:
        worth = _worth_fitting(scored)
        shipped = fit_fusion(plain, weights_sha256=detector.weights.sha256) if worth else None
    yield auc_table(auc_rows(scored))
    if len({s.source for s in scored if s.label == 0}) < 2:
        yield "False alarms and changes of side need photographs of two sources or more; here one is withheld."
    elif DELIVERED in chosen:
        yield rate_table(false_alarms(scored), what="false alarms")
        yield rate_table(flips(scored), what="changed side")
        yield sensitivity_table(sensitivity(scored))
    n = _pairs(at_most)
    aucs, masks = evaluate_families(detector.ensemble, withheld, pairs=n, makers=makers, fusion=shipped)
    swaps = evaluate_swaps(detector.ensemble, withheld, pairs=n, fusion=shipped)
    yield family_table([*aucs, *swaps])
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
        record = Companion(
            weights_sha256=detector.weights.sha256, fusion=shipped, maps=mask_summary(masks), fitted_on=fitted_on,
            withdrawn=detector.companion.withdrawn,
        )  # fmt: skip
        write_companion(companion, record)


def _worth_fitting(scored: Sequence[ScoredPicture]) -> bool:
    """Return whether the fitted judgement, on sources it was not fitted on, is ahead of the plain mean."""
    rows = [r for r in auc_rows(scored) if r.source == "all"]
    fitted, plain = ([r.auc for r in rows if r.branch == name] for name in (JOINT, MEAN))
    return not plain or float(np.mean(fitted)) > float(np.mean(plain))


def _judged(scored: Sequence[ScoredPicture]) -> list[ScoredPicture]:
    """Return the scores with the joint judgement fitted out of source, if there are sources enough to fit it."""
    sources = {label: {s.source for s in scored if s.label == label} for label in (0, 1)}
    if min(len(own) for own in sources.values()) < 2:
        return list(scored)
    return [
        replace(s, log_odds={**s.log_odds, MEAN: s.log_odds[JOINT], JOINT: z})
        for s, z in zip(scored, out_of_source(scored), strict=True)
    ]


def add_left_out(
    weights: Path | None,
    name: str | None,
    withheld: Pictures,
    makers: Mapping[str, Maker],
    *,
    path: Path,
    at_most: int | None = None,
) -> str:
    """Measure weights on what they were denied, add the figures to `path` and return their table."""
    detector = load_detector(weights, judgement="mean", localise=False)
    rows = measure_left_out(detector, name, withheld, makers=makers, at_most=at_most)
    append_left_out(path, rows)
    return left_out_table(rows)


def accept(
    weights: Path | None,
    config: Config,
    training: Pictures,
    withheld: Pictures,
    out: Path,
    *,
    pairs: int,
    conditions: Sequence[str] | None = None,
    at_most: int | None = None,
    keep: Path | None = None,
    left_out: Path | None = None,
) -> str:
    """Return the acceptance table of weights.

    Parameters
    ----------
    weights : path or None
        The shipped starter if None.
    config : Config
        What they were trained with.
    training, withheld : Pictures
    out : path
        Where the run's auto-encoders lie.
    pairs : int
        Of the training stream, for the shortcut audit.
    conditions, at_most, keep
        As in `measure`.
    left_out : path, optional
        Figures of runs without a family or source, see `add_left_out`.
    """
    detector = load_detector(weights, judgement="mean", mode="exact")  # as its rows say
    scored = evaluate(
        detector, withheld, conditions=list(conditions or CONDITIONS), at_most=at_most, keep=keep, workers=_cores()
    )
    shipped = load_detector(weights)
    fusion = shipped.companion.fusion
    if fusion is not None:
        scored = _judged(scored)
    n = _pairs(at_most)
    families, masks = evaluate_families(
        detector.ensemble, withheld, pairs=n, makers=makers_for(config, training, out), fusion=fusion
    )
    measured = Measured(
        scored=scored,
        families=families,
        masks=masks,
        swaps=evaluate_swaps(detector.ensemble, withheld, pairs=n, fusion=fusion),
        audit=_audited(config, training, out, pairs=pairs),
        trained=tuple(config.forgeries.shares),
        left_out=read_left_out(left_out) if left_out is not None else (),
        milliseconds=milliseconds_per_tile(detector),
        sizes={path.name: path.stat().st_size for path in _files(weights)},
        repeatable=repeatable(detector),
        card=shipped.calibration,
    )
    return acceptance_table(acceptance_rows(measured))


def _pairs(at_most: int | None) -> int:
    """Return how many pairs of a family are drawn: five for each picture, as tiles are scored faster."""
    return PAIRS if at_most is None else min(PAIRS, 5 * at_most)


def _cores() -> int:
    return os.cpu_count() or 1


def _files(weights: Path | None) -> list[Path]:
    if weights is None:
        return starter_files()
    return sorted(weights.glob("*.safetensors")) if weights.is_dir() else [weights]


def measure_views(weights: Path | None, withheld: Pictures, *, at_most: int | None = None) -> str:
    """Return the table of what each view adds to the upright one; see `forensics.training.view_gain`."""
    scheme = load_detector(weights).weights.manifest.scheme
    if not isinstance(scheme, Tiles):
        raise ValueError(
            "these weights look at the six published views, and at nothing else. Measure weights that use tiles."
        )
    detectors = [load_detector(weights, localise=False, views=views) for views in all_views(scheme)]
    looks, labels = score_views(detectors, withheld if at_most is None else thinned(withheld, at_most))
    return view_gain_table(view_gains(looks, labels))


def measure_attributions(
    weights: Path | None,
    withheld: Pictures,
    n: int,
    *,
    checked: int,
    keep: Path | None = None,
    companion: Path | None = None,
) -> str:
    """Return the table of attributions on `n` local forgeries of withheld originals, and add it to a companion file.

    Parameters
    ----------
    weights : Path or None
        The starter if not given.
    withheld : Pictures
    n : int
    checked : int
        Of the first so many, maps are checked in full.
    keep : Path, optional
        See `explain_forgeries`.
    companion : Path, optional
        Of the same weights; what it holds besides stays. Written anew if there is none.
    """
    detector = load_detector(weights, calibration="none")
    written = None if companion is None else _companion_of(detector.weights.sha256, companion)
    rows = explanation_rows(explain_forgeries(detector, list(local_forgeries(withheld, n)), judged=checked, keep=keep))
    if written is not None and companion is not None:
        write_companion(companion, replace(written, attributions=tuple(rows)))
    return explanation_table(rows)


def _companion_of(weights_sha256: str, path: Path) -> Companion:
    if not path.is_file():
        return Companion(weights_sha256=weights_sha256)
    found = read_companion(path)
    if found.weights_sha256 != weights_sha256:
        raise ModelError(f"{path} belongs to other weights. Name the companion file of these, or a new file.")
    return found
