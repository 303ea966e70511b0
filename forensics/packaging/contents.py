"""The contents of a case folder: what goes into a package, and what must not.

A redacted report protects whoever it shows. A package with one therefore holds nothing that it withholds, unless the caller asks for the
exhibits in so many words.
"""

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forensics.custody.entries import Item, is_digest, open_file
from forensics.custody.keys import is_private, load_public_key
from forensics.errors import CustodyError, RecordError, ReportError
from forensics.records.canonical import JsonObject, parse, visible
from forensics.report.checks.verification import read_record
from forensics.report.page.html import RECORD_OPEN

__all__ = [
    "Contents",
    "Exhibit",
    "Report",
    "finding_lines",
    "is_finding",
    "is_withheld",
    "named_exhibits",
    "read_case",
    "report_rows",
]

LOG = "custody.jsonl"
FINDING, ERROR = "forensics.finding/", "forensics.error/"
MAX_LINE = 256 * 2**20  # bytes of one finding; far beyond any


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report in the case folder."""

    path: Path
    item: Item  # as it was before the record was read: a copy with another digest is refused
    record: JsonObject

    @property
    def redacted(self) -> bool:
        """Whether anything is covered or withheld."""
        return is_withheld(self.record)

    @property
    def names_withheld(self) -> bool:
        """Whether it shows no names; then the name of its own file may hold one too."""
        said = self.record.get("redaction")
        return bool(said.get("names")) if isinstance(said, dict) else False


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A picture that a report names, and where it lies.

    Parameters
    ----------
    number : int
        In the first report that names it.
    sha256, name : str
        As that report says; a report that withholds names gives another than the file has.
    path : Path or None
        None if exhibits are left out.
    """

    number: int
    sha256: str
    name: str
    n_bytes: int
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What goes into a package.

    Parameters
    ----------
    protected : bool
        Whether the package holds nothing but redacted reports and what follows from them.
    why : str
        For people: whether exhibits are included, and if not why.
    log : Path or None
        The custody log of the case; it is not copied into a protected package.
    """

    reports: tuple[Report, ...]
    exhibits: tuple[Exhibit, ...]
    finding_files: tuple[Path, ...]
    keys: tuple[Path, ...]
    log: Path | None
    protected: bool
    why: str

    @property
    def redacted(self) -> bool:
        """Whether a report withholds anything."""
        return any(report.redacted for report in self.reports)


def read_case(folder: Path, *, exhibits: bool | None) -> Contents:
    """Look through a case folder.

    Parameters
    ----------
    folder : Path
    exhibits : bool or None
        None includes them unless a report is redacted.

    Raises
    ------
    CustodyError
        There is no report, a report is damaged, an exhibit is missing, or the package would undo a redaction.
    """
    files = list(_files(folder))
    reports = _reports(files)
    if not reports:
        raise CustodyError(
            f"{folder} holds no report, so that there is nothing to make a package of. Write one into it with 'forensics examine FILE... "
            "--report REPORT.html', or name the folder of the case."
        )
    redacted = [report.path.name for report in reports if report.redacted]
    protected = bool(redacted) and exhibits is not True
    whole = [report.path.name for report in reports if not report.redacted and _shows_exhibits(report)]
    if protected and whole:
        raise CustodyError(
            f"{visible(redacted[0])} is redacted and {visible(whole[0])} is not: one package with both would undo the redaction. Put the redacted "
            "report into a folder of its own, or ask for all of it with --with-exhibits (exhibits=True)."
        )
    logs = [path for path in files if path.name == LOG]
    if len(logs) > 1:
        raise CustodyError(
            f"{folder} holds {len(logs)} custody logs, {logs[0]} and {logs[1]}; a case has one. Move the others out of the folder."
        )
    named = _named(reports)
    included = exhibits is not False and not protected
    return Contents(
        reports=tuple(reports),
        exhibits=tuple(_found(named, files, folder) if included else named),
        finding_files=() if protected else tuple(path for path in files if _holds_findings(path)),
        keys=tuple(path for path in files if path.suffix.lower() == ".pub" and _is_public_key(path)),
        log=logs[0] if logs else None,
        protected=protected,
        why="included"
        if included
        else "left out, because a report is redacted"
        if protected
        else "left out on request",
    )


def is_withheld(record: Mapping[str, Any]) -> bool:
    """Return whether a report covers or withholds anything; one that does not say so clearly is taken to."""
    said = record.get("redaction")
    return (
        not isinstance(said, dict) or said.get("what") != "none" or bool(said.get("names")) or bool(said.get("places"))
    )


def is_finding(row: object) -> bool:
    """Return whether a JSON value is a finding about a picture that it names by its digest."""
    return (
        isinstance(row, dict)
        and str(row.get("schema")).startswith(FINDING)
        and isinstance(row.get("evidence"), dict)
        and is_digest(row["evidence"].get("sha256"))
        and isinstance(row["evidence"].get("name"), str)
    )


def report_rows(record: Mapping[str, Any]) -> list[JsonObject]:
    """Return the findings and error rows of a report, which may have been edited; what is none is an empty row."""
    rows = record.get("findings")
    return [row if isinstance(row, dict) else {} for row in rows] if isinstance(rows, list) else []


def named_exhibits(record: Mapping[str, Any]) -> Iterator[tuple[int, JsonObject]]:
    """Yield the number and the evidence of each exhibit that a report names by its digest."""
    for number, row in enumerate(report_rows(record), start=1):
        if is_finding(row):
            yield number, row["evidence"]
        elif is_digest(row.get("sha256")) and isinstance(row.get("name"), str):
            yield number, row  # it could not be opened as a picture, and is an exhibit all the same


def finding_lines(path: Path) -> Iterator[JsonObject]:
    """Yield the findings and error rows of a file that `forensics examine --json` wrote.

    Raises
    ------
    CustodyError
        A line is something else.
    """
    with open_file(path) as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE), b""), start=1):
            row = _row(line)
            if not is_finding(row) and not _is_error(row):
                raise CustodyError(
                    f"line {number} of {path} is neither a finding nor an error row, though the lines before it are: it was cut off or edited. "
                    "Examine the pictures again, or move the file out of the case folder."
                )
            yield row


def _files(folder: Path) -> Iterator[Path]:
    """Yield the ordinary files in a fixed order; links are not followed, and packages made before are passed over."""
    if not folder.is_dir():
        raise CustodyError(f"{folder} is not there, or is no folder. Name the folder of the case.")
    if (folder / "bagit.txt").exists():
        raise CustodyError(
            f"{folder} is a package already. Name the folder of the case, or check it with 'forensics verify'."
        )

    def stop(err: OSError) -> None:
        raise CustodyError(
            f"{err.filename} cannot be read: {err.strerror or err}. Check your permissions; nothing was written."
        ) from err

    for root, folders, names in os.walk(folder, onerror=stop):
        here = Path(root)
        folders[:] = sorted(name for name in folders if not (here / name / "bagit.txt").exists())
        for name in sorted(names):
            if stat.S_ISREG((here / name).lstat().st_mode):
                yield here / name


def _reports(files: Sequence[Path]) -> list[Report]:
    found = []
    for path in files:
        if path.suffix.lower() not in (".html", ".htm"):
            continue
        item = Item.from_file(path)
        try:
            record = read_record(path)
        except RecordError as err:
            if _was_report(path):
                raise CustodyError(
                    f"{path} is a report that cannot be read: {err} Or move it out of the case folder."
                ) from err
            continue  # some other page
        found.append(Report(path=path, item=item, record=record))
    return found


def _was_report(path: Path) -> bool:
    mark, rest = RECORD_OPEN.encode(), b""
    with open_file(path) as file:
        while part := file.read(2**20):
            if mark in rest + part:
                return True
            rest = part[-len(mark) :]
    return False


def _shows_exhibits(report: Report) -> bool:
    """Return whether a report is about exhibits at all: one about a validation is not, and gives nobody away."""
    return bool(report.record.get("findings"))


def _named(reports: Sequence[Report]) -> list[Exhibit]:
    named: dict[str, Exhibit] = {}
    for report in reports:
        for number, evidence in named_exhibits(report.record):
            size = evidence.get("n_bytes")
            if type(size) is not int:
                raise CustodyError(
                    f"{report.path} names an exhibit of {size!r} bytes, not a whole number: it was edited. Check it with 'forensics verify'."
                )
            exhibit = Exhibit(number=number, sha256=evidence["sha256"], name=evidence["name"], n_bytes=size)
            named.setdefault(exhibit.sha256, exhibit)
    return list(named.values())


def _found(named: Sequence[Exhibit], files: Sequence[Path], folder: Path) -> Iterator[Exhibit]:
    """Yield the exhibits with their places; only files of the right size are read."""
    sizes = {exhibit.n_bytes for exhibit in named}
    missing = {exhibit.sha256 for exhibit in named}
    places: dict[str, Path] = {}
    for path in files:
        if not missing:
            break
        if path.lstat().st_size in sizes and (digest := Item.from_file(path).sha256) in missing:
            places[digest] = path
            missing.discard(digest)
    for exhibit in named:
        if exhibit.sha256 in missing:
            raise CustodyError(
                f"the exhibit {visible(exhibit.name)} (SHA-256 {exhibit.sha256}) lies nowhere in {folder}. Put the file there as it was examined, "
                "or leave all exhibits out with --without-exhibits (exhibits=False)."
            )
        yield Exhibit(
            number=exhibit.number, sha256=exhibit.sha256, name=exhibit.name, n_bytes=exhibit.n_bytes,
            path=places[exhibit.sha256],
        )  # fmt: skip


def _holds_findings(path: Path) -> bool:
    if path.suffix.lower() != ".jsonl" or path.name == LOG:
        return False
    with open_file(path) as file:
        row = _row(file.readline(MAX_LINE))
    return is_finding(row) or _is_error(row)


def _row(line: bytes) -> JsonObject:
    try:
        return parse(line.decode("utf-8"))
    except (UnicodeDecodeError, RecordError):
        return {}


def _is_error(row: JsonObject) -> bool:
    return str(row.get("schema")).startswith(ERROR) or (set(row) >= {"name", "error"} and "schema" not in row)


def _is_public_key(path: Path) -> bool:
    """Return whether a file holds a public key and nothing else: a private one never leaves."""
    try:
        if is_private(path):
            return False
        load_public_key(path)
    except (CustodyError, ReportError):
        return False
    return True
