"""The eight methods of attribution: what each needs, takes and tells, and where it is computed.

Nothing here imports torch or captum: the functions that compute are loaded when a method is first used.

Not offered: DeepLIFT and LRP, whose hooks break on shared modules and functional operations, and guided back-propagation,
which draws the same map for random weights (Adebayo et al., NeurIPS 2018).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

from forensics.attribution.arguments import branch_of
from forensics.attribution.methods.baselines import BASELINES
from forensics.records.arrays import Float64Array
from forensics.registry import Registry

if TYPE_CHECKING:
    from forensics.attribution.methods.explained_view import ExplainedView
    from forensics.detector import Detector

__all__ = ["METHODS", "REGIONS", "Credit", "Method", "MethodOptions", "usable_methods"]

STEPS = 64  # of integrated gradients, unless the sum asks for more
SAMPLES = 64  # of expected gradients
REGIONS = ("grid", "superpixels")
ABLATION_REGIONS, SHAPLEY_REGIONS = 8, 4  # along each side: what can be left out one by one, and in many orders
ORDERS = 16  # drawn for Shapley values over regions
EXACT = 4  # groups: up to so many, all orders are computed


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodOptions:
    """What can be set of a method.

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
    sampled : bool
        Whether the values sum up only on average, because they are drawn at random.
    baseline : str
    settings : mapping
        As in `forensics.attribution.record.Attribution`.
    """

    values: Float64Array | None
    output: float
    groups: Mapping[str, float] = field(default_factory=dict)
    reference: float | None = None
    delta: float | None = None
    sampled: bool = False
    baseline: str = ""
    settings: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


Explain: TypeAlias = Callable[["ExplainedView", MethodOptions], Credit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A way of asking a branch why, with what a reader of its answer needs to know.

    Parameters
    ----------
    explain : callable
        `ExplainedView`, `MethodOptions` to `Credit`.
    title : str
    gives_places, gives_groups : bool
    needs_gradients : bool
        Whether the branch must pass gradients from its channels on.
    takes : frozenset of str
        What can be set of it, among the names of `MethodOptions`; anything else is refused.
    passes : callable
        `ExplainedView`, `MethodOptions` to the number of views it computes, about; for progress.
    look_at, ignore, reference : str
    """

    explain: Explain
    title: str
    gives_places: bool
    gives_groups: bool
    needs_gradients: bool
    takes: frozenset[str]
    passes: Callable[["ExplainedView", MethodOptions], int]
    look_at: str
    ignore: str
    reference: str


METHODS: Registry[Method] = Registry("attribution_methods")


def usable_methods(detector: "Detector", branch: str) -> tuple[str, ...]:
    """Return the names of the methods that a branch allows: all, or those without gradients if it passes none.

    Raises
    ------
    UnknownNameError
        There is no such branch.
    """
    network = branch_of(detector, branch)
    return tuple(name for name in METHODS if network.passes_gradients or not METHODS[name].needs_gradients)


def _on_captum(module: str, function: str, **settings: Any) -> Explain:
    """Return a function of this package that is imported when it is first called, for captum takes a second or more."""

    def explain(view: "ExplainedView", options: MethodOptions) -> Credit:
        found = getattr(import_module(f"forensics.attribution.methods.{module}"), function)
        return found(view, options, **settings)

    return explain


def _n_passes_groups(view: "ExplainedView", options: MethodOptions, *, shapley: bool) -> int:
    n = len(view.branch.groups)
    return 2 + (n * (options.steps or (ORDERS if n > EXACT else math.factorial(n))) if shapley else n)


def _n_passes_regions(_view: "ExplainedView", options: MethodOptions, *, shapley: bool) -> int:
    return SHAPLEY_REGIONS**2 * (options.steps or ORDERS) + 2 if shapley else ABLATION_REGIONS**2 + 2


def _left_out(title: str, *, regions: bool, shapley: bool, look_at: str, ignore: str) -> Method:
    """Return a method that leaves parts out, one by one or in many orders."""
    return Method(
        explain=_on_captum("ablation", "region_credit" if regions else "group_credit", shapley=shapley),
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


METHODS.add(
    "integrated_gradients",
    Method(
        explain=_on_captum("gradients", "integrated_gradients"),
        title="Integrated gradients",
        gives_places=True,
        gives_groups=True,
        needs_gradients=True,
        takes=frozenset({"baseline", "steps"}),
        passes=lambda _, options: (options.steps or STEPS) + 2,
        look_at="Cells far from 0 that lie together on a thing, and that other baselines show too.",
        ignore="Single cells, and contours: where the picture differs most from the baseline there is most to attribute.",
        reference="Sundararajan, Taly and Yan, ICML 2017",
    ),
)
METHODS.add(
    "gradient_shap",
    Method(
        explain=_on_captum("gradients", "gradient_shap"),
        title="Expected gradients",
        gives_places=True,
        gives_groups=True,
        needs_gradients=True,
        takes=frozenset({"baseline", "steps"}),
        passes=lambda _, options: (options.steps or SAMPLES) + 1 + len(BASELINES),
        look_at="What remains of integrated gradients when no single baseline decides.",
        ignore="Differences below the delta: the method draws at random and sums up only on average.",
        reference="Lundberg and Lee, NeurIPS 2017; Erion et al., Nature Machine Intelligence 3 (2021)",
    ),
)
METHODS.add(
    "occlusion",
    Method(
        explain=_on_captum("gradients", "occlusion"),
        title="Occlusion by a blurred patch",
        gives_places=True,
        gives_groups=False,
        needs_gradients=False,
        takes=frozenset({"baseline"}),
        passes=lambda view, _: (view.side // view.cell) ** 2 + 3,
        look_at="Cells without which the branch would answer otherwise.",
        ignore="Values do not add up: two cells that show the same can each be missed without loss.",
        reference="Zeiler and Fergus, ECCV 2014",
    ),
)
METHODS.add(
    "grad_cam",
    Method(
        explain=_on_captum("gradients", "grad_cam"),
        title="Grad-CAM",
        gives_places=True,
        gives_groups=False,
        needs_gradients=True,
        takes=frozenset({"layer"}),
        passes=lambda _look, _options: 2,
        look_at="The coarse area that the last feature maps respond to.",
        ignore="Its borders: a value of the last layer covers many pixels and has seen far more than these.",
        reference="Selvaraju et al., ICCV 2017; signed",
    ),
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
