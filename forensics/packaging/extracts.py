"""Tables of a package for spreadsheets: CSV (RFC 4180) in UTF-8. The JSON is the record; these are extracts of it.

No XLSX: such a file holds times and paths of its own, and nobody can check it with simple means.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from forensics.custody.entries import Entry, Item
from forensics.records.canonical import canonical_text, storable, visible

__all__ = ["custody_rows", "finding_rows", "metadata_rows", "table"]

Cell: TypeAlias = str | int | float | bool | None
# A spreadsheet computes cells that begin so, which can send data away or start programs. The last four are what Chinese, Japanese
# and Korean input methods write, and what spreadsheets there accept too.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
LONGEST = 32_000  # characters; spreadsheets stop at 32,767 and then tear a table apart

FINDINGS = (
    "path", "name", "sha256", "score", "log_odds", "llr", "llr_lower", "llr_upper", "bound_lower", "bound_upper",
    "at_bound", "stratum", "outcome", "reason_codes", "caveats", "examined_at", "error",
)  # fmt: skip
METADATA = ("exhibit", "field", "value")
CUSTODY = (
    "sequence", "time", "actor", "action", "side", "file", "sha256", "n_bytes", "note", "tool", "version",
    "entry_sha256",
)  # fmt: skip


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the lines of a table.

    Text is quoted, hidden characters are spelled out, and an apostrophe stands before text that a spreadsheet would compute; numbers
    are left as they are, negative ones too.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    writer.writerow(header)
    yield _taken(buffer)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        yield _taken(buffer)


def finding_rows(findings: Iterable[Mapping[str, Any]], paths: Mapping[str, str]) -> Iterator[Sequence[Cell]]:
    """Yield a row of `FINDINGS` per finding or error row.

    Parameters
    ----------
    findings : iterable of mapping
    paths : mapping of str to str
        Digest of an exhibit to its place in the package; the name stands for those that are not there.
    """
    for row in findings:
        evidence = _mapping(row, "evidence")
        scores, lr = _mapping(row, "scores"), _mapping(row, "lr")
        name, sha256 = evidence.get("name", row.get("name")), evidence.get("sha256")
        lower, upper = _pair(lr, "interval")
        bottom, top = _pair(lr, "bounds")
        caveats = row.get("caveats") or ()
        yield (
            paths.get(str(sha256), name), name, sha256, scores.get("score"), scores.get("log_odds"), lr.get("llr"), lower, upper, bottom,
            top, lr.get("at_bound"), lr.get("stratum"), row.get("outcome"), " ".join(row.get("reason_codes") or ()),
            " ".join(str(caveat.get("code")) for caveat in caveats), _mapping(row, "run").get("examined_at"), row.get("error"),
        )  # fmt: skip


def metadata_rows(findings: Iterable[Mapping[str, Any]]) -> Iterator[Sequence[Cell]]:
    """Yield a row of `METADATA` per value that a file says of itself, as the report shows it, once per exhibit."""
    seen = set()
    for row in findings:
        evidence = _mapping(row, "evidence")
        if not evidence or evidence.get("sha256") in seen:
            continue
        seen.add(evidence.get("sha256"))
        name = evidence.get("name")
        for field, value in _flat({k: v for k, v in evidence.items() if k != "name"}):
            yield name, field, value


def custody_rows(entries: Iterable[Entry]) -> Iterator[Sequence[Cell]]:
    """Yield a row of `CUSTODY` per file of each entry; one without files for an entry that names none."""
    for entry in entries:
        items: list[tuple[str, Item | None]] = [("in", item) for item in entry.inputs]
        items += [("out", item) for item in entry.outputs]
        for side, item in items or [("", None)]:
            named = ("", "", None) if item is None else (item.name, item.sha256, item.n_bytes)
            yield (
                entry.sequence, entry.time, entry.actor, entry.action, side, *named, entry.note, entry.tool.name,
                entry.tool.version, entry.sha256,
            )  # fmt: skip


def _taken(buffer: io.StringIO) -> bytes:
    line = buffer.getvalue().encode("utf-8")
    buffer.seek(0)
    buffer.truncate()
    return line


def _cell(value: Cell) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    text = visible(str(value))
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]} … cut, see the JSON"
    return f"'{text}" if str(value).startswith(FORMULA) or text.startswith(FORMULA) else text


def _flat(value: Any, field: str = "") -> Iterator[tuple[str, Cell]]:
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from _flat(value[name], f"{field}.{name}" if field else str(name))
    elif isinstance(value, list | tuple):
        yield field, canonical_text(storable(value)) if value else None
    else:
        yield field, value


def _mapping(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = row.get(name)
    return value if isinstance(value, Mapping) else {}


def _pair(lr: Mapping[str, Any], name: str) -> Sequence[float | None]:
    value = lr.get(name)
    return value if isinstance(value, list) and len(value) == 2 else (None, None)
