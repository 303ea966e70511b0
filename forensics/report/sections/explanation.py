"""What the branches responded to, each map beside what was measured of the map itself."""

from collections.abc import Iterator

from forensics.report.blocks import Block, Section, callout, figure, heading, items, paragraph, table
from forensics.report.context import Context
from forensics.report.sections.phrases import count, decimals, text_or
from forensics.types import Attribution, Trust, TrustCheck

__all__ = ["check_blocks", "explanation"]

WHAT_IT_IS = (
    "An attribution says which parts of a view, or which groups of channels, moved the answer of one network, in its own log-odds. "
    "It does not say where a picture was forged, and a network that errs is explained just as neatly as one that does not."
)


def explanation(context: Context) -> Section:
    """Return every attribution with its checks; those that failed are marked and take no part in what may be concluded."""
    if not context.attributions:
        return Section("Explanation", [paragraph("Not tried: no attribution was made for this report.")])
    blocks: list[Block] = [paragraph(WHAT_IT_IS)]
    for k, (number, attribution) in enumerate(context.attributions, start=1):
        blocks += _one(context, k, number, attribution)
    blocks.append(heading("What may be taken from the maps", level=4))
    blocks.append(paragraph(_taken(context)))
    return Section("Explanation", blocks)


def _one(context: Context, k: int, number: int, attribution: Attribution) -> Iterator[Block]:
    name = f"Exhibit {number}, {_name(attribution)}"
    yield heading(name)
    trust = attribution.trust
    if trust.state == "not_reliable":
        yield callout(
            "Not reliable",
            f"This map failed {count(len(trust.failed), 'check')}: {', '.join(trust.failed)}. It is shown so that nothing is left out, "
            "and takes no part in any conclusion.",
            tone="caution",
        )
    elif trust.state == "not_checked":
        yield callout(
            "Not checked",
            "Nothing was measured of this map, so that it takes no part in any conclusion.",
            tone="caution",
        )
    yield paragraph(_facts(attribution))
    figures = [f.id for f in context.attribution_figures(k)]
    if figures:
        yield figure(*figures)
    elif attribution.part is not None:
        yield paragraph("No picture of it: this copy is redacted, or the pixels were not at hand.")
    if attribution.groups:
        rows = sorted(attribution.groups.items(), key=lambda item: -abs(item[1]))
        yield table(
            f"{name}: log-odds that each group of channels added; above 0 for ‘fake’",
            ("Channels", "Log-odds"),
            ((text_or(group), f"{value:+.3f}") for group, value in rows),
            numeric=(1,),
        )
    yield from check_blocks(f"{name}: what was measured of the explanation", trust)
    settings = [f"{text_or(key)}: {text_or(str(value))}" for key, value in sorted(attribution.settings.items())]
    yield items(settings)


def check_blocks(caption: str, trust: Trust) -> list[Block]:
    """Return the checks of an attribution as a table; nothing if none was made."""
    if not trust.checks:
        return []
    head = ("Check", "Measured", "Limit", "Result", "Meaning")
    return [table(caption, head, (_row(check) for check in trust.checks), numeric=(1, 2))]


def _row(check: TrustCheck) -> tuple[str, str, str, str, str]:
    limit = "–" if check.limit is None else decimals(check.limit, 2)
    result = {True: "passed", False: "failed", None: "only told"}[check.passed]
    return text_or(check.name), decimals(check.value, 3), limit, result, text_or(check.text, limit=400)


def _facts(attribution: Attribution) -> str:
    against = (
        ""
        if attribution.reference is None
        else f" Against the baseline “{text_or(attribution.baseline)}” ({attribution.reference:+.2f}) that is a difference of "
        f"{attribution.output - attribution.reference:+.2f}."
    )
    delta = "" if attribution.delta is None else f" The attribution sums up to it but for {attribution.delta:+.4f}."
    return f"View “{text_or(attribution.view)}”: log-odds {attribution.output:+.2f}.{against}{delta}"


def _name(attribution: Attribution) -> str:
    return f"branch “{text_or(attribution.branch)}”, {text_or(attribution.method.replace('_', ' '))}"


def _taken(context: Context) -> str:
    kept = [
        f"exhibit {number}, {_name(attribution)}"
        for number, attribution in context.attributions
        if attribution.trust.state == "reliable"
    ]
    if not kept:
        return "Nothing: no map here passed all of its checks."
    return f"Only that the answer of that network moved as shown: {'; '.join(kept)}. The outcome and its strength do not rest on any map."
