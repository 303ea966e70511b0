"""Which texts a report can say, and the files that hold them in other languages; ``python -m tests.catalogues`` writes both anew.

Texts that are there keep their translation; texts that are gone lose theirs; texts that are new stand without one, and the
tests fail until somebody writes it.
"""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from forensics import report
from forensics.calibration import read_card
from forensics.messages import LANGUAGES, SENTENCES
from forensics.messages.sentences import message_id
from forensics.messages.speaking import FOLDER, LOCALES, catalogue
from forensics.residuals import RESIDUALS
from forensics.types import ENFSI_2015, Propositions
from tests.calibrations import STARTER_CARD

REPORT = Path(report.__file__).parent
KEYWORDS = {"_": None, "ngettext": (1, 2)}
METHODS = [("**.py", "python"), ("templates/**.j2", "jinja2.ext.babel_extract")]
TRANSLATED = tuple(code for code in LANGUAGES if code != "en")


def texts() -> dict[str, str | None]:
    """Return every text that a report can say, each with its form for many where it has one."""
    found: dict[str, str | None] = dict.fromkeys(_told())
    called = (extract_from_dir(folder, METHODS, keywords=KEYWORDS) for folder in (REPORT, FOLDER.parent))
    for _file, _line, message, _comments, _context in chain.from_iterable(called):
        one, many = message if isinstance(message, tuple) else (message, None)
        if one:
            found[one] = many or found.get(one)
    return dict(sorted(found.items()))


def _told() -> Iterator[str]:
    """Yield what other parts of the package say, whose texts are no arguments of a call in the report."""
    for template in SENTENCES.values():
        yield from map(message_id, (template,) if isinstance(template, str) else template)
    for name in RESIDUALS.names():
        residual = RESIDUALS[name]
        yield from (residual.title, residual.unit, residual.look_at, residual.ignore)
        if name != "srm_bank":  # whose kernels have names in no language
            yield from residual.channels
    yield from (ENFSI_2015.neutral, ENFSI_2015.source, *(words for _above, words in ENFSI_2015.bands))
    for pair in (Propositions(), read_card(STARTER_CARD).propositions):
        yield from (pair.h1, pair.h2)


def place(code: str) -> Path:
    """Return where the catalogue of a language lies."""
    return FOLDER / code / "LC_MESSAGES" / "forensics.po"


def update(code: str) -> int:
    """Write the catalogue of a language with the texts of today, and return how many stand without a translation."""
    old = catalogue(code) if place(code).exists() else Catalog(locale=LOCALES[code])
    new = Catalog(locale=LOCALES[code], project="forensics", charset="utf-8", fuzzy=False)
    missing = 0
    for one, many in texts().items():
        before = old.get(one)
        said = before.string if before is not None else ""
        said = said if isinstance(said, str) else said[0]
        missing += not said
        added = new.add((one, many) if many else one, [said] if many else said)
        added.flags.discard("python-format")  # a percent sign is a percent sign
    place(code).parent.mkdir(parents=True, exist_ok=True)
    with place(code).open("wb") as file:
        write_po(file, new, width=120, omit_header=False, include_lineno=False, sort_output=False)
    # Babel writes the moment of writing into the header; a file that is the same must stay the same.
    lines = place(code).read_text(encoding="utf-8").splitlines(keepends=True)
    dated = (
        '"POT-Creation-Date',
        '"PO-Revision-Date',
        '"Generated-By',
        '"Last-Translator',
        '"Language-Team',
        "# Translations",
        "# Copyright",
        "# This file",
        "# FIRST",
        "#\n",
    )
    place(code).write_text("".join(line for line in lines if not line.startswith(dated)), encoding="utf-8")
    return missing


if __name__ == "__main__":
    for code in TRANSLATED:
        print(f"{code}: {update(code)} texts without a translation, of {len(texts())}")  # noqa: T201  # a command
