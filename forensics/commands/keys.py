"""``forensics keys``: make a key that signs, and show its fingerprint."""

import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ask_passphrase", "keys_app"]

VARIABLE = "FORENSICS_PASSPHRASE"

keys_app = typer.Typer(no_args_is_help=True, help="Make keys that sign, and show their fingerprints.")


def ask_passphrase(*, twice: bool = False) -> str:
    """Return the passphrase from the environment, or ask for it without showing it."""
    given = os.environ.get(VARIABLE)
    if given:
        return given
    return str(typer.prompt("Passphrase of the key", hide_input=True, confirmation_prompt=twice, err=True))


@keys_app.command("new")
def new(
    key: Annotated[
        Path, typer.Argument(help="The file to write, such as KEY.pem; the public key goes into KEY.pem.pub.")
    ],
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Leave the key open to whoever can read the file.")
    ] = False,
) -> None:
    """Make an Ed25519 key; the passphrase is asked for, or taken from FORENSICS_PASSPHRASE."""
    from forensics.custody.keys import fingerprint, new_key, public_path

    public = new_key(key, passphrase=None if no_passphrase else ask_passphrase(twice=True))
    typer.echo(f"{key}  private: keep it to yourself, and a copy in a safe place")
    typer.echo(f"{public_path(key)}  public: for everybody who is to check your signatures")
    typer.echo(f"fingerprint {fingerprint(public)}")


@keys_app.command("show")
def show(key: Annotated[Path, typer.Argument(help="A private or a public key in PEM.")]) -> None:
    """Print the fingerprint of a key; read it to others by telephone, not in the message that carries the key."""
    from forensics.custody.keys import fingerprint, is_private, load_private_key, load_public_key

    private = is_private(key)
    public = load_private_key(key, ask_passphrase).public_key() if private else load_public_key(key)
    typer.echo(f"{key}  Ed25519, {'private' if private else 'public'}  fingerprint {fingerprint(public)}")
