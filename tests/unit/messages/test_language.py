"""Every text that a report can say stands in every language, with the same values in it; numbers and dates read as there."""

import re
import subprocess
import sys

import pytest

from forensics.errors import ReportError
from forensics.messages import _, decimals, grouped, language, listed, moment, ngettext, signed, size, speaking
from forensics.messages.speaking import catalogue
from tests.catalogues import TRANSLATED, texts

NAMES = re.compile(r"{(\w+)}")
SIGNS = re.compile(r"[\W\d_]*|(Cllr|devPAV|Grad-CAM|log10 LR|SD|JPEG)( \w*)?|, SHA-256 ")  # need no translation


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


def test_whoever_reads_english_needs_no_babel() -> None:
    code = (
        "import sys; from forensics.messages import Message, grouped, decimals, speaking\n"
        "Message('flat').said(); grouped(1234567); decimals(1.5); print('babel' in sys.modules)\n"
        "with speaking('ko'): print(Message('flat').said() != Message('flat').text, 'babel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "True"]
