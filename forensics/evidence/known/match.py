"""The record of a match: what a list of known files says of a picture."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["KnownMatch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMatch:
    """One picture found in one list of known files.

    Parameters
    ----------
    list_name, list_sha256 : str
        File name of the list, and the digest of its bytes.
    entry : str
        What the list calls the file, in its first row that matches in this way; any text.
    kind : str
        ``exact``: same bytes; ``perceptual``: similar to look at.
    distance : int
        Bits of 64 in which the perceptual hashes differ; 0 for an exact match.
    rows : int
        How many rows of the list match: with the same digest, or within the distance that was asked for.
    """

    list_name: str
    list_sha256: str
    entry: str
    kind: Literal["exact", "perceptual"]
    distance: int = 0
    rows: int = 1

    def __post_init__(self) -> None:
        if self.kind not in ("exact", "perceptual"):
            raise ValueError(f"kind must be exact or perceptual, got {self.kind!r}. Pass one of the two.")

    @property
    def text(self) -> str:
        """What the match proves and what it does not, in sentences."""
        where = f"the list “{self.list_name}” (SHA-256 {self.list_sha256})"
        others = "" if self.rows == 1 else f" {self.rows} rows of the list match in this way."
        if self.kind == "exact":
            return f"The file has the same bytes as “{self.entry}” in {where}. What it shows is what that list's keeper says.{others}"
        return (
            f"The picture looks like “{self.entry}” in {where}: {self.distance} of 64 bits of their perceptual hashes differ. "
            f"This is a lead and no proof: different pictures can be as close. Compare the two pictures.{others}"
        )
