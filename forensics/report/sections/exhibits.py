"""What was received: digests, formats, and what each file says about itself."""

from forensics.report.blocks import Block, Section, callout, details, heading, key_values, paragraph, table
from forensics.canonical import shorten
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import (
    ABSENT,
    NOT_DETERMINED,
    NOT_RECORDED,
    count,
    decimals,
    exhibit_name,
    size,
    text_or,
)
from forensics.types import Evidence, Finding, Metadata

__all__ = ["exhibits"]


def exhibits(context: Context) -> Section:
    """Return one part per exhibit; what was looked for and absent is worded apart from what was not determined."""
    blocks: list[Block] = [
        key_values(
            "Receipt",
            [
                ("Received", text_or(context.case.received)),
                ("Requested by", text_or(context.case.requester)),
                ("Notes of the examiner", text_or(context.case.notes, "None.", 6000)),
                ("Handling", "The files were opened for reading only; nothing was written to them."),
            ],
        )
    ]
    for exhibit in context.exhibits:
        blocks += _exhibit(exhibit)
    blocks.append(
        paragraph(
            "Statements in a file about itself can be missing, removed in transit or written by anyone. Their absence "
            "is no sign of alteration, and they were not used for the score."
        )
    )
    return Section("Exhibits", blocks)


def _exhibit(exhibit: Exhibit) -> list[Block]:
    title = heading(f"Exhibit {exhibit.number}: {exhibit_name(exhibit)}")
    if exhibit.finding is None:
        return [title, callout("Not examined", shorten(exhibit.problem, 1000), tone="caution")]
    evidence = exhibit.finding.evidence
    blocks = [title, key_values(f"Exhibit {exhibit.number}, identity", _identity(evidence))]
    blocks.append(key_values(f"Exhibit {exhibit.number}, what the file says about itself", _claims(evidence.metadata)))
    blocks += _long_metadata(exhibit, exhibit.finding)
    return blocks


def _identity(evidence: Evidence) -> list[tuple[str, str]]:
    meta = evidence.metadata
    width, height = meta.stored_size
    notes = "; ".join(shorten(n, 300) for n in evidence.notes)
    frames = count(meta.n_frames, "frame") + (", of which the first was examined" if meta.n_frames > 1 else "")
    return [
        ("SHA-256", evidence.sha256),
        ("File name", text_or(evidence.name, "(no name)", 600)),
        ("Size", size(evidence.n_bytes)),
        ("Format, by content", evidence.media_type),
        ("Dimensions", f"{evidence.width:,} × {evidence.height:,} pixels, upright"),
        ("As stored", f"{width:,} × {height:,} pixels, {meta.stored_mode}, {frames}" if width else NOT_RECORDED),
        ("On loading", notes or "Nothing was changed."),
    ]


def _claims(meta: Metadata) -> list[tuple[str, str]]:
    quality = (
        NOT_DETERMINED
        if meta.jpeg_quality is None
        else f"about {decimals(meta.jpeg_quality, 1)} on libjpeg's scale, estimated"
    )
    progressive = {None: NOT_DETERMINED, True: "Progressive.", False: "Baseline."}[meta.progressive]
    c2pa = {
        "absent": "No C2PA manifest: looked for, absent.",
        "present, not validated": "C2PA manifest present; its signature was not tested.",
    }
    return [
        ("EXIF fields", count(len(meta.exif), "field") + ", listed below" if meta.exif else ABSENT),
        ("Software named", "; ".join(shorten(s, 200) for s in meta.software) if meta.software else ABSENT),
        ("JPEG quality", quality),
        ("JPEG sub-sampling", meta.subsampling or NOT_DETERMINED),
        ("JPEG coding", progressive),
        (
            "Quantisation tables",
            count(len(meta.quantisation), "table") + ", listed below" if meta.quantisation else ABSENT,
        ),
        ("Embedded thumbnail", "Present; not compared with the picture." if meta.thumbnail else ABSENT),
        ("XMP", "Present; only software names were read." if meta.xmp else ABSENT),
        ("Provenance", c2pa.get(meta.c2pa, meta.c2pa)),
        ("Colour profile", text_or(meta.icc_profile, ABSENT, 200)),
    ]


def _long_metadata(exhibit: Exhibit, finding: Finding) -> list[Block]:
    meta = finding.evidence.metadata
    blocks: list[Block] = []
    if meta.exif:
        rows = [(shorten(k, 100), shorten(v, 500)) for k, v in meta.exif.items()]
        caption = f"EXIF of exhibit {exhibit.number}, as written in the file"
        blocks.append(details(f"EXIF, {count(len(rows), 'field')}", [table(caption, ("Field", "Value"), rows)]))
    if meta.quantisation:
        tables = [_quantisation(exhibit, k, list(t)) for k, t in enumerate(meta.quantisation)]
        blocks.append(details(f"JPEG quantisation, {count(len(tables), 'table')}", tables))
    return blocks


def _quantisation(exhibit: Exhibit, index: int, values: list[int]) -> Block:
    rows = [(str(k // 8), *(str(v) for v in values[k : k + 8])) for k in range(0, len(values), 8)]
    head = ("Row", *(str(k) for k in range(8)))
    caption = f"Exhibit {exhibit.number}, quantisation table {index}, frequencies rising to the right and downwards"
    return table(caption, head, rows, numeric=range(1, 9))
