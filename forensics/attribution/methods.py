"""The methods that ask a branch what it responded to, on captum, behind one shape of answer.

Not offered: DeepLIFT and LRP, whose hooks break on shared modules and functional operations, and guided back-propagation,
which draws the same map for random weights (Adebayo et al., NeurIPS 2018).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.attribution.looks import BASELINES, Look
from forensics.errors import AttributionError, needed_by
from forensics.records.arrays import Float64Array
from forensics.registry import Registry

with needed_by("An attribution"):
    from captum.attr import GradientShap, IntegratedGradients, LayerGradCam, Occlusion

__all__ = ["METHODS", "Asked", "Credit", "Method", "grad_cam", "gradient_shap", "integrated_gradients", "occlusion"]

STEPS, MOST_STEPS = 64, 128
CLOSE = 0.01  # of the difference that is explained; beyond it, integrated gradients take more steps
SAMPLES = 64  # of expected gradients
ZERO = "zero"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What can be set.

    Parameters
    ----------
    baseline : str or None
        One of `BASELINES`, or ``"zero"`` for methods over channel groups; None for the method's own.
    layer : str or None
        Name of a module within the branch, for Grad-CAM; None for the branch's own.
    regions : {"grid", "superpixels"}
        For methods over regions.
    steps : int or None
        Of integrated gradients, samples of expected gradients, orders of Shapley values; None for the method's own.
    """

    baseline: str | None = None
    layer: str | None = None
    regions: str = "grid"
    steps: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What a method answers, on the view's own grid.

    Parameters
    ----------
    values : array of shape (S, S), float64, or None
        Log-odds per pixel.
    groups : mapping of str to float
    output : float
    reference, delta : float or None
    drawn : bool
        Whether the values sum up only on average, because they are drawn at random.
    baseline : str
    settings : mapping
        As in `forensics.types.Attribution`.
    """

    values: Float64Array | None
    output: float
    groups: Mapping[str, float] = field(default_factory=dict)
    reference: float | None = None
    delta: float | None = None
    drawn: bool = False
    baseline: str = ""
    settings: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


Explain: TypeAlias = Callable[[Look, Asked], Credit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way of asking.

    Parameters
    ----------
    explain : callable
        `Look`, `Asked` to `Credit`.
    title : str
    gives_places, gives_groups : bool
    needs_gradients : bool
        Whether the branch must pass gradients from its channels on.
    takes : frozenset of str
        What can be set of it, among the names of `Asked`; anything else is refused.
    passes : callable
        `Look`, `Asked` to the number of views it computes, about; for progress.
    look_at, ignore, reference : str
    """

    explain: Explain
    title: str
    gives_places: bool
    gives_groups: bool
    needs_gradients: bool
    takes: frozenset[str]
    passes: Callable[[Look, Asked], int]
    look_at: str
    ignore: str
    reference: str


METHODS: Registry[Method] = Registry("attribution_methods")


def integrated_gradients(look: Look, asked: Asked) -> Credit:
    """Return gradients of the channels, averaged on the straight way from the baseline, times the difference to it.

    The sum over all channels and places is the difference of the responses, but for `delta`. Steps are doubled if that is
    more than 1 % of it.
    """
    baseline = _picture_baseline(asked, "median_blur")
    channels, start = look.channels(look.pixels), look.channels(look.nothing(baseline))
    response = look.response(of_pixels=False)
    ends = _answers(response, torch.cat([channels, start]))
    steps = asked.steps or STEPS
    while True:
        found = IntegratedGradients(response).attribute(
            channels, baselines=start, n_steps=steps, internal_batch_size=look.at_once, method="gausslegendre"
        )
        total = float(found.double().sum())
        delta = total - (ends[0] - ends[1])
        if asked.steps or steps >= MOST_STEPS or abs(delta) <= CLOSE * abs(ends[0] - ends[1]):
            break
        steps = MOST_STEPS
    return Credit(
        values=_places(found),
        groups=_by_group(look, found),
        output=ends[0],
        reference=ends[1],
        delta=delta,
        baseline=baseline,
        settings={"steps": steps, "input": "channels"},
    )


def gradient_shap(look: Look, asked: Asked) -> Credit:
    """Return expected gradients: as integrated gradients, with baselines and places on the way drawn at random.

    All baselines take part unless one is named. The sum is the difference to their mean response only in
    expectation, so `delta` says how far the draws fell from it.
    """
    names = list(BASELINES) if asked.baseline is None else [_picture_baseline(asked, "")]
    channels = look.channels(look.pixels)
    starts = torch.cat([look.channels(look.nothing(name)) for name in names])
    response = look.response(of_pixels=False)
    ends = _answers(response, torch.cat([channels, starts]))
    samples = asked.steps or SAMPLES
    total, done = torch.zeros_like(channels), 0
    while done < samples:
        n = min(look.at_once, samples - done)
        total += n * GradientShap(response).attribute(channels, baselines=starts, n_samples=n, stdevs=0.0)
        done += n
    total /= samples
    reference = float(np.mean(ends[1:]))
    return Credit(
        values=_places(total),
        groups=_by_group(look, total),
        output=ends[0],
        reference=reference,
        delta=float(total.double().sum()) - (ends[0] - reference),
        drawn=True,
        baseline=", ".join(names),
        settings={"samples": samples, "input": "channels"},
    )


