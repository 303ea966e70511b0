"""What a report holds: every section of the checklist, observations apart from conclusions, absence told apart from silence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from forensics.calibration import read_card
from forensics.custody import CustodyLog, Item
from forensics.errors import ReportError, UnknownNameError
from forensics.evidence import KnownFiles
from forensics.messages import Message
from forensics.records.converting import to_record
from forensics.report import Case, write_report
from forensics.report.checks.verification import read_record
from forensics.report.profile import PROFILES, Profile
from forensics.report.sections import SECTIONS
from forensics.report.sections.conclusion import odds_words
from forensics.types import ENFSI_2015, DeliveredScore, Finding, LikelihoodRatio, Robustness, VerbalScale
from tests import report_samples
from tests.calibrations import STARTER_CARD

CARD = read_card(STARTER_CARD)
STRATUM = next(iter(CARD.strata))


def weighed(llr: float = 0.5, *, outcome: str = "supports_h1", **changes: object) -> Finding:
    """A finding that the card of starter 0.3 weighed."""
    plain = report_samples.finding(n_views=6)
    lr = LikelihoodRatio(
        llr=llr, interval=(llr - 0.1, llr + 0.1), bounds=(-1.0, 0.7), at_bound=False, stratum=STRATUM, n=(275, 275),
        p_values=(0.4, 0.01), calibration_sha256=CARD.sha256, propositions=CARD.propositions,
    )  # fmt: skip
    run = replace(plain.run, settings={**plain.run.settings, "calibration_sha256": CARD.sha256})
    return replace(plain, lr=lr, outcome=outcome, run=run, propositions=CARD.propositions, caveats=(), **changes)


def texts_of(blocks: Sequence[dict[str, Any]]) -> str:
    """All that blocks say, one thing a line."""
    found: list[str] = []
    for block in blocks:
        for value in block.values():
            if isinstance(value, str):
                found.append(value)
            elif isinstance(value, list):
                rows = [v if isinstance(v, list) else [v] for v in value]
                found += [
                    " | ".join(str(cell) for cell in row) for row in rows if not any(isinstance(c, dict) for c in row)
                ]
        found.append(texts_of(block.get("blocks", ())))
    return "\n".join(found)


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., dict[str, str]]:
    def write(rows: Sequence[object], **options: object) -> dict[str, str]:
        path = write_report(rows, tmp_path / "r.html", now=report_samples.NOW, **options)  # type: ignore[arg-type]
        record = read_record(path)
        return {s["name"]: s["title"] + "\n" + texts_of(s["blocks"]) for s in record["sections"]}

    return write


def test_the_sections_of_the_checklist_stand_in_order(told: Callable[..., dict[str, str]]) -> None:
    assert list(told([weighed()])) == [
        "summary", "case", "question", "exhibits", "custody", "suitability", "provenance", "method", "findings", "strength",
        "explanation", "robustness", "validation", "conclusion", "limits", "alternatives", "review", "repeat",
    ]  # fmt: skip
    assert set(SECTIONS.names()) == set(told([weighed()]))


def test_a_conclusion_stands_in_its_section_and_on_the_first_page_alone(told: Callable[..., dict[str, str]]) -> None:
    sections = told([weighed()])
    sentence = "A score like this is about 2.5 to 4 times more expected if H1 is true than if H2 is: weak support for H1 over H2."
    assert [name for name, text in sections.items() if sentence in text] == ["summary", "conclusion"]
    order = list(sections["summary"].splitlines())
    assert [line.partition(" | ")[0] for line in order if " | " in line][:4] == [
        "What was asked", "What was examined", "What the detector measured", "How strong it is",
    ]  # fmt: skip


def test_words_of_another_scale_are_named_and_take_no_outcome_back(tmp_path: Path) -> None:
    own = VerbalScale(name="Own", source="Manual", version="7", neutral="nothing", bands=((1.5, "a hint"),))
    run = replace(
        report_samples.run(), settings={"scale": "ENFSI, version 3.0 (2015)", "scale_sha256": ENFSI_2015.sha256}
    )
    strong = replace(weighed(), run=run)
    page = write_report([strong], tmp_path / "a.html", scale=own, now=report_samples.NOW).read_text(encoding="utf-8")
    assert "decided with another verbal scale than that of this report: ENFSI, version 3.0 (2015)." in page
    assert "--scale SCALE.toml" in page
    page = write_report([strong], tmp_path / "b.html", now=report_samples.NOW).read_text(encoding="utf-8")
    assert "decided with another verbal scale" not in page
    with pytest.raises(ReportError, match="scale 'Own' has no word of support"):
        write_report([strong], tmp_path / "c.html", scale=replace(own, bands=((5, "a hint"),)))


def test_inconclusive_and_unsuitable_are_results(told: Callable[..., dict[str, str]]) -> None:
    open_ = weighed(0.05, outcome="inconclusive", reasons=(Message("interval_includes_1"),))
    text = told([open_, report_samples.unsuitable(), report_samples.unreadable()])["conclusion"]
    assert "This is a result: the examination was carried out" in text
    assert "This is a result: the picture does not carry what the method needs" in text
    assert "Nothing can be concluded of it, in either direction." in text
    assert "support for" not in text


def test_absent_empty_and_not_tested_read_differently(told: Callable[..., dict[str, str]]) -> None:
    plain = report_samples.finding(n_views=6)
    bare = replace(plain.evidence.metadata, exif={"Artist": " "}, software=("",), thumbnail=False)
    sections = told([replace(plain, evidence=replace(plain.evidence, metadata=bare))], case=Case(received="  "))
    assert "Software named | Present, but empty." in sections["provenance"]
    assert "Artist | Present, but empty." in sections["provenance"]
    assert "Embedded thumbnail | Looked for, absent." in sections["provenance"]
    assert "Received | Present, but empty." in sections["exhibits"]
    assert "How they were acquired | Not recorded." in sections["exhibits"]
    assert "Known files | Not tested: no list was given." in sections["exhibits"]
    assert "Not tested: no copy of this exhibit was examined." in sections["robustness"]
    assert "Not tested: no attribution was made" in sections["explanation"]


def test_nobody_is_sent_to_a_score_of_withdrawn_weights(told: Callable[..., dict[str, str]]) -> None:
    plain = report_samples.finding()
    assert "Use the score only to decide what to look at" in told([plain])["summary"]
    withdrawn = replace(plain, reasons=(Message("weights_withdrawn"),))
    summary = told([withdrawn])["summary"]
    assert "Leave the score aside. Ask for the original file" in summary
    assert "Use the score" not in summary


def test_every_field_of_a_case_is_printed(told: Callable[..., dict[str, str]]) -> None:
    names = [name for name in to_record(Case()) if name != "question"]
    case = Case(question="QUESTION?", **{name: f"<{name}>" for name in names})
    sections = told([weighed()], case=case)
    whole = "\n".join(sections.values())
    assert [name for name in names if f"<{name}>" not in whole] == []
    assert "“QUESTION?”" in sections["question"]


def test_contradicting_observations_are_listed(told: Callable[..., dict[str, str]]) -> None:
    received = DeliveredScore(
        delivery="as received", text="as received", score=0.9, llr=0.5, outcome="supports_h1", stratum=STRATUM
    )
    other = replace(received, delivery="JPEG 85", llr=-0.2, outcome="supports_h2")
    finding = weighed(robustness=Robustness(received=received, copies=(other,)))
    assert finding.scores is not None
    logits = finding.scores.logits.copy()
    logits[0, :, 1], logits[1, :, 1] = -2.0, 3.0
    text = told([replace(finding, scores=replace(finding.scores, logits=logits))])["findings"]
    assert "The branches disagree: replknet above 0 log-odds, convnext below." in text
    assert "changes its side when the picture is delivered otherwise: JPEG 85." in text
    assert "The file names a camera, the likelihood ratio supports H1." in text
    logits[0, :, 1] = 3.0
    quiet = replace(finding, robustness=None, scores=replace(finding.scores, logits=logits), outcome="inconclusive")
    assert "None among what was measured." in told([quiet])["findings"]


def test_validation_figures_come_from_the_card(told: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    text = told([weighed()], calibration=CARD)["validation"]
    stratum = CARD.strata[STRATUM]
    value, (low, high) = stratum.checked["cllr"].value, stratum.checked["cllr"].interval
    assert f"Cllr | {value:.3f} | {low:.3f} to {high:.3f}" in text
    assert f"Cllr | {stratum.metrics['cllr'].value:.3f}" in text
    assert CARD.sha256 in text
    assert "No calibration card was at hand" in told([report_samples.finding()])["validation"]
    other = weighed()
    other = replace(other, run=replace(other.run, settings={**other.run.settings, "calibration_sha256": "0" * 64}))
    assert "No calibration card was at hand" in told([other])["validation"]
    with pytest.raises(ReportError, match="Pass the card they were made with"):
        told([other], calibration=CARD)


def test_custody_is_printed_with_its_head(told: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    assert "No custody log was handed to this report." in told([weighed()])["custody"]
    finding = weighed()
    log = CustodyLog(tmp_path / "custody.jsonl")
    exhibit = Item(name="china.jpg", sha256=finding.evidence.sha256, n_bytes=finding.evidence.n_bytes)
    log.append("received", actor="A. Lee", inputs=[exhibit], note="sealed", now=report_samples.NOW)
    log.append("noted", actor="A. Lee", note="about something else", now=report_samples.NOW)
    text = told([finding], custody=log.path)["custody"]
    assert log.head in text
    assert (
        f"1 | 2026-01-02 03:04:05 UTC | A. Lee | received | china.jpg ({exhibit.sha256[:12]}…) | nothing | sealed"
        in text
    )
    assert "something else" not in text
    assert "Entries | 2" in text
    lines = log.path.read_bytes().replace(b"sealed", b"opened")
    log.path.write_bytes(lines)
    with pytest.raises(ReportError, match="the custody log is broken"):
        told([finding], custody=log.path)


def test_profiles_choose_sections_and_what_is_withheld(told: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    chosen = {name: list(told([weighed()], profile=name)) for name in PROFILES}
    assert chosen["investigator"] == list(told([weighed()]))
    assert not {"case", "custody", "review"} & set(chosen["newsroom"])
    assert not {"case", "custody", "review"} & set(chosen["course"])
    assert all(
        sections[0] == "summary" and "limits" in sections and "repeat" in sections for sections in chosen.values()
    )
    own = tmp_path / "lab.toml"
    own.write_text('sections = ["summary", "limits"]\n[redaction]\nwhat = "whole"\n', encoding="utf-8")
    assert list(told([weighed()], profile=own)) == ["summary", "limits"]
    assert b"data:image" not in (tmp_path / "r.html").read_bytes()
    told([weighed()], profile=own, redact=False)
    assert b'"what":"none"' in (tmp_path / "r.html").read_bytes()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ('sections = ["limits", "summary"]', ReportError, "begin with 'summary'"),
        ('sections = ["summary", "summary"]', ReportError, "name nothing twice"),
        ('sections = ["summary", "limit"]', UnknownNameError, "Did you mean 'limits'"),
        ("sections = 3", ReportError, "must be a list of names"),
        ('section = ["summary"]', ReportError, "which a profile does not have"),
        ("sections = [", ReportError, "it is no TOML"),
        ('sections = ["summary"]\nredaction = 3', ReportError, "must be a table"),
    ],
)
def test_profiles_that_are_none(text: str, error: type[Exception], message: str, tmp_path: Path) -> None:
    path = tmp_path / "lab.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(error, match=message):
        Profile.of(path)
    with pytest.raises(ReportError, match="There are: investigator, newsroom, course, victim"):
        Profile.of("court")


def test_a_victims_report_names_nobody_and_shows_nothing(told: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    finding = weighed()
    meta = replace(
        finding.evidence.metadata, exif={"GPSLatitude": "(48.0, 51.0, 30.2)", "Artist": "Jane Doe", "Make": "Canon"}
    )
    finding = replace(finding, evidence=replace(finding.evidence, metadata=meta, name="jane-doe-beach.jpg"))
    broken = report_samples.Unreadable(
        "photos of jane/broken-jane.jpg", ValueError("broken-jane.jpg: the file is empty.")
    )
    case = Case(
        number="7", examiner="R. Okafor", requester="Jane Doe", question="Is Jane on it?", received="from jane", information="Jane said",
        notes="jane", acquisition="jane's phone", status="Final",
    )  # fmt: skip
    log = CustodyLog(tmp_path / "custody.jsonl")
    items = [
        Item(name="jane.jpg", sha256=finding.evidence.sha256, n_bytes=1),
        Item(name="janes-list", sha256="c" * 64, n_bytes=1),
    ]
    log.append("received", actor="Jane Doe", inputs=items, note="from jane", now=report_samples.NOW)
    listed = tmp_path / "jane.sha256"
    listed.write_text(f"{finding.evidence.sha256}  jane-original.jpg\n", encoding="utf-8")
    sections = told(
        [finding, broken], profile="victim", case=case, custody=log.path, known=[KnownFiles.from_file(listed)]
    )
    assert "received | Exhibit 1 (" in sections["custody"]
    assert log.head in sections["custody"]
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    for secret in ("jane", "Jane", "Okafor", "48.0", "51.0", "data:image"):
        assert secret not in page, secret
    assert finding.evidence.sha256 in page
    assert "Withheld in this copy." in page
    assert "Canon" in page


def test_what_a_profile_leaves_out_is_not_in_the_record_either(
    told: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    finding = weighed()
    log = CustodyLog(tmp_path / "custody.jsonl")
    exhibit = Item(name="a.jpg", sha256=finding.evidence.sha256, n_bytes=1)
    log.append("received", actor="SECRET", inputs=[exhibit], now=report_samples.NOW)
    case = Case(
        number="7",
        **dict.fromkeys(("requester", "examiner", "notes", "technical_reviewer", "qualifications"), "SECRET"),
    )
    told([finding], profile="newsroom", case=case, custody=log.path)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "SECRET" not in page
    record = read_record(tmp_path / "r.html")
    assert (record["custody"], record["validation"], record["case"]["number"]) == (None, None, "7")


def test_the_words_hold_for_the_whole_interval() -> None:
    def words(low: float, llr: float, high: float, *, at_bound: bool = False) -> str:
        lr = LikelihoodRatio(
            llr=llr, interval=(low, high), bounds=(-1.0, 3.0), at_bound=at_bound, stratum="s", calibration_sha256=""
        )
        return odds_words(lr)

    assert words(-1.0, -1.0, -0.9, at_bound=True) == (
        "about 7.9 to 10 times more expected if H2 is true than if H1 is (the calibration carries no more)"
    )
    assert words(2.0, 2.5, 2.9) == "about 100 to 794 times more expected if H1 is true than if H2 is"
    assert words(0.5, 0.5, 0.5) == "about 3.2 times more expected if H1 is true than if H2 is"
    assert words(-0.1, 0.2, 0.4) == "about as expected if H1 is true as if H2 is"


def test_pictures_that_look_the_same_with_another_outcome_are_named(told: Callable[..., dict[str, str]]) -> None:
    one, other = weighed(), weighed(0.05, outcome="inconclusive")
    again = replace(other, evidence=replace(other.evidence, sha256="d" * 64))
    text = told([one, again, again])["findings"]
    assert (
        text.count(
            "Exhibit 1 looks the same (equal perceptual hashes) and came to another outcome: The findings support H1"
        )
        == 2
    )
    assert text.count("Exhibit 2 looks the same") == 1  # not of exhibit 3, whose outcome is the same


def test_a_signed_report_is_not_replaced(told: Callable[..., dict[str, str]], tmp_path: Path) -> None:
    told([weighed()])
    before = (tmp_path / "r.html").read_bytes()
    for ending in (".sig", ".tsq", ".tsr"):
        beside = tmp_path / f"r.html{ending}"
        beside.write_text("x", encoding="utf-8")
        with pytest.raises(ReportError, match=f"r.html{ending} was made for it"):
            told([weighed(0.45)])
        beside.unlink()
    assert (tmp_path / "r.html").read_bytes() == before


def test_a_case_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text('number = "12"\nquestion = "Real?"\n', encoding="utf-8")
    assert Case.from_file(path) == Case(number="12", question="Real?")
    path.write_text("number = 12\n", encoding="utf-8")
    with pytest.raises(ReportError, match="Write it in quotes"):
        Case.from_file(path)
    path.write_text('nummer = "12"\n', encoding="utf-8")
    with pytest.raises(ReportError, match="nummer"):
        Case.from_file(path)
    with pytest.raises(ReportError, match="Check the path"):
        Case.from_file(tmp_path / "none.toml")
