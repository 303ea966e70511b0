"""What was observed, exhibit by exhibit, kept apart from what it means; and observations that point different ways."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import TypeAlias

import numpy as np

from forensics.detector.finding import Finding
from forensics.judgement.deliveries import delivery_words
from forensics.messages import _, decimals, grouped, listed, ngettext, sentences, signed
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
    exhibit_label,
    exhibit_title,
    not_a_probability,
    outcome_words,
    reason_words,
)
from forensics.scores import BranchScores, Localisation

__all__ = ["findings", "score_blocks"]

VIEWS_IN_TABLE = 12
Looks: TypeAlias = dict[frozenset[tuple[str, str]], list[tuple[int, str]]]

ALIKE = 0.1  # log-odds: branches nearer to 0 than this point nowhere


def findings(context: Context) -> Section:
    """Return scores per branch and view, the map of views, the residual pictures, and what contradicts what."""
    blocks: list[Block] = [
        paragraph(
            _(
                "This part holds observations. What they mean stands under Strength of evidence and Conclusion; an observation alone, and a "
                "picture of a residual above all, shows nothing."
            )
        )
    ]
    looks = _by_looks(context)
    each = (_exhibit(context, exhibit, looks) for exhibit in context.exhibits)
    return Section(_("Findings"), chain(blocks, chain.from_iterable(each)))


def _exhibit(context: Context, exhibit: Exhibit, looks: Looks) -> list[Block]:
    blocks: list[Block] = [heading(exhibit_title(exhibit))]
    finding = exhibit.finding
    if finding is None:
        text = _("The file could not be read; see Exhibits.")
        return [*blocks, callout(_("No finding"), text, tone="caution")]
    if finding.scores is None:
        text = _("{outcome}. {reason}", outcome=outcome_words(finding), reason=reason_words(finding))
        blocks.append(callout(_("Not scored"), text, tone="caution"))
    else:
        blocks += score_blocks(exhibit, finding.scores)
    blocks += _pictures(context, exhibit, finding)
    blocks.append(heading(_("Observations that point in different directions"), level=4))
    found = [*contradictions(finding), *_lookalikes(context, exhibit, looks)]
    blocks.append(items(found) if found else paragraph(_("None among what was measured.")))
    return blocks


def score_blocks(exhibit: Exhibit, scores: BranchScores) -> list[Block]:
    """Return the joint score with what it is not, and the scores of every branch and view."""
    values = scores.view_scores
    means = listed([f"{b} {decimals(m)}" for b, m in zip(scores.branches, values.mean(axis=1), strict=True)])
    label = exhibit_label(exhibit.number)
    scale = _("On a scale from 0 (like the class ‘real’ of the training pictures) to 1 (like the class ‘fake’).")
    blocks: list[Block] = [
        callout(
            _("Uncalibrated score {score}", score=decimals(scores.score)),
            sentences(scale, not_a_probability()),
        ),
        heading(_("Score of every view"), level=4),
        strips(
            _(
                "{exhibit}: uncalibrated score, one dot per view and branch; the line marks the mean. "
                "0 is like the class ‘real’, 1 like the class ‘fake’ of the training pictures; not a probability.",
                exhibit=label,
            ),
            list(zip(scores.branches, values.tolist(), strict=True)),
            alt=_(
                "Dot plot of {views} per branch. Mean: {means}. All views from {low} to {high}.",
                views=ngettext("{n} view", "{n} views", len(scores.views)),
                means=means,
                low=decimals(values.min()),
                high=decimals(values.max()),
            ),
        ),
        table(
            _("{exhibit}: uncalibrated scores by branch", exhibit=label),
            (_("Branch"), _("Views"), _("Mean"), _("Lowest"), _("Highest"), _("SD")),
            (
                (b, grouped(len(v)), *(decimals(x) for x in (v.mean(), v.min(), v.max(), v.std())))
                for b, v in zip(scores.branches, values, strict=True)
            ),
            numeric=range(1, 6),
        ),
    ]
    blocks += _single_views(label, scores)
    return blocks


def contradictions(finding: Finding) -> Iterator[str]:
    """Yield observations of one exhibit that speak against each other, so that none is left out for the sake of the others."""
    scores = finding.scores
    if scores is not None:
        high = [b for b, v in scores.by_branch.items() if v > ALIKE]
        low = [b for b, v in scores.by_branch.items() if v < -ALIKE]
        if high and low:
            yield _("The branches disagree: {high} above 0 log-odds, {low} below.", high=listed(high), low=listed(low))
    lr, robustness = finding.lr, finding.robustness
    if robustness is not None and robustness.flips:
        ways = _(", ").join(delivery_words(name).said() for name in robustness.flips)
        yield _("The likelihood ratio changes its side when the picture is delivered otherwise: {ways}.", ways=ways)
    if lr is not None and lr.interval[0] < 0 < lr.interval[1]:
        yield _(
            "The interval of the likelihood ratio lies on both sides of 0, from {low} to {high} (log10).",
            low=signed(lr.interval[0]),
            high=signed(lr.interval[1]),
        )
    yield from _against_the_file(finding)


def _by_looks(context: Context) -> Looks:
    """Return number and outcome of the exhibits by their perceptual hashes."""
    looks: Looks = defaultdict(list)
    for exhibit, finding in context.examined:
        if own := _looks(context, exhibit):
            looks[own].append((exhibit.number, outcome_words(finding)))
    return looks


def _looks(context: Context, exhibit: Exhibit) -> frozenset[tuple[str, str]]:
    return frozenset(context.hashes.get(exhibit.number, {}).get("perceptual", {}).items())


def _lookalikes(context: Context, exhibit: Exhibit, looks: Looks) -> Iterator[str]:
    """Yield exhibits that look the same and came to another outcome."""
    alike = looks.get(_looks(context, exhibit), ())
    own = next((outcome for number, outcome in alike if number == exhibit.number), None)
    for number, outcome in alike:
        if outcome != own:
            yield _(
                "Exhibit {number} looks the same (equal perceptual hashes) and came to another outcome: {outcome}.",
                number=number,
                outcome=outcome,
            )


def _against_the_file(finding: Finding) -> Iterator[str]:
    """Yield where what the file says of itself and what was measured point apart."""
    meta = finding.evidence.metadata
    camera = [meta.exif[name] for name in ("Make", "Model") if meta.exif.get(name, "").strip()]
    generated = meta.provenance.generated
    if finding.outcome == "supports_h1" and camera:
        yield _("The file names a camera, the likelihood ratio supports H1. Anyone can write a camera's name.")
    if finding.outcome == "supports_h1" and meta.provenance.state == "trusted" and not generated:
        yield _(
            "The content credentials are valid and trusted and state no generation, the likelihood ratio supports H1."
        )
    if finding.outcome == "supports_h2" and generated:
        yield _("The content credentials state that the picture was generated, the likelihood ratio supports H2.")
    if finding.outcome == "supports_h2" and meta.software:
        yield _(
            "The file names software, the likelihood ratio supports H2. Software also saves what it does not alter."
        )


def _single_views(label: str, scores: BranchScores) -> list[Block]:
    if len(scores.views) > VIEWS_IN_TABLE:
        text = _("The logits of all {n} views are in the record at the end of this file.", n=grouped(len(scores.views)))
        return [paragraph(text)]
    rows = [(name, *(decimals(v) for v in scores.view_scores[:, k])) for k, name in enumerate(scores.views)]
    caption = _("{exhibit}: uncalibrated score of every view", exhibit=label)
    view_table = table(caption, (_("View"), *scores.branches), rows, numeric=range(1, 1 + len(scores.branches)))
    return [details(_("Single views, {n}", n=len(rows)), [view_table], opened=True)]


def _pictures(context: Context, exhibit: Exhibit, finding: Finding) -> list[Block]:
    blocks: list[Block] = []
    preview = context.figures_of(exhibit, "preview")
    mapped = None if finding.scores is None else _map(exhibit_label(exhibit.number), finding, finding.scores)
    if preview or mapped or context.redacted:
        blocks.append(heading(_("Picture and views"), level=4))
    if context.redacted:
        blocks.append(redaction_block(context, exhibit))
    if not preview and not context.redacted:
        blocks.append(paragraph(_("No picture: the pixels were not at hand when this report was written.")))
    blocks += [figure(*(f.id for f in preview))] if preview else []
    blocks += [mapped] if mapped else []
    blocks += _localisation(context, exhibit, finding.localisation)
    residuals = context.figures_of(exhibit, "crop", "residual")
    if residuals:
        blocks.append(heading(_("Residuals"), level=4))
        blocks.append(
            paragraph(
                _(
                    "A residual is what remains when the smooth content is subtracted: grain, compression, and traces of "
                    "processing. The scales are fixed and the same for every exhibit."
                )
            )
        )
        blocks.append(figure(*(f.id for f in residuals)))
    elif preview and not context.redacted:
        text = _("Residual pictures are left out in reports of more than 15 exhibits; examine one alone for them.")
        blocks.append(paragraph(text))
    return blocks


def redaction_block(context: Context, exhibit: Exhibit) -> Block:
    """Return what is covered in this copy of an exhibit, and that somebody must look before it leaves the house."""
    covered = context.covered.get(exhibit.number, {"whole": True, "places": 0, "found": None})
    n = covered["places"]
    if covered["whole"]:
        title = _("Pictures withheld")
        text = _("This copy is redacted: it holds no pixel of the exhibit.")
        if covered["found"] == 0:
            text = sentences(
                text, _("Faces were to be covered, and none was found, so that the whole picture is withheld.")
            )
    elif not n:
        title = _("Nothing covered")
        text = _("The examiner marked nothing on this exhibit.")
    elif context.redaction["what"] == "faces":
        title = _("Faces covered")
        text = ngettext(
            "{n} place that may be a face is covered. A search by software misses faces: look at this copy before it is passed on.",
            "{n} places that may be faces are covered. A search by software misses faces: look at this copy before it is passed on.",
            n,
        )
    else:
        title = _("Areas covered")
        text = ngettext("{n} area is covered.", "{n} areas are covered.", n)
    return callout(title, sentences(text, _("The digests still name the original.")))


def _localisation(context: Context, exhibit: Exhibit, localisation: Localisation | None) -> list[Block]:
    """Return the map of forged places, never without what such maps are worth."""
    figures = context.figures_of(exhibit, "localisation")
    if localisation is None or not figures:
        return []
    worth = localisation.measured
    known = (
        _(
            "On {n} forged tiles made from withheld originals its highest point lay in the forged place in {hits} of 100 cases, where "
            "chance has {chance}; of the originals themselves it painted {area} percent of the area.",
            n=grouped(worth["n"]),
            hits=decimals(100 * worth["pointing"], 0),
            chance=decimals(100 * worth["chance"], 0),
            area=decimals(100 * worth["false_area"], 0),
        )
        if worth
        else _("How often such a map is right was not measured for these weights.")
    )
    text = _(
        "One network also predicts, place by place, what looks forged to it. It paints something on camera originals too, so a map "
        "alone shows nothing."
    )
    return [
        heading(_("Localisation"), level=4),
        paragraph(sentences(text, known)),
        figure(*(f.id for f in figures)),
    ]


def _map(label: str, finding: Finding, scores: BranchScores) -> Block | None:
    """Return the map of views, unless all views look at the same part."""
    means = scores.joint_view_scores
    by_box: dict[tuple[int, ...], list[float]] = defaultdict(list)
    for box, mean in zip(scores.boxes.tolist(), means.tolist(), strict=True):
        by_box[tuple(box)].append(mean)
    if len(by_box) < 2:
        return None
    values = [float(np.mean(v)) for v in by_box.values()]
    highest = max(range(len(values)), key=values.__getitem__)
    left, top, _right, _bottom = list(by_box)[highest]
    tiles = ngettext("{n} tile", "{n} tiles", len(values))
    return tile_map(
        _(
            "{exhibit}: where the {tiles} lie, and the uncalibrated score that the views of each alone would get. A map of scores "
            "is no localisation: a single tile is judged less reliably than the whole.",
            exhibit=label,
            tiles=tiles,
        ),
        size=(finding.evidence.width, finding.evidence.height),
        boxes=[list(b) for b in by_box],
        values=values,
        alt=_(
            "Map of {tiles}; mean scores from {low} to {high}, the highest in the tile whose upper left corner is at column {left}, "
            "row {top}.",
            tiles=tiles,
            low=decimals(min(values)),
            high=decimals(max(values)),
            left=left,
            top=top,
        ),
    )