def occlusion(look: Look, asked: Asked) -> Credit:
    """Return by how much the response falls when a cell is replaced by the baseline, spread evenly over the cell."""
    baseline = _picture_baseline(asked, "median_blur")
    nothing, cell = look.nothing(baseline), look.cell
    response = look.response(of_pixels=True)
    window = (3, cell, cell)
    found = Occlusion(response).attribute(
        look.pixels,
        sliding_window_shapes=window,
        strides=window,
        baselines=nothing,
        perturbations_per_eval=look.at_once,
    )
    ends = look.answer(torch.cat([look.pixels, nothing]))
    return Credit(
        values=found[0, 0].double().cpu().numpy() / cell**2,
        output=float(ends[0]),
        reference=float(ends[1]),
        baseline=baseline,
        settings={"window": cell, "input": "pixels"},
    )


def grad_cam(look: Look, asked: Asked) -> Credit:
    """Return activations of a layer, weighted by the mean gradient of their channel, spread over the pixels they cover.

    Signed: what speaks for “real” stays below 0. The sum is the share of the response that is linear in the layer.
    """
    name = asked.layer or look.branch.attribution_layer
    layer = look.branch.get_submodule(name)
    channels = look.channels(look.pixels).requires_grad_()
    response = look.response(of_pixels=False)
    found = LayerGradCam(response, layer).attribute(channels, relu_attributions=False)
    if found.ndim != 4:
        raise AttributionError(
            f"the layer {name!r} gives {tuple(found.shape)}, no map of places. Name a layer of feature maps, such as "
            f"{look.branch.attribution_layer!r}."
        )
    side, rows, columns = look.side, int(found.shape[2]), int(found.shape[3])
    spread = F.interpolate(found.detach().double(), size=(side, side), mode="nearest") * (rows * columns / side**2)
    return Credit(
        values=spread[0, 0].cpu().numpy(),
        output=float(look.answer(look.pixels)[0]),
        settings={"layer": name, "rows": rows, "columns": columns, "input": "channels"},
    )


def _picture_baseline(asked: Asked, default: str) -> str:
    name = asked.baseline or default
    if name not in BASELINES:
        raise AttributionError(
            f"no baseline {name!r} for this method; there are {', '.join(BASELINES)}. Choose one of these."
        )
    return name


@torch.no_grad()
def _answers(response: torch.nn.Module, channels: Tensor) -> list[float]:
    return [float(response(part)[0]) for part in torch.split(channels, 1)]


def _places(found: Tensor) -> Float64Array:
    """Return the sum over channels of (1, C, S, S)."""
    return np.asarray(found.detach().double().sum(dim=1)[0].cpu().numpy())


def _by_group(look: Look, found: Tensor) -> dict[str, float]:
    return {name: float(found[:, part].double().sum()) for name, part in look.branch.groups.items()}


def _n_cells(look: Look) -> int:
    return (look.side // look.cell) ** 2


METHODS.add(
    "integrated_gradients",
    Method(
        explain=integrated_gradients,
        title="Integrated gradients",
        gives_places=True,
        gives_groups=True,
        needs_gradients=True,
        takes=frozenset({"baseline", "steps"}),
        passes=lambda _, asked: (asked.steps or STEPS) + 2,
        look_at="Cells far from 0 that lie together on a thing, and that other baselines show too.",
        ignore="Single cells, and contours: where the picture differs most from the baseline there is most to attribute.",
        reference="Sundararajan, Taly and Yan, ICML 2017",
    ),
)
METHODS.add(
    "gradient_shap",
    Method(
        explain=gradient_shap,
        title="Expected gradients",
        gives_places=True,
        gives_groups=True,
        needs_gradients=True,
        takes=frozenset({"baseline", "steps"}),
        passes=lambda _, asked: (asked.steps or SAMPLES) + 1 + len(BASELINES),
        look_at="What remains of integrated gradients when no single baseline decides.",
        ignore="Differences below the delta: the method draws at random and sums up only on average.",
        reference="Lundberg and Lee, NeurIPS 2017; Erion et al., Nature Machine Intelligence 3 (2021)",
    ),
)
METHODS.add(
    "occlusion",
    Method(
        explain=occlusion,
        title="Occlusion by a blurred patch",
        gives_places=True,
        gives_groups=False,
        needs_gradients=False,
        takes=frozenset({"baseline"}),
        passes=lambda look, _: _n_cells(look) + 3,
        look_at="Cells without which the branch would answer otherwise.",
        ignore="Values do not add up: two cells that show the same can each be missed without loss.",
        reference="Zeiler and Fergus, ECCV 2014",
    ),
)
METHODS.add(
    "grad_cam",
    Method(
        explain=grad_cam,
        title="Grad-CAM",
        gives_places=True,
        gives_groups=False,
        needs_gradients=True,
        takes=frozenset({"layer"}),
        passes=lambda _look, _asked: 2,
        look_at="The coarse area that the last feature maps respond to.",
        ignore="Its borders: a value of the last layer covers many pixels and has seen far more than these.",
        reference="Selvaraju et al., ICCV 2017; signed",
    ),
)
