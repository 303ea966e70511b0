"""From findings to one file: the record is built first, and the page is rendered from nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from forensics.attribution.record import Attribution
from forensics.calibration import Card
from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
from forensics.custody import CustodyLog
from forensics.detector.finding import Finding
from forensics.detector.pictures import error_record, read_error
from forensics.errors import ReportError
from forensics.evidence import KnownFiles
from forensics.evidence.loading import shown
from forensics.judgement.rules import contradicts
from forensics.messages import Message, _, carried, speaking
from forensics.records.canonical import canonical_text, digest, parse, storable
from forensics.records.converting import from_record, to_record
from forensics.redaction import Covering, Redaction, redacted_attribution, redacted_localisation, redacted_metadata
from forensics.report.accompanying import card_figures, custody_entries, looked_up
from forensics.report.attributions import draw_attributions, numbered
from forensics.report.blocks import Section
from forensics.report.context import Case, Context, Exhibit, Figure
from forensics.report.figures import RESIDUALS_SHOWN, draw_figures
from forensics.report.files import write_page
from forensics.report.html import render_page
from forensics.report.profile import Profile
from forensics.report.sections import SECTIONS
from forensics.report.sections.phrases import exhibit_label
from forensics.reproducibility import lock_sha256, utc_now
from forensics.residuals import RESIDUALS

__all__ = ["NotExamined", "build_context", "build_section", "report_id", "write_document", "write_report"]

JsonObject: TypeAlias = dict[str, Any]

SCHEMA = "forensics.report/2.0"
NAMING = ("name_not_text", "name_ends_otherwise", "as_recorded")  # notes that tell of the name, or may


class NotExamined(Protocol):
    """A picture that could not be examined, such as an ``ErrorRow`` of the detector."""

    @property
    def name(self) -> str:
        """The path or name as given."""

    @property
    def error(self) -> Exception:
        """Why."""


def write_report(
    findings: Iterable[Finding | NotExamined],
    path: str | PathLike[str],
    *,
    case: Case | None = None,
    attributions: Sequence[Attribution] = (),
    residuals: Sequence[str] = RESIDUALS_SHOWN,
    language: str = "en",
    profile: str | PathLike[str] | Profile = "investigator",
    redact: bool | str | Redaction | None = None,
    scale: VerbalScale = ENFSI_2015,
    calibration: Card | None = None,
    custody: str | PathLike[str] | None = None,
    known: Sequence[KnownFiles] = (),
    now: datetime | None = None,
) -> Path:
    """Write findings as one HTML file that opens offline, holds no script and is the same for the same input.

    Parameters
    ----------
    findings : iterable of Finding or ErrorRow
        At least one, in the order in which exhibits are numbered.
    path : path
        The file; its folder is made if it is missing. An existing report is replaced at once or not at all.
    case : Case, optional
    attributions : sequence of Attribution
        Made by `forensics.attribute` of these findings' pictures with the same weights; shown with their checks.
    residuals : sequence of str
        Names of the residuals to show, in order; in reports of up to 15 exhibits.
    language : {"en", "zh", "ko"}
    profile : {"investigator", "newsroom", "course", "victim"} or path or Profile
        Which sections, in which order, and what is withheld; a path names a laboratory's own TOML file.
    redact : bool, str or Redaction, optional
        What is covered: everything (True), nothing (False), ``"faces"``, or marked regions; what the profile says if not given.
        Digests still name the originals.
    scale : VerbalScale
        Words for likelihood ratios; printed whole, and part of the record. The one that the detector was loaded with; another
        one is named as such, and refused where it would take back an outcome.
    calibration : Card, optional
        Whose figures are printed; the shipped card if the findings name it.
    custody : path, optional
        The custody log of the case; its head and what it says of the exhibits go into the report.
    known : sequence of KnownFiles
        Lists in which the exhibits are looked up.
    now : datetime, optional
        Aware; printed in UTC as the time of issue. The present if not given.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ReportError
        There is nothing to report, an argument is not available, an attribution is of another picture, or the file cannot be written.
    CustodyError
        The custody log is broken.
    UnknownNameError
        There is no such residual, or the profile names a section that there is not.
    """
    rows = _checked(findings, scale)
    shown = [
        name for name in dict.fromkeys(residuals) if RESIDUALS[name]
    ]  # an unknown name raises before anything is drawn
    moment = utc_now() if now is None else now
    if moment.tzinfo is None:
        raise ReportError("now must carry a time zone, got a naive datetime. Pass datetime.now(tz=UTC).")
    plan = Profile.of(profile)
    redaction = Redaction.of(plan.redaction if redact is None else redact)
    with speaking(language):
        examined = [(n, row) for n, row in enumerate(rows, start=1) if isinstance(row, Finding)]
        explained = numbered(attributions, examined) if "explanation" in plan.sections else []
        redaction = redaction.searched(finding.evidence for _n, finding in examined)
        drawn = _drawn(examined, explained, shown, redaction)
        figures = card_figures(calibration, [f for _n, f in examined])
        log = None if custody is None else custody_entries(CustodyLog(Path(custody)), rows, names=not redaction.names)
        # What no section prints is not in the record either.
        parts = {
            "custody": log if "custody" in plan.sections else None,
            "hashes": looked_up(examined, known, redaction) if "exhibits" in plan.sections else {},
            "validation": figures if "validation" in plan.sections else None,
        }
        record = build_record(
            rows,
            [f for f, _png in drawn.values()],
            attributions=explained,
            case=(case or Case()).of_sections(plan.sections),
            created=moment,
            language=language,
            profile=plan,
            redaction=redaction,
            scale=scale,
            parts=parts,
        )
        page = render_page(record, {f["id"]: drawn[f["id"]][1] for f in record["figures"]})
    return write_page(Path(path), page)


def write_document(
    path: Path,
    *,
    schema: str,
    title: str,
    sections: Mapping[str, Section],
    case: Case,
    now: datetime,
    data: JsonObject,
) -> Path:
    """Write a report that is about no exhibit with the same engine: one record, one page, nothing else.

    Parameters
    ----------
    path : Path
    schema, title : str
    sections : mapping of str to Section
        In order; the first opens the page.
    case : Case
    now : datetime
        Aware.
    data : dict
        JSON values that the sections speak of, kept in the record.

    Raises
    ------
    ReportError
        As `write_report` does.
    """
    from forensics import __version__

    raw = {
        "schema": schema,
        "created": now.astimezone(UTC).isoformat(timespec="seconds"),
        "generator": {"name": "forensics", "version": __version__},
        "language": "en",
        "redaction": to_record(Redaction()),
        "title": title,
        "case": to_record(case),
        "findings": [],
        "figures": [],
        "data": data,
        "sections": [{"name": n, "title": s.title, "blocks": list(s.blocks)} for n, s in sections.items()],
    }
    record = parse(canonical_text(storable(raw)))
    record["report_id"] = report_id(record)
    return write_page(path, render_page(record, {}))


def build_record(
    rows: Sequence[Finding | NotExamined],
    figures: Sequence[Figure],
    *,
    attributions: Sequence[tuple[int, Attribution]] = (),
    case: Case,
    created: datetime,
    language: str,
    profile: Profile,
    redaction: Redaction,
    scale: VerbalScale = ENFSI_2015,
    parts: Mapping[str, Any],
) -> JsonObject:
    """Return the record, as it is read back from its canonical form."""
    from forensics import __version__

    covers = {n: redaction.covering(row.evidence) for n, row in enumerate(rows, start=1) if isinstance(row, Finding)}
    scale = from_record(VerbalScale, storable(to_record(scale)))  # so that its digest is that of the words as printed
    raw = {
        "schema": SCHEMA,
        "created": created.astimezone(UTC).isoformat(timespec="seconds"),
        "generator": {"name": "forensics", "version": __version__, "lock_sha256": lock_sha256()},
        "language": language,
        "profile": profile.name,
        "redaction": {**to_record(redaction), "covered": {str(n): _covered(c) for n, c in covers.items()}},
        "title": "",
        "scale": {**to_record(scale), "sha256": scale.sha256},
        "case": to_record(case.without_people(_("Withheld in this copy.")) if redaction.names else case),
        "findings": [_row(n, row, redaction, covers.get(n)) for n, row in enumerate(rows, start=1)],
        "figures": to_record(tuple(figures)),
        "attributions": [
            {"exhibit": number, **to_record(redacted_attribution(a, covers[number].boxes))}
            for number, a in attributions
        ],
        **parts,
    }
    # Sections see what a later reader will see: values that have been through the canonical form.
    record = parse(canonical_text(storable(raw)))
    context = build_context(record)
    record["sections"] = [build_section(name, context) for name in profile.sections]
    record["figures"] = _used(record)
    record = parse(canonical_text(record))
    record["report_id"] = report_id(record)
    return record


def build_context(record: JsonObject) -> Context:
    """Return what the sections of a record were made from."""
    redaction = record["redaction"]
    return Context(
        exhibits=tuple(_exhibit(number, row) for number, row in enumerate(record["findings"], start=1)),
        figures=from_record(tuple[Figure, ...], record["figures"]),
        case=from_record(Case, record["case"]),
        created=record["created"],
        version=record["generator"]["version"],
        lock_sha256=record["generator"]["lock_sha256"],
        language=record["language"],
        profile=record["profile"],
        redaction=redaction,
        covered={int(n): found for n, found in redaction["covered"].items()},
        scale=from_record(VerbalScale, _without(record["scale"], "sha256")),
        attributions=tuple(
            (row["exhibit"], from_record(Attribution, _without(row, "exhibit"))) for row in record["attributions"]
        ),
        custody=record["custody"],
        hashes={int(n): found for n, found in record["hashes"].items()},
        validation=record["validation"],
    )


def _without(record: JsonObject, name: str) -> JsonObject:
    return {key: value for key, value in record.items() if key != name}


def build_section(name: str, context: Context) -> JsonObject:
    """Return one registered section as JSON values."""
    section = SECTIONS[name](context)
    return dict(storable({"name": name, "title": section.title, "blocks": list(section.blocks)}))


def _used(record: JsonObject) -> list[JsonObject]:
    """Return the figures that a section shows, and the colour bars that these need: a profile can leave sections out."""
    shown = {name for section in record["sections"] for name in _figure_ids(section["blocks"])}
    bars = {figure["bar"] for figure in record["figures"] if figure["id"] in shown}
    return [figure for figure in record["figures"] if figure["id"] in shown | bars]


def _figure_ids(blocks: Sequence[JsonObject]) -> Iterator[str]:
    for block in blocks:
        yield from block.get("ids", ())
        yield from _figure_ids(block.get("blocks", ()))


def report_id(record: JsonObject) -> str:
    """Return the name of a report, derived from the digest of all else in its record."""
    rest = {key: value for key, value in record.items() if key != "report_id"}
    letters = digest(canonical_text(rest))[:12].upper()
    return f"FR-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _checked(findings: Iterable[Finding | NotExamined], scale: VerbalScale) -> list[Finding | NotExamined]:
    if isinstance(findings, Finding):
        raise ReportError("write_report takes a list of findings, got one Finding. Write [finding].")
    rows = list(findings)
    if not rows:
        raise ReportError("there is nothing to report: the list of findings is empty. Examine at least one picture.")
    for row in rows:
        if not isinstance(row, Finding) and not (hasattr(row, "name") and hasattr(row, "error")):
            raise ReportError(
                f"a report holds Finding and ErrorRow, got {type(row).__name__}. Pass what examine returned."
            )
        if isinstance(row, Finding) and contradicts(row.outcome, row.lr, scale):
            raise ReportError(
                f"{shown(row.evidence.name)} was judged to be on a side, and the verbal scale {scale.name!r:.80} has no word "
                "of support for its likelihood ratio. Write the report with the scale that decided, or examine again with this one "
                "(--scale, load_detector(scale=...))."
            )
    return rows


def _drawn(
    examined: Sequence[tuple[int, Finding]],
    explained: Sequence[tuple[int, Attribution]],
    shown: Sequence[str],
    redaction: Redaction,
) -> dict[str, tuple[Figure, bytes]]:
    """Return the figures with their bytes."""
    drawn: dict[str, tuple[Figure, bytes]] = {}
    figures = draw_figures(examined, residuals=shown, redaction=redaction)
    for figure, data in (*figures, *draw_attributions(explained, examined, redaction=redaction)):
        drawn.setdefault(figure.id, (figure, data))  # a colour bar serves all
    return drawn


def _covered(covering: Covering) -> JsonObject:
    return {
        "places": len(covering.boxes), "whole": covering.whole, "found": covering.found, "marked": covering.marked,
    }  # fmt: skip


def _row(number: int, row: Finding | NotExamined, redaction: Redaction, covering: Covering | None) -> JsonObject:
    if not isinstance(row, Finding):
        # A folder's name can name a source or a victim: a report holds the names of files, never their places.
        given = str(row.name)
        name = exhibit_label(number) if redaction.names else Path(given).name or given
        why = _placeless(carried(row.error), given, name)
        return error_record(name, why, sha256=getattr(row, "sha256", ""), n_bytes=getattr(row, "n_bytes", 0))
    if covering is not None and covering.boxes and row.localisation is not None:
        row = replace(row, localisation=redacted_localisation(row.localisation, covering.boxes))
    values = row.to_dict()
    if redaction.active:
        values["evidence"]["metadata"] = redacted_metadata(values["evidence"]["metadata"], redaction)
    if redaction.names:
        values["evidence"]["name"] = exhibit_label(number)
        notes = values["evidence"]["notes"]
        values["evidence"]["notes"] = [note for note in notes if note["code"] not in NAMING]
    return values


def _placeless(why: Message, given: str, name: str) -> Message:
    """Return why a file was not examined, with this name for it, and without the folders in which it lies."""
    if "name" in why.values:
        return Message(why.code, {k: name if k in ("name", "path") else v for k, v in why.values.items()})
    told = [text for text in (given, Path(given).name) if text]
    return why.with_texts(lambda text: reduce(lambda rest, one: rest.replace(one, name), told, text))


def _exhibit(number: int, row: JsonObject) -> Exhibit:
    if "error" in row:
        return Exhibit(
            number=number, name=row["name"], problem=read_error(row), sha256=row["sha256"], n_bytes=row["n_bytes"]
        )
    finding = Finding.from_dict(row)
    evidence = finding.evidence
    return Exhibit(number=number, name=evidence.name, finding=finding, sha256=evidence.sha256, n_bytes=evidence.n_bytes)
