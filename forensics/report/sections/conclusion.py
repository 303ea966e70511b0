"""What may be concluded, what the findings do not carry, what else could explain them, and who has read this."""

from collections.abc import Iterator
from itertools import chain

from forensics.calibration.likelihood import LikelihoodRatio, VerbalScale
from forensics.detector.finding import Finding
from forensics.messages import Message, _, direct, grouped
from forensics.report.blocks import Block, Section, callout, heading, items, key_values, paragraph, sign_off, table
from forensics.report.context import Context, Exhibit
from forensics.report.sections.phrases import (
    exhibit_title,
    outcome_words,
    reason_words,
    text_or,
)

__all__ = ["alternatives", "concluded", "conclusion", "limits", "odds_words", "review", "support_words"]


def odds_words(lr: LikelihoodRatio) -> str:
    """Return what a likelihood ratio says, over its interval: ``about 8 to 10 times more expected if H1 is true than if H2 is``."""
    if lr.cautious == 0.0:
        return _("about as expected if H1 is true as if H2 is")
    first, second = ("H1", "H2") if lr.cautious > 0 else ("H2", "H1")
    ends = sorted(abs(end) for end in lr.interval)
    low, high = (_factor(10.0**end) for end in ends)
    values = {
        "factor": low if low == high else _("{low} to {high}", low=low, high=high),
        "first": first,
        "second": second,
    }
    said = _("about {factor} times more expected if {first} is true than if {second} is", **values)
    if lr.at_bound:
        return _("{said} (the calibration carries no more)", said=said)
    return said


def _factor(value: float) -> str:
    return f"{value:.2g}" if value < 99.5 else grouped(value)


def support_words(lr: LikelihoodRatio, scale: VerbalScale) -> str:
    """Return the words of the scale in force: ``moderate support for H1 over H2``."""
    strength = direct(scale.strength(lr.cautious))
    if scale.is_neutral(lr.cautious):
        return _("{strength} for either proposition", strength=strength)
    if lr.cautious > 0:
        return _("{strength} for H1 over H2", strength=strength)
    return _("{strength} for H2 over H1", strength=strength)


def concluded(finding: Finding, scale: VerbalScale) -> str:
    """Return what may be concluded of one finding, in words that the likelihood ratio carries."""
    reason = reason_words(finding)
    if finding.lr is None or finding.outcome not in ("supports_h1", "supports_h2"):
        return _("{outcome}. {reason}", outcome=outcome_words(finding), reason=reason)
    return _(
        "A score like this is {odds}: {support}. H1: {h1} H2: {h2} {reason}",
        odds=odds_words(finding.lr),
        support=support_words(finding.lr, scale),
        h1=text_or(direct(finding.lr.propositions.h1)),
        h2=text_or(direct(finding.lr.propositions.h2)),
        reason=reason,
    )


def conclusion(context: Context) -> Section:
    """Return one conclusion per exhibit; “inconclusive” and “not suitable” are results and read as such."""
    blocks: list[Block] = [
        paragraph(
            _(
                "A conclusion here speaks of the findings given the propositions, never of the propositions themselves: how probable "
                "it is that a picture is generated or altered depends on all other evidence and is for others to judge. How often the method errs "
                "on pictures of known origin stands under Validation, where a calibration covers them."
            )
        )
    ]
    each = (_conclusion(exhibit, context.scale) for exhibit in context.exhibits)
    return Section(_("Conclusion"), chain(blocks, chain.from_iterable(each)))


def _conclusion(exhibit: Exhibit, scale: VerbalScale) -> Iterator[Block]:
    yield heading(exhibit_title(exhibit))
    finding = exhibit.finding
    if finding is None:
        text = _("Not examined: the file could not be read. Nothing can be concluded of it, in either direction.")
        yield paragraph(text)
        return
    yield paragraph(concluded(finding, scale))
    if finding.outcome == "inconclusive":
        text = _(
            "This is a result: the examination was carried out. For the reason above, no words of support are given to either proposition."
        )
        yield paragraph(text)
    elif finding.outcome == "unsuitable":
        text = _("This is a result: the picture does not carry what the method needs, whichever proposition is true.")
        yield paragraph(text)


def limits(context: Context) -> Section:
    """Return the limits of the method, of this case, and what was not tested."""
    blocks: list[Block] = [items(_general())]
    particular: dict[Message, list[int]] = {}
    for exhibit, finding in context.examined:
        for caveat in finding.caveats:
            particular.setdefault(caveat, []).append(exhibit.number)
    blocks.append(heading(_("In this case")))
    if particular:
        blocks.append(
            items(
                f"{_of(numbers, context)}{text_or(caveat.said(), limit=600)} [{text_or(caveat.code, limit=80)}]"
                for caveat, numbers in particular.items()
            )
        )
    else:
        blocks.append(paragraph(_("The detector recorded no particular reservations.")))
    if context.redacted:
        blocks.append(
            paragraph(_("This copy is redacted: what is covered cannot be checked in it, residuals included."))
        )
    blocks.append(table(_("Not tested in this examination"), (_("Question"), _("Why")), _untested(context)))
    blocks.append(
        callout(
            _("Use of machine learning"),
            _(
                "Networks of this kind are machine-learning systems: what they respond to was learned from pictures and not written "
                "down by anyone. This report is meant for use together with an expert who can be questioned about it."
            ),
        )
    )
    return Section(_("Limits"), blocks)


