"""``forensics custody``: add to a custody log, show it, check it."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["custody_app"]

custody_app = typer.Typer(
    no_args_is_help=True, help="Keep and check a custody log: who did what to which file, and when."
)

# Those of forensics.custody.ACTIONS that a person writes; the module would be imported for every command.
WORDS = "received, opened, closed, examined, reported, signed, time_stamped, packaged, transferred or noted"

LogArgument = Annotated[Path, typer.Argument(help="The custody log, such as custody.jsonl.", show_default=False)]


@custody_app.command("add")
def add(
    log: LogArgument,
    actor: Annotated[str, typer.Option("--actor", help="Who did it.")],
    files: Annotated[list[Path] | None, typer.Argument(help="The files that it is about.", show_default=False)] = None,
    action: Annotated[str, typer.Option("--action", help=f"What was done: {WORDS}.")] = "noted",
    outputs: Annotated[
        list[Path] | None, typer.Option("--output", help="A file that came out of it; repeat for more.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Anything else.")] = "",
) -> None:
    """Add one entry; the first makes the log."""
    from forensics.custody import ACTIONS, CustodyLog, Item

    if action not in ACTIONS:
        raise typer.BadParameter(f"no action {action!r} in a custody log: {', '.join(ACTIONS)}. Choose of these.")
    kept = CustodyLog(log)
    inputs = [Item.from_file(file) for file in files or ()]
    made = [Item.from_file(file) for file in outputs or ()]
    for item in inputs:
        kept.require_same(item, actor=actor)
    entry = kept.append(action, actor=actor, inputs=inputs, outputs=made, note=note)
    typer.echo(f"entry {entry.sequence}  head {entry.sha256}")


@custody_app.command("show")
def show(log: LogArgument) -> None:
    """Print the entries."""
    from forensics.custody import CustodyLog
    from forensics.errors import CustodyError
    from forensics.records.canonical import visible

    if not log.is_file():
        raise CustodyError(f"there is no custody log {log}. Name the file; 'forensics custody add' makes one.")
    kept = CustodyLog(log)
    for entry in kept.entries():
        typer.echo(visible(f"{entry.sequence}  {entry.time}  {entry.action}  by {entry.actor}"))
        for side, items in (("in", entry.inputs), ("out", entry.outputs)):
            for item in items:
                typer.echo(visible(f"    {side}: {item.name}  {item.n_bytes:,} bytes  sha256 {item.sha256}"))
        if entry.note:
            typer.echo(visible(f"    note: {entry.note}"))
    typer.echo(f"head {kept.head}")


@custody_app.command("verify")
def verify(
    log: LogArgument,
    head: Annotated[
        str | None, typer.Option("--head", help="The head as it was noted elsewhere, for example in a report.")
    ] = None,
    length: Annotated[int | None, typer.Option("--length", min=0, help="How many entries there were then.")] = None,
) -> None:
    """Check that the log is one chain and ends no earlier than was noted; exit with 1 if not."""
    from forensics.custody import verify_log
    from forensics.records.canonical import visible
    from forensics.records.check import NotShown

    check = verify_log(log, head=head, length=length)
    for proof in check.proofs:
        typer.echo(f"not checked: {proof}" if isinstance(proof, NotShown) else f"passed: {proof}")
    for remark in check.remarks:
        typer.echo(f"note: {visible(remark)}")
    for problem in check.problems:
        typer.echo(f"FAILED: {visible(problem)}")
    typer.echo(f"{len(check.entries)} entries  head {check.head}")
    if not check.ok:
        raise typer.Exit(1)
