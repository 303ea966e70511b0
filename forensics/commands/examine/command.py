"""``forensics examine``: pictures to findings, as lines for people, as JSON, and as a report."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forensics.commands.examine.examination import Examination
from forensics.commands.shared import CalibrationOption, WeightsOption, found_weights

if TYPE_CHECKING:
    from forensics.redaction import Redaction
    from forensics.report import Case

__all__ = ["examine"]

INTERRUPTED = 130  # as shells tell of Ctrl-C


def _language(value: str) -> str:
    """Return the language, or refuse it before anything is examined."""
    if value != "en":
        from forensics.messages import LANGUAGES

        if value not in LANGUAGES:
            raise typer.BadParameter(f"reports are available in {', '.join(LANGUAGES)}, not in {value!r}.")
    return value


def examine(
    files: Annotated[list[Path], typer.Argument(help="Pictures.", show_default=False)],
    weights: WeightsOption = None,
    json_out: Annotated[
        Path | None,
        typer.Option("--json", help="Write one JSON line per picture to this file as it ends; '-' for stdout."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on after the lines that --json FILE holds, where a run was cut short.")
    ] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML evidence report to this file.")] = None,
    case_file: Annotated[
        Path | None,
        typer.Option("--case", help="What the report says of the case: a TOML file with number, question, examiner, …"),
    ] = None,
    case_number: Annotated[str | None, typer.Option("--case-number", help="For the report.")] = None,
    examiner: Annotated[str | None, typer.Option("--examiner", help="For the report and the custody log.")] = None,
    language: Annotated[str, typer.Option("--language", help="Of the report: en, zh, ko.", callback=_language)] = "en",
    profile: Annotated[
        str,
        typer.Option(
            "--profile", help="Of the report: investigator, newsroom, course, victim, or a TOML file of your own."
        ),
    ] = "investigator",
    redact: Annotated[bool, typer.Option("--redact", help="Keep every picture out of the report.")] = False,
    redact_faces: Annotated[bool, typer.Option("--redact-faces", help="Cover faces in the report.")] = False,
    redact_names: Annotated[
        bool, typer.Option("--redact-names", help="Keep names of people and files out of the report.")
    ] = False,
    custody: Annotated[
        Path | None,
        typer.Option("--custody", help="A custody log: every access is added to it, and the report prints its head."),
    ] = None,
    known: Annotated[
        list[Path] | None,
        typer.Option("--known", help="A list of known files to look the pictures up in; may be repeated."),
    ] = None,
    trust_list: Annotated[
        Path | None, typer.Option("--trust-list", help="Certificates (PEM) of trusted signers of content credentials.")
    ] = None,
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
        Literal[
            "exact", "fast"
        ],  # forensics.models.execution.modes.Mode, whose module would be imported for every command
        typer.Option("--mode", help="exact: repeatable bit for bit; fast: scores within 0.01 of it, in less time."),
    ] = "exact",
) -> None:
    """Examine pictures and print what the detector measured."""  # one parameter for each option of the command
    from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
    from forensics.custody import CustodyLog, Item
    from forensics.detector import FindingLines, load_detector
    from forensics.evidence import KnownFiles, TrustList
    from forensics.report import write_report
    from forensics.report.profile import Profile

    # All that can be refused is refused before anything is examined.
    if report is None and (redact or redact_faces or redact_names or language != "en" or profile != "investigator"):
        raise typer.BadParameter("--redact…, --language and --profile are for the report. Add --report REPORT.html.")
    to_stdout = json_out == Path("-")
    kept = None if to_stdout else json_out
    if resume and kept is None:
        raise typer.BadParameter("--resume goes on after the lines of a file. Name it with --json FINDINGS.jsonl.")
    _check_targets(files, kept, report, custody)
    words = ENFSI_2015 if scale is None else VerbalScale.from_file(scale)
    case = _case(case_file, case_number, examiner)
    plan = Profile.of(profile)
    redaction = _redaction(redact, redact_faces, redact_names, plan)
    lists = [KnownFiles.from_file(path) for path in known or ()]
    trust = None if trust_list is None else TrustList.from_file(trust_list)
    log, actor = None if custody is None else CustodyLog(custody), case.examiner or "forensics"
    detector = load_detector(found_weights(weights), mode=mode, calibration=calibration, scale=words)
    with FindingLines(kept, resume=resume) as lines:
        run = Examination(
            files=files, lines=lines, detector=detector, robustness=robustness, trust=trust, words=words, to_stdout=to_stdout, log=log,
            actor=actor,
        )  # fmt: skip
        run.begin()
        if not run.examine():
            raise _stopped(len(lines), len(files), kept)
        if report is not None and lines.n_findings:
            try:
                write_report(
                    run.results, report, case=case, language=language, profile=plan, redact=redaction, scale=words,
                    calibration=detector.calibration, custody=custody, known=lists,
                )  # fmt: skip
            except KeyboardInterrupt:
                raise _stopped(len(lines), len(files), kept) from None
            if log is not None:
                log.append("reported", actor=actor, outputs=[Item.from_file(report)])
        if not run.whole:
            raise typer.Exit(1)


def _stopped(done: int, n: int, kept: Path | None) -> typer.Exit:
    """Say how far a run came that was stopped by Ctrl-C, and how it goes on."""
    how = "Nothing was kept. With --json FINDINGS.jsonl a run can go on."
    if kept is not None:
        how = f"The lines so far are in {kept}. Run the same command with --resume to go on."
    typer.echo(f"Stopped; {done:,} of {n:,} pictures are examined. {how}", err=True)
    return typer.Exit(INTERRUPTED)


def _case(path: Path | None, number: str | None, examiner: str | None) -> "Case":
    from dataclasses import replace

    from forensics.report import Case

    case = Case() if path is None else Case.from_file(path)
    given = {name: value for name, value in (("number", number), ("examiner", examiner)) if value is not None}
    return replace(case, **given)


def _redaction(whole: bool, faces: bool, names: bool, plan: object) -> "Redaction | None":
    """Return what the options cover; None leaves it to the profile."""
    from dataclasses import replace

    from forensics.redaction import Redaction
    from forensics.report.profile import Profile

    if whole and faces:
        raise typer.BadParameter("--redact covers whole pictures, --redact-faces parts of them. Give one of the two.")
    if not (whole or faces or names):
        return None
    own = Redaction.of(dict(plan.redaction)) if isinstance(plan, Profile) else Redaction()
    if whole or faces:
        own = replace(own, what="whole" if whole else "faces")
    return replace(own, names=names or own.names)


def _check_targets(files: list[Path], json_out: Path | None, report: Path | None, custody: Path | None) -> None:
    """Refuse to write over an exhibit, over anything that is no output of this command, or twice to one place."""
    from forensics.report.files import refuse_to_replace

    targets = {"--json": json_out, "--report": report, "--custody": custody}
    given = {option: target for option, target in targets.items() if target is not None}
    exhibits = {file.resolve() for file in files}
    for option, target in given.items():
        if target.resolve() in exhibits:
            raise typer.BadParameter(
                f"{target} is one of the pictures and would be lost. Choose another name for {option}."
            )
    if len({target.resolve() for target in given.values()}) < len(given):
        raise typer.BadParameter(f"{' and '.join(given)} name the same file. Give each a name of its own.")
    for option, target in given.items():
        _require_writable(target, option)
    if report is not None:
        refuse_to_replace(report)
    if "--json" in given and given["--json"].is_file() and not _starts_with(given["--json"], b"{"):
        raise typer.BadParameter(f"{json_out} exists and holds no JSON lines. Choose another name for --json.")


def _require_writable(target: Path, option: str) -> None:
    """Refuse a place that cannot be written, before hours of work go into it."""
    if target.is_dir():
        raise typer.BadParameter(f"{target} is a folder. Name a file for {option}.")
    folder = next(parent for parent in target.absolute().parents if parent.exists())
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
        if target.exists():
            target.open("r+b").close()
    except OSError as err:
        raise typer.BadParameter(
            f"{target} cannot be written: {err.strerror}. Choose another place for {option}."
        ) from err


def _starts_with(path: Path, start: bytes) -> bool:
    """Return whether a file is empty or begins so."""
    with path.open("rb") as file:
        return file.read(len(start)) in (b"", start)
