"""Whether an exhibit is fit for the method, and what its file says about where it comes from."""

from collections.abc import Iterator
from itertools import chain

from forensics.detector.finding import Finding
from forensics.evidence.credentials import Provenance
from forensics.evidence.record import Metadata
from forensics.judgement.suitability import stratum_words
from forensics.messages import _, decimals, grouped, ngettext
from forensics.report.blocks import Block, Section, callout, details, heading, key_values, paragraph, table
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import (
    absent,
    exhibit_label,
    exhibit_title,
    not_determined,
    not_tested,
    outcome_words,
    present_or,
    reason_words,
    shorten,
    text_or,
)

__all__ = ["provenance", "suitability"]


def suitability(context: Context) -> Section:
    """Return size, compression history and whether each exhibit lies in what was validated, before anything is said of scores."""
    blocks: list[Block] = [
        paragraph(
            _(
                "Traces of generation and alteration are fine structure. A picture that is too small, too strongly compressed or saved off "
                "a screen no longer holds them, and then no score means anything, high or low."
            )
        )
    ]
    return Section(_("Suitability"), chain(blocks, chain.from_iterable(_suitability(e) for e in context.exhibits)))


def _suitability(exhibit: Exhibit) -> Iterator[Block]:
    yield heading(exhibit_title(exhibit))
    if exhibit.finding is None:
        yield paragraph(_("Not suitable: the file could not be opened as a picture."))
    else:
        yield key_values(_("{exhibit}, fitness", exhibit=exhibit_label(exhibit.number)), _fitness(exhibit.finding))


def provenance(context: Context) -> Section:
    """Return what each file says about itself, and the state of its content credentials; absence is no sign of alteration."""
    return Section(_("Provenance and metadata"), _provenance(context))


def _provenance(context: Context) -> Iterator[Block]:
    for exhibit, finding in context.examined:
        label = exhibit_label(exhibit.number)
        meta = finding.evidence.metadata
        yield heading(exhibit_title(exhibit))
        yield from _credentials(label, meta.provenance)
        yield key_values(_("{exhibit}, what the file says about itself", exhibit=label), _claims(meta))
        yield from _long_metadata(exhibit, meta)
    if not any(True for _e in context.examined):
        yield paragraph(_("No exhibit could be examined."))
    yield paragraph(
        _(
            "Statements in a file about itself can be missing, removed in transit or written by anyone. Their absence "
            "is no sign of alteration, and they were not used for the score."
        )
    )


def _fitness(finding: Finding) -> list[tuple[str, str]]:
    evidence, codes = finding.evidence, finding.reason_codes
    short = grouped(min(evidence.width, evidence.height))
    if "no_card_for_stratum" in codes:
        domain = _("Outside: no pictures like this one were among those of the calibration.")
    elif "outside_domain" in codes:
        domain = _("Outside: the score fits neither class of the calibration pictures.")
    elif finding.outcome == "unsuitable":
        domain = _("Outside: {reason}", reason=reason_words(finding, 600))
    elif finding.lr is None:
        domain = _("Not tested: no calibration was loaded.")
    else:
        domain = _("Inside: {stratum}.", stratum=stratum_words(finding.lr.stratum).said())
    return [
        (_("Size"), _("short side {n} pixels", n=short)),
        (_("Compression"), _compression(evidence.media_type, evidence.metadata)),
        (_("Marks of a screenshot"), _("Found.") if "screenshot_like" in codes else absent()),
        (_("What was validated"), domain),
        (_("Result"), outcome_words(finding)),
    ]


def _compression(media_type: str, meta: Metadata) -> str:
    if meta.jpeg_quality is None:
        kind = media_type.rpartition("/")[2].upper()
        return _(
            "{format}: a quality cannot be read from the file. Whether it was compressed before cannot be told.",
            format=kind,
        )
    return _(
        "JPEG of quality about {quality}, estimated from its last saving; earlier ones cannot be told from the header.",
        quality=decimals(meta.jpeg_quality, 0),
    )


def credential_words() -> dict[str, tuple[str, str]]:
    """Return the states of content credentials: a title, and what each shows."""
    return {
        "none": (
            _("No content credentials"),
            _("Looked for, absent. Most pictures have none, and whoever passes a picture on can remove them."),
        ),
        "invalid": (
            _("Content credentials: invalid"),
            _(
                "There is a C2PA manifest, and its check fails: the file or the manifest was changed after signing, by accident or on purpose, or "
                "what it rests on no longer holds, such as a certificate that has run out. The codes below say which. Nothing it says can be "
                "relied on."
            ),
        ),
        "valid_untrusted": (
            _("Content credentials: valid, signer not trusted"),
            _(
                "The C2PA manifest fits the file, so that neither was changed since it was signed. Nobody on the trust list in force vouches for "
                "the signer: anyone can make such a signature."
            ),
        ),
        "trusted": (
            _("Content credentials: valid, signer trusted"),
            _(
                "The C2PA manifest fits the file, and the signer is vouched for by the trust list in force. This shows who signed which statements, "
                "not that the statements are true."
            ),
        ),
        "remote": (
            _("Content credentials: kept elsewhere"),
            _(
                "The file names an address at which a manifest is kept. Nothing was fetched: no step of an examination uses a network."
            ),
        ),
        "not_tested": (
            _("Content credentials: not tested"),
            _("There is a C2PA manifest; its signature was not tested."),
        ),
    }


