"""Branches side by side, each looking at the same views."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import nn

from forensics.models.branch import Branch
from forensics.types import Float32Array, Float64Array, Views

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
    def look(self, views: Views, *, device: torch.device) -> tuple[Float64Array, dict[str, Float32Array]]:
        """Return what every branch makes of every view.

        Parameters
        ----------
        views : Views
        device : torch.device
            Where the ensemble is.

        Returns
        -------
        logits : array of shape (B, V, 2), float64
            Raw class outputs in the order (real, fake).
        maps : dict of str to array of shape (V, S', S'), float32 in [0, 1]
            For each branch with a mask head: where the view looks forged, on the view's own grid.
        """
        pixels = torch.tensor(views.pixels).to(device).to(memory_format=torch.channels_last)
        logits, maps = [], {}
        for name, branch in self.items():
            output, mask = branch.localise(branch.channels(pixels))
            logits.append(output.double().cpu().numpy())
            if mask is not None:
                maps[name] = torch.sigmoid(mask[:, 0]).cpu().numpy()
        return np.stack(logits), maps
