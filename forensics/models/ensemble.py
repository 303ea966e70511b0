"""Branches side by side, each looking at the same views."""

from collections.abc import Mapping

from torch import nn

from forensics.models.branch import Branch

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """Named branches.

    Parameters
    ----------
    branches : mapping of str to Branch
        At least one.
    """

    def __init__(self, branches: Mapping[str, Branch]) -> None:
        super().__init__()
        if not branches:
            raise ValueError("an ensemble needs at least one branch")
        self.branches = nn.ModuleDict(dict(branches))

    def items(self) -> list[tuple[str, Branch]]:
        """Return (name, branch) pairs, in order."""
        return [(name, branch) for name, branch in self.branches.items() if isinstance(branch, Branch)]

    @property
    def names(self) -> tuple[str, ...]:
        """Branch names, in order."""
        return tuple(self.branches)

    def reparameterize(self) -> None:
        """Merge, in place, whatever can be merged without changing the outputs by more than 1e-4."""
        for _, branch in self.items():
            branch.reparameterize()
