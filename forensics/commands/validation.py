"""``forensics calibrate`` and ``forensics validate``: pictures of known origin to a card, and to a report on it."""

from pathlib import Path
from typing import Annotated

import typer

from forensics.commands.keys import ask_passphrase
from forensics.commands.shared import CalibrationOption, WeightsOption, found_weights
from forensics.errors import UnknownNameError

__all__ = ["calibrate", "validate"]

LabelledArgument = Annotated[
    Path,
    typer.Argument(help="A folder with real/ and fake/, or a CSV with path,label (and source).", show_default=False),
]
ScoresOption = Annotated[
    Path | None,
    typer.Option(
        "--scores", help="Keep scores here, so that work that was cut off goes on. A second file ends in .check."
    ),
]


def calibrate(
    labelled: LabelledArgument,
    out: Annotated[Path, typer.Option("--out", help="The card to write.")],
    check: Annotated[
        Path | None,
        typer.Option("--check", help="Pictures of other sources: what fails on them is withdrawn from the card."),
    ] = None,
    weights: WeightsOption = None,
    deliveries: Annotated[
        list[str] | None,
        typer.Option(
            "--delivery",
            help="Score copies too: a delivery such as 'JPEG 75', or 'all'; only as received if not given.",
        ),
    ] = None,
    calibrator: Annotated[str, typer.Option("--calibrator", help="logistic, isotonic, gaussian or kde.")] = "logistic",
    minimum: Annotated[
        int,
        typer.Option("--minimum", min=10, help="Pictures of each class without which a kind of picture gets no LR."),
    ] = 30,
    level: Annotated[float, typer.Option("--level", min=0.0001, max=0.5, help="Of the conformal test.")] = 0.05,
    h1: Annotated[str | None, typer.Option("--h1", help="What the pictures in fake/ are, as a proposition.")] = None,
    h2: Annotated[str | None, typer.Option("--h2", help="What the pictures in real/ are, as a proposition.")] = None,
    scores: ScoresOption = None,
    sign: Annotated[
        Path | None,
        typer.Option("--sign", help="An Ed25519 private key (PEM): the signature is written beside the card."),
    ] = None,
) -> None:
    """Make a calibration card: likelihood ratios for the pictures of your laboratory."""  # one parameter for each option
    from forensics.calibration.card import refuse_to_replace
    from forensics.evaluation.procedures import calibrate as run

    refuse_to_replace(out)
    for option, words in (("--h1", h1), ("--h2", h2)):
        if words is not None and not words.strip():
            raise typer.BadParameter(f"{option} is empty. Write a proposition, or leave it out.")
    try:
        card = run(
            labelled, out, check=check, weights=found_weights(weights), deliveries=deliveries or (), calibrator=calibrator,
            minimum=minimum, level=level, h1=h1, h2=h2, scores=scores, key=sign, passphrase=ask_passphrase, progress=True,
        )  # fmt: skip
    except UnknownNameError as err:
        raise typer.BadParameter(str(err)) from err
    for name, stratum in sorted(card.strata.items()):
        typer.echo(
            f"{name}: {stratum.n[0]} of H1, {stratum.n[1]} of H2, log10 LR from {stratum.bounds[0]:.2f} to {stratum.bounds[1]:.2f}, "
            f"Cllr {stratum.metrics['cllr'].value:.3f} on held-out {stratum.held_out}"
            + (f", {stratum.checked['cllr'].value:.3f} on the sources of --check" if stratum.checked else "")
        )
    for name, reason in sorted(card.withdrawn.items()):
        typer.echo(f"{name}: no card, {reason}")
    typer.echo(f"{out}  sha256 {card.sha256}")


def validate(
    labelled: LabelledArgument,
    out: Annotated[Path, typer.Option("--out", help="The HTML report to write; its data go beside it as JSON.")],
    criteria: Annotated[
        Path | None,
        typer.Option("--criteria", help="A TOML file with the criteria, declared before the run; ours if not given."),
    ] = None,
    weights: WeightsOption = None,
    calibration: CalibrationOption = None,
    organisation: Annotated[str | None, typer.Option("--organisation", help="For the report.")] = None,
    examiner: Annotated[str | None, typer.Option("--examiner", help="For the report.")] = None,
    scores: ScoresOption = None,
) -> None:
    """Validate a calibrated detector on pictures of known origin, and write a report to file."""
    from forensics.evaluation.procedures import validate as run
    from forensics.report.files import refuse_to_replace

    refuse_to_replace(out)
    result = run(
        labelled, out, criteria=criteria, weights=found_weights(weights), calibration=calibration, organisation=organisation,
        examiner=examiner, scores=scores, progress=True,
    )  # fmt: skip
    for row in result.rows:
        typer.echo(f"{row.result:<12} {row.characteristic}, {row.subject}: {row.metric} {row.shown}; {row.criterion}")
    typer.echo(str(out))
    if not result.passed:
        raise typer.Exit(1)
