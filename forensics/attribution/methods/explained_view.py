"""One view of a picture before one branch: what is explained of it, and the way back to the evidence grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from forensics.attribution.methods.baselines import BASELINES
from forensics.attribution.record import CELLS
from forensics.models.branch import Branch
from forensics.records.arrays import Float32Array, Float64Array, UInt8Array
from forensics.records.progress import Watch
from forensics.views import FixedFrame, Plan, to_evidence_grid, view_pixels

__all__ = ["TARGETS", "ExplainedView", "Response", "Target", "cut_view", "on_evidence"]

Target: TypeAlias = Literal["logit_difference", "logit_fake", "logit_real"]
TARGETS: Mapping[Target, tuple[float, float]] = {
    "logit_difference": (-1.0, 1.0),  # of (real, fake): the log-odds of the branch on this view
    "logit_fake": (0.0, 1.0),
    "logit_real": (1.0, 0.0),
}
AT_ONCE = 2**19  # pixels of views in one pass: 8 tiles of 256, or 2 views of 512


class Response(nn.Module):
    """What is explained: one number per view, from pixels or from channels on.

    Parameters
    ----------
    branch : Branch
    target : str
        One of `TARGETS`.
    of_pixels : bool
        Whether the input is pixels (N, 3, S, S) in [0, 1], whose residuals are computed within, or channels (N, C, S, S).
    watch : Watch
        Told of every view, and stops the work when asked to.
    """

    def __init__(self, branch: Branch, target: Target, *, of_pixels: bool, watch: Watch) -> None:
        super().__init__()
        self.branch = branch
        self.of_pixels = of_pixels
        self._weights = TARGETS[target]
        self._watch = watch

    def forward(self, x: Tensor) -> Tensor:
        """Return (N,)."""
        for _ in range(len(x)):
            self._watch.step()
        logits = self.branch.body(self.branch.channels(x) if self.of_pixels else x)
        real, fake = self._weights
        return real * logits[:, 0] + fake * logits[:, 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedView:
    """One view of one picture before one branch.

    Parameters
    ----------
    branch : Branch
    target : str
    pixels : tensor of shape (1, 3, S, S), float32 in [0, 1]
    watch : Watch
    """

    branch: Branch
    target: Target
    pixels: Tensor
    watch: Watch

    @property
    def side(self) -> int:
        """S."""
        return int(self.pixels.shape[-1])

    @property
    def cell(self) -> int:
        """Side of a cell in pixels, at least 1."""
        return max(1, self.side // CELLS)

    @property
    def at_once(self) -> int:
        """Views in one pass, so that memory does not grow with their size."""
        return max(1, AT_ONCE // self.side**2)

    def response(self, *, of_pixels: bool) -> Response:
        """Return what is explained, as a module."""
        return Response(self.branch, self.target, of_pixels=of_pixels, watch=self.watch).eval()

    @torch.no_grad()
    def channels(self, pixels: Tensor) -> Tensor:
        """Return the channels of pixels."""
        return self.branch.channels(pixels).detach()

    @torch.no_grad()
    def answer(self, pixels: Tensor) -> Float64Array:
        """Return the response to each of N views of pixels, (N,), a few at a time."""
        response = self.response(of_pixels=True)
        return np.concatenate([response(part).double().cpu().numpy() for part in torch.split(pixels, self.at_once)])

    def baseline(self, name: str) -> Tensor:
        """Return the view of a picture with nothing in it, (1, 3, S, S); `name` is one of `BASELINES`."""
        levels = np.rint(self.pixels[0].permute(1, 2, 0).cpu().numpy() * 255.0).astype(np.uint8)
        made = BASELINES[name](levels).astype(np.float32) / np.float32(255.0)
        return torch.from_numpy(np.ascontiguousarray(made.transpose(2, 0, 1))[None]).to(self.pixels.device)


def cut_view(
    branch: Branch, pixels: UInt8Array, plan: Plan, number: int, *, target: Target, watch: Watch
) -> ExplainedView:
    """Return a view of a plan, by its number, before a branch."""
    device = next((t.device for t in (*branch.parameters(), *branch.buffers())), torch.device("cpu"))
    cut = torch.from_numpy(view_pixels(pixels, plan, slice(number, number + 1)))
    return ExplainedView(branch=branch, target=target, pixels=cut.to(device), watch=watch)


def on_evidence(values: Float64Array, plan: Plan, number: int) -> Float32Array:
    """Return a map of a view on the part of the picture that it looked at; its sum stays the same.

    What a tile of a small picture sees beyond the border is the picture mirrored, and is added to where it was taken from.

    Parameters
    ----------
    values : array of shape (S, S)
    plan : Plan
    number : int
        Of the view.

    Returns
    -------
    array of shape (bottom - top, right - left), float32
    """
    left, top, right, bottom = (int(v) for v in plan.boxes[number])
    height, width = bottom - top, right - left
    side = values.shape[0]
    turn = plan.turns[number]
    if isinstance(plan.scheme, FixedFrame):
        upright_map = to_evidence_grid(values.astype(np.float32), box=(left, top, right, bottom), turn=turn)
        return np.asarray(upright_map * np.float32(side * side / (width * height)), dtype=np.float32)
    upright = to_evidence_grid(values.astype(np.float32), box=(left, top, left + side, top + side), turn=turn)
    rows, columns = (np.pad(np.arange(n), (0, side - n), mode="reflect") for n in (height, width))
    folded = np.zeros((height, width), dtype=np.float64)
    np.add.at(folded, (rows[:, None], columns[None, :]), upright)
    return folded.astype(np.float32)
