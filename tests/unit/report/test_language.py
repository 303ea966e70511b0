"""Every text that a report can say stands in every language, with the same values in it; numbers and dates read as there."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import forensics as fx
from forensics.attribution.rendering import draw
from forensics.errors import NotCalibratedError, ReportError
from forensics.judgement.deliveries import DELIVERIES
from forensics.judgement.rules import WITHDRAWALS, judge
from forensics.report.language import (
    _,
    decimals,
    grouped,
    language,
    listed,
    measured,
    moment,
    ngettext,
    signed,
    size,
    speaking,
    unmatched,
)
from forensics.report.language.speaking import catalogue
from tests.calibrations import STARTER_CARD
from tests.catalogues import TRANSLATED, texts
from tests.planted import detector_of, grainy, planted_branch

NAMES = re.compile(r"{(\w+)}")
SIGNS = re.compile(r"[\W\d_]*|(Cllr|devPAV|Grad-CAM|log10 LR|SD|JPEG)( \w+)?|, SHA-256 ")  # need no translation


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_text_is_missing_and_none_is_left_over(code: str) -> None:
    wanted = texts()
    held = {m.id if isinstance(m.id, str) else m.id[0]: m for m in catalogue(code) if m.id}
    assert sorted(set(wanted) - set(held)) == [], "run python -m tests.catalogues and translate what is empty"
    assert sorted(set(held) - set(wanted)) == [], "run python -m tests.catalogues"
    said = {text: m.string if isinstance(m.string, str) else m.string[0] for text, m in held.items()}
    assert [text for text, there in said.items() if not there.strip() and text.strip()] == []
    assert [text for text, m in held.items() if m.fuzzy] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_translations_hold_the_same_values(code: str) -> None:
    for message in catalogue(code):
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[0]
        said = message.string if isinstance(message.string, str) else message.string[0]
        assert set(NAMES.findall(said)) == set(NAMES.findall(source)), source
        assert "{" not in NAMES.sub("", said), source
        if not SIGNS.fullmatch(NAMES.sub("", source)):
            assert said != source, source


@pytest.fixture(scope="module")
def of_pictures(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return list(_measured_of_pictures(tmp_path_factory.mktemp("pictures")))


@pytest.mark.parametrize("code", TRANSLATED)
def test_what_the_detector_says_is_known(code: str, of_pictures: list[str]) -> None:
    with speaking(code):
        left = [text for text in (*_told(), *of_pictures) if unmatched(text)]
    assert [text for text in left if not SIGNS.fullmatch(text)] == []


def _told() -> Iterator[str]:
    """Yield sentences as the parts that make them make them."""
    from forensics.calibration import read_card
    from forensics.types import Caveat

    card = read_card(STARTER_CARD)
    names = [*card.strata, *(m for s in card.strata.values() for m in s.members)]
    for name in names:
        yield name
        for log_odds in (-9.0, -3.0, -1.0, 0.0, 1.0, 3.0, 9.0):
            judgement = judge(log_odds, stratum=name, card=card)
            yield judgement.reason
            yield from (c.text for c in judgement.caveats)
    for name in (*card.withdrawn, "something else"):
        yield judge(0.0, stratum=name, card=card).reason
        with pytest.raises(NotCalibratedError):
            card.stratum(name)
    for withdrawn in ("", *WITHDRAWALS):
        yield judge(0.0, stratum="", card=None, withdrawn=withdrawn).reason
    yield judge(0.0, stratum=names[0], card=card, against=(Caveat(code="a", text="The short side has 40 pixels; at least 64 are needed."),)).reason  # fmt: skip
    for delivery in DELIVERIES.values():
        yield delivery.name
        yield delivery.text


def _measured_of_pictures(folder: Path) -> Iterator[str]:
    """Yield what is said of odd pictures, and of attributions of every kind."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (96, 130, 3), dtype=np.uint8)
    made = {
        "a.png": Image.fromarray(levels).convert("RGBA"), "b.png": Image.fromarray(levels[..., 0].astype(np.uint16) * 257),
        "c.gif": Image.fromarray(levels).quantize(16), "d.tif": Image.fromarray(levels).convert("CMYK"),
        "e.png": Image.fromarray(levels).convert("L"), "f.png": Image.fromarray(levels).convert("LA"), "g.jpeg.png": Image.fromarray(levels),
        "h.jpg": Image.fromarray(np.full_like(levels, 90)), "i.jpg": Image.fromarray(levels[:30]),
    }  # fmt: skip
    detector = fx.load_detector(calibration=STARTER_CARD)
    for name, picture in made.items():
        path = folder / name
        exif = Image.Exif()
        exif[0x0112] = 6
        options = {"exif": exif} if name in ("a.png", "g.jpeg.png") else {}
        kind = "JPEG" if name == "g.jpeg.png" else None
        picture.save(path, format=kind, **options)
        finding = detector.examine(path, robustness="full" if name == "e.png" else "none")
        yield finding.reason
        yield from finding.evidence.notes
        yield from (caveat.text for caveat in finding.caveats)
        if finding.robustness is not None:
            yield from (text for row in finding.robustness.copies for text in (row.delivery, row.text))
    planted = detector_of(place=planted_branch())
    for method in ("integrated_gradients", "gradient_shap", "occlusion", "group_ablation"):
        why = fx.attribute(
            planted, grainy(), branch="place", method=method, trust="full" if method == "occlusion" else "quick"
        )
        yield from (check.text for check in why.trust.checks)
        yield why.trust.words
        if why.part is not None:
            drawing = draw(why)
            yield from (drawing.caption, drawing.alt, drawing.low, drawing.high)


