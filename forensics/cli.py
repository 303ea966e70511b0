"""The command line: thin commands over the package.

stdout carries results only, stderr everything else. Exit codes: 0 done, 1 something was found wrong (a file could
not be examined, a check failed), 2 wrong use.
"""

import atexit
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from forensics.commands.shared import CalibrationOption, WeightsOption, found_weights, said
from forensics.commands.training import train
from forensics.commands.validation import calibrate, validate, verify_card
from forensics.commands.weights import weights_app
from forensics.errors import ForensicsError

if TYPE_CHECKING:
    from forensics.types import Finding, VerbalScale

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Examine photographs that may be deepfakes.",
)
app.add_typer(weights_app, name="weights")


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        app()
    except ForensicsError as err:
        typer.echo(said(err), err=True)
        _leave(1)
    except SystemExit as done:
        _leave(done.code)
    except OSError as err:  # such as a full disk behind stdout; what was written is complete as far as it goes
        place = f"{err.filename}: " if err.filename else ""
        _leave(f"{place}{err.strerror or err}. Make room or choose another place, and run the command again.")


def _leave(code: int | str | None) -> NoReturn:
    """End the process at once: to take PyTorch apart properly would keep the user waiting for another second."""
    atexit._run_exitfuncs()  # what libraries have asked for, as the interpreter does it
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as err:
        code = code or f"{err.strerror}. What was printed is not complete."
    if isinstance(code, str):
        os.write(2, f"{code}\n".encode())
    if sys.stderr is not None:
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _language(value: str) -> str:
    """Return the language, or refuse it before anything is examined."""
    if value != "en":
        from forensics.report.document import LANGUAGES

        if value not in LANGUAGES:
            raise typer.BadParameter(f"reports are available in {', '.join(LANGUAGES)}, not in {value!r}.")
    return value


@app.command()
def examine(
    files: Annotated[list[Path], typer.Argument(help="Pictures.", show_default=False)],
    weights: WeightsOption = None,
    json_out: Annotated[
        Path | None,
        typer.Option("--json", help="Write one JSON line per picture to this file; '-' for stdout."),
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML evidence report to this file.")] = None,
    case_number: Annotated[str | None, typer.Option("--case-number", help="For the report.")] = None,
    examiner: Annotated[str | None, typer.Option("--examiner", help="For the report.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the report: en.", callback=_language)] = "en",
    redact: Annotated[bool, typer.Option("--redact", help="Keep every picture out of the report.")] = False,
    calibration: CalibrationOption = None,
    robustness: Annotated[
        Literal["quick", "full", "none"],  # forensics.detector.examining.Panel
        typer.Option(
            "--robustness",
            help="Examine copies too: quick, the two harmless ones where the outcome would be on a side; full, all ten; none.",
        ),
    ] = "quick",
    scale: Annotated[
        Path | None,
        typer.Option("--scale", help="A laboratory's own words for likelihood ratios (TOML); ENFSI's if not given."),
    ] = None,
    mode: Annotated[
        Literal["exact", "fast"],  # forensics.models.fast.Mode, whose module would be imported for every command
        typer.Option("--mode", help="exact: repeatable bit for bit; fast: scores within 0.01 of it, in less time."),
    ] = "exact",
) -> None:
    """Examine pictures and print what the detector measured."""
    from forensics.detector import ErrorRow, load_detector
    from forensics.types import ENFSI_2015, VerbalScale

    _check_targets(files, json_out, report)
    words = ENFSI_2015 if scale is None else VerbalScale.from_file(scale)
    detector = load_detector(found_weights(weights), mode=mode, calibration=calibration)
    lines: list[str] = []
    rows: list[Finding | ErrorRow] = []
    failed = False
    progress = len(files) > 1 and sys.stderr.isatty()
    for result in detector.examine_many(files, progress=progress, robustness=robustness):
        if report is not None:
            rows.append(result)
        if isinstance(result, ErrorRow):
            failed = True
            typer.echo(str(result.error), err=True)
            continue
        lines.append(result.to_json())
        if json_out != Path("-"):
            typer.echo("\n".join(_described(result, words)))
    _write_lines(json_out, lines)
    if report is not None and lines:
        from forensics.report import Case, write_report

        case = Case(number=case_number, examiner=examiner)
        write_report(rows, report, case=case, language=language, redact=redact, scale=words)
    if failed:
        raise typer.Exit(1)


def _check_targets(files: list[Path], json_out: Path | None, report: Path | None) -> None:
    """Refuse to write over an exhibit, over anything that is no output of this command, or twice to one place."""
    from forensics.report.document import refuse_to_replace

    targets = {"--json": None if json_out == Path("-") else json_out, "--report": report}
    given = {option: target for option, target in targets.items() if target is not None}
    exhibits = {file.resolve() for file in files}
    for option, target in given.items():
        if target.resolve() in exhibits:
            raise typer.BadParameter(
                f"{target} is one of the pictures and would be lost. Choose another name for {option}."
            )
    if len({target.resolve() for target in given.values()}) < len(given):
        raise typer.BadParameter("--json and --report name the same file. Give each a name of its own.")
    if report is not None:
        refuse_to_replace(report)
    if "--json" in given and given["--json"].is_file() and not _starts_with(given["--json"], b"{"):
        raise typer.BadParameter(f"{json_out} exists and holds no JSON lines. Choose another name for --json.")


def _starts_with(path: Path, start: bytes) -> bool:
    """Return whether a file is empty or begins so."""
    with path.open("rb") as file:
        return file.read(len(start)) in (b"", start)


def _write_lines(target: Path | None, lines: list[str]) -> None:
    """Write the lines whole or not at all; nothing if no picture could be examined."""
    if target is None or not lines:
        return
    text = "\n".join(lines) + "\n"
    if target == Path("-"):
        sys.stdout.write(text)
        return
    partial = target.with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as err:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        typer.echo(f"{target} cannot be written: {err.strerror}. Choose another place with --json.", err=True)
        raise typer.Exit(1) from err


def _described(finding: "Finding", scale: "VerbalScale") -> Iterator[str]:
    """Yield the lines that a person reads."""
    from forensics.evidence.loading import shown

    evidence = finding.evidence
    yield (
        f"{shown(evidence.name)}  {evidence.media_type}  {evidence.width} x {evidence.height}  sha256 {evidence.sha256}"
    )
    if finding.scores is not None:
        branches = ", ".join(f"{name} {value:+.2f}" for name, value in finding.scores.by_branch.items())
        yield f"  uncalibrated score {finding.scores.score:.4f} (not a probability); log-odds by branch: {branches}"
        if finding.scores.fusion is not None:
            shares = ", ".join(f"{name} {share:.0%}" for name, share in finding.scores.fusion.shares.items())
            yield f"  in the score the branches count: {shares}"
    yield f"  outcome: {finding.outcome}. {finding.reason}"
    lr = finding.lr
    if lr is not None:
        yield (
            f"  log10 LR {lr.llr:+.2f}{' (bound reached)' if lr.at_bound else ''}, 95 % interval {lr.interval[0]:+.2f} to "
            f"{lr.interval[1]:+.2f}, bounds {lr.bounds[0]:+.2f} to {lr.bounds[1]:+.2f}; reference: {lr.stratum}"
        )
        if finding.outcome in ("supports_h1", "supports_h2"):
            yield f"  in words: {lr.words(scale)}. H1: {lr.propositions.h1} H2: {lr.propositions.h2}"
    if finding.robustness is not None:
        yield f"  {finding.robustness.summary}"
    for note in evidence.notes:
        yield f"  note: {note}"
    for caveat in finding.caveats:
        if caveat.code != "not_calibrated":  # says the same as the reason
            yield f"  caveat: {caveat.text}"


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="An HTML report, or a calibration card (.json).")],
    evidence: Annotated[Path | None, typer.Option("--evidence", help="A folder with the exhibits.")] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The public key (PEM) that must have signed the card.")
    ] = None,
) -> None:
    """Check that a report or a card is as it was written, and that the exhibits are those it names."""
    if report.suffix.lower() == ".json":
        verify_card(report, key)
        return
    if key is not None:
        raise typer.BadParameter(
            "--key is for calibration cards; a report carries no signature of this kind. Leave it out."
        )
    from forensics.report import verify_report

    check = verify_report(report, evidence=evidence)
    for proof in check.proofs:
        typer.echo(f"passed: {proof}")
    for problem in check.problems:
        typer.echo(f"FAILED: {problem}")
    if not check.ok:
        raise typer.Exit(1)


