"""``forensics package``: a case folder as one evidence package that others can check."""

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["package"]


def package(
    case: Annotated[
        Path,
        typer.Argument(
            help="The folder of the case: reports, exhibits, custody log.", metavar="CASE", show_default=False
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write; CASE-bag beside the case if not given.")
    ] = None,
    exhibits: Annotated[
        bool | None,
        typer.Option(
            "--with-exhibits/--without-exhibits",
            help="Whether the exhibits go in. They do if this is not given, unless a report is redacted: then the package protects whoever is "
            "shown, and holds no exhibit, findings file or custody log.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", help="Your private key (PEM): signs the package.")] = None,
    actor: Annotated[str, typer.Option("--actor", help="Who makes the package; the custody log wants to know.")] = "",
) -> None:
    """Make a BagIt bag of a case folder and print where it is; 'forensics verify FOLDER' checks it."""
    from rich.console import Console
    from rich.progress import Progress

    from forensics.commands.keys import ask_passphrase
    from forensics.custody import load_private_key
    from forensics.packaging import write_package

    private = None if key is None else load_private_key(key, ask_passphrase)
    console = Console(file=sys.stderr)
    with Progress(console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("copying", total=None)
        made = write_package(
            case, out, exhibits=exhibits, key=private, actor=actor,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )  # fmt: skip
    typer.echo(str(made))
    for line in (made / "bag-info.txt").read_text(encoding="utf-8").splitlines():
        typer.echo(line, err=True)
