"""The result of a check: of a log, a signature, a time-stamp, a report or a package."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Self

__all__ = ["Check", "NotShown", "of_part"]


class NotShown(str):
    """A sentence that says what a check does not show: text among the proofs of a `Check`, told apart by its class.

    Parameters
    ----------
    what : str
        That which is not shown.
    where : str
        What stands in front of the sentence, such as the file that it is about.
    """

    what: str
    where: str

    def __new__(cls, what: str, *, where: str = "") -> Self:
        """Return the sentence."""
        made = super().__new__(cls, f"{where}Not shown: {what}")
        made.what, made.where = what, where
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), self.what, where=self.where), ()  # a copy is not made from the sentence


def of_part(name: str, proof: str) -> str:
    """Return a sentence with the name of the part that it is about in front; what is not shown stays that.

    An f-string would make plain text of it, and what is not shown would be told as passed.
    """
    where = f"{name}: "
    return NotShown(proof.what, where=f"{where}{proof.where}") if isinstance(proof, NotShown) else f"{where}{proof}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check found.

    Parameters
    ----------
    problems : tuple of str
        What is wrong, a sentence or two each; what was checked holds up if there is nothing.
    proofs : tuple of str
        What the check shows, and as `NotShown` what it cannot show, in plain words.
    """

    problems: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems
