"""Branches side by side, each looking at the same views."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from forensics.models.branch import Branch
from forensics.types import Float64Array, Views

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

    @torch.inference_mode()
    def logits(self, views: Views, *, device: torch.device) -> Float64Array:
        """Return the raw class outputs of every branch on every view.

        Parameters
        ----------
        views : Views
        device : torch.device
            Where the ensemble is.

        Returns
        -------
        array of shape (B, V, 2), float64
            In the order (real, fake).
        """
        pixels = torch.tensor(views.pixels).to(device).to(memory_format=torch.channels_last)
        outputs = [branch(pixels).double().cpu().numpy() for _, branch in self.items()]
        return np.stack(outputs)
