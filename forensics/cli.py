"""The command line: thin commands over the package.

stdout carries results only, stderr everything else. Exit codes: 0 done, 1 something was found wrong (a file could
not be examined, a check failed), 2 wrong use.
"""

import atexit
import logging
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from forensics.commands.custody import custody_app
from forensics.commands.examine.command import examine
from forensics.commands.keys import keys_app
from forensics.commands.package import package
from forensics.commands.shared import said
from forensics.commands.timestamp import timestamp
from forensics.commands.training import TRAIN_CONTEXT, audit, evaluate, plot, train
from forensics.commands.validation import calibrate, validate
from forensics.commands.verifying import sign, verify
from forensics.commands.weights import weights_app
from forensics.errors import ForensicsError, needed_by

if TYPE_CHECKING:
    from forensics.detector.finding import Finding

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Examine photographs that may be deepfakes.",
)
app.add_typer(weights_app, name="weights")
app.add_typer(custody_app, name="custody")
app.add_typer(keys_app, name="keys")


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


app.command()(examine)
app.command()(verify)
app.command()(sign)
app.command()(timestamp)
app.command()(package)
app.command()(calibrate)
app.command()(validate)
app.command(context_settings=TRAIN_CONTEXT)(train)
app.command()(evaluate)
app.command()(audit)
app.command()(plot)


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for exhibits and findings.")] = Path("reports/demo"),
) -> None:
    """Examine real photographs and forgeries made from them on the spot."""
    from forensics.demo import ATTRIBUTION, write_exhibits
    from forensics.detector import ErrorRow, FindingLines, load_detector
    from forensics.report import Case, write_report

    detector = load_detector()
    rows: list[Finding | ErrorRow] = []
    columns = "   ".join(f"{name:>8}" for name in detector.branches)
    typer.echo(f"{'exhibit':<26} score  {columns}   log10 LR   outcome      (score and branches are uncalibrated)")
    with FindingLines(out / "findings.jsonl") as lines:
        for result in detector.examine_many(write_exhibits(out / "exhibits"), progress=sys.stderr.isatty()):
            rows.append(result)
            lines.add(result)
            if isinstance(result, ErrorRow) or result.scores is None:
                continue
            branches = "   ".join(f"{value:+{max(8, len(name))}.2f}" for name, value in result.scores.by_branch.items())
            llr = "none" if result.lr is None else f"{result.lr.llr:+.2f}"
            typer.echo(f"{result.evidence.name:<26} {result.scores.score:.4f} {branches}   {llr:>8}   {result.outcome}")
    for reason in dict.fromkeys(r.reason for r in rows if not isinstance(r, ErrorRow) and r.outcome == "uncalibrated"):
        typer.echo(f"uncalibrated: {reason}")
    owners = "; ".join(f"{name} by {owner}" for name, owner in ATTRIBUTION.items())
    report = write_report(rows, out / "report.html", case=Case(number="demo", received=owners))
    typer.echo(str(report))


@app.command()
def lab(notebooks: Annotated[Path, typer.Argument(help="Folder of notebooks.")] = Path("notebooks")) -> None:
    """Open JupyterLab on the notebooks."""
    import subprocess

    with needed_by("This command"):
        import jupyterlab  # noqa: F401  # it runs in a process of its own

    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyter", "lab", str(notebooks)]))  # noqa: S603  # own interpreter
