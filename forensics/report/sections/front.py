"""The first page for a reader in a hurry; the case; the question with its two propositions."""

from collections import Counter
from collections.abc import Iterable

from forensics.calibration.likelihood import VerbalScale
from forensics.detector.finding import Finding
from forensics.judgement.rules import WITHDRAWALS
from forensics.messages import _, decimals, direct, listed, moment, ngettext, sentences
from forensics.report.blocks import Block, Section, callout, heading, key_values, paragraph, table
from forensics.report.blocks import summary as statements
from forensics.report.context import Context, Exhibit
from forensics.report.sections.conclusion import concluded, support_words
from forensics.report.sections.phrases import (
    exhibit_name,
    exhibits_words,
    not_a_probability,
    outcome_words,
    outcomes,
    picture_words,
    reason_words,
    shares_words,
    shorten,
    text_or,
)

__all__ = ["case", "question", "summary"]

ROWS_ON_FRONT = 12


def summary(context: Context) -> Section:
    """Return the first page: asked, examined, measured, not shown, next; never a verdict first."""
    pairs = [
        (_("What was asked"), text_or(context.case.question, _("No question was recorded."), 600)),
        (_("What was examined"), _examined(context)),
        (_("What the detector measured"), _measured(context)),
        (_("How strong it is"), _strength(context)),
        (_("What this does not show"), _not_shown(context)),
        (_("What to do next"), _next(context)),
    ]
    blocks: list[Block] = [statements(pairs)]
    if len(context.exhibits) > 1:
        blocks.append(_overview(context))
    return Section(_("Summary"), blocks)


def case(context: Context) -> Section:
    """Return who asked, who examined, when, and what the report itself is."""
    c = context.case
    examiner = [
        (_("Name"), text_or(c.examiner)),
        (_("Role"), text_or(c.role)),
        (_("Qualifications"), text_or(c.qualifications)),
        (_("Organisation"), text_or(c.organisation)),
        (_("Interests that could conflict"), text_or(c.interests, None)),
    ]
    about = [
        (_("Case number"), text_or(c.number)),
        (_("Requested by"), text_or(c.requester)),
        (_("Exhibits received"), text_or(c.received)),
        (_("Examined"), _when(context)),
        (_("Issued"), moment(context.created)),
        (_("Status"), text_or(c.status, None)),
        (_("Version of this report"), text_or(c.version, None)),
        (_("Classification"), text_or(c.classification, _("None was given."))),
    ]
    blocks: list[Block] = [
        heading(_("The case")),
        key_values(_("The case"), about),
        heading(_("The examiner")),
        key_values(_("The examiner"), examiner),
    ]
    if c.notes:
        blocks.append(callout(_("Notes of the examiner"), text_or(c.notes, limit=6000)))
    return Section(_("Case and examiner"), blocks)


def question(context: Context) -> Section:
    """Return the question asked and the pair of propositions that the findings are weighed against."""
    asked = (context.case.question or "").strip()
    blocks: list[Block] = []
    if asked:
        blocks.append(paragraph(_("The question, as put by the requester:")))
        blocks += [paragraph(f"“{line.strip()}”") for line in shorten(asked, 2000).splitlines() if line.strip()]
    else:
        blocks.append(paragraph(_("No question was recorded for this report.")))
    blocks.append(
        key_values(
            _("What else was said"),
            [
                (_("Information given beforehand"), text_or(context.case.information, _("None was recorded."))),
                (_("What was not asked"), text_or(context.case.not_asked)),
            ],
        )
    )
    blocks.append(
        paragraph(_("A detector cannot answer a question about guilt, author or intent. The findings concern:"))
    )
    pairs = list(dict.fromkeys((f.propositions.h1, f.propositions.h2) for _e, f in context.examined))
    for h1, h2 in pairs:
        blocks.append(key_values(_("Propositions"), [("H1", text_or(direct(h1))), ("H2", text_or(direct(h2)))]))
    if not pairs:
        blocks.append(paragraph(_("No exhibit could be examined, so that no propositions apply.")))
    blocks.append(
        paragraph(
            _(
                "Where the question asks for more than these two propositions tell apart, such as whether a part of a picture was altered, this "
                "examination does not answer it."
            )
        )
    )
    blocks.append(
        paragraph(
            _(
                "A finding has weight as evidence only in so far as it is expected more under one of the two than under "
                "the other. How much more must be measured on pictures of known origin; that is what a calibration does."
            )
        )
    )
    return Section(_("Question and propositions"), blocks)


