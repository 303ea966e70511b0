"""The validation report: the same engine as evidence reports, one HTML file without scripts, rendered from one record."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensics.calibration import Card
from forensics.calibration.displays import DISPLAYS, Display, TippettDisplay
from forensics.detector import Detector
from forensics.errors import ReportError
from forensics.evaluation.criteria import CHARACTERISTICS, Criteria
from forensics.evaluation.fitting import UNNAMED, described
from forensics.evaluation.matrix import MatrixRow, Validated, as_json
from forensics.evaluation.scoring import UNREADABLE, UNSAID, ScoredCopy
from forensics.judgement.outcomes import OUTCOMES
from forensics.judgement.rules import REASONS
from forensics.messages import ngettext
from forensics.records.arrays import Float64Array, IntArray
from forensics.records.writing import write_atomically
from forensics.report.blocks import (
    Block,
    Section,
    callout,
    code,
    curve_plot,
    curves,
    details,
    heading,
    items,
    key_values,
    paragraph,
    table,
)
from forensics.report.blocks import summary as statements
from forensics.report.case import Case
from forensics.report.document import write_document
from forensics.reproducibility import machine

__all__ = ["write_validation"]

SCHEMA = "forensics.evaluation/1.0"
METRICS = {  # name in the data to name and meaning in the report
    "cllr": ("Cllr", "Log-likelihood-ratio cost, bits; 1 for a system that always says LR = 1"),
    "eer": ("EER", "Equal error rate, on the convex hull of the ROC"),
    "cllr_min": ("Cllr min", "Cllr after the best calibration: what discrimination leaves"),
    "cllr_cal": ("Cllr cal", "Cllr less Cllr min: what calibration loses"),
    "devpav": ("devPAV", "Mean distance of the PAV curve from the identity, log10"),
    "expected_calibration_error": (
        "expected calibration error",
        "Mean distance of posterior and share of H1, at prior odds 1",
    ),
    "misleading_h2_beyond_10": ("H2 true, LR above 10", "Share of camera originals with an LR above 10"),
    "misleading_h1_beyond_10": ("H1 true, LR below 1/10", "Share of generated pictures with an LR below 1/10"),
    "coverage_h1": ("H1 fits", "Share of generated pictures that fit their class in the conformal test"),
    "coverage_h2": ("H2 fits", "Share of camera originals that fit their class in the conformal test"),
    "cllr_rise": ("rise of Cllr", "Against the same pictures as received"),
    "misleading_beyond_10": ("wrong side beyond 10", "Share of pictures with an LR beyond 10 on the wrong side"),
    "cllr_fall": ("fall of Cllr", "From one quality to the next lower one"),
}


def write_validation(
    validated: Validated,
    path: Path,
    *,
    card: Card,
    criteria: Criteria,
    scored: Sequence[ScoredCopy],
    detector: Detector,
    organisation: str | None,
    examiner: str | None,
    now: datetime,
) -> Path:
    """Write the report, and its data beside it as JSON.

    Nine parameters: each stands in the report by itself.

    Raises
    ------
    ReportError
        A file cannot be written.
    """
    data = {
        "schema": SCHEMA,
        "created": now.astimezone(UTC).isoformat(timespec="seconds"),
        "detector": {"name": detector.weights.manifest.name, "sha256": detector.sha256, "mode": detector.mode},
        "calibration_sha256": card.sha256,
        "criteria": {"name": criteria.name, "version": criteria.version, "sha256": criteria.sha256},
        "pictures": described(scored),
        "sources_of_the_calibration": _shared(card, scored),
        "left_out_because": dict(sorted(Counter(_reason(c.reasons) for c in scored if c.problem).items())),
        "machine": dict(machine()),
        "software": dict(card.software),
        **as_json(validated),
    }
    sections = {
        "summary": _summary(validated, criteria, data),
        "matrix": _matrix(validated, criteria),
        "outcomes": _outcomes(validated, data["left_out_because"]),
        "plots": _plots(validated.samples, validated.by_source),
        "card": _card(card),
        "limits": _limits(),
        "repeat": _repeat(criteria, data),
    }
    case = Case(
        number=f"validation of {card.weights.get('name', 'unnamed')}", examiner=examiner, organisation=organisation
    )
    written = write_document(
        path,
        schema=SCHEMA,
        title="Validation of a calibrated detector",
        sections=sections,
        case=case,
        now=now,
        data=data,
    )
    text = json.dumps(data, sort_keys=True, indent=1, allow_nan=False)
    write_atomically(path.with_suffix(".json"), f"{text}\n", error=ReportError)
    return written


def _summary(validated: Validated, criteria: Criteria, data: Mapping[str, Any]) -> Section:
    failed = [row for row in validated.rows if row.result == "failed"]
    passed = sum(1 for row in validated.rows if row.result == "passed")
    unmeasured = sum(1 for row in validated.rows if row.result == "not measured")
    pictures = data["pictures"]
    result = (
        f"{passed} of {passed + len(failed)} criteria were met." if passed + len(failed) else "Nothing was measured."
    )
    if failed:
        result += f" {ngettext('{n} criterion', '{n} criteria', len(failed))} failed, listed below."
    if unmeasured:
        result += f" {ngettext('{n} line', '{n} lines', unmeasured)} could not be measured, for lack of pictures of kinds that the calibration holds."
    shared = data["sources_of_the_calibration"]
    blocks: list[Block] = [
        statements(
            [
                ("What was validated", f"The detector “{data['detector']['name']}” with a calibration card, both named by digest below."),
                ("On what", f"{ngettext('{n} generated picture', '{n} generated pictures', pictures['fake'])} and {ngettext('{n} camera original', '{n} camera originals', pictures['real'])}, each as "
                 f"received and delivered in {len(pictures['deliveries']) - 1} other ways; {ngettext('{n} copy', '{n} copies', validated.left_out)} left out as unfit."),
                ("Against what", f"“{criteria.name}”, version {criteria.version}, read before any picture was looked at."),
                ("Result", result),
                ("What this does not show", "How the detector does on generators, cameras and kinds of pictures that are not among these."),
            ]
        )
    ]  # fmt: skip
    if shared:
        blocks.append(
            callout(
                "Not independent",
                f"Sources of the calibration are among these pictures: {', '.join(shared)}. What is measured on them is better than it "
                "would be elsewhere, and validates nothing.",
                tone="caution",
            )
        )
    if failed:
        blocks.append(
            callout(
                "Not all criteria are met",
                "Until they are, likelihood ratios of the kinds of pictures below must not be used in casework.",
                tone="caution",
            )
        )
        blocks.append(_rows_table("Criteria that failed", failed))
    return Section("Summary", blocks)


def _matrix(validated: Validated, criteria: Criteria) -> Section:
    blocks: list[Block] = [
        paragraph(
            "Each characteristic is measured by metrics, each metric is compared with a criterion that was declared before, after Meuwly, "
            "Ramos and Haraksim (Forensic Science International 276, 2017). Intervals are 95 percent bootstrap or Wilson intervals over pictures."
        ),
        paragraph(
            "Where the bounds of a kind of picture lie within 1/10 and 10, no LR can be beyond 10, and criteria about such LRs are met whatever "
            "the pictures; the bounds stand under The calibration."
        ),
    ]
    for characteristic in CHARACTERISTICS:
        rows = [row for row in validated.rows if row.characteristic == characteristic]
        if rows:
            blocks.append(heading(characteristic.capitalize()))
            blocks.append(_rows_table(f"{characteristic.capitalize()}: metric, criterion, result", rows))
    used = dict.fromkeys(row.metric for row in validated.rows)
    blocks.append(details("What the metrics are", [key_values("Metrics", [METRICS[m] for m in used])], opened=True))
    blocks.append(details("The criteria, as declared", [code(criteria.text)]))
    return Section("Validation matrix", blocks)


def _rows_table(caption: str, rows: Sequence[MatrixRow]) -> Block:
    return table(
        caption,
        ("Subject", "Metric", "H1", "H2", "Value (95 percent interval)", "Criterion", "Result"),
        ((r.subject, METRICS[r.metric][0], f"{r.n[0]:,}", f"{r.n[1]:,}", r.shown, r.criterion, r.result) for r in rows),
        numeric=(2, 3),
    )


def _outcomes(validated: Validated, reasons: Mapping[str, int]) -> Section:
    rows = []
    for side, counts in validated.outcomes.items():
        total = sum(counts.values())
        shares = [
            f"{counts.get(o, 0):,} ({100 * counts.get(o, 0) / total:.1f} %)" if total else "none" for o in OUTCOMES
        ]
        rows.append((f"{side} true", f"{total:,}", *shares))
    blocks: list[Block] = [
        paragraph(
            "What an examination of each picture as received would have said, its two harmless copies taken into account."
        ),
        table(
            "Outcomes by what is true",
            ("Pictures", "n", *(o.replace("_", " ").replace(" h", " H") for o in OUTCOMES)),
            rows,
            numeric=range(1, 2 + len(OUTCOMES)),
        ),
        table(
            "Why, by picture; a picture can have two reasons",
            ("Reason", "Pictures", "Meaning"),
            ((c, f"{n:,}", REASONS.get(c, c)) for c, n in sorted(validated.reasons.items(), key=lambda item: -item[1])),
            numeric=(1,),
        ),
    ]
    if reasons:
        blocks.append(
            table("Copies left out", ("Why", "Copies"), ((why, f"{n:,}") for why, n in reasons.items()), numeric=(1,))
        )
    if validated.withdrawn:
        blocks.append(
            table(
                "Kinds of pictures for which no likelihood ratio is stated",
                ("Kind", "Why"),
                sorted(validated.withdrawn.items()),
            )
        )
    return Section("Outcomes", blocks)


def _plots(
    samples: Mapping[str, tuple[Float64Array, IntArray]], by_source: Mapping[str, tuple[Float64Array, IntArray]]
) -> Section:
    blocks: list[Block] = []
    for name, (llrs, labels) in samples.items():
        n1 = int(labels.sum())
        if min(n1, len(labels) - n1) < 1:
            continue
        blocks.append(heading(name))
        blocks.append(
            curves(
                f"{name}: {n1:,} pictures of H1, {len(labels) - n1:,} of H2. log10 LR beyond ±3 is drawn at the edge.",
                (_plot(display.from_llrs(llrs, labels)) for display in DISPLAYS),
            )
        )
    tippett = [
        {**_plot(TippettDisplay.from_llrs(llrs, labels)), "title": name}
        for name, (llrs, labels) in by_source.items()
        if 0 < labels.sum() < len(labels)
    ]
    if tippett:
        blocks.append(heading("Tippett plots by source"))
        caption = "Each source with all pictures of the other class, of each picture its first delivery with a likelihood ratio."
        blocks.append(curves(caption, tippett))
    return Section("Plots", blocks)


def _plot(display: Display) -> Block:
    return curve_plot(
        display.title,
        ((c.name, c.role, c.x, c.y) for c in display.curves),
        x=(display.x_label, display.x_range),
        y=(display.y_label, display.y_range),
        alt=display.summary,
    )


def _card(card: Card) -> Section:
    blocks: list[Block] = [
        key_values(
            "Calibration card",
            [
                ("SHA-256", card.sha256),
                ("Made", card.created),
                ("For the detector, SHA-256", card.detector_sha256),
                ("H1", card.propositions.h1),
                ("H2", card.propositions.h2),
                ("Made from", _data_words(card.data)),
                ("Checked on", _data_words(card.checked_on) if card.checked_on else "nothing"),
                ("Level of the conformal test", f"{card.level:g}"),
            ],
        ),
        table(
            "Kinds of pictures with a likelihood ratio",
            ("Kind", "H1", "H2", "log10 LR from", "to", "Cllr, held out", "Held out"),
            (
                (name, f"{s.n[0]:,}", f"{s.n[1]:,}", f"{s.bounds[0]:.2f}", f"{s.bounds[1]:.2f}", f"{s.metrics['cllr'].value:.3f}", s.held_out)
                for name, s in sorted(card.strata.items())
            ),
            numeric=(1, 2, 3, 4, 5),
        ),
    ]  # fmt: skip
    return Section("The calibration", blocks)


def _data_words(data: Mapping[str, Any]) -> str:
    generated, camera = (
        ", ".join(f"{name} {n:,}" for name, n in data["sources"][side].items()) for side in ("fake", "real")
    )
    return (
        f"{data['fake']:,} generated pictures ({generated}) and {data['real']:,} camera pictures ({camera}); "
        f"digest {data['sha256']}"
    )


def _shared(card: Card, scored: Sequence[ScoredCopy]) -> list[str]:
    """Return the named sources that the card was made from too."""
    of_card = {name for side in card.data["sources"].values() for name in side} - {UNNAMED}
    return sorted(of_card & {c.source for c in scored if c.source != c.sha256})


def _reason(codes: Sequence[str]) -> str:
    """Return why a copy was left out, in words where the report has some."""
    words = {UNREADABLE: "not readable as a picture", UNSAID: "not scored"}
    return ", ".join(words.get(code, code) for code in codes)


def _limits() -> Section:
    return Section(
        "Limits",
        [
            items(
                (
                    "A result holds for pictures like these. Other generators, cameras, subjects and ways of processing need a validation of their own.",
                    "If a source of these pictures was used to train the weights, to fit the joint judgement, to make the card or to choose its "
                    "strata, results are better than they would be elsewhere. Only whoever chose the pictures can know.",
                    "Intervals say what the number of pictures leaves open, not how sources differ; the lines under Generalisation show that.",
                    "Copies were made by this toolkit in fixed ways; real services differ and change.",
                )
            )
        ],
    )


def _repeat(criteria: Criteria, data: Mapping[str, Any]) -> Section:
    return Section(
        "How to repeat this",
        [
            paragraph("With the same pictures, weights, card and software:"),
            code(
                "forensics validate LABELLED --out report.html --calibration card.json"
                + (" --criteria criteria.toml" if criteria.own else "")
            ),
            table(
                "What must agree before numbers are compared",
                ("Item", "Value"),
                [
                    ("detector, SHA-256", data["detector"]["sha256"]),
                    ("mode", data["detector"]["mode"]),
                    ("calibration, SHA-256", data["calibration_sha256"]),
                    ("criteria, SHA-256", criteria.sha256),
                    ("pictures, SHA-256", data["pictures"]["sha256"]),
                    *((f"software: {name}", version) for name, version in sorted(data["software"].items())),
                    *((f"machine: {name}", value) for name, value in sorted(data["machine"].items())),
                ],
            ),
            paragraph("To check that this file is unchanged:"),
            code("forensics verify report.html"),
        ],
    )
