"""The first page, and the question with its two propositions."""

from collections import Counter
from collections.abc import Sequence

from forensics.report.blocks import Block, Section, key_values, paragraph, table
from forensics.report.blocks import summary as statements
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import (
    NOT_A_PROBABILITY,
    OUTCOMES,
    branch_words,
    count,
    decimals,
    exhibit_name,
    outcome_words,
    picture_words,
    shares_words,
    text_or,
)
from forensics.report.sections.strength import conclusion
from forensics.types import Finding, VerbalScale

__all__ = ["question", "summary"]

ROWS_ON_FRONT = 12


def summary(context: Context) -> Section:
    """Return the first page: asked, examined, measured, not shown, next; never a verdict first."""
    pairs = [
        ("What was asked", text_or(context.case.question, "No question was recorded.", 600)),
        ("What was examined", _examined(context)),
        ("What the detector measured", _measured(context)),
        ("How strong it is", _strength(context)),
        ("What this does not show", _not_shown(context)),
        ("What to do next", _next(context)),
    ]
    blocks: list[Block] = [statements(pairs)]
    if len(context.exhibits) > 1:
        blocks.append(_overview(context))
    return Section("Summary", blocks)


def question(context: Context) -> Section:
    """Return the question asked and the pair of propositions that the findings are weighed against."""
    asked = text_or(context.case.question, "")
    blocks: list[Block] = []
    if asked:
        blocks.append(paragraph("The question, as put by the requester:"))
        blocks += [paragraph(f"“{line.strip()}”") for line in asked.splitlines() if line.strip()]
    else:
        blocks.append(paragraph("No question was recorded for this report."))
    blocks.append(paragraph("A detector cannot answer a question about guilt, author or intent. The findings concern:"))
    pairs = list(dict.fromkeys((f.propositions.h1, f.propositions.h2) for _, f in context.examined))
    for h1, h2 in pairs:
        blocks.append(key_values("Propositions", [("H1", text_or(h1)), ("H2", text_or(h2))]))
    if not pairs:
        blocks.append(paragraph("No exhibit could be examined, so that no propositions apply."))
    blocks.append(
        paragraph(
            "A finding has weight as evidence only in so far as it is expected more under one of the two than under "
            "the other. How much more must be measured on pictures of known origin; that is what a calibration does."
        )
    )
    return Section("Question and propositions", blocks)


def _examined(context: Context) -> str:
    done = list(context.examined)
    failed = len(context.exhibits) - len(done)
    if len(context.exhibits) == 1 and done:
        exhibit, finding = done[0]
        return (
            f"One picture file, “{exhibit_name(exhibit)}” ({picture_words(finding)}), "
            f"identified by its SHA-256 {finding.evidence.sha256[:16]}… (in full under Exhibits)."
        )
    identified = "each identified" if not failed else "those that could be read identified"
    words = f"{count(len(context.exhibits), 'file')}, {identified} by SHA-256 under Exhibits."
    if failed:
        words += f" {count(failed, 'file')} could not be read and {'was' if failed == 1 else 'were'} not examined."
    return words


def _measured(context: Context) -> str:
    scored = [(e, f) for e, f in context.examined if f.scores is not None]
    if not scored:
        reason = next((f.reason for _, f in context.examined), "No file could be read.")
        return f"Nothing: no exhibit could be scored. {text_or(reason, limit=400)}"
    if len(scored) == 1 and len(context.exhibits) == 1:
        return _measured_one(scored[0][1])
    scores = [f.scores.score for _, f in scored if f.scores is not None]
    unscored = len(context.exhibits) - len(scored)
    low, high = decimals(min(scores)), decimals(max(scores))
    values = f"score of {low}" if low == high else f"scores between {low} and {high}"
    words = (f"An uncalibrated {values}" if low == high else f"Uncalibrated {values}") + (
        f" for {count(len(scored), 'exhibit')}, on a scale from 0 to 1. An uncalibrated score says how a picture compares "
        f"with the two classes of pictures that the detector learned. {NOT_A_PROBABILITY} {_counted([f for _, f in scored])}"
    ).rstrip()
    return words + (f" {count(unscored, 'exhibit')} without a score." if unscored else "")


