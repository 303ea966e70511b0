"""From findings to one file: the record is built first, and the page is rendered from nothing else."""

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from forensics.errors import ReportError
from forensics.report.attributions import draw_attributions, numbered
from forensics.report.blocks import Section
from forensics.canonical import canonical_text, digest, parse, storable
from forensics.report.context import Case, Context, Exhibit, Figure
from forensics.report.figures import RESIDUALS_SHOWN, draw_figures
from forensics.report.html import render_page
from forensics.report.sections import SECTIONS
from forensics.reproducibility import utc_now
from forensics.residuals import RESIDUALS
from forensics.types import ENFSI_2015, Attribution, Finding, VerbalScale

__all__ = ["LANGUAGES", "NotExamined", "build_context", "build_section", "report_id", "write_document", "write_report"]

JsonObject: TypeAlias = dict[str, Any]

SCHEMA = "forensics.report/1.2"
ERROR_SCHEMA = "forensics.error/1.0"
START = b"<!doctype html"
LANGUAGES = ("en",)
PLACES = ("gps",)  # EXIF fields that tell a place, by the beginning of their names
WITHHELD = "Present; withheld in this copy."


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
    redact: bool = False,
    scale: VerbalScale = ENFSI_2015,
    now: datetime | None = None,
) -> Path:
    """Write findings as one HTML file that opens offline, holds no script and is the same for the same input.

    Parameters
    ----------
    findings : iterable of Finding or ErrorRow
        At least one, in the order in which exhibits are numbered.
    path : path
        The file; its folder is made if it is missing. An existing file is replaced at once or not at all.
    case : Case, optional
    attributions : sequence of Attribution
        Made by `forensics.attribute` of these findings' pictures with the same weights; shown with their checks.
    residuals : sequence of str
        Names of the residuals to show, in order; in reports of up to 15 exhibits.
    language : {"en"}
    redact : bool
        Leave out every pixel of the exhibits, and the fields of EXIF that tell a place. Digests still name the
        originals.
    scale : VerbalScale
        Words for likelihood ratios; printed whole, and part of the record.
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
    UnknownNameError
        There is no such residual.
    """
    rows = _checked(findings, language)
    shown = [
        name for name in dict.fromkeys(residuals) if RESIDUALS[name]
    ]  # an unknown name raises before anything is drawn
    moment = utc_now() if now is None else now
    if moment.tzinfo is None:
        raise ReportError("now must carry a time zone, got a naive datetime. Pass datetime.now(tz=UTC).")
    examined = [(n, row) for n, row in enumerate(rows, start=1) if isinstance(row, Finding)]
    explained = numbered(attributions, examined)
    drawn: dict[str, tuple[Figure, bytes]] = {}
    if not redact:
        for figure, data in (*draw_figures(examined, residuals=shown), *draw_attributions(explained, examined)):
            drawn.setdefault(figure.id, (figure, data))  # a colour bar serves all
    bars = {figure.bar for figure, _ in drawn.values()}
    drawn = {name: row for name, row in drawn.items() if row[0].kind != "bar" or name in bars}
    record = build_record(
        rows,
        [f for f, _ in drawn.values()],
        attributions=explained,
        case=case or Case(),
        created=moment,
        language=language,
        redacted=redact,
        scale=scale,
    )
    page = render_page(record, {name: data for name, (_, data) in drawn.items()})
    return _write(Path(path), page)


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
        "redacted": False,
        "title": title,
        "case": case.to_dict(),
        "findings": [],
        "figures": [],
        "data": data,
        "sections": [{"name": n, "title": s.title, "blocks": list(s.blocks)} for n, s in sections.items()],
    }
    record = parse(canonical_text(storable(raw)))
    record["report_id"] = report_id(record)
    return _write(path, render_page(record, {}))


def build_record(
    rows: Sequence[Finding | NotExamined],
    figures: Sequence[Figure],
    *,
    attributions: Sequence[tuple[int, Attribution]] = (),
    case: Case,
    created: datetime,
    language: str,
    redacted: bool,
    scale: VerbalScale = ENFSI_2015,
) -> JsonObject:
    """Return the record, as it is read back from its canonical form."""
    from forensics import __version__

    raw = {
        "schema": SCHEMA,
        "created": created.astimezone(UTC).isoformat(timespec="seconds"),
        "generator": {"name": "forensics", "version": __version__},
        "language": language,
        "redacted": redacted,
        "title": "",
        "scale": {**scale.to_dict(), "sha256": scale.sha256},
        "case": case.to_dict(),
        "findings": [_row(row, redacted=redacted) for row in rows],
        "figures": [f.to_dict() for f in figures],
        "attributions": [{"exhibit": number, **a.to_dict()} for number, a in attributions],
    }
    # Sections see what a later reader will see: values that have been through the canonical form.
    record = parse(canonical_text(storable(raw)))
    context = build_context(record)
    record["sections"] = [build_section(name, context) for name in SECTIONS.names()]
    record = parse(canonical_text(record))
    record["report_id"] = report_id(record)
    return record


