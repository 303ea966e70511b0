"""One view of a picture as a branch sees it, what “nothing there” looks like, and the way back to the evidence grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from forensics.attribution.borrowing import SEED
from forensics.attribution.record import CELLS
from forensics.models.branch import Branch
from forensics.records.arrays import Float32Array, Float64Array, UInt8Array
from forensics.records.progress import Watch
from forensics.views import FixedFrame, Plan, to_evidence_grid, view_pixels

__all__ = ["BASELINES", "TARGETS", "Look", "Response", "Target", "cut_look", "on_evidence", "removed"]

Target: TypeAlias = Literal["logit_difference", "logit_fake", "logit_real"]
TARGETS: Mapping[Target, tuple[float, float]] = {
    "logit_difference": (-1.0, 1.0),  # of (real, fake): the log-odds of the branch on this view
    "logit_fake": (0.0, 1.0),
    "logit_real": (1.0, 0.0),
}
BLUR = 15  # pixels, side of the median that takes detail out and leaves light and colour
NOISE_SD = 20.0  # grey levels
AT_ONCE = 2**19  # pixels of views in one pass: 8 tiles of 256, or 2 views of 512
ELSEWHERE = 2.0  # grey levels; the noise of what stands for removed cells, about the grain of a photograph


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
class Look:
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

    def nothing(self, baseline: str) -> Tensor:
        """Return what a picture with nothing in it would be, (1, 3, S, S)."""
        levels = np.rint(self.pixels[0].permute(1, 2, 0).cpu().numpy() * 255.0).astype(np.uint8)
        made = BASELINES[baseline](levels).astype(np.float32) / np.float32(255.0)
        return torch.from_numpy(np.ascontiguousarray(made.transpose(2, 0, 1))[None]).to(self.pixels.device)


def cut_look(branch: Branch, pixels: UInt8Array, plan: Plan, view: int, *, target: Target, watch: Watch) -> Look:
    """Return view number `view` of a plan before a branch."""
    device = next((t.device for t in (*branch.parameters(), *branch.buffers())), torch.device("cpu"))
    cut = torch.from_numpy(view_pixels(pixels, plan, slice(view, view + 1)))
    return Look(branch=branch, target=target, pixels=cut.to(device), watch=watch)


def _blurred(levels: UInt8Array) -> UInt8Array:
    return np.asarray(cv2.medianBlur(np.ascontiguousarray(levels), BLUR))


def _grey(levels: UInt8Array) -> Float32Array:
    return np.full(levels.shape, 127.5, dtype=np.float32)


def _noise(levels: UInt8Array) -> Float32Array:
    noise = np.random.default_rng(SEED).normal(127.5, NOISE_SD, levels.shape)
    return np.clip(noise, 0, 255).astype(np.float32)


# uint8 (S, S, 3) to grey levels (S, S, 3): the same picture without detail, no picture at all, detail of no origin
BASELINES: Mapping[str, Callable[[UInt8Array], UInt8Array | Float32Array]] = {
    "median_blur": _blurred,
    "grey": _grey,
    "noise": _noise,
}


def removed(pixels: Float32Array, gone: Float32Array, *, seed: int = SEED) -> Float32Array:
    """Return a view in which some places are filled from their surroundings, with a little noise.

    What is left of a removed place must be neither a hole with an edge nor a copy: both would be traces themselves. It is
    the average of what remains around it, from near to far.

    Parameters
    ----------
    pixels : array of shape (3, S, S), float32 in [0, 1]
    gone : array of shape (S, S), float32
        1 where a pixel is removed, else 0.
    seed : int
        Of the noise.

    Returns
    -------
    array of shape (3, S, S), float32 in [0, 1]

    References
    ----------
    Rong et al., A consistent and efficient evaluation strategy for attribution methods, ICML 2022 (ROAD): removal by noisy
    linear imputation. Gortler et al., The Lumigraph, SIGGRAPH 1996: filling by pull and push, used here in place of their
    linear system because a view takes milliseconds.
    """
    kept = (1.0 - gone).astype(np.float32)
    colours = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    filled = _filled(colours * kept[..., None], kept)
    noise = np.random.default_rng(seed).normal(0.0, ELSEWHERE / 255.0, colours.shape).astype(np.float32)
    mixed = colours * kept[..., None] + np.clip(filled + noise, 0.0, 1.0) * (1.0 - kept[..., None])
    return np.ascontiguousarray(mixed.transpose(2, 0, 1).astype(np.float32))


def _filled(weighted: Float32Array, weight: Float32Array) -> Float32Array:
    """Return the mean of what is known, from the finest level at which anything is."""
    height, width = weight.shape
    if min(height, width) < 2:
        total = float(weight.sum())
        mean = weighted.sum(axis=(0, 1)) / total if total else np.full(3, 0.5, dtype=np.float32)
        return np.broadcast_to(mean, weighted.shape).astype(np.float32)
    half = (width // 2, height // 2)
    coarse = _filled(
        cv2.resize(weighted, half, interpolation=cv2.INTER_AREA), cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    )
    above = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    known = np.clip(weight, 0.0, 1.0)[..., None]
    own = weighted / np.maximum(weight, 1e-6)[..., None]
    return np.asarray(own * known + above * (1.0 - known), dtype=np.float32)


def on_evidence(values: Float64Array, plan: Plan, view: int) -> Float32Array:
    """Return a map of a view on the part of the picture that it looked at; its sum stays the same.

    What a tile of a small picture sees beyond the border is the picture mirrored, and is added to where it was taken from.

    Parameters
    ----------
    values : array of shape (S, S)
    plan : Plan
    view : int

    Returns
    -------
    array of shape (bottom - top, right - left), float32
    """
    left, top, right, bottom = (int(v) for v in plan.boxes[view])
    height, width = bottom - top, right - left
    side = values.shape[0]
    turn = plan.turns[view]
    if isinstance(plan.scheme, FixedFrame):
        shown = to_evidence_grid(values.astype(np.float32), box=(left, top, right, bottom), turn=turn)
        return np.asarray(shown * np.float32(side * side / (width * height)), dtype=np.float32)
    upright = to_evidence_grid(values.astype(np.float32), box=(left, top, left + side, top + side), turn=turn)
    rows, columns = (np.pad(np.arange(n), (0, side - n), mode="reflect") for n in (height, width))
    folded = np.zeros((height, width), dtype=np.float64)
    np.add.at(folded, (rows[:, None], columns[None, :]), upright)
    return folded.astype(np.float32)
