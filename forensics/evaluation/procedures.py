"""Procedures of a laboratory, ``calibrate`` and ``validate``: from labelled pictures on disk to a card or a report."""

from collections.abc import Sequence
from datetime import datetime
from os import PathLike
from pathlib import Path

from forensics.calibration import CALIBRATORS, Card, write_card
from forensics.calibration.likelihood import Propositions
from forensics.custody.keys import Passphrase, load_private_key
from forensics.custody.signing import sign_file
from forensics.detector import Detector, load_detector
from forensics.errors import CalibrationError
from forensics.evaluation.criteria import read_criteria
from forensics.evaluation.document import write_validation
from forensics.evaluation.fitting import LEVEL, MINIMUM, check_card, fit_card
from forensics.evaluation.labelled import Pictures, read_labelled
from forensics.evaluation.matrix import Validated, validation_matrix
from forensics.evaluation.scoring import ALL, chosen_deliveries, score_labelled
from forensics.reproducibility import utc_now

__all__ = ["calibrate", "validate"]

# What an LR is about if nobody says what the two classes are.
H1 = "The picture was generated or altered in ways like the pictures labelled fake in the calibration."
H2 = "The picture was taken by a camera and not altered, like the pictures labelled real in the calibration."


def calibrate(
    labelled: str | PathLike[str],
    out: str | PathLike[str],
    *,
    check: str | PathLike[str] | None = None,
    weights: str | PathLike[str] | None = None,
    deliveries: Sequence[str] = (),
    calibrator: str = "logistic",
    minimum: int = MINIMUM,
    level: float = LEVEL,
    h1: str | None = None,
    h2: str | None = None,
    scores: Path | None = None,
    key: Path | None = None,
    passphrase: Passphrase = None,
    progress: bool = False,
    now: datetime | None = None,
) -> Card:
    """Make a calibration card and write it; nothing is written if anything is wrong.

    The parameters are the options of ``forensics calibrate``, so that there are as many.

    Parameters
    ----------
    labelled : path
        See `forensics.evaluation.labelled.read_labelled`; of pictures that the weights never saw.
    out : path
    check : path, optional
        Labelled pictures of other sources; what fails on them is withdrawn.
    weights : path, optional
        The shipped starter if not given.
    deliveries : sequence of str
        Copies to score beside the pictures as received: names of `forensics.judgement.deliveries.DELIVERIES`, or ``all``.
    calibrator, minimum, level
        As for `forensics.evaluation.fitting.fit_card`.
    h1, h2 : str, optional
        What the two classes are, as propositions; `H1` and `H2` of this module if not given.
    scores : path, optional
        Where scores are kept; those of `check` in a second file, with ``.check`` added.
    key : path, optional
        An Ed25519 private key in PEM; the signature is written beside the card, as ``NAME.sig``.
    passphrase : str or callable, optional
        Used, or asked for by a call, only if the key is encrypted.
    progress : bool
    now : datetime, optional

    Returns
    -------
    Card

    Raises
    ------
    CalibrationError
        The pictures cannot serve; the message says why.
    CustodyError
        The key cannot be read, or the signature cannot be written.
    UnknownNameError
        There is no such delivery or calibrator.
    """
    CALIBRATORS[calibrator]  # an unknown name is told before hours of scoring
    chosen = chosen_deliveries(deliveries)
    private = None if key is None else load_private_key(key, passphrase)
    files, others = read_labelled(labelled), Pictures() if check is None else read_labelled(check)
    _require_apart(files, others)
    detector = load_detector(weights, calibration="none")
    scored = score_labelled(detector, files, deliveries=chosen, keep=scores, progress=progress)
    manifest = detector.weights.manifest
    card = fit_card(
        scored,
        detector_sha256=detector.sha256,
        weights={"name": manifest.name, "sha256": detector.weights.sha256},
        now=now or utc_now(),
        propositions=Propositions(h1=H1 if h1 is None else h1, h2=H2 if h2 is None else h2),
        calibrator=calibrator,
        minimum=minimum,
        level=level,
    )
    if others:
        keep = None if scores is None else scores.with_name(f"{scores.name}.check")
        checking = score_labelled(detector, others, deliveries=chosen, keep=keep, progress=progress)
        card = check_card(card, checking, made_from=scored)
    path = write_card(card, out)
    if private is not None:
        sign_file(path, private, record_sha256=card.sha256, now=now)
    return card


def validate(
    labelled: str | PathLike[str],
    out: str | PathLike[str],
    *,
    criteria: Path | None = None,
    weights: str | PathLike[str] | None = None,
    calibration: str | PathLike[str] | None = None,
    organisation: str | None = None,
    examiner: str | None = None,
    scores: Path | None = None,
    progress: bool = False,
    now: datetime | None = None,
) -> Validated:
    """Validate a calibrated detector and write the report, with its data beside it as JSON.

    The parameters are the options of ``forensics validate``, so that there are as many.

    Parameters
    ----------
    labelled : path
        Pictures of known origin that neither the weights nor the card have seen.
    out : path
        The HTML file; ``out`` with the suffix ``.json`` gets the same data.
    criteria : path, optional
        See `forensics.evaluation.criteria.read_criteria`.
    weights, calibration : path, optional
        As for `forensics.load_detector`.
    organisation, examiner : str, optional
    scores : path, optional
        Where scores are kept.
    progress : bool
    now : datetime, optional

    Raises
    ------
    CalibrationError
        There is no card, or nothing to validate it on.
    """
    declared = read_criteria(criteria)  # before any picture is looked at
    detector = load_detector(weights, calibration=calibration)
    card = _require_card(detector)
    files = read_labelled(labelled)
    scored = score_labelled(detector, files, deliveries=chosen_deliveries([ALL]), keep=scores, progress=progress)
    validated = validation_matrix(scored, card, declared)
    write_validation(
        validated, Path(out), card=card, criteria=declared, scored=scored, detector=detector, organisation=organisation,
        examiner=examiner, now=now or utc_now(),
    )  # fmt: skip
    return validated


def _require_card(detector: Detector) -> Card:
    if detector.calibration is None:
        raise CalibrationError(
            "there is no calibration card beside these weights, so that there is nothing to validate. Make one with "
            "'forensics calibrate' and give it with --calibration."
        )
    return detector.calibration


def _require_apart(files: Pictures, others: Pictures) -> None:
    both = {f.sha256 for f in files} & {f.sha256 for f in others}
    if both:
        raise CalibrationError(
            f"{len(both)} pictures are among those of the card and among those that check it, the first with SHA-256 "
            f"{min(both)}. Remove them from one side."
        )
    sources = sorted({f.source for f in files if f.source} & {f.source for f in others})
    if sources:
        raise CalibrationError(
            f"these sources are on both sides: {', '.join(sources[:5])}{' and more' if len(sources) > 5 else ''}. What checks a card "
            "must come from other sources than the card."
        )
