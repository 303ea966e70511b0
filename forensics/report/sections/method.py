"""What was done, in which order and with what; and how another laboratory repeats it."""

import shlex
from collections import defaultdict

from forensics.calibration.likelihood import ENFSI_2015
from forensics.detector.finding import Finding
from forensics.messages import _, listed, moment
from forensics.records.canonical import visible
from forensics.report.blocks import Block, Section, code, heading, items, key_values, paragraph, table
from forensics.report.context import Context
from forensics.report.sections.phrases import exhibit_label, not_recorded, shares_words, shorten
from forensics.reproducibility import RunRecord

__all__ = ["method", "repeat"]

ARGUMENTS = 8  # names on one command line


def method(context: Context) -> Section:
    """Return the order of operations, software, weights and settings, once per distinct run."""
    blocks: list[Block] = [
        items(
            (
                _("The SHA-256 of the file's bytes was taken before anything was decoded."),
                _(
                    "The header was compared with limits on size, then the picture was decoded to 8-bit RGB and set upright."
                ),
                _("The picture was cut into views as the settings below say."),
                _(
                    "Each branch of the detector received every view, the noise residuals computed from it, or both, and gave two numbers "
                    "(logits), one for each of the classes ‘real’ and ‘fake’ it was trained on."
                ),
                _("The softmax of the two is the uncalibrated score of a view."),
                *_judgements(context),
                _("Where a calibration covers the picture, its card turned the joint score into a likelihood ratio."),
                _(
                    "Residual pictures were computed from the same pixels, for the eyes of an examiner; no score comes from them."
                ),
                _("This report was written. No step sent anything over a network."),
            )
        ),
        heading(_("Methods, and where each is known to fail")),
        table(_("Methods used"), (_("Method"), _("Purpose"), _("Source"), _("Known to fail")), _methods(context)),
    ]
    runs = _runs(context)
    if not runs:
        blocks.append(
            paragraph(_("No exhibit could be read, so that the steps after the second were not carried out."))
        )
    for run, numbers in runs:
        which = (
            exhibit_label(numbers[0])
            if len(numbers) == 1
            else _("Exhibits {numbers}", numbers=listed([str(n) for n in numbers]))
        )
        blocks.append(heading(which))
        pairs = [(_("Examined at"), moment(run.examined_at)), *_pairs(run.weights)]
        blocks.append(key_values(_("{exhibits}, weights", exhibits=which), pairs))
        blocks.append(key_values(_("{exhibits}, settings", exhibits=which), _pairs(run.settings)))
        caption = _("{exhibits}, software that can change a number", exhibits=which)
        blocks.append(table(caption, (_("Package"), _("Version")), _pairs(run.software)))
        blocks.append(key_values(_("{exhibits}, machine", exhibits=which), _pairs(run.platform)))
    return Section(_("What was done"), blocks)


def repeat(context: Context) -> Section:
    """Return the command that repeats the examination and the one that checks this file."""
    names = [] if context.redaction.get("names") else [e.name for e in context.exhibits]
    command = ["forensics", "examine", *_arguments(names), "--json", "repeated.jsonl", "--report", "repeated.html"]
    if any(finding.run.settings.get("mode") == "fast" for _e, finding in context.examined):
        command += ["--mode", "fast"]
    panels = {str(finding.run.settings.get("robustness", "quick")) for _e, finding in context.examined}
    if panels and panels != {"quick"}:
        command += ["--robustness", sorted(panels)[0]]
    if context.scale != ENFSI_2015:
        command += ["--scale", "SCALE.toml"]
    for option, value in (("--case-number", context.case.number), ("--examiner", context.case.examiner)):
        if value and _typable(value) and not context.redaction.get("names"):
            command += [option, shlex.quote(value)]
    for option, value, usual in (
        ("--language", context.language, "en"),
        ("--profile", context.profile, "investigator"),
    ):
        if value != usual and _typable(value):
            command += [option, shlex.quote(value)]
    blocks: list[Block] = [
        paragraph(_("Install the software in the versions listed under “What was done” and run, beside the exhibits:")),
        code(" ".join(command)),
        paragraph(
            _(
                "On the same machine and device, logits of exact mode are the same bit for bit; on another, the last digits "
                "of a score may differ. In fast mode a score may differ from that of exact mode by the tolerance among the "
                "settings. A score never depends on the other pictures of a run."
            )
        ),
        table(_("What must agree before numbers are compared"), (_("Item"), _("Value")), _agreement(context)),
        paragraph(_("To check that this file is unchanged and that the exhibits are the ones it speaks of:")),
        code("forensics verify report.html --evidence FOLDER"),
        paragraph(
            _(
                "The record at the end of this file holds everything that the page says, for machines. If the report was signed or "
                "time-stamped, the files lie beside it and are checked by the same command."
            )
        ),
    ]
    return Section(_("How to repeat this"), blocks)


