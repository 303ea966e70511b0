"""``forensics train``: train, and measure what was trained."""

from pathlib import Path
from typing import Annotated

import typer

from forensics.commands.shared import WeightsOption, found_weights, said
from forensics.errors import ForensicsError

__all__ = ["train"]


def train(
    config: Annotated[Path, typer.Argument(help="A TOML file such as configs/starter.toml.")],
    data: Annotated[Path, typer.Option("--data", help="A folder of pictures with index.csv.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for weights, log and checkpoint.")] = Path("runs/starter"),
    settings: Annotated[list[str] | None, typer.Option("--set", help="section.key=value")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    init: Annotated[
        str | None,
        typer.Option("--init", help="Start from these weights: a file or folder, or 'starter' for the shipped ones."),
    ] = None,
    evaluate_only: Annotated[
        bool, typer.Option("--evaluate", help="Do not train; measure weights on the withheld sources.")
    ] = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="Do not train; print what file statistics know about the stream.")
    ] = False,
    audit_pairs: Annotated[int, typer.Option("--audit-pairs", min=100, help="With --audit: pairs to draw.")] = 2000,
    contact_sheet: Annotated[
        Path | None, typer.Option("--contact-sheet", help="Do not train; write examples of every maker as a PNG.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Do not train; draw the log of --out as an HTML file.")
    ] = None,
    acceptance: Annotated[
        bool, typer.Option("--acceptance", help="Do not train; print the acceptance table of weights.")
    ] = False,
    attribution: Annotated[
        int | None,
        typer.Option("--attribution", min=1, help="Do not train; measure attributions on so many local forgeries."),
    ] = None,
    checked: Annotated[
        int,
        typer.Option(
            "--checked", min=0, help="With --attribution: of how many to check maps in full, which takes minutes each."
        ),
    ] = 12,
    views: Annotated[bool, typer.Option("--views", help="Do not train; print what each view adds.")] = False,
    without: Annotated[
        str | None, typer.Option("--without", help="Leave out this family of forgeries or this source.")
    ] = None,
    left_out: Annotated[
        Path | None,
        typer.Option(
            "--left-out", help="With --evaluate: add what --without reaches here; with --acceptance: read it."
        ),
    ] = None,
    at_most: Annotated[
        int | None, typer.Option("--at-most", min=1, help="With --evaluate: pictures per source and class.")
    ] = None,
    conditions: Annotated[
        list[str] | None, typer.Option("--condition", help="With --evaluate: one of the conditions; all if not given.")
    ] = None,
    scores: Annotated[
        Path | None, typer.Option("--scores", help="With --evaluate or --attribution: keep here what was computed.")
    ] = None,
    companion: Annotated[
        Path | None,
        typer.Option(
            "--companion",
            help="With --evaluate: fit the joint judgement and write it here; with --attribution: add what was measured to this one.",
        ),
    ] = None,
    weights: WeightsOption = None,
) -> None:
    """Train the branches of a configuration, or measure weights on the sources it withholds."""
    tasks_given = {
        "--evaluate": evaluate_only, "--audit": audit, "--contact-sheet": contact_sheet is not None,
        "--plot": plot is not None, "--acceptance": acceptance, "--views": views,
        "--attribution": attribution is not None,
    }  # fmt: skip
    chosen = [name for name, given in tasks_given.items() if given]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} are different tasks. Give one of them at a time.")
    measuring = {"--condition": conditions, "--scores": scores, "--companion": companion, "--weights": weights}
    idle = [name for name, value in measuring.items() if value]
    if idle and not (evaluate_only or acceptance or views or attribution is not None):
        raise typer.BadParameter(
            f"{idle[0]} says how to measure weights, and nothing is measured. Add --evaluate, or leave it out."
        )
    from forensics.training import tasks
    from forensics.training.config import leave_out, read_config
    from forensics.training.pictures import Pictures, split
    from forensics.training.streams import makers_there

    weights = found_weights(weights)
    try:
        whole = read_config(config, settings or ())
        settings_read = whole if without is None else leave_out(whole, without)
        if plot is not None:
            from forensics.training.plots import draw_log, read_log, write_plot

            figure = draw_log(read_log(out / "log.jsonl"), title=f"{settings_read.name}: training log")
            typer.echo(str(write_plot(plot, figure)))
            return
        sides = settings_read.data
        training, withheld = split(Pictures.open(data), train=sides.train, withheld=sides.withheld, halved=sides.halved)
        if audit:
            text, passed = tasks.audit(settings_read, training, out, pairs=audit_pairs)
            typer.echo(text)
            raise typer.Exit(0 if passed else 1)
        if contact_sheet is not None:
            typer.echo(str(tasks.write_contact_sheet(contact_sheet, settings_read, training, out)))
            return
        if views:
            typer.echo(tasks.measure_views(weights, withheld, at_most=at_most))
            return
        if attribution is not None:
            typer.echo(
                tasks.measure_attributions(
                    weights, withheld, attribution, checked=checked, keep=scores, companion=companion
                )
            )
            return
        if evaluate_only and left_out is not None:
            makers = makers_there(whole, training, out)
            typer.echo(tasks.add_left_out(weights, without, withheld, makers, at_most=at_most, path=left_out))
            return
        if acceptance:
            typer.echo(
                tasks.accept(
                    weights, settings_read, training, withheld, out,
                    conditions=conditions, at_most=at_most, keep=scores, pairs=audit_pairs, left_out=left_out,
                )
            )  # fmt: skip
            return
        if evaluate_only:
            tables = tasks.measure(
                weights,
                withheld,
                makers_there(whole, training, out),
                conditions=conditions,
                at_most=at_most,
                keep=scores,
                companion=companion,
            )
            for table in tables:
                typer.echo(table + "\n")
            return
        from forensics.training.initial import read_initial
        from forensics.training.loop import train as run

        start = None if init is None else read_initial(init)
        for path in run(settings_read, training, out, device=device, init=start):
            typer.echo(str(path))
    except ForensicsError:
        raise
    except ValueError as err:
        typer.echo(said(err), err=True)
        raise typer.Exit(2) from err
