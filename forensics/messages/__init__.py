"""Statements about a case: what a reader must know, as a code and a sentence."""

from dataclasses import dataclass

__all__ = ["Caveat"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caveat:
    """Something about this case that a reader must know.

    Parameters
    ----------
    code : str
        Stable, lower-case, for machines: ``"not_calibrated"``.
    text : str
        One sentence for people.
    """

    code: str
    text: str