def _when(context: Context) -> str:
    """Return the times of the examinations, first and last."""
    times = sorted(f.run.examined_at for _e, f in context.examined)
    if not times:
        return _("No exhibit could be examined.")
    if times[0][:19] == times[-1][:19]:
        return moment(times[0])
    return _("{first} to {last}", first=moment(times[0]), last=moment(times[-1]))


def _examined(context: Context) -> str:
    failed = len(context.exhibits) - sum(1 for _e in context.examined)
    if len(context.exhibits) == 1 and not failed:
        exhibit, finding = next(context.examined)
        return _(
            "One picture file, “{name}” ({picture}), identified by its SHA-256 {digest}… (in full under Exhibits).",
            name=exhibit_name(exhibit),
            picture=picture_words(finding),
            digest=finding.evidence.sha256[:16],
        )
    files = ngettext("{n} file", "{n} files", len(context.exhibits))
    if not failed:
        return _("{files}, each identified by SHA-256 under Exhibits.", files=files)
    words = _("{files}, those that could be read identified by SHA-256 under Exhibits.", files=files)
    left = ngettext(
        "{n} file could not be read and was not examined.", "{n} files could not be read and were not examined.", failed
    )
    return sentences(words, left)


def _measured(context: Context) -> str:
    scores = [f.scores.score for _e, f in context.examined if f.scores is not None]
    if not scores:
        reason = next((reason_words(f, 400) for _e, f in context.examined), _("No file could be read."))
        return _("Nothing: no exhibit could be scored. {reason}", reason=reason)
    if len(context.exhibits) == 1:
        return _measured_one(next(context.examined)[1])
    low, high = decimals(min(scores)), decimals(max(scores))
    exhibits = exhibits_words(len(scores))
    first = (
        _("An uncalibrated score of {low} for {exhibits}, on a scale from 0 to 1.", low=low, exhibits=exhibits)
        if low == high
        else _(
            "Uncalibrated scores between {low} and {high} for {exhibits}, on a scale from 0 to 1.",
            low=low,
            high=high,
            exhibits=exhibits,
        )
    )
    what = _(
        "An uncalibrated score says how a picture compares with the two classes of pictures that the detector learned."
    )
    words = [first, what, not_a_probability(), *_counted(f for _e, f in context.examined)]
    unscored = len(context.exhibits) - len(scores)
    if unscored:
        words.append(ngettext("{n} exhibit without a score.", "{n} exhibits without a score.", unscored))
    return sentences(*words)


def _counted(findings: Iterable[Finding]) -> list[str]:
    """Say how much each branch counts where the joint score is fitted, so that it can be told why it differs from a mean."""
    fusions = (f.scores.fusion for f in findings if f.scores is not None)
    shares = dict.fromkeys(shares_words(fusion) for fusion in fusions if fusion is not None)
    return [_("In it the branches count: {shares}.", shares=words) for words in shares]


def _measured_one(finding: Finding) -> str:
    scores = finding.scores
    if scores is None:
        return _("Nothing: the picture is not suitable for scoring. {reason}", reason=reason_words(finding, 400))
    means = listed(
        [f"{b} {decimals(m)}" for b, m in zip(scores.branches, scores.view_scores.mean(axis=1), strict=True)]
    )
    words = [
        _(
            "An uncalibrated score of {score} on a scale from 0 to 1. It says how the picture compares with the two classes of "
            "pictures that the detector learned.",
            score=decimals(scores.score),
        ),
        not_a_probability(),
        *_counted([finding]),
        _(
            "By branch: {means}, each the mean of {views}; single views from {low} to {high}.",
            means=means,
            views=ngettext("{n} view", "{n} views", len(scores.views)),
            low=decimals(scores.view_scores.min()),
            high=decimals(scores.view_scores.max()),
        ),
    ]
    return sentences(*words)


