"""``forensics weights``: list, show, import and check weights files."""

from pathlib import Path
from typing import Annotated

import typer

from forensics.commands.shared import found_weights

__all__ = ["weights_app"]

weights_app = typer.Typer(no_args_is_help=True, help="List, show and check weights files.")


@weights_app.command("list")
def list_weights() -> None:
    """List the weights that ship with the package."""
    from forensics.detector import starter_files
    from forensics.models.weights import read_manifest
    from forensics.reproducibility import file_sha256

    for path in starter_files():
        manifest = read_manifest(path)
        typer.echo(f"{path.name}  {manifest.name}  {', '.join(manifest.branches)}  sha256 {file_sha256(path)}")


@weights_app.command("show")
def show_weights(
    file: Annotated[Path, typer.Argument(help="A .safetensors file of ours, or 'starter' for those that ship.")],
) -> None:
    """Print the manifest of weights as JSON, one line per file."""
    from forensics.detector import starter_files
    from forensics.models.weights import read_manifest

    found = found_weights(file)
    for path in starter_files() if found is None else [found]:
        typer.echo(read_manifest(path).to_json())


@weights_app.command("import")
def import_weights(
    sources: Annotated[
        list[str], typer.Argument(help="A merged checkpoint, or one per branch: convnext=A.pth replknet=B.pth.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The .safetensors file to write; must not exist.")],
    name: Annotated[str | None, typer.Option("--name", help="For reports; the file names if not given.")] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="Of the weights.")] = None,
) -> None:
    """Write DeepFakeDefenders checkpoints as one weights file of ours, with a manifest; no number changes."""
    from forensics.models.weights import convert_weights

    named = dict(source.partition("=")[::2] for source in sources if "=" in source)
    if len(named) != len(sources) and (named or len(sources) != 1):
        raise typer.BadParameter("give one merged checkpoint, or every branch once as NAME=FILE.")
    source = {branch: Path(path) for branch, path in named.items()} if named else Path(sources[0])
    typer.echo(f"{out}  sha256 {convert_weights(source, out, name=name, licence=licence)}")


@weights_app.command("verify")
def verify_weights(
    weights: Annotated[Path | None, typer.Argument(help="A weights file or folder.")] = None,
) -> None:
    """Build the networks, fill them, and print the digests."""
    from forensics.detector import load_detector

    detector = load_detector(found_weights(weights))
    for name, digest in detector.weights.files.items():
        typer.echo(f"{name}  sha256 {digest}  fits")