def test_measured_sentences_keep_their_values() -> None:
    text = "The interval of the likelihood ratio includes 1. The file holds 3 frames; the first was examined."
    with speaking("zh"):
        said = measured(text)
        assert "3" in said
        assert not unmatched(text)
        assert unmatched("Nobody ever wrote this.")
        assert measured("Nobody ever wrote this.") == "Nobody ever wrote this."
        assert unmatched(text + " Nobody ever wrote this.")
    assert measured(text) == text
    assert not unmatched("Nobody ever wrote this.")  # English stays English


def test_values_within_sentences_are_translated_too() -> None:
    text = (
        "The calibration holds nothing for pictures of this kind (no face found, not JPEG, short side below 256): no picture of this "
        "kind was among those it was made from. Use the score only to decide what to look at more closely, or calibrate with pictures "
        "of this kind ('forensics calibrate')."
    )
    for code in TRANSLATED:
        with speaking(code):
            said = measured(text)
        assert "forensics calibrate" in said
        assert not re.search("no face|short side|made from", said)


def test_hostile_text_is_left_alone() -> None:
    with speaking("ko"):
        for text in (
            "{0.__class__}",
            "{branch}",
            "a" * 100_000,
            "",
            "(",
            "The interval of the likelihood ratio includes 1.{x}",
        ):
            assert measured(text) == text


def test_the_language_is_put_back() -> None:
    def fail() -> None:
        with speaking("zh"):
            assert language() == "zh"
            raise RuntimeError

    assert language() == "en"
    with pytest.raises(RuntimeError):
        fail()
    assert language() == "en"
    with pytest.raises(ReportError, match="'tlh', only in: en, zh, ko"), speaking("tlh"):
        pass


def test_numbers_and_dates() -> None:
    assert decimals(-1.2345, 2) == "−1.23"
    assert decimals(0.5, 0) == "0"  # as Python rounds
    assert decimals(1234.5, 1) == "1234.5"
    assert decimals("none") == "none"
    assert decimals(float("nan")) == "nan"
    assert (signed(0.5), signed(-0.5), signed(0.0)) == ("+0.50", "−0.50", "+0.00")
    assert grouped(1234567) == "1,234,567"
    assert size(999) == "999 bytes"
    assert size(1) == "1 byte"
    assert size(1_500_000) == "1.5 MB (1,500,000 bytes)"
    assert moment("2026-01-02T03:04:05+00:00") == "2026-01-02 03:04:05 UTC"
    assert moment("yesterday") == "yesterday"
    assert (listed([]), listed(["a"]), listed(["a", "b", "c"])) == ("", "a", "a, b and c")
    assert (ngettext("{n} file", "{n} files", 1), ngettext("{n} file", "{n} files", 2000)) == ("1 file", "2,000 files")
    with speaking("zh"):
        assert moment("2026-01-02T03:04:05+00:00").startswith("2026年")
        assert "2,000" in ngettext("{n} file", "{n} files", 2000)
    assert _("{a}", a="{b}") == "{b}"  # values are no templates
