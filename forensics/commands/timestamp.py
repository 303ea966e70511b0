"""``forensics timestamp``: the query for a time-stamp of an authority, its reply, and the check of both."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["timestamp"]


def timestamp(
    file: Annotated[Path, typer.Argument(help="The file that is to be shown to exist now.", show_default=False)],
    reply: Annotated[
        Path | None, typer.Option("--reply", help="What the authority sent: it is checked and kept as FILE.tsr.")
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(
            "--authority", help="Address (http or https) to send the digest of the file to. Nothing is sent without it."
        ),
    ] = None,
    roots: Annotated[
        Path | None, typer.Option("--roots", help="Certificates (PEM) that you trust to name authorities.")
    ] = None,
) -> None:
    """Write the query for a time-stamp, or keep and check the reply that lies beside the file."""
    from forensics.custody import attach_reply, query_path, timestamp_path, verify_timestamp, write_query
    from forensics.custody.timestamps import request
    from forensics.records.canonical import visible
    from forensics.records.check import NotShown

    if reply is not None and authority is not None:
        raise typer.BadParameter("--reply keeps a reply that you have, --authority asks for one. Give one of them.")
    if reply is None and authority is None and not timestamp_path(file).exists():
        if roots is not None:
            raise typer.BadParameter(
                f"--roots is for checking, and there is no {timestamp_path(file).name} yet. Leave it out."
            )
        typer.echo(str(write_query(file)))
        typer.echo(
            f"Carry {query_path(file).name} to a time-stamp authority (RFC 3161); it holds the SHA-256 of the file, "
            "nothing else of it. Then "
            "run this again with --reply and the file that it gives you.",
            err=True,
        )
        return
    if reply is not None:
        typer.echo(str(attach_reply(file, reply)))
    if authority is not None:
        typer.echo(str(request(file, authority)))
    check = verify_timestamp(file, roots=roots)
    for proof in check.proofs:
        typer.echo(f"not checked: {visible(proof)}" if isinstance(proof, NotShown) else f"passed: {visible(proof)}")
    for problem in check.problems:
        typer.echo(f"FAILED: {visible(problem)}")
    if not check.ok:
        raise typer.Exit(1)