def _counted(findings: Sequence[Finding]) -> str:
    """Say how much each branch counts where the joint score is fitted, so that it can be told why it differs from a mean."""
    fusions = (f.scores.fusion for f in findings if f.scores is not None)
    shares = dict.fromkeys(shares_words(fusion) for fusion in fusions if fusion is not None)
    return "".join(f"In it the branches count: {words}. " for words in shares)


def _measured_one(finding: Finding) -> str:
    scores = finding.scores
    if scores is None:
        return f"Nothing: the picture is not suitable for scoring. {text_or(finding.reason, limit=400)}"
    means = branch_words(
        [f"{b} {decimals(m)}" for b, m in zip(scores.branches, scores.view_scores.mean(axis=1), strict=True)]
    )
    return (
        f"An uncalibrated score of {decimals(scores.score)} on a scale from 0 to 1. It says how the picture compares "
        f"with the two classes of pictures that the detector learned. {NOT_A_PROBABILITY} "
        f"{_counted([finding])}By branch: {means}, each the mean of {count(len(scores.views), 'view')}; "
        f"single views from {decimals(scores.view_scores.min())} to {decimals(scores.view_scores.max())}."
    )


def _strength(context: Context) -> str:
    """Say how strong the evidence is, or how many outcomes of each kind there are."""
    found = [finding for _, finding in context.examined]
    if not found:
        return "Not stated: no exhibit could be examined."
    if len(context.exhibits) == 1:
        return conclusion(found[0], context.scale)
    counts = Counter(finding.outcome for finding in found)
    words = [
        f"{count(n, 'exhibit')}: {OUTCOMES[outcome][:1].lower()}{OUTCOMES[outcome][1:]}."
        for outcome, n in sorted(counts.items(), key=lambda item: list(OUTCOMES).index(item[0]))
    ]
    return " ".join(words) + " Likelihood ratios, where there are any, stand under Findings."


def _not_shown(context: Context) -> str:
    calibrated = any(f.outcome in ("supports_h1", "supports_h2") for _, f in context.examined)
    first = (
        "It does not settle whether a picture is genuine; a likelihood ratio is one piece of evidence among others."
        if calibrated
        else "It does not show whether a picture is genuine, generated or altered: no support can be stated, neither for nor against."
    )
    if any(f.outcome == "supports_h2" for _, f in context.examined):
        first += " Support for H2 is no sign that a picture is unaltered."
    return f"{first} Nor does it show who made or changed a picture, when, why, or in which place of it."


def _next(context: Context) -> str:
    if not any(True for _, _ in context.examined):
        return "Obtain readable copies of the files from the source, and examine these."
    if any(f.scores is not None for _, f in context.examined):
        return (
            "Use the score only to decide what to look at more closely. Ask for the original file and its source, "
            "compare with other pictures of the same event and device, and have an expert in image examination "
            "read the residuals below before anything is concluded."
        )
    return "Ask for a larger or less processed copy of the picture, best the original file from the device."


def _overview(context: Context) -> Block:
    shown = context.exhibits[:ROWS_ON_FRONT]
    left_out = len(context.exhibits) - len(shown)
    caption = "All exhibits" if not left_out else f"The first {len(shown)} of {len(context.exhibits)} exhibits"
    return table(
        f"{caption}. The score is uncalibrated and not a probability. H1 and H2 are written out in the next section.",
        ("Exhibit", "File", "Uncalibrated score", "Outcome"),
        (_overview_row(e, context.scale) for e in shown),
        numeric=(2,),
    )


def _overview_row(exhibit: Exhibit, scale: VerbalScale) -> tuple[str, str, str, str]:
    name = exhibit_name(exhibit, 60)
    if exhibit.finding is None:
        return str(exhibit.number), name, "none", "Not examined: the file could not be read"
    scores = exhibit.finding.scores
    score = "none" if scores is None else decimals(scores.score)
    lr = exhibit.finding.lr
    if lr is not None and exhibit.finding.outcome in ("supports_h1", "supports_h2"):
        words = lr.words(scale)
        return str(exhibit.number), name, score, f"{words[:1].upper()}{words[1:]} (log10 LR {decimals(lr.llr, 2)})"
    return str(exhibit.number), name, score, outcome_words(exhibit.finding)
