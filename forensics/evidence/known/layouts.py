"""The ways in which lists of known files are written, read row by row in bounded memory.

=============  ===================================================================================================
checksums      ``sha256  path`` as sha256sum writes it, also ``sha256 *path``, ``SHA256 (path) = sha256`` and a bare
               digest; ``phash:hex  name`` among them; ``#`` starts a comment
table          comma, semicolon or tab; a header names a column ``SHA-256`` (NSRL RDS and others) or ``phash``
Project VIC    JSON, the objects of the arrays ``value`` or ``Media``, or of one array that is the whole file
=============  ===================================================================================================
"""

from forensics.evidence.known.json_objects import object_at, object_rows, parse_object
from forensics.evidence.known.rows import BOM, Layout
from forensics.evidence.known.text_lines import (
    checksum_lines,
    is_comment,
    line_at,
    parse_line,
    parser_of_table,
    table_lines,
)

__all__ = ["recognised"]


def recognised(head: bytes) -> Layout | None:
    """Return the layout of a list by its first bytes, or None if they are no text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head.count(b"\0") * 20 > len(head):
        return None
    text = head.removeprefix(BOM)
    if text.lstrip()[:1] in (b"{", b"["):
        return Layout(title="Project VIC JSON", unit="object", rows=object_rows, parse=parse_object, at=object_at)
    header = next((line for line in text.split(b"\n") if line.strip() and not is_comment(line)), b"")
    parse = parser_of_table(header)
    if parse is None:
        return Layout(title="checksums", unit="line", rows=checksum_lines, parse=parse_line, at=line_at)
    return Layout(title="table", unit="line", rows=table_lines, parse=parse, at=line_at)
