"""Credit to a few named parts: to groups of channels, or to regions of the view, by leaving them out.

Works for every branch, also for counted statistics that pass no gradients.
"""

import numpy as np
import torch
from skimage.segmentation import slic
from torch import Tensor

from forensics.attribution.methods.baselines import BASELINES, SEED
from forensics.attribution.methods.catalogue import (
    ABLATION_REGIONS,
    EXACT,
    ORDERS,
    REGIONS,
    SHAPLEY_REGIONS,
    Credit,
    MethodOptions,
)
from forensics.attribution.methods.explained_view import ExplainedView
from forensics.errors import AttributionError, needed_by
from forensics.records.arrays import Float64Array, IntArray

with needed_by("An attribution"):
    from captum.attr import FeatureAblation, ShapleyValues, ShapleyValueSampling

__all__ = ["group_credit", "region_credit", "regions_of"]

ZERO = "zero"  # a baseline of channel groups: all their values are 0
COMPACTNESS = 10.0  # of superpixels: scikit-image's own, of which it says that 10 suits ordinary pictures


def group_credit(view: ExplainedView, options: MethodOptions, *, shapley: bool) -> Credit:
    """Return the credit of each group of channels: RGB, SRM and other residuals.

    Ablation leaves out one group at a time. A Shapley value is the mean, over the orders in which groups can come in, of
    what a group adds when it comes: they sum to the difference of the responses. Left out means zero, which networks that
    were trained with left-out groups know, or the channels of a baseline picture.
    """
    baseline = options.baseline or ZERO
    if baseline != ZERO and baseline not in BASELINES:
        raise AttributionError(
            f"no baseline {baseline!r} for this method; there are {', '.join((ZERO, *BASELINES))}. Choose one of these."
        )
    channels = view.channels(view.pixels)
    start = torch.zeros_like(channels) if baseline == ZERO else view.channels(view.baseline(baseline))
    groups = view.branch.groups
    numbers = torch.empty(channels.shape[1], 1, 1, dtype=torch.long, device=channels.device)
    for number, part in enumerate(groups.values()):
        numbers[part] = number
    switched = Switched(view.response(of_pixels=False), channels, start, numbers)
    found, orders = _explained(switched, view, n=len(groups), shapley=shapley, orders=options.steps)
    output, reference = switched.ends(len(groups))
    return Credit(
        values=None,
        groups=dict(zip(groups, found.tolist(), strict=True)),
        output=output,
        reference=reference,
        delta=float(found.sum()) - (output - reference) if shapley else None,
        baseline=baseline,
        settings={"orders": orders, "input": "channels"},
    )


def region_credit(view: ExplainedView, options: MethodOptions, *, shapley: bool) -> Credit:
    """Return the credit of each region of the view, spread evenly over its pixels."""
    baseline = options.baseline or "median_blur"
    if baseline not in BASELINES:
        raise AttributionError(
            f"no baseline {baseline!r} for this method; there are {', '.join(BASELINES)}. Choose one of these."
        )
    numbers = regions_of(view, options.regions, per_side=SHAPLEY_REGIONS if shapley else ABLATION_REGIONS)
    n = int(numbers.max()) + 1
    where = torch.from_numpy(numbers)[None].to(view.pixels.device)
    switched = Switched(view.response(of_pixels=True), view.pixels, view.baseline(baseline), where)
    found, orders = _explained(switched, view, n=n, shapley=shapley, orders=options.steps)
    output, reference = switched.ends(n)
    return Credit(
        values=(found / np.bincount(numbers.ravel(), minlength=n))[numbers],
        output=output,
        reference=reference,
        delta=float(found.sum()) - (output - reference) if shapley else None,
        baseline=baseline,
        settings={"regions": options.regions, "number of regions": n, "orders": orders, "input": "pixels"},
    )


def regions_of(view: ExplainedView, kind: str, *, per_side: int) -> IntArray:
    """Return the number of the region that each pixel belongs to, from 0, shape (S, S).

    ``grid``: squares; ``superpixels``: about as many areas of like colour (Achanta et al., SLIC, IEEE TPAMI 34, 2012).
    """
    if kind not in REGIONS:
        raise AttributionError(f"no regions {kind!r}; there are {', '.join(REGIONS)}. Choose one of these.")
    side = view.side
    if kind == "grid":
        line = np.arange(side) * per_side // side
        return np.asarray(line[:, None] * per_side + line[None, :], dtype=np.int64)
    picture = view.pixels[0].permute(1, 2, 0).cpu().numpy().astype(np.float64)
    found = slic(picture, n_segments=per_side**2, compactness=COMPACTNESS, start_label=0)
    return np.unique(found, return_inverse=True)[1].reshape(side, side).astype(np.int64)


class Switched(torch.nn.Module):
    """A response to one switch per part: 1 lets a part be as it is, 0 replaces it by the baseline.

    captum takes masks over inputs too, but walks through their elements one by one, which takes a minute a view.

    Parameters
    ----------
    response : nn.Module
    inputs, baselines : tensor of shape (1, C, S, S)
    numbers : tensor of a shape that spreads over (C, S, S), int64
        The part that each input belongs to.
    """

    def __init__(self, response: torch.nn.Module, inputs: Tensor, baselines: Tensor, numbers: Tensor) -> None:
        super().__init__()
        self._response, self._inputs, self._baselines, self._numbers = response, inputs, baselines, numbers

    def forward(self, switches: Tensor) -> Tensor:
        """Return (N,) of switches (N, parts)."""
        return self._response(torch.where(switches[:, self._numbers] > 0.5, self._inputs, self._baselines))

    @torch.no_grad()
    def ends(self, n: int) -> tuple[float, float]:
        """Return the responses with all `n` parts and with none."""
        return float(self(torch.ones(1, n))[0]), float(self(torch.zeros(1, n))[0])


def _explained(
    switched: Switched, view: ExplainedView, *, n: int, shapley: bool, orders: int | None
) -> tuple[Float64Array, str]:
    """Return the credit of each part, (n,), and how many orders of parts were computed."""
    switches = torch.ones(1, n)
    common = {"baselines": torch.zeros(1, n), "perturbations_per_eval": view.at_once}
    if not shapley:
        found, said = FeatureAblation(switched).attribute(switches, **common), "one part at a time"
    elif n <= EXACT and orders is None:
        found, said = ShapleyValues(switched).attribute(switches, **common), "all"
    else:
        n_orders = orders or ORDERS
        found = ShapleyValueSampling(switched).attribute(switches, n_samples=n_orders, **common)
        said = f"{n_orders} drawn at seed {SEED}"
    return found[0].double().numpy(), said
