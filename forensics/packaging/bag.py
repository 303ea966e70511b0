"""The making of an evidence package: what of a case folder goes where."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from forensics import __version__
from forensics.custody import CustodyLog, Entry, Item, sign_file, verify_log
from forensics.custody.beside import vouching_files
from forensics.custody.entries import utc_text
from forensics.custody.storage import read_lines
from forensics.detector.pictures import error_record, placeless, read_error
from forensics.errors import CustodyError
from forensics.messages import Message
from forensics.packaging.case_uco import Described, ReportFile, case_document
from forensics.packaging.contents import Contents, finding_lines, read_case, report_rows
from forensics.packaging.extracts import CUSTODY, FINDINGS, METADATA, custody_rows, finding_rows, metadata_rows, table
from forensics.packaging.names import safe_name
from forensics.packaging.signed_logs import signed_logs
from forensics.packaging.writing import Bag, Progress
from forensics.records.canonical import JsonObject, canonical_text, digest, storable
from forensics.reproducibility import utc_now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["write_package"]


def write_package(
    case_folder: str | PathLike[str],
    out: str | PathLike[str] | None = None,
    *,
    exhibits: bool | None = None,
    key: "Ed25519PrivateKey | None" = None,
    signer: str = "",
    actor: str = "",
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Path:
    """Make a package of a case folder that others can check: a BagIt bag (RFC 8493), the same for the same input and clock.

    Reports (``*.html``), findings (``*.jsonl``), the custody log (``custody.jsonl``), public keys (``*.pub``), signatures and time-stamps are
    taken wherever they lie in the folder, and of all other files only the exhibits that the reports name by their digest. Links are not
    followed. If there is a custody log, an entry ``packaged`` is added to it, and goes out with the copy.

    A package with a redacted report holds the redacted reports and what follows from them, and neither exhibits, findings files nor the
    custody log, whose names and notes nobody can cover without breaking it.

    Parameters
    ----------
    case_folder : path
    out : path, optional
        Folder of the package, outside the case folder; must not exist. ``CASE-bag`` beside the case folder if not given.
    exhibits : bool, optional
        Whether exhibits go in; not given, they do unless a report is redacted. True gives out everything, redacted reports or not.
    key : Ed25519PrivateKey, optional
        Signs ``tagmanifest-sha256.txt``, and with it every file of the package.
    signer : str
        Who signs, in their own words; the actor if not given.
    actor : str
        Who makes the package, for the custody log; the signer if not given.
    now : datetime, optional
        Aware; the clock of the machine if not given.
    progress : callable, optional
        Called with bytes done and bytes expected.

    Returns
    -------
    Path
        Of the package.

    Raises
    ------
    CustodyError
        There is nothing to package, something is missing, damaged or there already, or the package cannot be written. Then none is left.
    """
    folder = Path(case_folder)
    moment = now or utc_now()
    day = utc_text(moment)[:10]
    target = _target(folder, out)
    contents = read_case(folder, exhibits=exhibits)
    actor, signer = actor.strip() or signer.strip(), signer.strip() or actor.strip()
    if contents.log is not None:
        _require_log(contents.log, actor)
    try:
        place = Path(tempfile.mkdtemp(dir=target.parent, prefix=".package-", suffix=".partial"))
    except OSError as err:
        raise CustodyError(
            f"the package cannot be made in {target.parent}: {err.strerror or err}. Choose another place with --out."
        ) from err
    try:
        root = place / "bag"  # with the permissions that new folders have here, unlike the one around it
        root.mkdir()
        bag = Bag(root, progress=progress, expected=_expected(contents))
        case = _Case(contents, bag)
        try:
            case.write(actor=actor, now=moment)
            info = [
                ("Bag-Software-Agent", f"forensics {__version__}"),
                ("Bagging-Date", day),
                *(("External-Identifier", number) for number in case.numbers),
                ("Exhibits", contents.why),
            ]
            tags = bag.finish(info)
            if key is not None:
                # Beside the manifests and in none of them: it is made over the one that lists all the others.
                sign_file(tags, key, signer=signer, now=moment)
            _rename(root, target)
        except BaseException:
            case.take_back(actor=actor, now=moment)
            raise
    finally:
        shutil.rmtree(place, ignore_errors=True)
    return target


class _Case:
    """The contents of one case on their way into a bag."""

    def __init__(self, contents: Contents, bag: Bag) -> None:
        self.contents, self.bag = contents, bag
        self.numbers = sorted(
            {
                str(number)
                for report in contents.reports
                if (number := (report.record.get("case") or {}).get("number")) and str(number).strip()
            }
        )
        self.entry: Entry | None = None
        self._reports: list[ReportFile] = []
        self._paths: dict[str, str] = {}
        self._findings: list[JsonObject] = []

    def write(self, *, actor: str, now: datetime) -> None:
        """Write all but the manifests; the log is added to after everything that can go wrong with the files of the case."""
        made = [*self._copy_reports(), *self._copy_exhibits(), *self._copy_keys(), *self._write_findings()]
        entries: tuple[Entry, ...] = ()
        if self.contents.log is not None:
            entries = self._custody(self.contents.log, made, actor=actor, now=now)
        described = Described(
            numbers=self.numbers,
            reports=self._reports,
            exhibits=[(e.number, e.sha256, e.n_bytes, self._paths.get(e.sha256)) for e in self.contents.exhibits],
            findings=self._findings,
            entries=entries,
            exif=not self.contents.redacted,
        )
        self.bag.add("metadata/case.jsonld", [case_document(described)])

    def take_back(self, *, actor: str, now: datetime) -> None:
        """Say in the log that the package it tells of was not finished, because an entry cannot be taken away."""
        if self.entry is not None and self.contents.log is not None:
            note = Message("package_not_finished", {"entry": self.entry.sequence})
            with suppress(CustodyError):  # the reason why it was not finished is what matters
                CustodyLog(self.contents.log).append("noted", actor=actor, note=note, now=now)

    def _copy_reports(self) -> Iterator[Item]:
        taken: set[str] = set()
        for report in self.contents.reports:
            # The name of a file can name a victim: that of a report without names is its number.
            own = str(report.record.get("report_id")) if report.names_withheld else report.path.stem
            stem = safe_name(f"{own}.html", taken).removesuffix(".html")
            item = self.bag.copy(f"data/reports/{stem}.html", report.path, sha256=report.item.sha256)
            self._reports.append(ReportFile(item=item, record=report.record))
            yield item
            # Without a line end: so its SHA-256 is the digest of the record that the report prints.
            yield self.bag.add(f"data/reports/{stem}.json", [canonical_text(report.record).encode()])
            yield from self._beside(report.path, item.name)

    def _copy_exhibits(self) -> Iterator[Item]:
        taken: set[str] = set()
        for exhibit in self.contents.exhibits:
            if exhibit.path is None:
                continue
            name = f"data/exhibits/{safe_name(exhibit.name, taken)}"
            self._paths[exhibit.sha256] = name
            yield self.bag.copy(name, exhibit.path, sha256=exhibit.sha256)

    def _copy_keys(self) -> Iterator[Item]:
        taken: set[str] = set()
        for path in self.contents.keys:
            yield self.bag.copy(f"data/keys/{safe_name(path.name, taken)}", path)

    def _write_findings(self) -> Iterator[Item]:
        yield self.bag.add("data/findings.jsonl", self._finding_lines())
        yield self.bag.add("data/extracts/findings.csv", table(FINDINGS, finding_rows(self._findings, self._paths)))
        yield self.bag.add("data/extracts/metadata.csv", table(METADATA, metadata_rows(self._findings)))

    def _finding_lines(self) -> Iterator[bytes]:
        """Yield each finding once, those of the reports first, and keep what the other files need of it."""
        seen: set[str] = set()
        for row in self._rows():
            text = canonical_text(storable(row))
            if (name := digest(text)) not in seen:
                seen.add(name)
                self._findings.append(_without_arrays(row))
                yield f"{text}\n".encode()

    def _rows(self) -> Iterator[JsonObject]:
        for report in self.contents.reports:
            yield from filter(None, report_rows(report.record))
        for path in self.contents.finding_files:
            yield from map(_without_place, finding_lines(path))

    def _custody(self, log: Path, made: list[Item], *, actor: str, now: datetime) -> tuple[Entry, ...]:
        """Add the entry, and copy the log as far as that entry unless it is withheld."""
        contents = self.contents
        earlier = [] if contents.protected else signed_logs(log)  # of the log as it is before the entry
        inputs = [report.item for report in contents.reports]
        inputs += [Item(name=e.path.name, sha256=e.sha256, n_bytes=e.n_bytes) for e in contents.exhibits if e.path]
        note = f"Reports: {len(contents.reports)}. Exhibits: {contents.why}."
        # The package itself has no digest yet: its manifest will name this log. What lies in it so far is named.
        self.entry = CustodyLog(log).append("packaged", actor=actor, inputs=inputs, outputs=made, note=note, now=now)
        if contents.protected:
            return ()
        self.bag.add("data/custody.jsonl", _until(log, self.entry))
        entries = verify_log(self.bag.root / "data/custody.jsonl").entries
        self.bag.add("data/extracts/custody.csv", table(CUSTODY, custody_rows(entries)))
        for signed in earlier:
            place = f"data/custody-{signed.length}/custody.jsonl" if signed.length else "data/custody.jsonl"
            if place not in self.bag.files:
                self.bag.add(place, [signed.read(log)])
            self.bag.copy(f"{place}{signed.beside.suffix}", signed.beside)
        return entries

    def _beside(self, path: Path, name: str) -> Iterator[Item]:
        for one in vouching_files(path):
            yield self.bag.copy(f"{name}{one.suffix}", one)


def _target(folder: Path, out: str | PathLike[str] | None) -> Path:
    inside = folder.resolve()
    target = inside.parent / f"{inside.name}-bag" if out is None else Path(out).absolute()
    if os.path.lexists(target):
        raise CustodyError(f"{target} exists, and a package is never replaced. Choose another place with --out.")
    if inside in (target.parent.resolve(), *target.parent.resolve().parents):
        raise CustodyError(f"{target} lies in the case folder {folder}. Choose a place outside of it with --out.")
    if not target.parent.is_dir():
        raise CustodyError(f"there is no folder {target.parent} to put the package into. Make it, or choose another.")
    return target


def _require_log(log: Path, actor: str) -> None:
    if not actor:
        raise CustodyError(
            f"{log} is a custody log, and nobody is named who makes the package. Say who with --actor NAME (actor=)."
        )
    check = verify_log(log)
    if not check.ok:
        raise CustodyError(
            f"the custody log {log} does not hold up: {check.problems[0]} Nothing was written. See 'forensics custody verify'; if it cannot be helped, "
            "keep it outside the case folder and begin another that says so."
        )


def _expected(contents: Contents) -> int:
    known = sum(report.item.n_bytes for report in contents.reports)
    return known + sum(exhibit.n_bytes for exhibit in contents.exhibits if exhibit.path)


def _until(log: Path, last: Entry) -> Iterator[bytes]:
    """Yield the lines as far as an entry; others may be added behind it meanwhile."""
    for line in read_lines(log):
        yield line
        if line == last.line + b"\n":
            return
    raise CustodyError(f"the entry just added to {log} is not there: something else writes to it. Try again.")


def _without_place(row: JsonObject) -> JsonObject:
    """Return a line as reports hold it: of a file that could not be examined without the folders in which it lay."""
    if "path" not in row:
        return row
    why = placeless(read_error(row), str(row["path"]), str(row["name"]))
    return error_record(str(row["name"]), why, sha256=row["sha256"], n_bytes=row["n_bytes"])


def _without_arrays(row: JsonObject) -> JsonObject:
    """Return a finding without what takes room: the logits of every view and the map."""
    short = {name: value for name, value in row.items() if name not in ("localisation", "robustness")}
    if isinstance(short.get("scores"), dict):
        short["scores"] = {name: short["scores"].get(name) for name in ("score", "log_odds")}
    return short


def _rename(root: Path, target: Path) -> None:
    if os.path.lexists(target):  # since this began
        raise CustodyError(f"{target} exists, and a package is never replaced. Choose another place with --out.")
    try:
        root.rename(target)
    except OSError as err:
        raise CustodyError(
            f"the package cannot be put at {target}: {err.strerror or err}. Choose another place."
        ) from err
