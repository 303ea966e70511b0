"""Codes with values: every code has its sentence in every language, every sentence has its use, and what a record holds is what is read."""

import ast
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import forensics
from forensics.attribution import METHODS
from forensics.attribution.limits import LIMITS
from forensics.errors import EvidenceError
from forensics.judgement.deliveries import AS_RECEIVED, DELIVERIES, delivery_words
from forensics.judgement.rules import REASONS
from forensics.judgement.suitability import STRATA, stratum_words
from forensics.messages import LANGUAGES, SENTENCES, Caveat, Message, carried, known, quoted, speaking
from forensics.messages.sentences import fields_of, message_id
from tests.catalogues import TRANSLATED, texts

PACKAGE = Path(forensics.__file__).parent
SOURCES = [
    path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE / "messages" or path.name == "message.py"
]
NAMES = re.compile(r"{(\w+)}")


def templates(code: str) -> tuple[str, ...]:
    template = SENTENCES[code]
    return (template,) if isinstance(template, str) else template


def literals() -> Iterator[str]:
    """Yield every text in the package that could be a code."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def messages_made() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield file, code and call wherever the package makes a message from a code that stands there."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Message"
                and node.args
            ):
                code = node.args[0]
                for one in (code.body, code.orelse) if isinstance(code, ast.IfExp) else (code,):
                    if isinstance(one, ast.Constant):
                        yield path.name, one.value, node


def example(code: str) -> Message:
    """Return a message of a code with a value of the right kind for each name."""
    numbered = {name: form for template in templates(code) for name, form in fields_of(template).items()}
    values = {
        name: 2.5 if form[-1:] in "fg" and form else ["a", "b"] if ";" in form else name
        for name, form in numbered.items()
    }
    return Message(code, values)


@pytest.fixture(scope="module")
def wanted() -> dict[str, str | None]:
    return texts()


def test_every_code_that_is_used_has_a_sentence_and_the_values_it_needs() -> None:
    used = list(messages_made())
    assert len(used) > 60
    for file, code, call in used:
        assert code in SENTENCES, (file, code)
        given = call.args[1] if len(call.args) > 1 else None
        if isinstance(given, ast.Dict) and all(isinstance(key, ast.Constant) for key in given.keys):
            names = {key.value for key in given.keys}  # type: ignore[union-attr]  # seen to be constants
            assert all(set(fields_of(template)) <= names for template in templates(code)), (file, code, names)


def test_every_sentence_is_used() -> None:
    there = set(literals()) | set(METHODS.names()) | set(LIMITS)
    assert sorted(set(SENTENCES) - there) == []


def test_every_reason_and_every_name_of_a_method_or_a_check_has_words() -> None:
    assert set(REASONS) <= set(SENTENCES)
    assert set(METHODS.names()) | set(LIMITS) <= set(SENTENCES)


@pytest.mark.parametrize("code", SENTENCES)
def test_every_code_reads_in_every_language_with_the_same_values(code: str, wanted: dict[str, str | None]) -> None:
    message = example(code)
    assert all(message_id(template) in wanted for template in templates(code))
    said = {}
    for language in LANGUAGES:
        with speaking(language):
            said[language] = message.said()
    assert said["en"] == message.text == str(message)
    for template in templates(code):
        assert set(NAMES.findall(message_id(template))) == set(fields_of(template))
    for language in TRANSLATED:
        assert "{" not in said[language]
        if re.search("[a-z]{3}", NAMES.sub("", message_id(templates(code)[-1]))) and code != "grad_cam":
            assert said[language] != said["en"]
    assert Message.from_dict(json.loads(json.dumps(message.to_dict()))) == message


def test_numbers_are_kept_unrounded_and_written_as_the_sentence_says() -> None:
    message = Message("partly_seen", {"share": 12.3456})
    assert message.values["share"] == 12.3456
    assert "12.3 %" in message.text
    one, many = (Message("flat_tiles", {"n": n}).text for n in (1, 3))
    assert (one[:6], many[:7]) == ("1 tile", "3 tiles")
    assert Message("removal_gain", {"gain": -0.0}).text.endswith(": +0.00 log-odds.")  # JSON knows no -0


def test_messages_within_messages_are_translated_too() -> None:
    stratum = next(iter(STRATA))
    message = Message("no_card_for_stratum", {"stratum": stratum_words(stratum), "why": Message("stratum_absent")})
    assert stratum in message.text
    for language in TRANSLATED:
        with speaking(language):
            said = message.said()
        assert "forensics calibrate" in said
        assert not re.search("no face|short side|made from", said)
    flips = Message("flips_under_processing", {"deliveries": [delivery_words(name) for name in DELIVERIES]})
    assert all(name in flips.text for name in DELIVERIES)
    with speaking("zh"):
        assert "cropped" not in flips.said()
    assert [delivery_words(name).text for name in (AS_RECEIVED, "by pigeon")] == [AS_RECEIVED, "by pigeon"]


def test_what_an_older_record_says_is_shown_as_it_stands() -> None:
    old = Message.from_dict({"code": "flat_tiles", "text": "3 tiles were left out, somebody wrote."})
    foreign = Caveat(code="odd", text="Nobody ever wrote this.")
    bare = Message.from_dict("Palette colours were written out as RGB.")
    whole = Message.from_dict({"code": "flat", "text": Message("flat").text})  # of a code without values
    for message in (old, foreign, bare):
        with speaking("ko"):
            assert message.said() == message.text
    with speaking("ko"):
        assert whole.said() != whole.text
    assert bare == quoted(bare.text)


def test_a_record_that_was_altered_shows_its_text_and_no_other() -> None:
    altered = Message.from_dict({"code": "too_small", "values": {"n": "4", "least": 64}, "text": "All is well."})
    wrong = Message.from_dict({"code": "partly_seen", "values": {"share": "x"}, "text": "All is well."})
    for message in (altered, wrong):
        with speaking("zh"):
            assert message.said() == "All is well."


@given(st.text())
def test_hostile_text_is_left_alone(text: str) -> None:
    for hostile in (text, "{0.__class__}", "{branch}", "{text!r}"):
        message = Message("name_ends_otherwise", {"suffix": hostile, "kind": "JPEG"})
        assert hostile in message.text
        with speaking("ko"):
            assert hostile in message.said()
            assert quoted(hostile).said() == hostile


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(ValueError, match="no sentence for the code 'nonsense'"):
        Message("nonsense")
    with pytest.raises(ValueError, match="needs the values least, n"):
        Message("too_small")
    with pytest.raises(TypeError, match="cannot hold set"):
        Message("too_small", {"n": {1}, "least": 64})
    nested: object = "x"
    for _ in range(50):
        nested = {"code": "as_recorded", "values": {"text": nested}, "text": "x"}
    with pytest.raises(ValueError, match="too deeply"):
        Message.from_dict(nested)  # type: ignore[arg-type]  # as deep as a record may be


def test_names_can_be_replaced_among_the_values_alone() -> None:
    message = Message("damaged", {"name": "is", "kind": "JPEG", "reason": "cut"})
    assert message.with_texts(lambda text: text.replace("is", "Exhibit 1")).text.startswith(
        "Exhibit 1 starts as JPEG but is damaged"
    )
    own = Message("odd", text="is it?")
    assert own.with_texts(lambda text: text.replace("is", "was")).text == "was it?"


def test_errors_carry_their_message() -> None:
    error = EvidenceError(Message("empty", {"name": "a.jpg"}))
    assert str(error) == "a.jpg is empty. Get the file again from its source."
    assert carried(error).code == "empty"
    assert carried(EvidenceError("plain words")) == quoted("plain words")
    assert carried(EvidenceError()) == quoted("")
    assert carried(pickle.loads(pickle.dumps(error))) == carried(error)  # noqa: S301  # our own bytes


def test_names_without_words_stand_as_they_are() -> None:
    assert known("deletion").code == "deletion"
    assert known("a_method_of_somebody").text == "a_method_of_somebody"
