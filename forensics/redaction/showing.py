"""An exhibit as it may be shown: whatever is drawn is drawn from the covered pixels, never from the exhibit's own."""

from dataclasses import dataclass, replace

from forensics.evidence.record import Evidence
from forensics.redaction.plan import Covering, Redaction

__all__ = ["Shown", "shown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An exhibit as a copy may show it: nothing that is drawn ever sees the covered pixels.

    Parameters
    ----------
    evidence : Evidence
        With the pixels of the copy: covered where `covering` says so; all else is the exhibit's.
    covering : Covering
    """

    evidence: Evidence
    covering: Covering

    @property
    def words(self) -> str:
        """What is covered, as a sentence to add; empty if nothing is."""
        return f" {self.covering.words}" if self.covering.words else ""


def shown(evidence: Evidence, redaction: Redaction) -> Shown | None:
    """Return an exhibit as it may be shown; None if it has no pixels at hand or is withheld whole.

    Parameters
    ----------
    evidence : Evidence
    redaction : Redaction
        `Redaction.searched` saves a second search for faces where an exhibit is shown more than once.

    Raises
    ------
    ValueError
        A region was marked beside the picture.
    """
    if not evidence.pixels.size or redaction.what == "whole":
        return None
    covering = redaction.covering(evidence)
    if covering.whole:
        return None
    covered = replace(evidence, pixels=covering.applied(evidence.pixels)) if covering.boxes else evidence
    return Shown(evidence=covered, covering=covering)