def build_context(record: JsonObject) -> Context:
    """Return what the sections of a record were made from."""
    return Context(
        exhibits=tuple(_exhibit(number, row) for number, row in enumerate(record["findings"], start=1)),
        figures=tuple(Figure.from_dict(f) for f in record["figures"]),
        case=Case.from_dict(record["case"]),
        created=record["created"],
        version=record["generator"]["version"],
        redacted=record["redacted"],
        scale=VerbalScale.from_dict({k: v for k, v in record["scale"].items() if k != "sha256"}),
        attributions=tuple((row["exhibit"], Attribution.from_dict(row)) for row in record["attributions"]),
    )


def build_section(name: str, context: Context) -> JsonObject:
    """Return one registered section as JSON values."""
    section = SECTIONS[name](context)
    return dict(storable({"name": name, "title": section.title, "blocks": list(section.blocks)}))


def report_id(record: JsonObject) -> str:
    """Return the name of a report, derived from the digest of all else in its record."""
    rest = {key: value for key, value in record.items() if key != "report_id"}
    letters = digest(canonical_text(rest))[:12].upper()
    return f"FR-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def refuse_to_replace(path: Path) -> None:
    """Raise if a file is there that is no report: an exhibit, most likely.

    Raises
    ------
    ReportError
    """
    if path.is_dir():
        raise ReportError(f"{path} is a folder. Name a file for the report.")
    try:
        with path.open("rb") as file:
            start = file.read(len(START))
    except OSError:
        return  # none there; what cannot be read cannot be replaced either, and is reported when it is tried
    if start and start.lower() != START:
        raise ReportError(
            f"{path.name} exists and is no report, so it is not replaced. Choose another name for the report."
        )


def _checked(findings: Iterable[Finding | NotExamined], language: str) -> list[Finding | NotExamined]:
    if isinstance(findings, Finding):
        raise ReportError("write_report takes a list of findings, got one Finding. Write [finding].")
    if language not in LANGUAGES:
        raise ReportError(f"reports are not available in {language!r}, only in: {', '.join(LANGUAGES)}. Use 'en'.")
    rows = list(findings)
    if not rows:
        raise ReportError("there is nothing to report: the list of findings is empty. Examine at least one picture.")
    for row in rows:
        if not isinstance(row, Finding) and not (hasattr(row, "name") and hasattr(row, "error")):
            raise ReportError(
                f"a report holds Finding and ErrorRow, got {type(row).__name__}. Pass what examine returned."
            )
    return rows


def _row(row: Finding | NotExamined, *, redacted: bool) -> JsonObject:
    if not isinstance(row, Finding):
        # A folder's name can name a source or a victim: a report holds the names of files, never their places.
        given = str(row.name)
        name = Path(given).name or given
        return {"schema": ERROR_SCHEMA, "name": name, "error": str(row.error).replace(given, name)}
    values = row.to_dict()
    if redacted:
        exif = values["evidence"]["metadata"]["exif"]
        for key in exif:
            if key.lower().startswith(PLACES):
                exif[key] = WITHHELD
    return values


def _exhibit(number: int, row: JsonObject) -> Exhibit:
    if row["schema"] == ERROR_SCHEMA:
        return Exhibit(number=number, name=row["name"], problem=row["error"])
    finding = Finding.from_dict(row)
    return Exhibit(number=number, name=finding.evidence.name, finding=finding)


def _write(path: Path, page: bytes) -> Path:
    """Write beside the target and rename, so that nothing half-written ever bears its name."""
    refuse_to_replace(path)
    partial: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".report-", suffix=".partial")
        partial = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        partial.chmod(0o644)
        partial.replace(path)
    except OSError as err:
        if partial is not None:
            partial.unlink(missing_ok=True)
        raise ReportError(f"the report cannot be written to {path}: {err.strerror}. Choose a writable folder.") from err
    return path