def _methods(context: Context) -> list[tuple[str, str, str, str]]:
    rows = [
        (
            _("Detector of several branches"),
            _("a score per view and branch"),
            "Liu et al., CVPR 2022; Ding et al., CVPR 2022; Fridrich and Kodovský, IEEE TIFS 7 (2012)",
            _("generators and cameras it was not trained on; strong compression; small alterations"),
        )
    ]
    if any(f.lr is not None for _e, f in context.examined):
        rows.append(
            (
                _("Calibration to likelihood ratios"),
                _("strength of evidence"),
                "Brümmer and du Preez, CSL 20 (2006); Vergeer et al., Sci. Justice 56 (2016)",
                _("pictures unlike those of the calibration"),
            )
        )
    if any(f.robustness is not None for _e, f in context.examined):
        rows.append(
            (
                _("Copies delivered otherwise"),
                _("stability of the result"),
                "–",
                _("ways of delivery that are not in the list"),
            )
        )
    if any(f.kind == "residual" for f in context.figures):
        rows.append(
            (
                _("Residual pictures"),
                _("for the eyes of an examiner"),
                _("named under each picture"),
                _("said under each picture"),
            )
        )
    if context.attributions:
        rows.append(
            (
                _("Attribution"),
                _("what the networks responded to"),
                "Sundararajan et al., ICML 2017; Selvaraju et al., ICCV 2017; Zeiler and Fergus, ECCV 2014",
                _("does not find forged places; see what was measured of each map"),
            )
        )
    return rows


def _judgements(context: Context) -> list[str]:
    """Say how the joint score came about; exhibits may differ in it."""
    # In the order in which they first occur; None for a plain mean.
    fusions = [f.scores.fusion for _e, f in context.examined if f.scores is not None]
    texts = []
    if None in fusions or not fusions:
        texts.append(
            _("The joint score is a plain mean: scores were averaged over the views of a branch, then over branches.")
        )
    for shares in dict.fromkeys(shares_words(fusion) for fusion in fusions if fusion is not None):
        texts.append(
            _(
                "The joint score comes from a fitted sum of the branches' log-odds, averaged over all views and over the "
                "highest quarter of them. Their shares of its weights: {shares}.",
                shares=shares,
            )
        )
    return texts


def _agreement(context: Context) -> list[tuple[str, str]]:
    rows = [
        (_("forensics, version"), context.version),
        (_("list of dependencies (lock), SHA-256"), context.lock_sha256 or not_recorded()),
    ]
    seen: dict[str, str] = {}
    for _e, finding in context.examined:
        weights = finding.run.weights
        digest = weights.get("sha256")
        seen[shorten(weights.get("name", _("unnamed")), 100)] = digest if digest else not_recorded()
    rows += [(_("weights “{name}”, SHA-256", name=name), digest) for name, digest in seen.items()]
    cards = dict.fromkeys(str(f.run.settings.get("calibration_sha256") or "") for _e, f in context.examined)
    rows += [(_("calibration, SHA-256"), card or _("none")) for card in cards]
    rows.append((_("random seed"), _("none is used: nothing in a score is drawn at random")))
    rows += [(_("exhibit {number}, SHA-256", number=e.number), e.sha256 or not_recorded()) for e in context.exhibits]
    return rows


def _runs(context: Context) -> list[tuple[RunRecord, list[int]]]:
    """Group exhibits whose runs differ in the clock only."""
    groups: dict[str, list[int]] = defaultdict(list)
    first: dict[str, Finding] = {}
    for exhibit, finding in context.examined:
        run = finding.run
        key = repr(
            [sorted(part.items()) for part in (run.software, run.platform, run.weights)] + [_pairs(run.settings)]
        )
        groups[key].append(exhibit.number)
        first.setdefault(key, finding)
    return [(first[key].run, numbers) for key, numbers in groups.items()]


def _pairs(values: object) -> list[tuple[str, str]]:
    named = dict(values) if hasattr(values, "keys") else {}  # type: ignore[call-overload]  # a mapping by then
    return [(shorten(str(k), 100), _value(v)) for k, v in sorted(named.items())]


def _value(value: object) -> str:
    if value is None:
        return _("not set")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return shorten(str(value), 500) or _("(empty)")


def _typable(text: str) -> bool:
    """Return whether a reader can type the text from paper."""
    return len(text) <= 100 and visible(text) == text


def _arguments(names: list[str]) -> list[str]:
    typed = [shlex.quote(f"./{n}" if n.startswith("-") else n) for n in names if n and _typable(n)]
    if names and len(typed) == len(names) and len(names) <= ARGUMENTS:
        return typed
    return ["FILE..."]