def _strength(context: Context) -> str:
    """Say how strong the evidence is, or how many outcomes of each kind there are."""
    counts = Counter(finding.outcome for _e, finding in context.examined)
    if not counts:
        return _("Not stated: no exhibit could be examined.")
    if len(context.exhibits) == 1:
        return concluded(next(context.examined)[1], context.scale)
    words = [
        _("{exhibits}: {outcome}.", exhibits=exhibits_words(counts[outcome]), outcome=f"{text[:1].lower()}{text[1:]}")
        for outcome, text in outcomes().items()
        if counts[outcome]
    ]
    return sentences(*words, _("Likelihood ratios, where there are any, stand under Strength of evidence."))


def _not_shown(context: Context) -> str:
    calibrated = any(f.outcome in ("supports_h1", "supports_h2") for _e, f in context.examined)
    words = [
        _("It does not settle whether a picture is genuine; a likelihood ratio is one piece of evidence among others.")
        if calibrated
        else _(
            "It does not show whether a picture is genuine, generated or altered: no support can be stated, neither for nor against."
        )
    ]
    if any(f.outcome == "supports_h2" for _e, f in context.examined):
        words.append(_("Support for H2 is no sign that a picture is unaltered."))
    words.append(_("Nor does it show who made or changed a picture, when, why, or in which place of it."))
    return sentences(*words)


def _next(context: Context) -> str:
    if not any(True for _e in context.examined):
        return _("Obtain readable copies of the files from the source, and examine these.")
    scored = [f for _e, f in context.examined if f.scores is not None]
    if scored:
        words = _(
            "Use the score only to decide what to look at more closely. Ask for the original file and its source, and compare with other "
            "pictures of the same event and device."
        )
        if any(code in WITHDRAWALS for f in scored for code in f.reason_codes):
            words = _(
                "Leave the score aside. Ask for the original file and its source, and compare with other pictures of the same event and "
                "device."
            )
        if context.redacted:
            return words
        return sentences(
            words, _("Have an expert in image examination read the residuals below before anything is concluded.")
        )
    return _("Ask for a larger or less processed copy of the picture, best the original file from the device.")


def _overview(context: Context) -> Block:
    shown = context.exhibits[:ROWS_ON_FRONT]
    n = len(context.exhibits)
    what = _("All exhibits.") if len(shown) == n else _("The first {shown} of {n} exhibits.", shown=len(shown), n=n)
    note = _(
        "The score is uncalibrated and not a probability. H1 and H2 are written out under Question and propositions."
    )
    return table(
        sentences(what, note),
        (_("Exhibit"), _("File"), _("Uncalibrated score"), _("Outcome")),
        (_overview_row(e, context.scale) for e in shown),
        numeric=(2,),
    )


def _overview_row(exhibit: Exhibit, scale: VerbalScale) -> tuple[str, str, str, str]:
    name = exhibit_name(exhibit, 60)
    number, none = str(exhibit.number), _("none")
    if exhibit.finding is None:
        return number, name, none, _("Not examined: the file could not be read")
    scores = exhibit.finding.scores
    score = none if scores is None else decimals(scores.score)
    lr = exhibit.finding.lr
    if lr is not None and exhibit.finding.outcome in ("supports_h1", "supports_h2"):
        words = support_words(lr, scale)
        return (
            number,
            name,
            score,
            _("{support} (log10 LR {llr})", support=f"{words[:1].upper()}{words[1:]}", llr=decimals(lr.llr, 2)),
        )
    return number, name, score, outcome_words(exhibit.finding)
