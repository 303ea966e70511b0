"""Credit to a few named parts: to groups of channels, or to regions of the view, by leaving them out.

Works for every branch, also for counted statistics that pass no gradients.
"""

from functools import partial

import numpy as np
import torch
from skimage.segmentation import slic
from torch import Tensor

from forensics.attribution.borrowing import SEED
from forensics.attribution.looks import BASELINES, Look
from forensics.attribution.methods import METHODS, ZERO, Asked, Credit, Method
from forensics.errors import AttributionError, needed_by
from forensics.records.arrays import Float64Array, IntArray

with needed_by("An attribution"):
    from captum.attr import FeatureAblation, ShapleyValues, ShapleyValueSampling

__all__ = ["REGIONS", "group_credit", "region_credit", "regions_of"]

REGIONS = ("grid", "superpixels")
ABLATION_REGIONS, SHAPLEY_REGIONS = 8, 4  # along each side: what can be left out one by one, and in many orders
ORDERS = 16  # drawn for Shapley values over regions
EXACT = 4  # groups: up to so many, all orders are computed
COMPACTNESS = 10.0  # of superpixels: scikit-image's own, of which it says that 10 suits ordinary pictures


def group_credit(look: Look, asked: Asked, *, shapley: bool) -> Credit:
    """Return the credit of each group of channels: RGB, SRM and other residuals.

    Ablation leaves out one group at a time. A Shapley value is the mean, over the orders in which groups can come in, of
    what a group adds when it comes: they sum to the difference of the responses. Left out means zero, which networks that
    were trained with left-out groups know, or the channels of a baseline picture.
    """
    baseline = asked.baseline or ZERO
    if baseline != ZERO and baseline not in BASELINES:
        raise AttributionError(
            f"no baseline {baseline!r} for this method; there are {', '.join((ZERO, *BASELINES))}. Choose one of these."
        )
    channels = look.channels(look.pixels)
    start = torch.zeros_like(channels) if baseline == ZERO else look.channels(look.nothing(baseline))
    groups = look.branch.groups
    numbers = torch.empty(channels.shape[1], 1, 1, dtype=torch.long, device=channels.device)
    for number, part in enumerate(groups.values()):
        numbers[part] = number
    switched = Switched(look.response(of_pixels=False), channels, start, numbers)
    found, orders = _explained(switched, look, n=len(groups), shapley=shapley, orders=asked.steps)
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


def region_credit(look: Look, asked: Asked, *, shapley: bool) -> Credit:
    """Return the credit of each region of the view, spread evenly over its pixels."""
    baseline = asked.baseline or "median_blur"
    if baseline not in BASELINES:
        raise AttributionError(
            f"no baseline {baseline!r} for this method; there are {', '.join(BASELINES)}. Choose one of these."
        )
    numbers = regions_of(look, asked.regions, per_side=SHAPLEY_REGIONS if shapley else ABLATION_REGIONS)
    n = int(numbers.max()) + 1
    where = torch.from_numpy(numbers)[None].to(look.pixels.device)
    switched = Switched(look.response(of_pixels=True), look.pixels, look.nothing(baseline), where)
    found, orders = _explained(switched, look, n=n, shapley=shapley, orders=asked.steps)
    output, reference = switched.ends(n)
    return Credit(
        values=(found / np.bincount(numbers.ravel(), minlength=n))[numbers],
        output=output,
        reference=reference,
        delta=float(found.sum()) - (output - reference) if shapley else None,
        baseline=baseline,
        settings={"regions": asked.regions, "number of regions": n, "orders": orders, "input": "pixels"},
    )


