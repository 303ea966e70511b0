"""From findings to one file: the record is built first, and the page is rendered from nothing else."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from forensics.attribution.record import Attribution
from forensics.calibration import Card
from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
from forensics.custody import CustodyLog
from forensics.detector.finding import Finding
from forensics.errors import ReportError
from forensics.evidence import KnownFiles
from forensics.messages import _, speaking
from forensics.records.canonical import canonical_text, storable
from forensics.records.converting import from_record, to_record
from forensics.records.spool import Spool
from forensics.redaction import Redaction
from forensics.report.accompanying import card_figures, custody_entries
from forensics.report.blocks import Section
from forensics.report.case import Case
from forensics.report.context import Context, Figure
from forensics.report.files import folder_of, refuse_to_replace, write_page
from forensics.report.gathering import Exhibits, Gathered, NotExamined
from forensics.report.page.html import page_chunks, render_page
from forensics.report.pictures.figures import AMOUNTS, RESIDUALS_SHOWN
from forensics.report.pieces import Items, digest_of, stored
from forensics.report.profile import Profile
from forensics.report.sections import SECTIONS
from forensics.reproducibility import lock_sha256, utc_now
from forensics.residuals import RESIDUALS

__all__ = ["NotExamined", "build_context", "report_id", "write_document", "write_report"]

JsonObject: TypeAlias = dict[str, Any]

SCHEMA = "forensics.report/2.0"


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

    The parameters are many because each is something else that a laboratory decides on; all but two have a default.

    Parameters
    ----------
    findings : iterable of Finding or ErrorRow
        At least one, in the order in which exhibits are numbered. They are gone through once, and the pixels of each are let go as soon as
        it is drawn: hand over a generator, and no more than 16 pictures are in memory.
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
    path = Path(path)
    refuse_to_replace(path)
    shown = [name for name in dict.fromkeys(residuals) if RESIDUALS[name]]  # an unknown name raises here
    moment = utc_now() if now is None else now
    if moment.tzinfo is None:
        raise ReportError("now must carry a time zone, got a naive datetime. Pass datetime.now(tz=UTC).")
    plan = Profile.of(profile)
    explained = attributions if "explanation" in plan.sections else ()
    for one in explained:
        if not isinstance(one, Attribution):
            raise ReportError(f"attributions holds {type(one).__name__}. Pass what attribute returned.")
    with ExitStack() as opened:
        opened.enter_context(speaking(language))
        gathered = opened.enter_context(
            Gathered(
                redaction=Redaction.of(plan.redaction if redact is None else redact),
                residuals=shown,
                attributions=explained,
                known=known if "exhibits" in plan.sections else None,
                scale=scale,
                folder=folder_of(path),
            )
        )
        blocks = opened.enter_context(Spool(path.parent))
        for row, examined in _with_count(findings):
            gathered.add(row, examined=examined)
            del row  # its pixels are not needed while the next picture is read
        figures = card_figures(calibration, gathered.cards, gathered.strata)
        names = not gathered.redaction.names
        log = None if custody is None else custody_entries(CustodyLog(Path(custody)), gathered.digests, names=names)
        # What no section prints is not in the record either.
        parts = {
            "custody": log if "custody" in plan.sections else None,
            "validation": figures if "validation" in plan.sections else None,
        }
        own = (case or Case()).of_sections(plan.sections)
        raw = raw_record(gathered, case=own, created=moment, language=language, profile=plan, scale=scale) | parts
        record = finished({**stored(raw), "findings": gathered.rows}, plan.sections, blocks)
        return write_page(path, page_chunks(record, gathered.pictures))


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
    record = stored(raw)
    record["report_id"] = report_id(record)
    return write_page(path, [render_page(record, {})])


def raw_record(
    gathered: Gathered, *, case: Case, created: datetime, language: str, profile: Profile, scale: VerbalScale
) -> JsonObject:
    """Return the record without the findings, the sections, and what is told of the case beside it."""
    from forensics import __version__

    redaction = gathered.searched
    scale = from_record(VerbalScale, storable(to_record(scale)))  # so that its digest is that of the words as printed
    return {
        "schema": SCHEMA,
        "created": created.astimezone(UTC).isoformat(timespec="seconds"),
        "generator": {"name": "forensics", "version": __version__, "lock_sha256": lock_sha256()},
        "language": language,
        "profile": profile.name,
        "redaction": {**to_record(redaction), "covered": gathered.covered},
        "title": "",
        "scale": {**to_record(scale), "sha256": scale.sha256},
        "case": to_record(case.without_people(_("Withheld in this copy.")) if redaction.names else case),
        "figures": gathered.figures,
        "attributions": gathered.explanations,
        "hashes": gathered.hashes,
    }


def finished(record: JsonObject, sections: Sequence[str], blocks: Spool) -> JsonObject:
    """Return a record with its sections and its number, and with no more figures than the sections show.

    Sections see what a later reader will see: values that have been through the canonical form.
    """
    context = build_context(record)
    shown: set[str] = set()
    made = []
    for name in sections:
        section, start = SECTIONS[name](context), len(blocks)
        for block in section.blocks:
            shown.update(_figure_ids([block]))
            blocks.add(canonical_text(storable(block)).encode("utf-8"))
        made.append({"name": name, "title": storable(section.title), "blocks": Items(blocks, start)})
    # A profile can leave sections out. Colour bars are there for the figures that need them.
    shown |= {figure["bar"] for figure in record["figures"] if figure["id"] in shown}
    record = {**record, "sections": made, "figures": [f for f in record["figures"] if f["id"] in shown]}
    return {**record, "report_id": report_id(record)}


def build_context(record: JsonObject) -> Context:
    """Return what the sections of a record were made from."""
    redaction = record["redaction"]
    return Context(
        exhibits=Exhibits(record["findings"]),
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


def _figure_ids(blocks: Sequence[JsonObject]) -> Iterator[str]:
    for block in blocks:
        yield from block.get("ids", ())
        yield from _figure_ids(block.get("blocks", ()))


def report_id(record: JsonObject) -> str:
    """Return the name of a report, derived from the digest of all else in its record."""
    rest = {key: value for key, value in record.items() if key != "report_id"}
    letters = digest_of(rest)[:12].upper()
    return f"FR-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def _with_count(findings: Iterable[Finding | NotExamined]) -> Iterator[tuple[Finding | NotExamined, int]]:
    """Yield each row with the number of findings of the report, as far as it decides how much is drawn of each.

    Where that cannot be known beforehand, rows are kept back until there are so many findings that more make no difference.
    """
    if isinstance(findings, Finding):
        raise ReportError("write_report takes a list of findings, got one Finding. Write [finding].")
    counted: int | None = getattr(findings, "n_findings", None)
    if counted is None and isinstance(findings, Sequence):
        counted = sum(isinstance(row, Finding) for row in findings)
    kept: list[Finding | NotExamined] = []
    n, seen = 0, False
    for row in findings:
        seen = True
        kept.append(row)
        n += isinstance(row, Finding)
        del row
        if counted is not None or n >= AMOUNTS[-1].exhibits:
            yield from ((one, n if counted is None else counted) for one in _emptied(kept))
    if not seen:
        raise ReportError("there is nothing to report: the list of findings is empty. Examine at least one picture.")
    yield from ((one, n) for one in _emptied(kept))


def _emptied(rows: list[Finding | NotExamined]) -> Iterator[Finding | NotExamined]:
    """Take the rows from a list one after another, so that none outlives its use."""
    rows.reverse()
    while rows:
        yield rows.pop()
