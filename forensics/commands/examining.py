"""``forensics examine``: pictures to findings, as lines for people, as JSON, and as a report."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from forensics.commands.shared import CalibrationOption, WeightsOption, found_weights

if TYPE_CHECKING:
    from forensics.calibration.likelihood import VerbalScale
    from forensics.custody import CustodyLog
    from forensics.detector.finding import Finding
    from forensics.redaction import Redaction
    from forensics.report import Case

__all__ = ["examine", "write_lines"]


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
        typer.Option("--json", help="Write one JSON line per picture to this file; '-' for stdout."),
    ] = None,
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
    """Examine pictures and print what the detector measured."""
    from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
    from forensics.custody import CustodyLog
    from forensics.detector import ErrorRow, load_detector
    from forensics.evidence import KnownFiles, TrustList
    from forensics.report.profile import Profile

    # All that can be refused is refused before anything is examined.
    if report is None and (redact or redact_faces or redact_names or language != "en" or profile != "investigator"):
        raise typer.BadParameter("--redact…, --language and --profile are for the report. Add --report REPORT.html.")
    _check_targets(files, json_out, report, custody)
    words = ENFSI_2015 if scale is None else VerbalScale.from_file(scale)
    case = _case(case_file, case_number, examiner)
    plan = Profile.of(profile)
    redaction = _redaction(redact, redact_faces, redact_names, plan)
    lists = [KnownFiles.from_file(path) for path in known or ()]
    trust = None if trust_list is None else TrustList.from_file(trust_list)
    log, actor = None, case.examiner or "forensics"
    if custody is not None:
        log = CustodyLog(custody)
        _open_exhibits(log, files, actor)
    detector = load_detector(found_weights(weights), mode=mode, calibration=calibration, scale=words)
    lines: list[str] = []
    rows: list[Finding | ErrorRow] = []
    failed: list[Path] = []
    progress = len(files) > 1 and sys.stderr.isatty()
    for result in detector.examine_many(files, progress=progress, robustness=robustness, trust=trust):
        if report is not None:
            rows.append(result)
        if isinstance(result, ErrorRow):
            failed.append(Path(result.name))
            typer.echo(str(result.error), err=True)
            continue
        lines.append(result.to_json())
        if json_out != Path("-"):
            typer.echo("\n".join(_described(result, words)))
    write_lines(json_out, lines)
    if log is not None:
        _close_exhibits(log, files, failed, actor, json_out if lines else None)
    if report is not None and lines:
        from forensics.report import write_report

        write_report(
            rows, report, case=case, language=language, profile=plan, redact=redaction, scale=words, calibration=detector.calibration,
            custody=custody, known=lists,
        )  # fmt: skip
        if log is not None:
            from forensics.custody import Item

            log.append("reported", actor=actor, outputs=[Item.from_file(report)])
    if failed:
        raise typer.Exit(1)


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


def _open_exhibits(log: "CustodyLog", files: list[Path], actor: str) -> None:
    """Enter what is about to be opened; a file that is not what the log first recorded stops the work."""
    from forensics.custody import Item

    items = [Item.from_file(path) for path in files if path.is_file()]
    for item in items:
        log.require_same(item, actor=actor)
    if items:
        log.append("opened", actor=actor, inputs=items)


def _close_exhibits(
    log: "CustodyLog", files: list[Path], failed: list[Path], actor: str, findings: Path | None
) -> None:
    """Hash the exhibits again, and enter which were examined, what came out, and which could not be opened."""
    from forensics.custody import Item
    from forensics.messages import Message

    there = [path for path in files if path.is_file()]
    items = [Item.from_file(path) for path in there if path not in failed]
    unopened = [Item.from_file(path) for path in there if path in failed]
    for item in (*items, *unopened):
        log.require_same(item, actor=actor)
    if unopened:
        log.append("noted", actor=actor, inputs=unopened, note=Message("not_opened"))
    outputs = [Item.from_file(findings)] if findings is not None and findings != Path("-") else []
    if items:
        log.append("examined", actor=actor, inputs=items, outputs=outputs)


def _check_targets(files: list[Path], json_out: Path | None, report: Path | None, custody: Path | None) -> None:
    """Refuse to write over an exhibit, over anything that is no output of this command, or twice to one place."""
    from forensics.report.files import refuse_to_replace

    targets = {"--json": None if json_out == Path("-") else json_out, "--report": report, "--custody": custody}
    given = {option: target for option, target in targets.items() if target is not None}
    exhibits = {file.resolve() for file in files}
    for option, target in given.items():
        if target.resolve() in exhibits:
            raise typer.BadParameter(
                f"{target} is one of the pictures and would be lost. Choose another name for {option}."
            )
    if len({target.resolve() for target in given.values()}) < len(given):
        raise typer.BadParameter(f"{' and '.join(given)} name the same file. Give each a name of its own.")
    if report is not None:
        refuse_to_replace(report)
    if "--json" in given and given["--json"].is_file() and not _starts_with(given["--json"], b"{"):
        raise typer.BadParameter(f"{json_out} exists and holds no JSON lines. Choose another name for --json.")


def _starts_with(path: Path, start: bytes) -> bool:
    """Return whether a file is empty or begins so."""
    with path.open("rb") as file:
        return file.read(len(start)) in (b"", start)


def write_lines(target: Path | None, lines: list[str]) -> None:
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
        if caveat.text != finding.reason:
            yield f"  caveat: {caveat.text}"
