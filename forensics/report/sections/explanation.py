"""What the branches responded to, each map beside what was measured of the map itself."""

from collections.abc import Iterator

from forensics.attribution.record import Attribution, Trust, TrustCheck
from forensics.messages import _, decimals, known, ngettext, sentences, signed
from forensics.report.blocks import Block, Section, callout, figure, heading, key_values, layers, paragraph, table
from forensics.report.context import Context
from forensics.report.sections.phrases import exhibit_label, text_or

__all__ = ["check_blocks", "explanation"]


def explanation(context: Context) -> Section:
    """Return every attribution with its checks; those that failed are marked and take no part in what may be concluded."""
    title = _("Explanation")
    if not context.attributions:
        return Section(title, [paragraph(_("Not tested: no attribution was made for this report."))])
    blocks: list[Block] = [
        paragraph(
            _(
                "An attribution says which parts of a view, or which groups of channels, moved the answer of one network, in its own log-odds. "
                "It does not say where a picture was forged, and a network that errs is explained just as neatly as one that does not."
            )
        )
    ]
    for k, (number, attribution) in enumerate(context.attributions, start=1):
        blocks += _one(context, k, number, attribution)
    blocks.append(heading(_("What may be taken from the maps"), level=4))
    blocks.append(paragraph(_taken(context)))
    return Section(title, blocks)


def _one(context: Context, k: int, number: int, attribution: Attribution) -> Iterator[Block]:
    name = _("{exhibit}: {what}", exhibit=exhibit_label(number), what=_name(attribution))
    yield heading(name)
    trust = attribution.trust
    if trust.state == "not_reliable":
        text = _(
            "{failed}: {names}. It is shown so that nothing is left out, and takes no part in any conclusion.",
            failed=ngettext("This map failed {n} check", "This map failed {n} checks", len(trust.failed)),
            names=_(", ").join(known(name).said() for name in trust.failed),
        )
        yield callout(_("Not reliable"), text, tone="caution")
    elif trust.state == "not_checked":
        text = _("Nothing was measured of this map, so that it takes no part in any conclusion.")
        yield callout(_("Not checked"), text, tone="caution")
    yield paragraph(_facts(attribution))
    figures = context.attribution_figures(k)
    for shown in figures:
        under = context.part_under(shown)
        yield figure(shown.id) if under is None else layers(under.id, shown.id)
    if not figures and attribution.part is not None:
        yield paragraph(_("No picture of it: this copy is redacted, or the pixels were not at hand."))
    if attribution.groups:
        rows = sorted(attribution.groups.items(), key=lambda item: -abs(item[1]))
        yield table(
            _(
                "{name}: log-odds lost when a group of channels is taken out, all others left in; above 0 for ‘fake’. They need not add up.",
                name=name,
            )
            if attribution.method == "group_ablation"
            else _("{name}: log-odds that each group of channels added; above 0 for ‘fake’", name=name),
            (_("Channels"), _("Log-odds")),
            ((text_or(group), signed(value, 3)) for group, value in rows),
            numeric=(1,),
        )
    yield from check_blocks(_("{name}: what was measured of the explanation", name=name), trust)
    settings = [(text_or(key), text_or(str(value))) for key, value in sorted(attribution.settings.items())]
    yield key_values(_("{name}: settings", name=name), settings)


def check_blocks(caption: str, trust: Trust) -> list[Block]:
    """Return the checks of an attribution as a table; nothing if none was made."""
    if not trust.checks:
        return []
    head = (_("Check"), _("Measured"), _("Limit"), _("Result"), _("Meaning"))
    return [table(caption, head, (_row(check) for check in trust.checks), numeric=(1, 2))]


def _row(check: TrustCheck) -> tuple[str, str, str, str, str]:
    limit = "–" if check.limit is None else decimals(check.limit, 2)
    result = {True: _("passed"), False: _("failed"), None: _("only told")}[check.passed]
    return (
        text_or(known(check.name).said()),
        decimals(check.value, 3),
        limit,
        result,
        text_or(check.message.said(), limit=400),
    )


def _facts(attribution: Attribution) -> str:
    words = [_("View “{view}”: log-odds {output}.", view=text_or(attribution.view), output=signed(attribution.output))]
    if attribution.reference is not None:
        words.append(
            _(
                "Against the baseline “{baseline}” ({reference}) that is a difference of {difference}.",
                baseline=text_or(attribution.baseline),
                reference=signed(attribution.reference),
                difference=signed(attribution.output - attribution.reference),
            )
        )
    if attribution.delta is not None:
        words.append(_("The attribution sums up to it but for {delta}.", delta=signed(attribution.delta, 4)))
    return sentences(*words)


def _name(attribution: Attribution) -> str:
    method = known(attribution.method).said()
    return _("branch “{branch}”, {method}", branch=text_or(attribution.branch), method=text_or(method))


def _taken(context: Context) -> str:
    kept = [
        _("{exhibit}: {what}", exhibit=exhibit_label(number), what=_name(attribution))
        for number, attribution in context.attributions
        if attribution.trust.state == "reliable"
    ]
    if not kept:
        return _("Nothing: no map here passed all of its checks.")
    return _(
        "Only that the answer of that network moved as shown: {maps}. The outcome and its strength do not rest on any map.",
        maps=_("; ").join(kept),
    )
