"""Strength of evidence: from score to likelihood ratio, how it changes with delivery, and the words in force."""

from collections.abc import Iterator
from itertools import chain

from forensics.calibration.likelihood import LikelihoodRatio, VerbalScale
from forensics.detector.finding import Finding
from forensics.judgement.deliveries import DELIVERIES, RECEIVED, delivery_words
from forensics.judgement.robustness import DeliveredScore, Robustness
from forensics.judgement.suitability import stratum_words
from forensics.messages import _, decimals, direct, grouped, ngettext, sentences
from forensics.report.blocks import Block, Section, callout, heading, key_values, llr_plot, paragraph, table
from forensics.report.context import Context, Exhibit
from forensics.report.sections.conclusion import support_words
from forensics.report.sections.phrases import (
    exhibit_label,
    exhibit_title,
    outcome_words,
    reason_words,
    text_or,
)

__all__ = ["robustness", "robustness_blocks", "strength", "strength_blocks"]


def strength(context: Context) -> Section:
    """Return the likelihood ratio of each exhibit with interval and bounds, or why there is none, and the whole scale of words."""
    blocks: list[Block] = [
        paragraph(
            _(
                "A likelihood ratio says how much more the score is expected if H1 is true than if H2 is. It was measured on pictures of "
                "known origin that are like the exhibit, and cannot go beyond what their number carries."
            )
        )
    ]
    return Section(_("Strength of evidence"), chain(blocks, _strengths(context), _scale_blocks(context)))


def _strengths(context: Context) -> Iterator[Block]:
    for exhibit, finding in context.examined:
        yield heading(exhibit_title(exhibit))
        found = strength_blocks(exhibit, finding, context.scale)
        if not found:
            text = _("No likelihood ratio. {reason}", reason=reason_words(finding))
            found = [callout(_("Strength of evidence not stated"), text, tone="caution")]
        yield from found
    if not any(True for _e in context.examined):
        yield paragraph(_("No exhibit could be examined."))


def strength_blocks(exhibit: Exhibit, finding: Finding, scale: VerbalScale) -> list[Block]:
    """Return the likelihood ratio of one exhibit; nothing if there is none."""
    lr = finding.lr
    if lr is None:
        return []
    decided = finding.outcome in ("supports_h1", "supports_h2")
    lower, upper = (decimals(v, 2) for v in lr.bounds)
    words = (
        _("{support} (from the end of the interval nearer to 0)", support=support_words(lr, scale))
        if decided
        else _("none: {outcome}", outcome=outcome_words(finding))
    )
    reached = _("reached") if lr.at_bound else _("not reached")
    return [
        *_other_scale(finding, scale),
        _plot(exhibit, lr),
        key_values(
            _("Likelihood ratio, H1 over H2"),
            [
                (_("log10 LR"), decimals(lr.llr, 2)),
                (
                    _("95 percent interval"),
                    _("{interval}; from resampling the calibration pictures", interval=_interval_words(lr)),
                ),
                (_("Bounds"), _("{lower} to {upper}, log10; {reached}", lower=lower, upper=upper, reached=reached)),
                (_("In words"), words),
                (
                    _("Reference pictures"),
                    _(
                        "{stratum}; {n1} of H1, {n2} of H2",
                        stratum=text_or(stratum_words(lr.stratum).said(), limit=300),
                        n1=grouped(lr.n[0]),
                        n2=grouped(lr.n[1]),
                    ),
                ),
                (
                    _("Fit to the classes"),
                    _(
                        "p = {p1} for H1, {p2} for H2 (conformal)",
                        p1=decimals(lr.p_values[0]),
                        p2=decimals(lr.p_values[1]),
                    ),
                ),
                ("H1", text_or(direct(lr.propositions.h1))),
                ("H2", text_or(direct(lr.propositions.h2))),
                (_("Calibration, SHA-256"), lr.calibration_sha256),
            ],
        ),
    ]


def _plot(exhibit: Exhibit, lr: LikelihoodRatio) -> Block:
    """Return the likelihood ratio of one exhibit on its axis."""
    low, high = (decimals(v, 2) for v in lr.interval)
    lower, upper = (decimals(v, 2) for v in lr.bounds)
    return llr_plot(
        _(
            "{exhibit}: likelihood ratio with its 95 percent interval, on a logarithmic axis. The tinted part is what the "
            "calibration pictures can carry; no likelihood ratio leaves it.",
            exhibit=exhibit_label(exhibit.number),
        ),
        [(_("exhibit as received"), lr.llr, lr.interval)],
        bounds=lr.bounds,
        alt=_(
            "log10 likelihood ratio {llr}, interval {low} to {high}, bounds {lower} to {upper}.",
            llr=decimals(lr.llr, 2),
            low=low,
            high=high,
            lower=lower,
            upper=upper,
        ),
    )


def _other_scale(finding: Finding, scale: VerbalScale) -> list[Block]:
    """Return that the outcome was decided with other words than those of this report, if so; older findings do not say."""
    decided_with = finding.run.settings.get("scale_sha256", scale.sha256)
    if decided_with == scale.sha256:
        return []
    name = text_or(str(finding.run.settings.get("scale", "")), limit=200)
    return [
        paragraph(_("The outcome was decided with another verbal scale than that of this report: {scale}.", scale=name))
    ]


