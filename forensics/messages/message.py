"""A statement about a case as a code with values, and its sentence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Self, TypeAlias

from forensics.messages.sentences import SENTENCES, fields_of, message_id
from forensics.messages.speaking import direct, language
from forensics.records.converting import as_field, recorded, to_record

__all__ = ["Message", "Value", "carried", "coded", "known", "quoted"]

Value: TypeAlias = "str | int | float | bool | Message | Sequence[Value] | None"
DEEPEST = 4  # messages within messages; the package itself makes two


@recorded(values=as_field(struct_hook=lambda values, _: {name: _read(one, DEEPEST) for name, one in values.items()}))
@dataclass(frozen=True, slots=True)
class Message:
    """Something that is said of a case: a reason, a caveat, a note, a check, a refusal.

    The code and the values are the fact; the sentence is made from them for whoever reads it. A record of an older version,
    or of another program, may hold a sentence that this version would not make from the code: it is shown as it stands.

    Parameters
    ----------
    code : str
        Stable, lower-case, for machines: ``"not_calibrated"``. One of `forensics.messages.SENTENCES`, unless `text` is given.
    values : mapping of str to str, number, bool, Message or sequence of these
        What the sentence names, unrounded.
    text : str, optional
        The English sentence; made from code and values if not given. Empty where an older record has one sentence for several
        codes, at the others.

    Raises
    ------
    ValueError
        No text is given, and there is no sentence of this code or a value that it names is missing.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict, hash=False)
    text: str = None  # type: ignore[assignment]  # a text once it is made

    def __post_init__(self) -> None:
        values = {name: _checked(value) for name, value in self.values.items()}
        object.__setattr__(self, "values", MappingProxyType(values))
        if self.text is None:
            object.__setattr__(self, "text", self._worded(_itself))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, dict(self.values), self.text)  # an error may come from another process

    def __str__(self) -> str:
        return self.text

    def said(self) -> str:
        """Return the sentence in the language in force; the text as it stands where it is not what the code says."""
        if language() == "en" or not self._is_own:
            return self.text
        return self._worded(direct)

    @property
    def _is_own(self) -> bool:
        """Whether this version makes this text from this code and these values."""
        try:
            return self._worded(_itself) == self.text
        except (ValueError, TypeError):
            return False

    def _worded(self, translated: Callable[[str], str]) -> str:
        if self.code not in SENTENCES:
            raise ValueError(
                f"there is no sentence for the code {self.code!r:.80}. Add one to forensics.messages.sentences."
            )
        template = SENTENCES[self.code]
        if not isinstance(template, str):
            template = template[0 if self.values.get("n") == 1 else 1]
        names = fields_of(template)
        missing = sorted(set(names) - set(self.values))
        if missing:
            raise ValueError(f"the code {self.code!r} needs the values {', '.join(missing)}. Pass them.")
        texts = {name: _text(self.values[name], form, translated) for name, form in names.items()}
        return translated(message_id(template)).format(**texts)

    def with_texts(self, changed: Callable[[str], str]) -> Self:
        """Return the message with a function applied to every text among its values, and its sentence made anew."""
        values = {name: _changed(value, changed) for name, value in self.values.items()}
        return type(self)(self.code, values) if self._is_own else type(self)(self.code, values, changed(self.text))

    def to_dict(self) -> dict[str, Any]:
        """Return JSON values: the fact, and beside it its English sentence."""
        return dict(to_record(self))

    @classmethod
    def from_dict(cls, record: str | Mapping[str, Any], *, depth: int = DEEPEST) -> Self:
        """Return the message that `to_dict` came from; of a bare sentence, as older records hold it, one that quotes it."""
        if depth < 0:
            raise ValueError("messages lie within messages too deeply. Read the record with the version that wrote it.")
        if isinstance(record, str):
            return cls("as_recorded", {"text": record})  # as `quoted` does
        values = {name: _read(value, depth) for name, value in record.get("values", {}).items()}
        return cls(record["code"], values, record["text"])


def quoted(text: str) -> Message:
    """Return words of somebody else as a message: they read the same in every language."""
    return Message("as_recorded", {"text": text})


def coded(record: Any) -> Any:
    """Return the JSON values of a message, of a record that may hold a bare sentence instead, as older ones do."""
    return quoted(record).to_dict() if isinstance(record, str) else record


def carried(error: BaseException) -> Message:
    """Return the message that an error was raised with; its words quoted if it was raised with a text."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Message) else quoted(str(error))


def known(code: str) -> Message:
    """Return the words for a name that has some, such as that of a method; the name itself if it has none."""
    return Message(code) if code in SENTENCES else quoted(code)


def _itself(text: str) -> str:
    return text


def _text(value: Value, form: str, translated: Callable[[str], str]) -> str:
    """Return a value as it stands in a sentence; of a sequence, the form is what stands between its items."""
    if isinstance(value, Message):
        return value.text if translated is _itself else value.said()
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return translated(form or ", ").join(_text(one, "", translated) for one in value)
    return format(value, form)


def _changed(value: Value, changed: Callable[[str], str]) -> Value:
    if isinstance(value, Message):
        return value.with_texts(changed)
    if isinstance(value, str):
        return changed(value)
    return [_changed(one, changed) for one in value] if isinstance(value, Sequence) else value


def _checked(value: object) -> Value:
    """Return a value that JSON gives back as it is."""
    if isinstance(value, list | tuple):
        return tuple(_checked(one) for one in value)
    if isinstance(value, float):
        return float(value) + 0.0  # JSON knows no -0
    if value is None or isinstance(value, str | int | Message):
        return value
    raise TypeError(
        f"a message cannot hold {type(value).__name__}. Pass text, a number, a Message, or a list of these."
    )


def _read(value: Any, depth: int) -> Value:
    if isinstance(value, Mapping):
        return Message.from_dict(value, depth=depth - 1)
    return [_read(one, depth) for one in value] if isinstance(value, list | tuple) else value
