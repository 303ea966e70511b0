"""Words, tables and pictures of tabs as HTML without anything active; the words are those of reports."""

import base64
import html
import io
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from forensics.attribution.record import Attribution, Trust
from forensics.calibration.likelihood import ENFSI_2015, VerbalScale
from forensics.detector.finding import Finding
from forensics.messages import decimals, signed
from forensics.records.arrays import UInt8Array
from forensics.records.canonical import visible
from forensics.report import Case, Context
from forensics.report.blocks import Block, callout, heading, items, key_values, paragraph, table
from forensics.report.checks.verification import Verification
from forensics.report.context import Exhibit
from forensics.report.page.html import render_blocks
from forensics.report.sections.conclusion import odds_words
from forensics.report.sections.explanation import check_blocks
from forensics.report.sections.findings import score_blocks
from forensics.report.sections.origin import provenance
from forensics.report.sections.phrases import outcome_words, picture_words, shorten, text_or
from forensics.report.sections.strength import robustness_blocks, strength_blocks
from forensics.residuals import Amounts, Residual, scale_bar
from forensics.scores import BranchScores

__all__ = [
    "amounts_html",
    "bar_html",
    "blocks_html",
    "branch_words",
    "code_html",
    "groups_html",
    "image_html",
    "metadata_html",
    "overview_html",
    "problem_html",
    "robustness_html",
    "safe",
    "scores_html",
    "style",
    "trust_html",
    "written_html",
]

FEW = 3  # checks; of channel groups one or two are made, whatever was asked for
NAME = 60  # characters of a file name in a table
STYLE = Path(__file__).parent.parent / "assets" / "explorer.css"


@cache
def style() -> str:
    """Return the style sheet, which reaches no further than elements of class ``fx``."""
    return f"<style>{STYLE.read_text(encoding='utf-8')}</style>"


def safe(text: str) -> str:
    """Return text that shows what it holds and does nothing."""
    return html.escape(visible(text))


def blocks_html(blocks: Iterable[Block]) -> str:
    """Return blocks as reports show them."""
    return f'<div class="fx">{render_blocks(blocks)}</div>'


def problem_html(problem: Exception | str) -> str:
    """Return what went wrong, in one line."""
    text = safe(" ".join(str(problem).split()))
    head = "<b>Not done.</b> " if isinstance(problem, Exception) else ""
    return f'<div class="fx"><p class="problem" role="alert">{head}{text}</p></div>'


def code_html(lines: str) -> str:
    """Return lines of Python to be copied."""
    code = "\n".join(safe(line) for line in lines.splitlines())
    return (
        '<div class="fx"><p class="line"><span>The same in Python, after <code>import forensics as fx</code>, with '
        "<code>detector</code> and <code>finding</code> as they were given to the explorer:</span> "
        f'<code class="code">{code}</code></p></div>'
    )


def image_html(pixels: UInt8Array, *, alt: str, caption: str, exact: bool = True, shown: int | None = None) -> str:
    """Return a picture with its caption, its data within.

    Parameters
    ----------
    pixels : array of shape (h, w, 3), uint8
    alt, caption : str
    exact : bool
        Without loss; else small, for the eye.
    shown : int, optional
        Width on the screen, in its pixels.
    """
    buffer = io.BytesIO()
    how: dict[str, Any] = {"lossless": True, "quality": 20, "method": 1} if exact else {"quality": 85, "method": 1}
    Image.fromarray(pixels).save(buffer, format="WEBP", **how)
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    height, width = pixels.shape[:2]
    wide = width if shown is None else shown
    return (
        f'<figure><img alt="{safe(alt)}" width="{wide}" height="{round(height * wide / width)}" '
        f'src="data:image/webp;base64,{data}"><figcaption>{safe(caption)}</figcaption></figure>'
    )


