"""Whether a report is as it was written, and whether the exhibits are those it speaks of."""

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from jinja2 import TemplateError

from forensics import __version__
from forensics.errors import RecordError, ReportError
from forensics.records.canonical import JsonObject, canonical_text, digest, parse, visible
from forensics.records.check import Check, NotShown
from forensics.report.checks.surroundings import check_card, check_custody, check_signature, check_time, check_weights
from forensics.report.document import report_id
from forensics.report.page.html import RECORD_CLOSE, RECORD_OPEN, render_page, seal
from forensics.reproducibility import file_sha256

__all__ = ["Verification", "read_record", "verify_report"]

MAX_BYTES = 512 * 2**20  # far beyond any report; keeps a wrong file from filling the memory
_IMAGE = re.compile(r'<img data-figure="([A-Za-z0-9-]+)"[^>]*? src="data:image/png;base64,([^"]*)">')


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification(Check):
    """What the checks of one report proved, and what failed."""


def verify_report(
    path: str | PathLike[str],
    *,
    evidence: str | PathLike[str] | None = None,
    key: str | PathLike[str] | None = None,
    roots: str | PathLike[str] | None = None,
    custody: str | PathLike[str] | None = None,
    card: str | PathLike[str] | None = None,
    weights: str | PathLike[str] | None = None,
) -> Verification:
    """Check a report file, and what it names, as far as that is at hand.

    Digests show that nothing was changed after the report was written; they do not show who wrote it. A signature and a
    time-stamp are looked for beside the file: ``REPORT.html.sig``, ``REPORT.html.tsr``.

    Parameters
    ----------
    path : path
        The HTML file.
    evidence : path, optional
        A file, or a folder that is searched with its sub-folders; exhibits are recognised by content, not by name.
    key : path, optional
        The public key (PEM) that must have signed the report.
    roots : path, optional
        Certificates (PEM) of the time-stamp authorities that are trusted.
    custody : path, optional
        The custody log whose head the report prints.
    card : path, optional
        The calibration card; the shipped one is looked at if this is not given.
    weights : path, optional
        A weights file or a folder of them; the shipped ones are looked at if this is not given.

    Raises
    ------
    ReportError
        There is no such file, it is too large for a report, or `evidence` does not exist.
    """
    path = Path(path)
    page = _read(path)
    if evidence is not None and not Path(evidence).exists():
        raise ReportError(f"there is no file or folder at {evidence}. Name the folder that holds the exhibits.")
    problems: list[str] = []
    proofs: list[str] = []
    body, _, last = page.rstrip(b"\n").rpartition(b"\n")
    if seal(body + b"\n") == last + b"\n" and page.endswith(b"-->\n"):
        proofs.append("The seal fits: no byte of the file was changed by accident or by hand since it was sealed.")
    else:
        problems.append("The seal in the last line does not fit the file: at least one byte was changed.")
    checks = [check_signature(path, key), check_time(path, roots)]
    try:
        record = _record(page)
    except RecordError as err:
        problems.append(str(err))
    else:
        checks = [
            _check_record(page, record),
            _check_page(page, record),
            _check_exhibits(record, evidence),
            check_custody(record, custody),
            check_card(record, card),
            check_weights(record, weights),
            *checks,
        ]
    for check in checks:
        for passed, text in check:
            (proofs if passed else problems).append(text)
    return Verification(problems=tuple(problems), proofs=tuple(proofs))


def read_record(path: str | PathLike[str]) -> JsonObject:
    """Return the record that a report was rendered from; its findings can be read with `Finding.from_dict`.

    Raises
    ------
    ReportError
        There is no such file, or it is no report.
    """
    return _record(_read(Path(path)))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ReportError(f"{path.name} is too large for a report. Name the HTML file that write_report made.")
        return path.read_bytes()
    except OSError as err:
        raise ReportError(f"{path.name} cannot be read: {err.strerror}. Check the path.") from err


def _record(page: bytes) -> JsonObject:
    text = page.decode("utf-8", "replace")
    start = text.find(RECORD_OPEN)
    end = text.find(RECORD_CLOSE, start)
    if start < 0 or end < 0:
        raise ReportError("The file holds no record: it is no report of this toolkit, or was cut. Ask for a new copy.")
    record = parse(html.unescape(text[start + len(RECORD_OPEN) : end]))
    if not isinstance(record.get("generator"), dict) or not isinstance(record.get("figures"), list):
        raise ReportError("The record lacks its parts. Ask for a new copy of the report.")
    return record


def _check_record(page: bytes, record: JsonObject) -> Iterator[tuple[bool, str]]:
    found = digest(canonical_text(record))
    if found.encode() in page:
        yield True, f"The record has the digest that the report prints: {found}."
    else:
        yield False, f"The record was changed: its digest is {found}, and the report prints another."
    if record.get("report_id") != report_id(record):
        yield False, "The report number does not follow from the record: one of the two was changed."


def _check_page(page: bytes, record: JsonObject) -> Iterator[tuple[bool, str]]:
    """Render the page anew from the record and compare; and compare each picture with its digest."""
    pictures: dict[str, bytes] = {}
    for name, data in _IMAGE.findall(page.decode("utf-8", "replace")):
        try:
            pictures[name] = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            yield False, f"The picture {name} in the report was changed."
    for figure in record["figures"]:
        name = str(figure.get("id"))
        if name not in pictures:
            yield False, f"The picture {name} is missing from the report."
        elif hashlib.sha256(pictures[name]).hexdigest() != figure.get("sha256"):
            yield False, f"The picture {name} in the report was changed."
    writer = record["generator"].get("version")
    if writer != __version__:
        yield (
            False,
            (
                f"The report was written by version {writer!s:.20}; its visible text can only be compared with the record by "
                f"that version, and this is {__version__}."
            ),
        )
        return
    try:
        same = render_page(record, pictures) == page
    except (KeyError, TypeError, ValueError, AttributeError, RecordError, TemplateError):
        same = False
    if same:
        yield True, "The visible text and the pictures are what the record says, byte for byte."
    else:
        yield False, "The visible text does not follow from the record: one of the two was changed."


def _check_exhibits(record: JsonObject, evidence: str | PathLike[str] | None) -> Iterator[tuple[bool, str]]:
    if evidence is None:
        yield True, NotShown("that the exhibits are those the report speaks of. They were not at hand.")
        return
    place = Path(evidence)
    files = [place] if place.is_file() else sorted(p for p in place.rglob("*") if p.is_file())
    present = {file_sha256(p) for p in files}
    named: set[str] = set()
    for row in record["findings"]:
        if not isinstance(row, dict):
            continue
        exhibit = row.get("evidence", row)
        if not isinstance(exhibit, dict) or not exhibit.get("sha256"):
            continue
        name, digest_ = visible(str(exhibit.get("name"))), str(exhibit.get("sha256"))
        named.add(digest_)
        note = "" if "evidence" in row else ", although it could not be examined"
        if digest_ in present:
            yield True, f"The exhibit {name} is at hand with the digest that the report names{note}."
        else:
            yield False, f"No file at hand has the digest of the exhibit {name}: it is missing or was changed."
    others = len(present - named)
    if others and not place.is_file():
        yield True, NotShown(f"anything about {others:,} other files at hand. The report names none of them.")