def robustness(context: Context) -> Section:
    """Return what became of each exhibit when it was delivered in other ways."""
    blocks: list[Block] = [
        paragraph(
            _(
                "Copies of an exhibit, made in ways in which pictures commonly travel, are examined like the exhibit itself. The content "
                "stays the same, so a result that changes says more about the delivery than about the picture."
            )
        )
    ]
    return Section(_("Robustness to delivery"), chain(blocks, _deliveries(context)))


def _deliveries(context: Context) -> Iterator[Block]:
    for exhibit, finding in context.examined:
        yield heading(exhibit_title(exhibit))
        found = robustness_blocks(exhibit, finding.robustness)
        yield from found or [paragraph(_("Not tested: no copy of this exhibit was examined."))]
    if not any(True for _e in context.examined):
        yield paragraph(_("No exhibit could be examined."))


def robustness_blocks(exhibit: Exhibit, robustness: Robustness | None) -> list[Block]:
    """Return what became of copies of one exhibit; nothing if none were made."""
    if robustness is None:
        return []
    rows = [robustness.received, *robustness.copies]
    label = exhibit_label(exhibit.number)
    blocks: list[Block] = []
    if robustness.flips:
        ways = _(", ").join(delivery_words(name).said() for name in robustness.flips)
        text = _("The likelihood ratio moves to the other side of 1 in: {ways}.", ways=ways)
        blocks.append(callout(_("The side changes"), text, tone="caution"))
    if robustness.llr_range is not None:
        low, high = (decimals(v, 2) for v in robustness.llr_range)
        blocks.append(
            llr_plot(
                _(
                    "{exhibit}: likelihood ratios of the exhibit and its copies, each in the stratum it falls into.",
                    exhibit=label,
                ),
                [(delivery_words(row.delivery).said(), row.llr, None) for row in rows],
                bounds=None,
                alt=_("log10 likelihood ratios from {low} to {high}.", low=low, high=high),
            )
        )
    blocks.append(
        table(
            _(
                "{exhibit}: the exhibit and {copies}",
                exhibit=label,
                copies=ngettext("{n} copy", "{n} copies", len(rows) - 1),
            ),
            (
                _("Delivered"),
                _("Uncalibrated score"),
                _("log10 LR"),
                _("Outcome, of this copy alone"),
                _("What was done"),
            ),
            (_delivered_row(row) for row in rows),
            numeric=(1, 2),
        )
    )
    return blocks


def outcome_names() -> dict[str, str]:
    """Return the outcomes as short as a cell of a table."""
    return {
        "supports_h1": _("supports H1"),
        "supports_h2": _("supports H2"),
        "inconclusive": _("inconclusive"),
        "unsuitable": _("unsuitable"),
        "uncalibrated": _("uncalibrated"),
    }


def _interval_words(lr: LikelihoodRatio) -> str:
    low, high = lr.interval
    if low == high:
        return _("all of it beyond the bound")
    return _("{low} to {high}, log10", low=decimals(low, 2), high=decimals(high, 2))


def _delivered_row(row: DeliveredScore) -> tuple[str, str, str, str, str]:
    score = _("none") if row.score is None else decimals(row.score)
    llr = _("none") if row.llr is None else decimals(row.llr, 2)
    return delivery_words(row.delivery).said(), score, llr, outcome_names()[row.outcome], _done(row)


def _done(row: DeliveredScore) -> str:
    """Return what was done to a copy; of a delivery that this version does not know, as the record says it."""
    if row.text == RECEIVED.text:
        return RECEIVED.said()
    known = DELIVERIES.get(row.delivery)
    return known.done.said() if known is not None and known.text == row.text else row.text


def _scale_blocks(context: Context) -> list[Block]:
    """Return the whole table of words in force, with its source and digest."""
    words = context.scale
    edges = [above for above, _name in words.bands]
    rows = [(_("1 to {edge}", edge=grouped(edges[0])), direct(words.neutral))]
    for (above, name), up_to in zip(words.bands, [*edges[1:], None], strict=True):
        band = (
            _("above {above}", above=grouped(above))
            if up_to is None
            else _("above {above}, up to {up_to}", above=grouped(above), up_to=grouped(up_to))
        )
        rows.append((band, direct(name)))
    text = [
        _(
            "Words stand for likelihood ratios only, never for a score. They are taken from the end of the interval that is nearer "
            "to 1, within the bounds. For a likelihood ratio below 1 its inverse is looked up, and the words are for H2."
        )
    ]
    if not any(finding.lr is not None for _e, finding in context.examined):
        text.append(_("No likelihood ratio is stated in this report, so that no words of this table are used in it."))
    return [
        heading(_("Words for likelihood ratios")),
        paragraph(sentences(*text)),
        table(
            _("Verbal scale: {name}, version {version}", name=words.name, version=words.version),
            (_("Likelihood ratio"), _("Words")),
            rows,
        ),
        key_values(_("The table"), [(_("Source"), direct(words.source)), ("SHA-256", words.sha256)]),
    ]
