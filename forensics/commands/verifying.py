"""``forensics verify``: whether a report, a card, a custody log or a package is as it was made."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from forensics.errors import ForensicsError

__all__ = ["sign", "verify"]


def verify(
    file: Annotated[
        Path,
        typer.Argument(
            help="An HTML report, a calibration card (.json), a custody log (.jsonl) or the folder of a package.",
            metavar="REPORT",
        ),
    ],
    evidence: Annotated[Path | None, typer.Option("--evidence", help="A folder with the exhibits.")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="The public key (PEM) that must have signed it.")] = None,
    roots: Annotated[
        Path | None, typer.Option("--roots", help="Certificates (PEM) of trusted time-stamp authorities.")
    ] = None,
    custody: Annotated[Path | None, typer.Option("--custody", help="The custody log that the report names.")] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="The calibration card; the shipped one if not given.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option("--weights", help="The weights; the shipped ones if not given.")
    ] = None,
) -> None:
    """Check that a file is as it was written, and what it names as far as that is at hand; say what each check proves."""
    if file.suffix.lower() == ".json":
        _verify_card(file, key)
    elif file.is_dir():
        from forensics.packaging import verify_package

        package = verify_package(file, key=key, roots=roots)
        _tell(package.proofs, package.problems)
    elif file.suffix.lower() == ".jsonl" and _is_log(file):
        from forensics.custody import verify_log

        log = verify_log(file)
        _tell(log.proofs, log.problems, remarks=log.remarks)
    elif file.suffix.lower() not in (".html", ".htm") and not _is_report(file):
        _verify_signed(file, key)
    else:
        from forensics.report import verify_report

        report = verify_report(
            file, evidence=evidence, key=key, roots=roots, custody=custody, card=card, weights=weights
        )
        _tell(report.proofs, report.problems)


def sign(
    file: Annotated[Path, typer.Argument(help="A report, a card, a custody log, or any other file.")],
    key: Annotated[Path, typer.Option("--key", help="Your private key (PEM); see 'forensics keys new'.")],
    signer: Annotated[str, typer.Option("--signer", help="Your name, as it is to stand in the signature.")] = "",
) -> None:
    """Sign a file: the signature is written beside it, as FILE.sig, and the file stays as it is."""
    from forensics.commands.keys import ask_passphrase
    from forensics.custody import load_private_key, sign_file, signature_path

    if signature_path(file).exists():
        raise typer.BadParameter(
            f"{file} is signed already ({signature_path(file).name}). Move that signature away if it is to be replaced."
        )
    target = sign_file(file, load_private_key(key, ask_passphrase), signer=signer, record_sha256=_record_digest(file))
    typer.echo(str(target))


def _record_digest(path: Path) -> str | None:
    """Return the digest that a report prints; None if the file is no report."""
    from forensics.errors import RecordError
    from forensics.records.canonical import canonical_text, digest
    from forensics.report import read_record

    if path.suffix.lower() not in (".html", ".htm"):
        return None
    try:
        return digest(canonical_text(read_record(path)))
    except RecordError:
        return None


def _is_report(path: Path) -> bool:
    return _start(path).lower().startswith(b"<!doctype html")


def _is_log(path: Path) -> bool:
    """Return whether a file holds entries of a custody log, or nothing yet; findings are lines of JSON too."""
    start = _start(path)
    return not start or b"forensics.custody" in start or b"forensics.finding" not in start


def _start(path: Path) -> bytes:
    from forensics.errors import ReportError

    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as err:
        raise ReportError(f"{path} cannot be read: {err.strerror}. Check the path.") from err


def _verify_signed(path: Path, key: Path | None) -> None:
    """Check the signature of any other file; a file without one holds nothing that could be checked."""
    from forensics.custody import signature_path, verify_signature

    if not signature_path(path).exists():
        _tell(
            (),
            [
                f"{path.name} is no report, card, custody log or package, and has no signature beside it, so that there is nothing to check. "
                "Name one of these."
            ],
        )
    check = verify_signature(path, public_key=key)
    _tell(check.proofs, check.problems)


def _verify_card(path: Path, key: Path | None) -> None:
    from forensics.calibration import read_card
    from forensics.custody import signature_path, verify_signature

    proofs: list[str] = []
    problems: list[str] = []
    try:
        proofs.append(f"The card has the digest that it holds: {read_card(path).sha256}.")
        if key is not None or signature_path(path).exists():
            check = verify_signature(path, public_key=key)
            proofs += check.proofs
            problems += check.problems
        else:
            typer.echo(
                "not checked: Who made it. A digest shows that nothing was changed by mistake; a signature beside it shows more."
            )
    except ForensicsError as err:
        problems.append(str(err))
    _tell(proofs, problems)


def _tell(proofs: Iterable[str], problems: Iterable[str], *, remarks: Iterable[str] = ()) -> None:
    from forensics.records.canonical import visible
    from forensics.records.check import NotShown

    for remark in remarks:
        typer.echo(f"note: {visible(remark)}")
    for proof in proofs:
        # What a check cannot show is no success.
        if isinstance(proof, NotShown):
            typer.echo(f"not shown: {visible(proof.where)}{visible(proof.what)}")
        else:
            typer.echo(f"passed: {visible(proof)}")
    failed = list(problems)
    for problem in failed:
        typer.echo(f"FAILED: {visible(problem)}")
    if failed:
        raise typer.Exit(1)
