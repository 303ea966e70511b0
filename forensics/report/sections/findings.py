"""What was found, exhibit by exhibit: observations first, then what may and may not be concluded."""

from collections import defaultdict

import numpy as np

from forensics.report.blocks import (
    Block,
    Section,
    callout,
    details,
    figure,
    heading,
    items,
    paragraph,
    strips,
    table,
    tile_map,
)
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import (
    NOT_A_PROBABILITY,
    branch_words,
    count,
    decimals,
    exhibit_name,
    outcome_words,
    text_or,
)
from forensics.report.sections.strength import conclusion, robustness_blocks, strength_blocks
from forensics.types import BranchScores, Finding, Localisation

__all__ = ["findings", "score_blocks"]

VIEWS_IN_TABLE = 12


def findings(context: Context) -> Section:
    """Return scores per branch and view, the map of views, and the residual pictures."""
    blocks: list[Block] = []
    for exhibit in context.exhibits:
        blocks.append(heading(f"Exhibit {exhibit.number}: {exhibit_name(exhibit)}"))
        if exhibit.finding is None:
            blocks.append(callout("No finding", "The file could not be read; see Exhibits.", tone="caution"))
        else:
            blocks += _finding(context, exhibit, exhibit.finding)
    return Section("Findings", blocks)


def _finding(context: Context, exhibit: Exhibit, finding: Finding) -> list[Block]:
    blocks: list[Block] = []
    if finding.scores is None:
        blocks.append(callout("Not scored", f"{outcome_words(finding)}. {text_or(finding.reason)}", tone="caution"))
    else:
        blocks += score_blocks(exhibit, finding.scores)
    blocks += robustness_blocks(exhibit, finding.robustness)
    blocks += _pictures(context, exhibit, finding)
    blocks.append(heading("What may be concluded", level=4))
    blocks.append(paragraph(conclusion(finding, context.scale)))
    blocks += strength_blocks(exhibit, finding, context.scale)
    if finding.caveats:
        blocks.append(items(f"{text_or(c.text, limit=600)} [{text_or(c.code, limit=80)}]" for c in finding.caveats))
    return blocks


def score_blocks(exhibit: Exhibit, scores: BranchScores) -> list[Block]:
    """Return the joint score with what it is not, and the scores of every branch and view."""
    values = scores.view_scores
    means = branch_words([f"{b} {decimals(m)}" for b, m in zip(scores.branches, values.mean(axis=1), strict=True)])
    blocks: list[Block] = [
        callout(
            f"Uncalibrated score {decimals(scores.score)}",
            "On a scale from 0 (like the class ‘real’ of the training pictures) to 1 (like the class ‘fake’). "
            f"{NOT_A_PROBABILITY}",
        ),
        heading("Score of every view", level=4),
        strips(
            f"Exhibit {exhibit.number}: uncalibrated score, one dot per view and branch; the line marks the mean. "
            "0 is like the class ‘real’, 1 like the class ‘fake’ of the training pictures; not a probability.",
            list(zip(scores.branches, values.tolist(), strict=True)),
            alt=f"Dot plot of {count(len(scores.views), 'view')} per branch. Mean: {means}. "
            f"All views from {decimals(values.min())} to {decimals(values.max())}.",
        ),
        table(
            f"Exhibit {exhibit.number}: uncalibrated scores by branch",
            ("Branch", "Views", "Mean", "Lowest", "Highest", "SD"),
            (
                (b, f"{len(v):,}", *(decimals(x) for x in (v.mean(), v.min(), v.max(), v.std())))
                for b, v in zip(scores.branches, values, strict=True)
            ),
            numeric=range(1, 6),
        ),
    ]
    blocks += _single_views(exhibit, scores)
    return blocks