def regions_of(look: Look, kind: str, *, per_side: int) -> IntArray:
    """Return the number of the region that each pixel belongs to, from 0, shape (S, S).

    ``grid``: squares; ``superpixels``: about as many areas of like colour (Achanta et al., SLIC, IEEE TPAMI 34, 2012).
    """
    if kind not in REGIONS:
        raise AttributionError(f"no regions {kind!r}; there are {', '.join(REGIONS)}. Choose one of these.")
    side = look.side
    if kind == "grid":
        line = np.arange(side) * per_side // side
        return np.asarray(line[:, None] * per_side + line[None, :], dtype=np.int64)
    picture = look.pixels[0].permute(1, 2, 0).cpu().numpy().astype(np.float64)
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
    switched: Switched, look: Look, *, n: int, shapley: bool, orders: int | None
) -> tuple[Float64Array, str]:
    """Return the credit of each part, (n,), and how many orders of parts were computed."""
    switches = torch.ones(1, n)
    common = {"baselines": torch.zeros(1, n), "perturbations_per_eval": look.at_once}
    if not shapley:
        found, said = FeatureAblation(switched).attribute(switches, **common), "one part at a time"
    elif n <= EXACT and orders is None:
        found, said = ShapleyValues(switched).attribute(switches, **common), "all"
    else:
        drawn = orders or ORDERS
        found = ShapleyValueSampling(switched).attribute(switches, n_samples=drawn, **common)
        said = f"{drawn} drawn at seed {SEED}"
    return found[0].double().numpy(), said


def _n_passes_groups(look: Look, asked: Asked, *, shapley: bool) -> int:
    n = len(look.branch.groups)
    return 2 + (n * (asked.steps or (ORDERS if n > EXACT else int(np.prod(range(1, n + 1))))) if shapley else n)


def _n_passes_regions(_look: Look, asked: Asked, *, shapley: bool) -> int:
    return SHAPLEY_REGIONS**2 * (asked.steps or ORDERS) + 2 if shapley else ABLATION_REGIONS**2 + 2


def _left_out(title: str, *, regions: bool, shapley: bool, look_at: str, ignore: str) -> Method:
    """Return a method that leaves parts out, one by one or in many orders."""
    return Method(
        explain=partial(region_credit if regions else group_credit, shapley=shapley),
        title=title,
        gives_places=regions,
        gives_groups=not regions,
        needs_gradients=False,
        takes=frozenset({"baseline"} | ({"regions"} if regions else set()) | ({"steps"} if shapley else set())),
        passes=partial(_n_passes_regions if regions else _n_passes_groups, shapley=shapley),
        look_at=look_at,
        ignore=ignore,
        reference="Shapley (1953); Castro, Gómez and Tejada, Computers and Operations Research 36 (2009)"
        if shapley
        else "Leave-one-out; captum, FeatureAblation",
    )


_GROUPS = "Whether residuals carry the answer, or light and colour, which say little about origin."
_REGIONS = "Regions without which the branch would answer otherwise."
METHODS.add(
    "group_ablation",
    _left_out(
        "Channel groups left out one by one", regions=False, shapley=False, look_at=_GROUPS,
        ignore="The sum: the values need not add up. Groups that show nearly the same can each be missed, and all get little credit; "
        "Shapley values of the same groups can then say something else.",
    ),
)  # fmt: skip
METHODS.add(
    "group_shapley",
    _left_out(
        "Shapley values of channel groups", regions=False, shapley=True, look_at=_GROUPS,
        ignore="Small differences between groups that show nearly the same, such as two kinds of residuals. What a group adds depends on "
        "which others are there, so that leaving it out can say something else.",
    ),
)  # fmt: skip
METHODS.add(
    "region_ablation",
    _left_out(
        "Regions left out one by one", regions=True, shapley=False, look_at=_REGIONS,
        ignore="What lies within a region: all of it gets the same value. Values do not add up.",
    ),
)  # fmt: skip
METHODS.add(
    "region_shapley",
    _left_out(
        "Shapley values of regions", regions=True, shapley=True, look_at=_REGIONS,
        ignore="What lies within a region: all of it gets the same value.",
    ),
)  # fmt: skip
