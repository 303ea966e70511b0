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
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from forensics.errors import ForensicsError

if TYPE_CHECKING:
    from forensics.models.fast import Mode
    from forensics.types import Finding

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Examine photographs that may be deepfakes.",
)
weights_app = typer.Typer(no_args_is_help=True, help="List, show and check weights files.")
app.add_typer(weights_app, name="weights")

WeightsOption = Annotated[
    Path | None, typer.Option("--weights", help="A weights file or folder; the shipped starter if not given.")
]


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        app()
    except ForensicsError as err:
        typer.echo(_said(err), err=True)
        _leave(1)
    except SystemExit as done:
        _leave(done.code)


def _leave(code: int | str | None) -> NoReturn:
    """End the process at once: to take PyTorch apart properly would keep the user waiting for another second."""
    if not isinstance(code, int | None):
        sys.exit(code)
    atexit._run_exitfuncs()  # what libraries have asked for, as the interpreter does it
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


def _said(err: Exception) -> str:
    """Return the message; one that comes from another process carries that process's traceback in front of it."""
    text = str(err)
    return text.strip().splitlines()[-1].partition(": ")[2] if text.startswith("Caught ") else text


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
    mode: Annotated[
        str, typer.Option("--mode", help="exact: repeatable bit for bit; fast: scores within 0.01 of it, in less time.")
    ] = "exact",
) -> None:
    """Examine pictures and print what the detector measured."""
    from forensics.detector import ErrorRow, load_detector

    _check_targets(files, json_out, report)
    detector = load_detector(_weights(weights), mode=_mode(mode))
    lines: list[str] = []
    rows: list[Finding | ErrorRow] = []
    failed = False
    progress = len(files) > 1 and sys.stderr.isatty()
    for result in detector.examine_many(files, progress=progress):
        if report is not None:
            rows.append(result)
        if isinstance(result, ErrorRow):
            failed = True
            typer.echo(str(result.error), err=True)
            continue
        lines.append(result.to_json())
        if json_out != Path("-"):
            typer.echo("\n".join(_described(result)))
    _write_lines(json_out, lines)
    if report is not None and lines:
        from forensics.report import Case, write_report

        case = Case(number=case_number, examiner=examiner)
        write_report(rows, report, case=case, language=language, redact=redact)
    if failed:
        raise typer.Exit(1)


def _mode(value: str) -> "Mode":
    from forensics.models.fast import MODES

    for mode in MODES:
        if value == mode:
            return mode
    raise typer.BadParameter(f"there is no mode {value!r}. Use one of {', '.join(MODES)}.")


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


def _weights(path: Path | None) -> Path | None:
    """Return None for ``starter``, the place of a file for the name that `weights list` prints, anything else as it is."""
    from forensics.detector import starter_files

    if path is None or path.exists():
        return path
    ours = {file.name: file for file in starter_files()}
    return None if str(path) == "starter" else ours.get(str(path), path)


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


def _described(finding: "Finding") -> Iterator[str]:
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
    for note in evidence.notes:
        yield f"  note: {note}"
    for caveat in finding.caveats:
        if caveat.code != "not_calibrated":  # says the same as the reason
            yield f"  caveat: {caveat.text}"


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(help="An HTML report.")],
    evidence: Annotated[Path | None, typer.Option("--evidence", help="A folder with the exhibits.")] = None,
) -> None:
    """Check that a report is as it was written, and that the exhibits are those it names."""
    from forensics.report import verify_report

    check = verify_report(report, evidence=evidence)
    for proof in check.proofs:
        typer.echo(f"passed: {proof}")
    for problem in check.problems:
        typer.echo(f"FAILED: {problem}")
    if not check.ok:
        raise typer.Exit(1)


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

    found = _weights(file)
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

    detector = load_detector(_weights(weights))
    for name, digest in detector.weights.files.items():
        typer.echo(f"{name}  sha256 {digest}  fits")


@app.command()
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
    scores: Annotated[Path | None, typer.Option("--scores", help="With --evaluate: keep the scores here.")] = None,
    companion: Annotated[
        Path | None, typer.Option("--companion", help="With --evaluate: fit the joint judgement and write it here.")
    ] = None,
    weights: WeightsOption = None,
) -> None:
    """Train the branches of a configuration, or measure weights on the sources it withholds."""
    tasks_given = {
        "--evaluate": evaluate_only, "--audit": audit, "--contact-sheet": contact_sheet is not None,
        "--plot": plot is not None, "--acceptance": acceptance, "--views": views,
    }  # fmt: skip
    chosen = [name for name, given in tasks_given.items() if given]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} are different tasks. Give one of them at a time.")
    measuring = {"--condition": conditions, "--scores": scores, "--companion": companion, "--weights": weights}
    idle = [name for name, value in measuring.items() if value]
    if idle and not (evaluate_only or acceptance or views):
        raise typer.BadParameter(
            f"{idle[0]} says how to measure weights, and nothing is measured. Add --evaluate, or leave it out."
        )
    from forensics.training import tasks
    from forensics.training.config import leave_out, read_config
    from forensics.training.pictures import Pictures, split
    from forensics.training.streams import makers_there

    weights = _weights(weights)
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
        typer.echo(_said(err), err=True)
        raise typer.Exit(2) from err


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
    typer.echo("exhibit                    score   " + "   ".join(detector.branches) + "   (uncalibrated)")
    for result in detector.examine_many(write_exhibits(out / "exhibits"), progress=sys.stderr.isatty()):
        rows.append(result)
        if isinstance(result, ErrorRow) or result.scores is None:
            continue
        lines.append(result.to_json())
        branches = "   ".join(f"{value:+8.2f}" for value in result.scores.by_branch.values())
        typer.echo(f"{result.evidence.name:<26} {result.scores.score:.4f} {branches}")
    _write_lines(out / "findings.jsonl", lines)
    owners = "; ".join(f"{name} by {owner}" for name, owner in ATTRIBUTION.items())
    report = write_report(rows, out / "report.html", case=Case(number="demo", received=owners))
    typer.echo(str(report))


@app.command()
def lab(notebooks: Annotated[Path, typer.Argument(help="Folder of notebooks.")] = Path("notebooks")) -> None:
    """Open JupyterLab on the notebooks."""
    import subprocess

    raise typer.Exit(subprocess.call([sys.executable, "-m", "jupyter", "lab", str(notebooks)]))  # noqa: S603  # own interpreter
