"""What was received, and who had it: digests, formats, and the custody log."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from forensics.evidence.record import Evidence
from forensics.messages import Message, _, grouped, moment, ngettext, size
from forensics.report.blocks import Block, Section, callout, heading, key_values, paragraph, table
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import exhibit_label, exhibit_title, not_recorded, shorten, text_or

__all__ = ["custody", "exhibits"]

ENTRIES = 60  # of a custody log that are printed


def exhibits(context: Context) -> Section:
    """Return one part per exhibit: identity by digest, format by content, dimensions, perceptual hashes, known lists."""
    blocks: list[Block] = [
        key_values(
            _("Receipt"),
            [
                (_("Received"), text_or(context.case.received)),
                (_("How they were acquired"), text_or(context.case.acquisition)),
                (_("Original or copy"), text_or(context.case.originality)),
                (_("Handling"), _("The files were opened for reading only; nothing was written to them.")),
            ],
        )
    ]
    return Section(_("Exhibits"), chain(blocks, chain.from_iterable(_exhibit(context, e) for e in context.exhibits)))


def _exhibit(context: Context, exhibit: Exhibit) -> Iterator[Block]:
    yield heading(exhibit_title(exhibit))
    if exhibit.finding is None:
        yield from not_examined(exhibit)
        return
    found = context.hashes.get(exhibit.number)
    rows = _identity(exhibit.finding.evidence) + _hashes(found)
    yield key_values(_("{exhibit}, identity", exhibit=exhibit_label(exhibit.number)), rows)
    yield from _known(exhibit, found)


def custody(context: Context) -> Section:
    """Return the head of the custody log and what it says of the exhibits; that there is none is said, not left out."""
    log = context.custody
    if log is None:
        text = _(
            "No custody log was handed to this report. Who had the exhibits before, and whether they were changed on the way, cannot be "
            "told from it; their digests above hold from the moment they were opened."
        )
        return Section(_("Custody"), [callout(_("No custody log"), text, tone="caution")])
    entries = log["entries"]
    blocks: list[Block] = [
        key_values(
            _("The log"),
            [
                (_("Entries"), grouped(log["length"])),
                (_("Head: SHA-256 of the last entry"), log["head"]),
                (_("Chain"), _("Whole: every entry names the digest of the one before it.")),
            ],
        ),
        paragraph(
            _(
                "Each entry holds the digest of the entry before it, so that none can be changed, removed or put elsewhere without a trace "
                "up to the head. An end that was cut off is noticed by comparing with the number and the head printed here."
            )
        ),
    ]
    if entries:
        rows = [_entry(entry) for entry in entries[:ENTRIES]]
        caption = _("Entries about the exhibits of this report")
        if len(entries) > ENTRIES:
            shown = _("the first {shown} of {n}, all of them in the record", shown=ENTRIES, n=grouped(len(entries)))
            caption = _("{caption}, {shown}", caption=caption, shown=shown)
        head = (_("Entry"), _("Time"), _("Who"), _("What was done"), _("Of what"), _("What came out"), _("Note"))
        blocks.append(table(caption, head, rows))
    else:
        blocks.append(paragraph(_("The log has no entry about an exhibit of this report.")))
    return Section(_("Custody"), blocks)


def not_examined(exhibit: Exhibit) -> Iterator[Block]:
    """Yield that an exhibit could not be opened, and why."""
    yield callout(_("Not examined"), _("The file could not be opened as a picture."), tone="caution")
    yield key_values(
        _("{exhibit}, what was said on opening", exhibit=exhibit_label(exhibit.number)),
        [
            ("SHA-256", exhibit.sha256 or _("Not computed: its bytes could not be read.")),
            (_("Size"), size(exhibit.n_bytes) if exhibit.sha256 else not_recorded()),
            (_("Message of the program"), shorten("" if exhibit.problem is None else exhibit.problem.said(), 1000)),
        ],
    )


def _identity(evidence: Evidence) -> list[tuple[str, str]]:
    meta = evidence.metadata
    width, height = meta.stored_size
    notes = _("; ").join(shorten(remark.said(), 300) for remark in evidence.remarks)
    frames = ngettext("{n} frame", "{n} frames", meta.n_frames)
    if meta.n_frames > 1:
        frames = _("{frames}, of which the first was examined", frames=frames)
    stored = _("{width} × {height} pixels, {mode}, {frames}", width=grouped(width), height=grouped(height), mode=meta.stored_mode, frames=frames)  # fmt: skip
    return [
        ("SHA-256", evidence.sha256),
        (_("File name"), text_or(evidence.name, _("(no name)"), 600)),
        (_("Size"), size(evidence.n_bytes)),
        (_("Format, by content"), evidence.media_type),
        (
            _("Dimensions"),
            _("{width} × {height} pixels, upright", width=grouped(evidence.width), height=grouped(evidence.height)),
        ),
        (_("As stored"), stored if width else not_recorded()),
        (_("On loading"), notes or _("Nothing was changed.")),
    ]


def _hashes(found: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if found is None:
        return [(_("Perceptual hashes"), _("Not computed: the pixels were not at hand when this report was written."))]
    hashes = _(", ").join(f"{name} {value}" for name, value in sorted(found["perceptual"].items()))
    rows = [(_("Perceptual hashes"), hashes or _("Withheld in this copy: they are a tiny picture."))]
    if not found["lists"]:
        rows.append((_("Known files"), _("Not tested: no list was given.")))
    return rows


def _known(exhibit: Exhibit, found: Mapping[str, Any] | None) -> list[Block]:
    lists = [] if found is None else found["lists"]
    if not lists:
        return []
    rows = []
    for known in lists:
        for match in known["matches"]:
            kind = (
                _("same bytes")
                if match["kind"] == "exact"
                else _("similar to look at, {n} of 64 bits differ; a lead, no proof", n=match["distance"])
            )
            rows.append((shorten(known["name"], 100), shorten(match["entry"], 200), kind))
        rows += [(shorten(known["name"], 100), _("note"), shorten(note, 300)) for note in known["notes"]]
        if not known["matches"]:
            rows.append((shorten(known["name"], 100), _("none"), _("Looked for, absent.")))
    head = (_("List"), _("Entry"), _("Match"))
    return [table(_("{exhibit}, lists of known files", exhibit=exhibit_label(exhibit.number)), head, rows)]


def _entry(entry: Mapping[str, Any]) -> tuple[str, ...]:
    of, out = (
        _("; ").join(f"{shorten(str(item['name']), 80)} ({item['sha256'][:12]}…)" for item in entry[side])
        for side in ("inputs", "outputs")
    )
    return (
        grouped(entry["sequence"]),
        moment(entry["time"]),
        text_or(entry["actor"], limit=100),
        text_or(action_words().get(entry["action"], entry["action"]), limit=100),
        text_or(shorten(of, 400), _("nothing")),
        text_or(shorten(out, 400), _("nothing")),
        text_or(_note(entry), _("none"), 300),
    )


def _note(entry: Mapping[str, Any]) -> str:
    """Return the note of an entry; of what the package itself noted, in the language of the report."""
    message = entry.get("message")
    return str(entry["note"]) if message is None else Message.from_dict({**message, "text": entry["note"]}).said()


def action_words() -> dict[str, str]:
    """Return the actions of a custody log in words."""
    return {
        "received": _("received"),
        "opened": _("opened"),
        "examined": _("examined"),
        "reported": _("reported"),
        "signed": _("signed"),
        "time_stamped": _("time-stamped"),
        "packaged": _("packaged"),
        "transferred": _("transferred"),
        "noted": _("noted"),
        "closed": _("closed, unchanged"),
        "mismatched": _("found changed"),
        "repaired": _("torn line removed"),
    }
