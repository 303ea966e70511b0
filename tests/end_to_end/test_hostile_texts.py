"""Three hundred hostile texts in every field that a person or a file can set: shown harmlessly, and none of it lost."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forensics.custody import CustodyLog, Item
from forensics.errors import EvidenceError
from forensics.messages import quoted
from forensics.records.canonical import storable
from forensics.records.converting import to_record
from forensics.report import Case, verify_report, write_report
from forensics.report.checks.verification import read_record
from forensics.types import Caveat, Evidence, Finding, LikelihoodRatio, Metadata, Propositions, Provenance, VerbalScale
from tests import report_samples
from tests.browser import CHROMIUM, Page, chromium
from tests.hostile import hostile_texts

TEXTS = tuple(hostile_texts())


class Skeleton(HTMLParser):
    """The kinds of tags of a page, each with the names of its attributes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[tuple[str, tuple[str, ...]]] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add((tag, tuple(name for name, _ in attrs)))


def set_everywhere(text: str) -> tuple[list[Finding | report_samples.Unreadable], Case, VerbalScale]:
    """Return findings, a case and a scale that hold the text wherever a person or a file can put one."""
    plain = report_samples.finding(report_samples.evidence(name="a.jpg"), n_views=6)
    provenance = Provenance(
        state="invalid", manifest=text, claim_generator=text, title=text, signer=text, issuer=text, signed_at=text, actions=(text,),
        source_types=(text,), codes=((text, text, text),), failures=(text,), remote_url=text, message=quoted(text), sdk_version=text,
        trust_list_name=text, trust_list_sha256="b" * 64,
    )  # fmt: skip
    metadata = Metadata(
        exif={text or "empty": text, "Make": text, "Model": text, "Artist": text},
        software=(text,), provenance=provenance, jpeg_quality=80.0, subsampling=text, icc_profile=text, stored_mode=text, stored_size=(640, 427),
    )  # fmt: skip
    picture = Evidence(
        pixels=plain.evidence.pixels[:0, :0], sha256="a" * 64, name=text, media_type="image/jpeg", n_bytes=1, metadata=metadata,
        remarks=(quoted(text),), width=640, height=427,
    )  # fmt: skip
    scored = replace(plain.scores, branches=(text + "a", text + "b"), views=tuple(f"{text}{k}" for k in range(6)))
    propositions = Propositions(h1=text, h2=text)
    lr = LikelihoodRatio(
        llr=0.5, interval=(0.4, 0.6), bounds=(-1.0, 1.0), at_bound=False, stratum=text, calibration_sha256=text, propositions=propositions
    )  # fmt: skip
    run = replace(
        plain.run,
        weights={"name": text, "sha256": text},
        settings={"views": text, text or "none": text},
        platform={"device": text},
    )
    finding = replace(
        plain, evidence=picture, scores=scored, reasons=(Caveat(code=text, text=text),), caveats=(Caveat(code=text, text=text),), run=run, lr=lr,
        propositions=propositions, outcome="supports_h1", localisation=None,
    )  # fmt: skip
    words = text if text.strip() else "words"
    scale = VerbalScale(name=words, source=words, version=words, neutral=words, bands=((2.0, words), (10.0, words)))
    case = Case(**{f.name: text for f in fields(Case)})
    rows = [
        finding,
        report_samples.Unreadable(text, EvidenceError("empty")),
        report_samples.Unreadable("b", EvidenceError(text)),
    ]
    return rows, case, scale


def skeleton(page: str) -> set[tuple[str, tuple[str, ...]]]:
    parser = Skeleton()
    parser.feed(page)
    parser.close()
    return parser.tags


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, tuple[str, ...]]]:
    path = tmp_path_factory.mktemp("h") / "r.html"
    found: set[tuple[str, tuple[str, ...]]] = set()
    for text in ("harmless", "", " ", "two\nlines"):
        rows, case, scale = set_everywhere(text)
        log = CustodyLog(path.with_suffix(f".{len(text)}.jsonl"))
        log.append(
            "noted",
            actor="nobody",
            inputs=[Item(name=text, sha256="a" * 64, n_bytes=1)],
            note=text,
            now=report_samples.NOW,
        )
        write_report(rows, path, case=case, scale=scale, custody=log.path, now=report_samples.NOW)
        found |= skeleton(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("part", range(10))
def test_every_text_is_shown_and_none_is_lost(
    part: int, harmless: set[tuple[str, tuple[str, ...]]], tmp_path: Path
) -> None:
    unseen = re.compile(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
    )
    for k, text in enumerate(TEXTS[part * 30 : part * 30 + 30]):
        rows, case, scale = set_everywhere(text)
        language = ("en", "zh", "ko")[k % 3]
        path = write_report(
            rows, tmp_path / "r.html", case=case, scale=scale, language=language, now=report_samples.NOW
        )
        page = path.read_text(encoding="utf-8")
        assert skeleton(page) <= harmless, (text[:80], skeleton(page) - harmless)
        assert not unseen.search(page), text[:80]
        assert verify_report(path).ok, text[:80]
        record = read_record(path)
        assert record["case"] == storable(to_record(case))
        finding = rows[0]
        assert isinstance(finding, Finding)
        assert record["findings"][0] == storable(finding.to_dict())
        assert record["findings"][2]["error"] == storable(text)


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_a_browser_runs_none_of_it(tmp_path: Path) -> None:
    rows: list[Finding | report_samples.Unreadable] = []
    for text in TEXTS:
        if len(text) < 10_000:
            rows += set_everywhere(text)[0]
    path = write_report(
        rows, tmp_path / "r.html", case=set_everywhere("<script>alert(1)</script>")[1], now=report_samples.NOW
    )
    with chromium() as page:
        page.resize(1000, 1300)
        _opened(page, path)


def _opened(page: Page, path: Path) -> None:
    page.open(path)
    assert page.complaints == []
    assert page.dialogs == []
    assert page.value("document.scripts.length") == 0
    assert page.value("document.querySelectorAll('main > section').length") == 19
    assert page.value("getComputedStyle(document.querySelector('h1')).fontSize") == "33.6px"
    assert page.value("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    cut: Mapping[str, object] = page.value(
        "({n: document.querySelectorAll('iframe,object,embed,link,base,form').length})"
    )
    assert cut == {"n": 0}