def bar_html(residual: Residual, gain: float) -> str:
    """Return the colours of a scale between its ends."""
    limit = residual.limit / gain
    low = f"−{limit:.3g}" if residual.signed else "0"
    buffer = io.BytesIO()
    Image.fromarray(scale_bar(signed=residual.signed)).save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<div class="fx"><div class="key"><span>{low}</span><img alt="" src="data:image/png;base64,{data}">'
        f"<span>{limit:.3g} {safe(residual.unit)}</span></div></div>"
    )


def overview_html(finding: Finding, scale: VerbalScale = ENFSI_2015) -> str:
    """Return outcome, strength of evidence, propositions, reservations and the file in short."""
    exhibit = _exhibit(finding)
    tone = "note" if finding.outcome.startswith("supports") else "caution"
    lr, propositions = finding.lr, finding.propositions
    blocks = [callout(outcome_words(finding), text_or(finding.reason), tone=tone)]  # type: ignore[arg-type]  # one of the two
    if lr is not None and finding.outcome in ("supports_h1", "supports_h2"):
        blocks.append(paragraph(f"A score like this is {odds_words(lr)}: {lr.words(scale)}."))
    if lr is None:
        blocks.append(key_values("Propositions", [("H1", text_or(propositions.h1)), ("H2", text_or(propositions.h2))]))
    blocks += strength_blocks(exhibit, finding, scale)
    if finding.scores is not None:
        blocks.append(heading("Branches", level=4))
        blocks.append(items(branch_words(finding.scores, branch) for branch in finding.scores.branches))
    if finding.caveats:
        blocks.append(heading("Reservations", level=4))
        blocks.append(items(text_or(c.text, limit=600) for c in finding.caveats if c.text != finding.reason))
    if finding.robustness is not None:
        summary = finding.robustness.summary
        blocks.append(paragraph(f"{summary[:1].upper()}{summary[1:]}."))
    evidence = finding.evidence
    blocks.append(heading("File", level=4))
    blocks.append(
        key_values(
            "File",
            [
                ("Name", text_or(evidence.name, "(no name)", 300)),
                ("Picture", picture_words(finding)),
                ("SHA-256", evidence.sha256),
                ("On loading", "; ".join(shorten(n, 300) for n in evidence.notes) or "Nothing was changed."),
                ("Examined", finding.run.examined_at),
            ],
        )
    )
    return blocks_html(blocks)


def branch_words(scores: BranchScores, branch: str) -> str:
    """Return how much a branch counts in the joint score, and what it added for this exhibit."""
    counts = f"{text_or(branch)}: counts {decimals(100 * scores.shares[branch], 0)} percent in the joint score"
    if branch in scores.contributions:
        return f"{counts}; adds {signed(scores.contributions[branch])} to the joint log-odds of this exhibit, {signed(scores.log_odds)}."
    return f"{counts}; its own log-odds are {signed(scores.by_branch[branch])}."


def scores_html(finding: Finding) -> str:
    """Return the uncalibrated score, with its plot and table, for a page without widgets."""
    if finding.scores is None:
        return blocks_html([paragraph("There are no scores: the picture is unsuitable for scoring.")])
    return blocks_html(score_blocks(_exhibit(finding), finding.scores))


def robustness_html(finding: Finding) -> str:
    """Return what became of copies of the exhibit."""
    if finding.robustness is None:
        return blocks_html([paragraph("No copies were examined yet.")])
    return blocks_html(robustness_blocks(_exhibit(finding), finding.robustness))


def metadata_html(finding: Finding) -> str:
    """Return what the file says about itself."""
    context = Context(exhibits=(_exhibit(finding),), figures=(), case=Case(), created="", version="")
    said = callout("Reported, never scored", "Any of this can be missing, removed on the way, or written by anyone.")
    return blocks_html([said, *list(provenance(context).blocks)[1:-1]])


