"""How often the method errs, as its calibration card says: what the figures were measured on, and what they are."""

from collections.abc import Iterator, Mapping
from typing import Any

from forensics.judgement.suitability import stratum_words
from forensics.messages import _, decimals, grouped, moment
from forensics.report.blocks import Block, Section, callout, heading, key_values, paragraph, table
from forensics.report.context import Context
from forensics.report.sections.phrases import text_or

__all__ = ["validation"]

DECIMALS = 3


def validation(context: Context) -> Section:
    """Return the figures of the calibration card for the kinds of pictures of this report."""
    card = context.validation
    title = _("Validation")
    if card is None:
        text = _(
            "No calibration card was at hand when this report was written, so that no error rate can be stated here. A finding that names a "
            "card by digest can be read with that card."
        )
        return Section(title, [callout(_("No error rates"), text, tone="caution")])
    blocks: list[Block] = [
        paragraph(
            _(
                "Error rates are those of the calibration card, measured on pictures of known origin. They hold for pictures like these and "
                "not for a single exhibit."
            )
        ),
        key_values(
            _("The calibration card"),
            [
                ("SHA-256", card["sha256"]),
                (_("Made"), moment(card["created"])),
                (_("Made from"), _pictures(card["data"])),
                (
                    _("Checked on"),
                    _pictures(card["checked_on"]) if card["checked_on"] else _("Not tested on other sources."),
                ),
            ],
        ),
    ]
    if not card["strata"]:
        blocks.append(paragraph(_("The card holds nothing for the kinds of pictures of this report.")))
    for name, stratum in card["strata"].items():
        blocks += _stratum(name, stratum)
    return Section(title, blocks)


def _pictures(data: Mapping[str, Any]) -> str:
    sources = data.get("sources", {})
    named = {
        kind: _(", ").join(f"{name} {grouped(n)}" for name, n in sources.get(kind, {}).items())
        for kind in ("fake", "real")
    }
    return _(
        "{fake} generated pictures ({generators}) and {real} camera pictures ({cameras})",
        fake=grouped(data.get("fake", 0)),
        real=grouped(data.get("real", 0)),
        generators=text_or(named["fake"], limit=400),
        cameras=text_or(named["real"], limit=400),
    )


def metric_words() -> dict[str, tuple[str, str]]:
    """Return the figures that are printed: name, and what it says."""
    return {
        "cllr": (_("Cllr"), _("cost of the likelihood ratios; 1 is worth nothing, 0 is perfect")),
        "cllr_min": (_("Cllr min"), _("the same after the best possible calibration: what the scores can tell at all")),
        "cllr_cal": (_("Cllr cal"), _("what is lost by the calibration")),
        "devpav": (_("devPAV"), _("how far the likelihood ratios are from well calibrated; 0 is best")),
        "eer": (_("Equal error rate"), _("where as many of either kind are on the wrong side; 0.5 is guessing")),
        "misleading_h1": (_("Misleading, H1 true"), _("share of generated pictures with a likelihood ratio below 1")),
        "misleading_h2": (_("Misleading, H2 true"), _("share of camera pictures with a likelihood ratio above 1")),
        "misleading_h1_beyond_10": (
            _("Strongly misleading, H1 true"),
            _("share of generated pictures with a likelihood ratio below 1/10"),
        ),
        "misleading_h2_beyond_10": (
            _("Strongly misleading, H2 true"),
            _("share of camera pictures with a likelihood ratio above 10"),
        ),
        "empirical_cross_entropy_at_1_to_10": (
            _("Empirical cross-entropy, prior odds 1 to 10"),
            _("bits that remain open when H1 is rare beforehand"),
        ),
        "empirical_cross_entropy_at_10_to_1": (
            _("Empirical cross-entropy, prior odds 10 to 1"),
            _("bits that remain open when H1 is common beforehand"),
        ),
    }


def _stratum(name: str, stratum: Mapping[str, Any]) -> Iterator[Block]:
    yield heading(stratum_words(name).said())
    (n1, n0), (lower, upper) = stratum["n"], stratum["bounds"]
    yield key_values(
        _("Pictures and bounds"),
        [
            (_("Generated pictures (H1)"), grouped(n1)),
            (_("Camera pictures (H2)"), grouped(n0)),
            (_("Bounds, log10"), _("{lower} to {upper}", lower=decimals(lower, 2), upper=decimals(upper, 2))),
        ],
    )
    sets = [(_("Measured on pictures that the fit had not seen"), stratum["metrics"], stratum["n"])]
    if stratum["checked"]:
        sets.append((_("Measured on other sources"), stratum["checked"], stratum["checked_n"]))
    for caption, metrics, (k1, k0) in sets:
        rows = []
        for key, (label, meaning) in metric_words().items():
            if key not in metrics:
                continue
            value, (low, high) = metrics[key]["value"], metrics[key]["interval"]
            interval = _("{low} to {high}", low=decimals(low, DECIMALS), high=decimals(high, DECIMALS))
            rows.append((label, decimals(value, DECIMALS), interval, meaning))
        numbers = _("{n1} generated, {n2} camera pictures", n1=grouped(k1), n2=grouped(k0))
        head = (_("Figure"), _("Value"), _("95 percent interval"), _("Meaning"))
        yield table(
            _("{kind}. {what}: {pictures}", kind=stratum_words(name).said(), what=caption, pictures=numbers),
            head,
            rows,
            numeric=(1, 2),
        )
