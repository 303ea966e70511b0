"""Commands around a training: train, evaluate weights, audit a stream, plot a log."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from forensics.commands.shared import WeightsOption, found_weights, said
from forensics.errors import ForensicsError, UnknownNameError

if TYPE_CHECKING:
    from forensics.evaluation.labelled import Pictures
    from forensics.training.config import Config

__all__ = ["TRAIN_CONTEXT", "audit", "evaluate", "plot", "train"]

ConfigArgument = Annotated[Path, typer.Argument(help="A TOML file such as configs/starter.toml.", show_default=False)]
DataOption = Annotated[Path, typer.Option("--data", help="A folder of pictures with index.csv.", show_default=False)]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="section.key=value")]

# What `train` did with options before each of its tasks was a command of its own.
MOVED = {
    "--evaluate": "forensics evaluate CONFIG --data FOLDER",
    "--audit": "forensics audit CONFIG --data FOLDER",
    "--audit-pairs": "forensics audit CONFIG --data FOLDER --pairs N",
    "--plot": "forensics plot RUN --out FILE.html",
    "--condition": "forensics evaluate CONFIG --data FOLDER --delivery NAME",
    "--scores": "forensics evaluate CONFIG --data FOLDER --scores FILE",
    "--companion": "forensics evaluate CONFIG --data FOLDER --companion FILE",
    "--at-most": "forensics evaluate CONFIG --data FOLDER --at-most N",
    "--weights": "forensics evaluate CONFIG --data FOLDER --weights FILE",
    "--acceptance": "python -m benchmarks.acceptance",
    "--attribution": "python -m benchmarks.explanations",
    "--checked": "python -m benchmarks.explanations",
    "--contact-sheet": "python -m benchmarks.contact_sheet",
    "--left-out": "python -m benchmarks.left_out",
    "--views": "python -m benchmarks.views",
}
# Options that are not known are looked up in MOVED before they are refused.
TRAIN_CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True}


def train(
    context: typer.Context,
    config: ConfigArgument,
    data: DataOption,
    out: Annotated[Path, typer.Option("--out", help="Folder of the run: weights, log, checkpoint.")] = Path(
        "runs/starter"
    ),
    settings: SetOption = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    init: Annotated[
        str | None,
        typer.Option("--init", help="Start from these weights: a file or folder, or 'starter' for the shipped ones."),
    ] = None,
    without: Annotated[
        str | None, typer.Option("--without", help="Leave out this family of forgeries or this source.")
    ] = None,
) -> None:
    """Train the branches of a configuration; a run that was killed goes on when the command is given again."""
    _refuse_others(context.args)
    from forensics.training.initial import read_initial
    from forensics.training.loop import train as run

    try:
        read, training, _ = _sides(config, data, settings, without)
        start = None if init is None else read_initial(init)
        for path in run(read, training, out, device=device, init=start):
            typer.echo(str(path))
    except ForensicsError:
        raise
    except ValueError as err:
        _wrong_use(err)


def evaluate(
    config: ConfigArgument,
    data: DataOption,
    settings: SetOption = None,
    weights: WeightsOption = None,
    deliveries: Annotated[
        list[str] | None,
        typer.Option("--delivery", help="Beside as received: a delivery such as 'JPEG 75'; all if not given."),
    ] = None,
    at_most: Annotated[int | None, typer.Option("--at-most", min=1, help="Pictures per source and class.")] = None,
    scores: Annotated[
        Path | None, typer.Option("--scores", help="Keep scores here, so that work that was cut off goes on.")
    ] = None,
    companion: Annotated[
        Path | None, typer.Option("--companion", help="Fit the joint judgement and write it here.")
    ] = None,
) -> None:
    """Print what weights reach on the sources that a configuration withholds."""
    from forensics.evaluation.scoring import ALL
    from forensics.training.measuring.withheld import measure

    try:
        _, _, withheld = _sides(config, data, settings)
        tables = measure(
            found_weights(weights), withheld, deliveries=deliveries or (ALL,), at_most=at_most, keep=scores,
            companion=companion,
        )  # fmt: skip
        for table in tables:
            typer.echo(table + "\n")
    except UnknownNameError as err:
        raise typer.BadParameter(str(err)) from err
    except ForensicsError:
        raise
    except ValueError as err:
        _wrong_use(err)


def audit(
    config: ConfigArgument,
    data: DataOption,
    settings: SetOption = None,
    pairs: Annotated[int, typer.Option("--pairs", min=100, help="To draw from each stream.")] = 2000,
) -> None:
    """Print what file statistics know about the pairs that would be trained on; exit code 1 if they know too much."""
    from forensics.training.measuring.audit import audit_run, audit_table

    try:
        read, training, _ = _sides(config, data, settings)
        rows = audit_run(read, training, pairs=pairs)
    except ForensicsError:
        raise
    except ValueError as err:
        _wrong_use(err)
    typer.echo(audit_table(rows))
    raise typer.Exit(0 if all(row.passed for row in rows) else 1)


def plot(
    run: Annotated[Path, typer.Argument(help="The folder of a run, with log.jsonl.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.", show_default=False)],
) -> None:
    """Draw the log of a training as one HTML file that opens without a network."""
    from forensics.training.plots import draw_log, read_log, write_plot

    try:
        figure = draw_log(read_log(run / "log.jsonl"), title=f"{run.resolve().name}: training log")
        typer.echo(str(write_plot(out, figure)))
    except ValueError as err:
        _wrong_use(err)


def _refuse_others(others: list[str]) -> None:
    """Refuse what `train` does not take; an option that it once took names the command that has it now."""
    for text in others:
        option = text.partition("=")[0]
        if option in MOVED:
            raise typer.BadParameter(f"{option} is no longer an option of 'train'. Use: {MOVED[option]}")
    if others:
        raise typer.BadParameter(f"'train' takes no {others[0]!r}. See 'forensics train --help'.")


def _sides(
    config: Path, data: Path, settings: list[str] | None, without: str | None = None
) -> "tuple[Config, Pictures, Pictures]":
    """Return the configuration, and the pictures of its training side and of its withheld side."""
    from forensics.evaluation.labelled import Pictures, split
    from forensics.training.config import leave_out, read_config

    read = read_config(config, settings or ())
    if without is not None:
        read = leave_out(read, without)
    sides = read.data
    return read, *split(Pictures.open(data), train=sides.train, withheld=sides.withheld, halved=sides.halved)


def _wrong_use(err: ValueError) -> NoReturn:
    typer.echo(said(err), err=True)
    raise typer.Exit(2) from err
