"""Words and numbers that several sections share."""

from collections.abc import Sequence

from forensics.canonical import shorten
from forensics.report.context import Exhibit
from forensics.types import Finding, Fusion

__all__ = [
    "ABSENT",
    "NOT_A_PROBABILITY",
    "NOT_DETERMINED",
    "NOT_RECORDED",
    "OUTCOMES",
    "branch_words",
    "count",
    "decimals",
    "exhibit_name",
    "outcome_words",
    "picture_words",
    "shares_words",
    "size",
    "text_or",
]

NOT_RECORDED = "Not recorded."
ABSENT = "Looked for, absent."
NOT_DETERMINED = "Not determined, or does not apply to this format."
NOT_A_PROBABILITY = "It is not the probability that the picture is altered or generated."
OUTCOMES = {
    "uncalibrated": "Scored; strength of evidence not stated, because no calibration covers this picture",
    "unsuitable": "Not suitable: no strength of evidence can be stated for this picture",
    "inconclusive": "Inconclusive: the findings do not help to choose between the propositions",
    "supports_h1": "The findings support H1 over H2; how much, the likelihood ratio says",
    "supports_h2": "The findings support H2 over H1; how much, the likelihood ratio says",
}


def outcome_words(finding: Finding) -> str:
    """Return the outcome in words."""
    return OUTCOMES[finding.outcome]


def count(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def decimals(value: float | str, places: int = 3) -> str:
    """Return a number with fixed decimals and a true minus sign; what is no number as it stands."""
    if isinstance(value, str):
        return value
    return f"{value:.{places}f}".replace("-", "−")


def size(n_bytes: int) -> str:
    """Return the size of a file in bytes, and in a unit for people."""
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    unit, name = (1000, "kB") if n_bytes < 1_000_000 else (1_000_000, "MB")
    return f"{n_bytes / unit:.1f} {name} ({n_bytes:,} bytes)"


def text_or(value: str | None, otherwise: str = NOT_RECORDED, limit: int = 2000) -> str:
    """Return a text, or other words if it is missing or blank."""
    return shorten(value, limit) if value and value.strip() else otherwise


def exhibit_name(exhibit: Exhibit, limit: int = 120) -> str:
    """Return the name under which an exhibit was received."""
    return shorten(exhibit.name, limit) if exhibit.name else "(no name)"


def picture_words(finding: Finding) -> str:
    """Return format, dimensions and size in one phrase."""
    e = finding.evidence
    kind = e.media_type.rpartition("/")[2].upper()
    return f"{kind}, {e.width:,} × {e.height:,} pixels, {size(e.n_bytes)}"


def branch_words(names: Sequence[str]) -> str:
    """Return names as a phrase."""
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]


def shares_words(fusion: Fusion) -> str:
    """Return how much each branch counts in a fitted joint judgement: ``a 5 percent, b 95 percent``."""
    return ", ".join(f"{branch} {100 * share:.0f} percent" for branch, share in fusion.shares.items())
