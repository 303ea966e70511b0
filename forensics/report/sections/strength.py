"""Strength of evidence: the likelihood ratio of one exhibit, how it changes with delivery, and the words in force."""

from forensics.report.blocks import Block, Section, callout, heading, key_values, llr_plot, paragraph, table
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import count, decimals, outcome_words, text_or
from forensics.types import DeliveredScore, Finding, LikelihoodRatio, Robustness, VerbalScale

__all__ = ["conclusion", "odds_words", "robustness_blocks", "scale", "strength_blocks"]


def odds_words(lr: LikelihoodRatio) -> str:
    """Return what a likelihood ratio says: ``at least 12 times more expected if H1 is true than if H2 is``."""
    first, second = ("H1", "H2") if lr.llr >= 0 else ("H2", "H1")
    factor = 10.0 ** abs(lr.llr)
    shown = f"{factor:.2g}" if factor < 100 else f"{factor:,.0f}"
    about = "at least" if lr.at_bound else "about"
    if shown == "1":
        return "about as expected if H1 is true as if H2 is"
    return f"{about} {shown} times more expected if {first} is true than if {second} is"


def conclusion(finding: Finding, table_of_words: VerbalScale) -> str:
    """Return what may be concluded of one finding, in words that the likelihood ratio carries."""
    words = f"{outcome_words(finding)}. {text_or(finding.reason)}"
    if finding.lr is None or finding.outcome not in ("supports_h1", "supports_h2"):
        return words
    return (
        f"A score like this is {odds_words(finding.lr)}: {finding.lr.words(table_of_words)}. "
        f"H1: {text_or(finding.lr.propositions.h1)} H2: {text_or(finding.lr.propositions.h2)} {text_or(finding.reason)}"
    )


def strength_blocks(exhibit: Exhibit, finding: Finding, table_of_words: VerbalScale) -> list[Block]:
    """Return the likelihood ratio of one exhibit; nothing if there is none."""
    lr = finding.lr
    if lr is None:
        return []
    decided = finding.outcome in ("supports_h1", "supports_h2")
    low, high = (decimals(v, 2) for v in lr.interval)
    lower, upper = (decimals(v, 2) for v in lr.bounds)
    words = lr.words(table_of_words) if decided else "none: the outcome is inconclusive"
    return [
        llr_plot(
            f"Exhibit {exhibit.number}: likelihood ratio with its 95 percent interval, on a logarithmic axis. The tinted part is "
            "what the calibration pictures can carry; no likelihood ratio leaves it.",
            [("exhibit as received", lr.llr, lr.interval)],
            bounds=lr.bounds,
            alt=f"log10 likelihood ratio {decimals(lr.llr, 2)}, interval {low} to {high}, bounds {lower} to {upper}.",
        ),
        key_values(
            "Likelihood ratio, H1 over H2",
            [
                ("log10 LR", decimals(lr.llr, 2)),
                ("95 percent interval", f"{_interval_words(lr)}; from resampling the calibration pictures"),
                ("Bounds", f"{lower} to {upper}, log10; {'reached' if lr.at_bound else 'not reached'}"),
                ("In words", f"{words} (from the end of the interval nearer to 0)" if decided else words),
                ("Reference pictures", f"{text_or(lr.stratum, limit=300)}; {lr.n[0]:,} of H1, {lr.n[1]:,} of H2"),
                ("Fit to the classes", f"p = {lr.p_values[0]:.3f} for H1, {lr.p_values[1]:.3f} for H2 (conformal)"),
                ("H1", text_or(lr.propositions.h1)),
                ("H2", text_or(lr.propositions.h2)),
                ("Calibration, SHA-256", lr.calibration_sha256),
            ],
        ),
    ]


def _interval_words(lr: LikelihoodRatio) -> str:
    low, high = lr.interval
    if low == high:
        return "all of it beyond the bound"
    return f"{decimals(low, 2)} to {decimals(high, 2)}, log10"


def robustness_blocks(exhibit: Exhibit, robustness: Robustness | None) -> list[Block]:
    """Return what became of copies of one exhibit; nothing if none were made."""
    if robustness is None:
        return []
    rows = [robustness.received, *robustness.copies]
    blocks: list[Block] = [
        heading("Delivered in other ways", level=4),
        paragraph(
            f"The exhibit was copied in {count(len(robustness.copies), 'way')} in which pictures commonly travel, and each copy was "
            "examined like the exhibit. Its content stays the same, so a result that changes says more about the delivery than about the picture."
        ),
    ]
    if robustness.flips:
        blocks.append(
            callout(
                "The side changes",
                f"The likelihood ratio moves to the other side of 1 in: {', '.join(robustness.flips)}.",
                tone="caution",
            )
        )
    if robustness.llr_range is not None:
        low, high = robustness.llr_range
        blocks.append(
            llr_plot(
                f"Exhibit {exhibit.number}: likelihood ratios of the exhibit and its copies, each in the stratum it falls into.",
                [(row.delivery, row.llr, None) for row in rows],
                bounds=None,
                alt=f"log10 likelihood ratios from {decimals(low, 2)} to {decimals(high, 2)}.",
            )
        )
    blocks.append(
        table(
            f"Exhibit {exhibit.number}: the exhibit and its copies",
            ("Delivered", "Uncalibrated score", "log10 LR", "Outcome, of this copy alone", "What was done"),
            (_delivered_row(row) for row in rows),
            numeric=(1, 2),
        )
    )
    return blocks


def _delivered_row(row: DeliveredScore) -> tuple[str, str, str, str, str]:
    score = "none" if row.score is None else decimals(row.score)
    llr = "none" if row.llr is None else decimals(row.llr, 2)
    return row.delivery, score, llr, row.outcome.replace("_", " ").replace(" h", " H"), row.text


def scale(context: Context) -> Section:
    """Return the whole table of words in force, with its source and digest."""
    words = context.scale
    edges = [above for above, _ in words.bands]
    rows = [(f"1 to {edges[0]:,.0f}", words.neutral)]
    for (above, name), up_to in zip(words.bands, [*edges[1:], None], strict=True):
        rows.append((f"above {above:,.0f}" if up_to is None else f"above {above:,.0f}, up to {up_to:,.0f}", name))
    used = any(finding.lr is not None for _, finding in context.examined)
    return Section(
        "Words for likelihood ratios",
        [
            paragraph(
                "Words stand for likelihood ratios only, never for a score. They are taken from the end of the interval that is nearer "
                "to 1, within the bounds. For a likelihood ratio below 1 its inverse is looked up, and the words are for H2."
                + (
                    ""
                    if used
                    else " No likelihood ratio is stated in this report, so that no words of this table are used in it."
                )
            ),
            table(f"Verbal scale: {words.name}, version {words.version}", ("Likelihood ratio", "Words"), rows),
            key_values("The table", [("Source", words.source), ("SHA-256", words.sha256)]),
        ],
    )
