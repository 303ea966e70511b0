"""What is said of a case, as codes with values; and the sentences of all codes, in the languages of reports.

A part of the package says ``Message("too_small", {"n": 40, "least": 64})``. Whoever reads it takes the code, the English
``text``, or the sentence in the language that `speaking` names (``said``). A section of a report writes its own words as
``_("Exhibit {number}", number=3)``. English is what the code holds; `locale` holds the catalogues of the other languages.
"""

from forensics.messages.message import Message, Value, carried, coded, known, quoted
from forensics.messages.sentences import SENTENCES
from forensics.messages.speaking import (
    LANGUAGES,
    _,
    decimals,
    direct,
    grouped,
    language,
    listed,
    moment,
    ngettext,
    sentences,
    signed,
    size,
    speaking,
)

__all__ = [
    "LANGUAGES",
    "SENTENCES",
    "Caveat",
    "Message",
    "Value",
    "_",
    "carried",
    "coded",
    "decimals",
    "direct",
    "grouped",
    "known",
    "language",
    "listed",
    "moment",
    "ngettext",
    "quoted",
    "sentences",
    "signed",
    "size",
    "speaking",
]

Caveat = Message  # what a reader of a finding must know
