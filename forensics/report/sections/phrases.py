"""Words and numbers that several sections share.

What was looked for and is *absent*, what is there and *empty*, and what was *not tested* are three things, and read so.
"""

from collections.abc import Mapping

from forensics.detector.finding import Finding
from forensics.judgement.outcomes import Outcome
from forensics.messages import _, decimals, grouped, ngettext, sentences, size
from forensics.redaction import WITHHELD
from forensics.report.context import Exhibit
from forensics.scores import Fusion

__all__ = [
    "absent",
    "empty",
    "exhibit_label",
    "exhibit_name",
    "exhibit_title",
    "exhibits_words",
    "not_a_probability",
    "not_determined",
    "not_recorded",
    "not_tested",
    "outcome_words",
    "outcomes",
    "picture_words",
    "present_or",
    "reason_words",
    "shares_words",
    "shorten",
    "text_or",
]


def not_recorded() -> str:
    """Return what stands where nobody wrote it down."""
    return _("Not recorded.")


def absent() -> str:
    """Return what stands where something was looked for and is not there."""
    return _("Looked for, absent.")


def empty() -> str:
    """Return what stands where something is there and holds nothing."""
    return _("Present, but empty.")


def not_tested() -> str:
    """Return what stands where nobody looked."""
    return _("Not tested.")


def not_determined() -> str:
    """Return what stands where the format does not tell."""
    return _("Not determined, or does not apply to this format.")


def not_a_probability() -> str:
    """Return what a score is not."""
    return _("It is not the probability that the picture is altered or generated.")


def outcomes() -> Mapping[Outcome, str]:
    """Return the outcomes in words, in the order in which they are told."""
    return {
        "uncalibrated": _("Scored; strength of evidence not stated, because no calibration covers this picture"),
        "unsuitable": _("Not suitable: no strength of evidence can be stated for this picture"),
        "inconclusive": _("Inconclusive: the findings do not help to choose between the propositions"),
        "supports_h1": _("The findings support H1 over H2; how much, the likelihood ratio says"),
        "supports_h2": _("The findings support H2 over H1; how much, the likelihood ratio says"),
    }


def outcome_words(finding: Finding) -> str:
    """Return the outcome in words."""
    return outcomes()[finding.outcome]


def shorten(text: str, limit: int = 300) -> str:
    """Return at most about `limit` characters, and say so when some were left out, or all were withheld."""
    if text == WITHHELD:
        return _("Present; withheld in this copy.")
    if len(text) <= limit:
        return text
    left = _("{n} characters; all of them are in the record at the end", n=grouped(len(text)))
    return f"{text[:limit]}… [{left}]"


def text_or(value: str | None, otherwise: str | None = None, limit: int = 2000) -> str:
    """Return a text, or other words if it is missing; a text of blanks is said to be empty."""
    if value is None or value == "":
        return not_recorded() if otherwise is None else otherwise
    if not value.strip():
        return empty()
    return shorten(value, limit)


def present_or(values: str, there: bool, otherwise: str) -> str:
    """Return what a field holds; that it is empty if it is there without a value; other words if it is not there."""
    if not there:
        return otherwise
    return values if values.strip() else empty()


def exhibit_label(number: int) -> str:
    """Return ``Exhibit 3``."""
    return _("Exhibit {number}", number=number)


def exhibit_title(exhibit: Exhibit) -> str:
    """Return ``Exhibit 3: name``."""
    label = exhibit_label(exhibit.number)
    if exhibit.name == label:  # a copy in which names are withheld
        return label
    return _("Exhibit {number}: {name}", number=exhibit.number, name=exhibit_name(exhibit))


def exhibit_name(exhibit: Exhibit, limit: int = 120) -> str:
    """Return the name under which an exhibit was received."""
    return shorten(exhibit.name, limit) if exhibit.name else _("(no name)")


def picture_words(finding: Finding) -> str:
    """Return format, dimensions and size in one phrase."""
    e = finding.evidence
    return _(
        "{format}, {width} × {height} pixels, {size}",
        format=e.media_type.rpartition("/")[2].upper(),
        width=grouped(e.width),
        height=grouped(e.height),
        size=size(e.n_bytes),
    )


def shares_words(fusion: Fusion) -> str:
    """Return how much each branch counts in a fitted joint judgement: ``a 5 percent, b 95 percent``."""
    return _(", ").join(
        _("{branch} {share} percent", branch=branch, share=decimals(100 * share, 0))
        for branch, share in fusion.shares.items()
    )


def reason_words(finding: Finding, limit: int = 2000) -> str:
    """Return why the outcome is what it is."""
    return text_or(sentences(*(reason.said() for reason in finding.reasons)), limit=limit)


def exhibits_words(n: int) -> str:
    """Return ``3 exhibits``."""
    return ngettext("{n} exhibit", "{n} exhibits", n)