def alternatives(context: Context) -> Section:  # noqa: ARG001  # every section takes the context
    """Return innocent reasons for a high score and other reasons for a low one, balanced."""
    return Section(
        _("Alternative explanations"),
        [
            heading(_("A higher score may also come from")),
            items(
                (
                    _(
                        "processing in the camera or phone: night mode, portrait blur, noise reduction, sharpening, upscaling;"
                    ),
                    _("retouching that leaves the content true: colour, contrast, dust, cropping and scaling;"),
                    _("repeated saving by messaging services and social networks, conversion between formats;"),
                    _("screenshots, scans, photographs of screens or prints, drawings, text and graphics."),
                )
            ),
            heading(_("A lower score may also come from")),
            items(
                (
                    _("a generator or editing tool that the detector never saw;"),
                    _("added grain, blur or compression after an alteration, on purpose or in transit;"),
                    _("an alteration that is small beside the picture, or lies between the views;"),
                    _("a photograph of a generated picture, or a true photograph of a staged scene."),
                )
            ),
        ],
    )


def review(context: Context) -> Section:
    """Return who has read the report, and the lines on which it is signed."""
    c = context.case
    blocks: list[Block] = [
        key_values(
            _("Review"),
            [
                (_("Technical review"), text_or(c.technical_reviewer, _("None was recorded."))),
                (_("Administrative review"), text_or(c.administrative_reviewer, _("None was recorded."))),
                (_("Repeated with a second tool"), text_or(c.second_tool, _("Not tested."))),
            ],
        ),
        paragraph(
            _(
                "A review checks that the question was answered with fit methods, that the conclusion follows from the findings, and that "
                "the record repeats. A second tool that rests on the same training pictures is no independent check."
            )
        ),
        sign_off((_("Examiner"), _("Technical review"))),
    ]
    return Section(_("Review and sign-off"), blocks)


def _general() -> tuple[str, ...]:
    return (
        _(
            "A score is no measure of certainty, however near to 0 or 1. Only a likelihood ratio says how strong the findings are, and "
            "where none is stated, how often pictures of known origin get such a score is not known for this kind of picture."
        ),
        _(
            "A likelihood ratio holds for pictures like those of its calibration. Its interval says what the number of those pictures "
            "leaves open; it does not cover generators and cameras that were not among them."
        ),
        _(
            "What a court may believe about the picture depends on all other evidence too. A likelihood ratio is no such belief."
        ),
        _(
            "The detector knows the pictures it was trained on. Generators, editing tools and cameras that came later, "
            "or that were not part of the training, can give any score."
        ),
        _(
            "Saving, scaling, cropping, screenshots and messaging services remove the traces that are looked for; they "
            "can move the score in either direction."
        ),
        _(
            "An alteration of a small part can be lost in the mean over many views; a score of one view is not a "
            "localisation either."
        ),
        _(
            "A residual picture always shows something. Structure in it has to be compared with what is normal for the "
            "subject, the camera and the compression."
        ),
    )


def _untested(context: Context) -> list[tuple[str, str]]:
    rows = [
        (_("Source camera (sensor pattern noise)"), _("Needs reference pictures from the device.")),
        (_("Consistency of light, shadow, perspective, reflections"), _("Needs an examiner.")),
        (_("Content, place, time, persons"), _("Needs other sources than the file.")),
        (_("Copies and earlier publication"), _("Nothing was searched for outside the exhibits.")),
    ]
    if any(f.evidence.metadata.provenance.state == "not_tested" for _e, f in context.examined):
        rows.insert(1, (_("Signature of a C2PA manifest"), _("Only the presence of a manifest was looked for.")))
    if any(finding.robustness is None for _e, finding in context.examined):
        rows.append(
            (_("Stability under recompression and resizing"), _("No copies were scored, or not of every exhibit."))
        )
    if not context.attributions:
        rows.append((_("What the networks responded to"), _("No attribution was made for this report.")))
    return rows


def _of(numbers: list[int], context: Context) -> str:
    """Name the exhibits that a reservation is about, unless there is but one."""
    if len(context.exhibits) == 1:
        return ""
    listed = _(", ").join(map(str, numbers))
    if len(numbers) == 1:
        return _("Exhibit {numbers}: ", numbers=listed)
    return _("Exhibits {numbers}: ", numbers=listed)