app.command()(calibrate)
app.command()(validate)
app.command()(train)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for exhibits and findings.")] = Path("reports/demo"),
) -> None:
    """Examine real photographs and forgeries made from them on the spot."""
    from forensics.demo import ATTRIBUTION, write_exhibits
    from forensics.detector import ErrorRow, load_detector
    from forensics.report import Case, write_report

    detector = load_detector()
    lines: list[str] = []
    rows: list[Finding | ErrorRow] = []
    columns = "   ".join(f"{name:>8}" for name in detector.branches)
    typer.echo(f"{'exhibit':<26} score  {columns}   log10 LR   outcome      (score and branches are uncalibrated)")
    for result in detector.examine_many(write_exhibits(out / "exhibits"), progress=sys.stderr.isatty()):
        rows.append(result)
        if isinstance(result, ErrorRow) or result.scores is None:
            continue
        lines.append(result.to_json())
        branches = "   ".join(f"{value:+{max(8, len(name))}.2f}" for name, value in result.scores.by_branch.items())
        llr = "none" if result.lr is None else f"{result.lr.llr:+.2f}"
        typer.echo(f"{result.evidence.name:<26} {result.scores.score:.4f} {branches}   {llr:>8}   {result.outcome}")
    _write_lines(out / "findings.jsonl", lines)
    owners = "; ".join(f"{name} by {owner}" for name, owner in ATTRIBUTION.items())
    report = write_report(rows, out / "report.html", case=Case(number="demo", received=owners))
    typer.echo(str(report))


@app.command()
def lab(notebooks: Annotated[Path, typer.Argument(help="Folder of notebooks.")] = Path("notebooks")) -> None:
    """Open JupyterLab on the notebooks."""
    import subprocess

    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyter", "lab", str(notebooks)]))  # noqa: S603  # own interpreter
