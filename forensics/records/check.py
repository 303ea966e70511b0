"""The result of a check: of a log, a signature, a time-stamp, a report or a package."""

from dataclasses import dataclass

__all__ = ["Check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check found.

    Parameters
    ----------
    problems : tuple of str
        What is wrong, a sentence or two each; what was checked holds up if there is nothing.
    proofs : tuple of str
        What the check shows, and what it cannot show, in plain words.
    """

    problems: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