def amounts_html(rows: Sequence[tuple[str, str, int, Amounts]], residual: Residual, caption: str) -> str:
    """Return a table of what maps amount to: name, label, number of pixels and amounts of each."""
    head = ("Picture", "Known as", "Pixels", f"Mean, {residual.unit}", "SD", "Mean size", "At the ends of the scale")
    body = [
        (
            name if len(name) <= NAME else f"{name[: NAME - 1]}…",
            label,
            f"{n:,}",
            decimals(round(a.mean, 3) + 0.0, 3),  # no minus before nothing
            decimals(a.sd, 3),
            decimals(a.mean_absolute, 3),
            f"{100 * a.beyond:.1f} %",
        )
        for name, label, n, a in rows
    ]
    return blocks_html([table(caption, head, body, numeric=range(2, 7))])


def trust_html(trust: Trust) -> str:
    """Return how far an attribution can be relied on."""
    few = trust.state == "reliable" and trust.judged < FEW
    tone = "note" if trust.state == "reliable" and not few else "caution"
    words = f"{trust.words[:1].upper()}{trust.words[1:]}."
    if few:
        words += " So little was checked that this says hardly more than that it can be repeated."
    blocks = [callout("How far this can be relied on", words, tone=tone)]  # type: ignore[arg-type]  # one of the two
    return blocks_html([*blocks, *check_blocks("Checks", trust)])


def groups_html(attributions: Sequence[Attribution]) -> str:
    """Return bars of what the channel groups were credited with, on one scale from 0 for all that are shown."""
    values = [(a.branch, name, v) for a in attributions for name, v in a.groups.items()]
    if not values:
        return ""
    reach = max(abs(v) for *_, v in values) or 1.0
    lane, left, wide = 24, 190, 300
    middle = left + wide / 2
    bars = []
    for k, (branch, name, v) in enumerate(values):
        x, width = middle + min(0.0, v) / reach * wide / 2, abs(v) / reach * wide / 2
        colour = "fake" if v > 0 else "real"
        bars.append(
            f'<text class="tick" x="{left - 8}" y="{lane * k + 16}" text-anchor="end">{safe(shorten(f"{branch}: {name}", 40))}</text>'
            f'<rect class="{colour}" x="{x:.1f}" y="{lane * k + 4}" width="{max(width, 0.5):.1f}" height="{lane - 8}"/>'
            f'<text class="tick" x="{left + wide + 8}" y="{lane * k + 16}">{decimals(v, 2)}</text>'
        )
    height = lane * len(values)
    taken_out = any(a.method == "group_ablation" for a in attributions if a.groups)
    added = any(a.method != "group_ablation" for a in attributions if a.groups)
    what = {
        (True, False): "Log-odds lost when the group is taken out, all others left in; they need not add up",
        (False, True): "Log-odds that the group added; they sum to what is explained, exactly or nearly",
        (
            True,
            True,
        ): "Log-odds lost when the group is taken out (ablation) or added by it (all others); the two can disagree",
    }[taken_out, added]
    said = "; ".join(f"{branch} {name} {v:+.2f}" for branch, name, v in values)
    return (
        f'<div class="fx"><figure class="wide"><svg class="plot bars" viewBox="0 0 560 {height}" role="img" '
        f'aria-label="{safe(said)}"><line class="rule strong" x1="{middle}" x2="{middle}" y1="0" y2="{height}"/>'
        f"{''.join(bars)}</svg><figcaption>{what}. To the right for ‘fake’, to the left for ‘real’.</figcaption></figure></div>"
    )


def written_html(path: Path, check: Verification) -> str:
    """Return what the checks of the report that was just written proved."""
    tone = "note" if check.ok else "caution"
    head = "The report is written and holds" if check.ok else "The report is written, and a check failed"
    size = path.stat().st_size / 1e6
    blocks: list[Block] = [callout(head, f"{path}, {size:.2f} MB.", tone=tone)]  # type: ignore[arg-type]  # one of the two
    blocks += [paragraph("What was checked:"), items((*check.problems, *check.proofs))]
    return blocks_html(blocks)


def _exhibit(finding: Finding) -> Exhibit:
    return Exhibit(number=1, name=finding.evidence.name, finding=finding)