def _single_views(exhibit: Exhibit, scores: BranchScores) -> list[Block]:
    if len(scores.views) > VIEWS_IN_TABLE:
        return [paragraph(f"The logits of all {len(scores.views):,} views are in the record at the end of this file.")]
    rows = [(name, *(decimals(v) for v in scores.view_scores[:, k])) for k, name in enumerate(scores.views)]
    caption = f"Exhibit {exhibit.number}: uncalibrated score of every view"
    view_table = table(caption, ("View", *scores.branches), rows, numeric=range(1, 1 + len(scores.branches)))
    return [details(f"Single views, {len(rows)}", [view_table], opened=True)]


def _pictures(context: Context, exhibit: Exhibit, finding: Finding) -> list[Block]:
    blocks: list[Block] = []
    preview = context.figures_of(exhibit, "preview")
    mapped = None if finding.scores is None else _map(exhibit, finding, finding.scores)
    if preview or mapped or context.redacted:
        blocks.append(heading("Picture and views", level=4))
    if context.redacted:
        blocks.append(
            callout(
                "Pictures withheld",
                "This copy is redacted: it holds no pixel of the exhibit. The digests still name it.",
            )
        )
    elif not preview:
        blocks.append(paragraph("No picture: the pixels were not at hand when this report was written."))
    blocks += [figure(*(f.id for f in preview))] if preview else []
    blocks += [mapped] if mapped else []
    blocks += _localisation(context, exhibit, finding.localisation)
    residuals = context.figures_of(exhibit, "crop", "residual")
    if residuals:
        blocks.append(heading("Residuals", level=4))
        blocks.append(
            paragraph(
                "A residual is what remains when the smooth content is subtracted: grain, compression, and traces of "
                "processing. The scales are fixed and the same for every exhibit."
            )
        )
        blocks.append(figure(*(f.id for f in residuals)))
    elif preview:
        blocks.append(
            paragraph("Residual pictures are left out in reports of more than 15 exhibits; examine one alone for them.")
        )
    return blocks


def _localisation(context: Context, exhibit: Exhibit, localisation: Localisation | None) -> list[Block]:
    """Return the map of forged places, never without what such maps are worth."""
    figures = context.figures_of(exhibit, "localisation")
    if localisation is None or not figures:
        return []
    worth = localisation.measured
    measured = (
        f"On {worth['n']:,.0f} forged tiles made from withheld originals its highest point lay in the forged place in "
        f"{100 * worth['pointing']:.0f} of 100 cases, where chance has {100 * worth['chance']:.0f}; of the originals "
        f"themselves it painted {100 * worth['false_area']:.0f} percent of the area."
        if worth
        else "How often such a map is right was not measured for these weights."
    )
    return [
        heading("Localisation", level=4),
        paragraph(
            "One network also predicts, place by place, what looks forged to it. It paints something on camera originals "
            f"too, so a map alone shows nothing. {measured}"
        ),
        figure(*(f.id for f in figures)),
    ]


def _map(exhibit: Exhibit, finding: Finding, scores: BranchScores) -> Block | None:
    """Return the map of views, unless all views look at the same part."""
    means = scores.joint_view_scores
    by_box: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for box, mean in zip(scores.boxes.tolist(), means.tolist(), strict=True):
        by_box[tuple(box)].append(mean)
    if len(by_box) < 2:
        return None
    values = [float(np.mean(v)) for v in by_box.values()]
    highest = max(range(len(values)), key=values.__getitem__)
    left, top, _, _ = list(by_box)[highest]
    return tile_map(
        f"Exhibit {exhibit.number}: where the {count(len(values), 'tile')} lie, and the uncalibrated score that "
        "the views of each alone would get. A map of scores is no localisation: a single tile is judged less reliably than the whole.",
        size=(finding.evidence.width, finding.evidence.height),
        boxes=[list(b) for b in by_box],
        values=values,
        alt=f"Map of {count(len(values), 'tile')}; mean scores from {decimals(min(values))} to {decimals(max(values))}, "
        f"the highest in the tile whose upper left corner is at column {left}, row {top}.",
    )
