"""What was done, in which order and with what; and how another laboratory repeats it."""

import shlex
from collections import defaultdict

from forensics.report.blocks import Block, Section, code, heading, items, key_values, paragraph, table
from forensics.canonical import shorten, visible
from forensics.report.context import Context
from forensics.report.sections.phrases import branch_words, shares_words
from forensics.types import Finding, RunRecord

__all__ = ["method", "repeat"]

ARGUMENTS = 8  # names on one command line


def method(context: Context) -> Section:
    """Return the order of operations, software, weights and settings, once per distinct run."""
    blocks: list[Block] = [
        items(
            (
                "The SHA-256 of the file's bytes was taken before anything was decoded.",
                "The header was compared with limits on size, then the picture was decoded to 8-bit RGB and set upright.",
                "The picture was cut into views as the settings below say.",
                "Each branch of the detector received every view, the noise residuals computed from it, or both, and gave two numbers "
                "(logits), one for each of the classes ‘real’ and ‘fake’ it was trained on.",
                "The softmax of the two is the uncalibrated score of a view.",
                *_judgements(context),
                "Residual pictures were computed from the same pixels, for the eyes of an examiner; no score comes from them.",
                "This report was written. No step sent anything over a network.",
            )
        )
    ]
    runs = _runs(context)
    if not runs:
        blocks.append(paragraph("No exhibit could be read, so that the steps after the second were not carried out."))
    for run, numbers in runs:
        which = (
            "Exhibit " + str(numbers[0]) if len(numbers) == 1 else "Exhibits " + branch_words([str(n) for n in numbers])
        )
        blocks.append(heading(which))
        blocks.append(
            key_values(f"{which}, weights", [("Examined at", run.examined_at), *_pairs(run.weights, "weights ")])
        )
        blocks.append(key_values(f"{which}, settings", _pairs(run.settings)))
        blocks.append(
            table(f"{which}, software that can change a number", ("Package", "Version"), _pairs(run.software))
        )
        blocks.append(key_values(f"{which}, machine", _pairs(run.platform)))
    return Section("What was done", blocks)


def repeat(context: Context) -> Section:
    """Return the command that repeats the examination and the one that checks this file."""
    names = [e.name for e in context.exhibits]
    command = ["forensics", "examine", *_arguments(names), "--json", "findings.jsonl", "--report", "report.html"]
    if any(finding.run.settings.get("mode") == "fast" for _, finding in context.examined):
        command += ["--mode", "fast"]
    panels = {str(finding.run.settings.get("robustness", "quick")) for _, finding in context.examined}
    if panels and panels != {"quick"}:
        command += ["--robustness", panels.pop()]
    if context.case.number and _typable(context.case.number):
        command += ["--case-number", shlex.quote(context.case.number)]
    if context.case.examiner and _typable(context.case.examiner):
        command += ["--examiner", shlex.quote(context.case.examiner)]
    blocks: list[Block] = [
        paragraph("Install the software in the versions listed under “What was done” and run, beside the exhibits:"),
        code(" ".join(command)),
        paragraph(
            "On the same machine and device, logits of exact mode are the same bit for bit; on another, the last digits "
            "of a score may differ. In fast mode a score may differ from that of exact mode by the tolerance among the "
            "settings. A score never depends on the other pictures of a run."
        ),
        table(
            "What must agree before numbers are compared",
            ("Item", "Value"),
            _agreement(context),
        ),
        paragraph("To check that this file is unchanged and that the exhibits are the ones it speaks of:"),
        code("forensics verify report.html --evidence FOLDER"),
    ]
    return Section("How to repeat this", blocks)


def _judgements(context: Context) -> list[str]:
    """Say how the joint score came about; exhibits may differ in it."""
    scored = [f.scores for _, f in context.examined if f.scores is not None]
    texts = []
    if any(s.fusion is None for s in scored) or not scored:
        texts.append(
            "The joint score is a plain mean: scores were averaged over the views of a branch, then over branches."
        )
    for shares in dict.fromkeys(shares_words(s.fusion) for s in scored if s.fusion is not None):
        texts.append(
            "The joint score comes from a fitted sum of the branches' log-odds, averaged over all views and over the "
            f"highest quarter of them. Their shares of its weights: {shares}."
        )
    return texts


def _agreement(context: Context) -> list[tuple[str, str]]:
    rows = [("forensics, version", context.version)]
    seen: dict[str, str] = {}
    for _, finding in context.examined:
        weights = finding.run.weights
        digest = weights.get("sha256")
        seen[shorten(weights.get("name", "unnamed"), 100)] = digest if digest else "not recorded"
    rows += [(f"weights “{name}”, SHA-256", digest) for name, digest in seen.items()]
    cards = dict.fromkeys(str(f.run.settings.get("calibration_sha256") or "none") for _, f in context.examined)
    rows += [("calibration, SHA-256", card) for card in cards]
    rows += [(f"exhibit {e.number}, SHA-256", f.evidence.sha256) for e, f in context.examined]
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


def _pairs(values: object, prefix: str = "") -> list[tuple[str, str]]:
    named = dict(values) if hasattr(values, "keys") else {}  # type: ignore[call-overload]  # a mapping by then
    return [(prefix + shorten(str(k), 100), _value(v)) for k, v in sorted(named.items())]


def _value(value: object) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shorten(str(value), 500) or "(empty)"


def _typable(text: str) -> bool:
    """Return whether a reader can type the text from paper."""
    return len(text) <= 100 and visible(text) == text


def _arguments(names: list[str]) -> list[str]:
    typed = [shlex.quote(f"./{n}" if n.startswith("-") else n) for n in names if n and _typable(n)]
    if len(typed) == len(names) and len(names) <= ARGUMENTS:
        return typed
    return ["FILE..."]
