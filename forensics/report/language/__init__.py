"""The languages of a report: texts from gettext catalogues, numbers and dates as they are written there.

A section writes ``_("Exhibit {number}", number=3)`` and is read in the language that `speaking` names; English is what the
code holds. What other parts of the package say of a picture reaches a report as text; `measured` finds what it says.
"""

from forensics.report.language.measured import MEASURED, measured, unmatched
from forensics.report.language.speaking import (
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
    "MEASURED",
    "_",
    "decimals",
    "direct",
    "grouped",
    "language",
    "listed",
    "measured",
    "moment",
    "ngettext",
    "sentences",
    "signed",
    "size",
    "speaking",
    "unmatched",
]