def _credentials(label: str, found: Provenance) -> list[Block]:
    title, text = credential_words()[found.state]
    if found.state == "none":
        return [paragraph(_("{title}. {text}", title=title, text=text))]
    blocks: list[Block] = [callout(title, text, tone="caution" if found.state == "invalid" else "note")]
    if found.generated:
        text = _("It states that a trained model made the picture, a part of it, or something it was made from.")
        blocks.append(callout(_("Stated to be generated"), text, tone="caution"))
    trust = (
        _(
            "{name}, SHA-256 {digest}",
            name=shorten(found.trust_list_name or "", 100),
            digest=found.trust_list_sha256,
        )
        if found.trust_list_sha256
        else _("None was given.")
    )
    rows = [
        (_("Made with, as stated"), text_or(found.claim_generator, absent(), 200)),
        (_("Title, as stated"), text_or(found.title, absent(), 200)),
        (_("Signed by"), text_or(found.signer, absent(), 200)),
        (_("Organisation of the signer"), text_or(found.issuer, absent(), 200)),
        (_("Signed at"), _signed_at(found)),
        (_("Actions, as stated"), text_or(_("; ").join(found.actions), absent(), 800)),
        (_("Address of a manifest"), text_or(found.remote_url, absent(), 300)),
        (_("Software of the check"), text_or(found.sdk_version, not_tested(), 100)),
        (_("Trust list"), trust),
    ]
    if found.message:
        rows.append((_("Message of the program"), shorten(found.message.said(), 400)))
    blocks.append(key_values(_("{exhibit}, content credentials", exhibit=label), rows))
    if found.codes:
        codes = [(shorten(c, 120), shorten(u, 200), shorten(e, 300)) for c, u, e in found.codes]
        head = (_("Code"), _("Where"), _("Explanation of the library"))
        blocks.append(
            details(
                _("What the check reported"), [table(_("{exhibit}, codes of the check", exhibit=label), head, codes)]
            )
        )
    return blocks


def _signed_at(found: Provenance) -> str:
    """Return the time in the time-stamp, never without whether anybody vouches for it."""
    if not found.signed_at:
        return absent()
    time = shorten(found.signed_at, 60)
    if found.time_vouched:
        return _("{time}, vouched for by a time-stamp authority of the trust list", time=time)
    return _("{time}, as stated; nobody vouches for it", time=time)


def _claims(meta: Metadata) -> list[tuple[str, str]]:
    quality = (
        not_determined()
        if meta.jpeg_quality is None
        else _("about {quality} on libjpeg's scale, estimated", quality=decimals(meta.jpeg_quality, 1))
    )
    progressive = {None: not_determined(), True: _("Progressive."), False: _("Baseline.")}[meta.progressive]
    fields = ngettext("{n} field, listed below", "{n} fields, listed below", len(meta.exif))
    tables = ngettext("{n} table, listed below", "{n} tables, listed below", len(meta.quantisation))
    return [
        (_("EXIF fields"), fields if meta.exif else absent()),
        (
            _("Software named"),
            present_or(_("; ").join(shorten(s, 200) for s in meta.software), bool(meta.software), absent()),
        ),
        (_("JPEG quality"), quality),
        (_("JPEG sub-sampling"), meta.subsampling or not_determined()),
        (_("JPEG coding"), progressive),
        (_("Quantisation tables"), tables if meta.quantisation else absent()),
        (
            _("Embedded thumbnail"),
            _("Present; not compared with the picture, and not shown.") if meta.thumbnail else absent(),
        ),
        ("XMP", _("Present; only software names were read.") if meta.xmp else absent()),
        (_("Colour profile"), text_or(meta.icc_profile, absent(), 200)),
    ]


def _long_metadata(exhibit: Exhibit, meta: Metadata) -> list[Block]:
    label = exhibit_label(exhibit.number)
    blocks: list[Block] = []
    if meta.exif:
        rows = [(shorten(k, 100), present_or(shorten(v, 500), True, "")) for k, v in meta.exif.items()]
        found = table(_("EXIF of {exhibit}, as written in the file", exhibit=label), (_("Field"), _("Value")), rows)
        blocks.append(details(ngettext("EXIF, {n} field", "EXIF, {n} fields", len(rows)), [found]))
    if meta.quantisation:
        tables = [_quantisation(label, k, list(t)) for k, t in enumerate(meta.quantisation)]
        blocks.append(
            details(ngettext("JPEG quantisation, {n} table", "JPEG quantisation, {n} tables", len(tables)), tables)
        )
    return blocks


def _quantisation(label: str, index: int, values: list[int]) -> Block:
    rows = [(str(k // 8), *(str(v) for v in values[k : k + 8])) for k in range(0, len(values), 8)]
    caption = _(
        "{exhibit}, quantisation table {index}, frequencies rising to the right and downwards",
        exhibit=label,
        index=index,
    )
    return table(caption, (_("Row"), *(str(k) for k in range(8))), rows, numeric=range(1, 9))
