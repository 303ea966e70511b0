"""The language in force, and how texts, numbers and dates are written in it.

Babel is imported for languages other than English alone, so that whoever reads English needs none of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from forensics.errors import ReportError

if TYPE_CHECKING:
    from babel import Locale
    from babel.messages.catalog import Catalog

__all__ = [
    "LANGUAGES",
    "_",
    "catalogue",
    "decimals",
    "direct",
    "grouped",
    "language",
    "listed",
    "moment",
    "ngettext",
    "sentences",
    "signed",
    "size",
    "speaking",
]

LOCALES = {"en": "en", "zh": "zh_Hans_CN", "ko": "ko_KR"}
LANGUAGES = tuple(LOCALES)
FOLDER = Path(__file__).parent / "locale"

_language: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Put a language in force for what runs inside.

    Parameters
    ----------
    code : {"en", "zh", "ko"}

    Raises
    ------
    ReportError
        There is no such language.
    """
    if code not in LOCALES:
        raise ReportError(f"reports are not available in {code!r:.40}, only in: {', '.join(LANGUAGES)}. Use 'en'.")
    token = _language.set(code)
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """Return the code of the language in force."""
    return _language.get()


def _(text: str, /, **values: object) -> str:
    """Return a text in the language in force, with ``{names}`` filled in."""
    said = direct(text)
    return said.format(**values) if values else said


def direct(text: str) -> str:
    """Return what the catalogue has for a text; the text itself in English, or if there is nothing."""
    code = _language.get()
    return text if code == "en" else _texts(code).get(text, text)


def ngettext(one: str, many: str, n: int, /, **values: object) -> str:
    """Return one of two texts by number; ``{n}`` is the number, written with separators."""
    said = _(one if n == 1 else many) if _language.get() == "en" else direct(one)
    return said.format(n=grouped(n), **values)


def decimals(value: float | str, places: int = 3) -> str:
    """Return a number with fixed decimals and a true minus sign; what is no number as it stands."""
    if isinstance(value, str):
        return value
    return _formatted(value, f"0.{'0' * places}" if places else "0")


def signed(value: float, places: int = 2) -> str:
    """Return a number with fixed decimals and its sign, also where it is above 0."""
    return ("+" if value >= 0 else "") + decimals(value, places)


def grouped(number: float) -> str:
    """Return a whole number with separators of thousands."""
    return _formatted(number, "#,##0")


def _formatted(value: float, pattern: str) -> str:
    # As Python rounds, so that a number reads the same in every language; Babel would round halves to even in decimal.
    places = len(pattern.rpartition(".")[2]) if "." in pattern else 0
    text = f"{value:.{places}f}"
    if not any(c.isdigit() for c in text):
        return text  # nan, inf
    if _language.get() == "en":
        written = f"{int(text):,}" if pattern.startswith("#,") else text
    else:
        from babel.numbers import format_decimal

        written = format_decimal(text, format=pattern, locale=_locale(_language.get()))
    return written.replace("-", "−")


def listed(names: Sequence[str]) -> str:
    """Return names as a phrase: ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return _("{names} and {last}", names=_(", ").join(names[:-1]), last=names[-1])


def sentences(*said: str) -> str:
    """Return sentences one after another, with the space between them that the language writes."""
    return ("" if _language.get() == "zh" else " ").join(one for one in said if one)


def moment(iso: str) -> str:
    """Return a time of ISO 8601 in UTC as people write it; what is no such time as it stands."""
    date, _t, rest = iso.partition("T")
    parts = date.split("-")
    if len(parts) != 3 or len(rest) < 8:
        return iso
    return _("{year}-{month}-{day} {time} UTC", year=parts[0], month=parts[1], day=parts[2], time=rest[:8])


def size(n_bytes: int) -> str:
    """Return the size of a file in bytes, and in a unit for people."""
    whole = ngettext("{n} byte", "{n} bytes", n_bytes)
    if n_bytes < 1000:
        return whole
    unit, name = (1000, "kB") if n_bytes < 1_000_000 else (1_000_000, "MB")
    return _("{value} {unit} ({bytes})", value=decimals(n_bytes / unit, 1), unit=name, bytes=whole)


@cache
def catalogue(code: str) -> "Catalog":
    """Return the catalogue of a language as it lies in the package."""
    from babel.messages.pofile import read_po

    path = FOLDER / code / "LC_MESSAGES" / "forensics.po"
    with path.open("rb") as file:
        return read_po(file, locale=code)


@cache
def _texts(code: str) -> dict[str, str]:
    """Return texts to their translations; of a pair by number, the first to the form that stands for all numbers."""
    found: dict[str, str] = {}
    for message in catalogue(code):
        if not message.id or message.fuzzy:
            continue
        source = message.id if isinstance(message.id, str) else message.id[0]
        forms = message.string or ""
        said = forms if isinstance(forms, str) else forms[0]
        if said:
            found[source] = said
    return found


@cache
def _locale(code: str) -> "Locale":
    from babel import Locale

    return Locale.parse(LOCALES[code])
