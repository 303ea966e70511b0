"""Credit to places by gradients of a branch, or by covering one cell after another."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from forensics.attribution.methods.baselines import BASELINES
from forensics.attribution.methods.catalogue import SAMPLES, STEPS, Credit, MethodOptions
from forensics.attribution.methods.explained_view import ExplainedView
from forensics.errors import AttributionError, needed_by
from forensics.records.arrays import Float64Array

with needed_by("An attribution"):
    from captum.attr import GradientShap, IntegratedGradients, LayerGradCam, Occlusion

__all__ = ["grad_cam", "gradient_shap", "integrated_gradients", "occlusion"]

MOST_STEPS = 128
CLOSE = 0.01  # of the difference that is explained; beyond it, integrated gradients take more steps


def integrated_gradients(view: ExplainedView, options: MethodOptions) -> Credit:
    """Return gradients of the channels, averaged on the straight way from the baseline, times the difference to it.

    The sum over all channels and places is the difference of the responses, but for `delta`. Steps are doubled if that is
    more than 1 % of it.
    """
    baseline = _picture_baseline(options, "median_blur")
    channels, start = view.channels(view.pixels), view.channels(view.baseline(baseline))
    response = view.response(of_pixels=False)
    ends = _answers(response, torch.cat([channels, start]))
    steps = options.steps or STEPS
    while True:
        found = IntegratedGradients(response).attribute(
            channels, baselines=start, n_steps=steps, internal_batch_size=view.at_once, method="gausslegendre"
        )
        total = float(found.double().sum())
        delta = total - (ends[0] - ends[1])
        if options.steps or steps >= MOST_STEPS or abs(delta) <= CLOSE * abs(ends[0] - ends[1]):
            break
        steps = MOST_STEPS
    return Credit(
        values=_places(found),
        groups=_by_group(view, found),
        output=ends[0],
        reference=ends[1],
        delta=delta,
        baseline=baseline,
        settings={"steps": steps, "input": "channels"},
    )


def gradient_shap(view: ExplainedView, options: MethodOptions) -> Credit:
    """Return expected gradients: as integrated gradients, with baselines and places on the way drawn at random.

    All baselines take part unless one is named. The sum is the difference to their mean response only in
    expectation, so `delta` says how far the draws fell from it.
    """
    names = list(BASELINES) if options.baseline is None else [_picture_baseline(options, "")]
    channels = view.channels(view.pixels)
    starts = torch.cat([view.channels(view.baseline(name)) for name in names])
    response = view.response(of_pixels=False)
    ends = _answers(response, torch.cat([channels, starts]))
    samples = options.steps or SAMPLES
    total, done = torch.zeros_like(channels), 0
    while done < samples:
        n = min(view.at_once, samples - done)
        total += n * GradientShap(response).attribute(channels, baselines=starts, n_samples=n, stdevs=0.0)
        done += n
    total /= samples
    reference = float(np.mean(ends[1:]))
    return Credit(
        values=_places(total),
        groups=_by_group(view, total),
        output=ends[0],
        reference=reference,
        delta=float(total.double().sum()) - (ends[0] - reference),
        sampled=True,
        baseline=", ".join(names),
        settings={"samples": samples, "input": "channels"},
    )


def occlusion(view: ExplainedView, options: MethodOptions) -> Credit:
    """Return by how much the response falls when a cell is replaced by the baseline, spread evenly over the cell."""
    baseline = _picture_baseline(options, "median_blur")
    covered, cell = view.baseline(baseline), view.cell
    response = view.response(of_pixels=True)
    window = (3, cell, cell)
    found = Occlusion(response).attribute(
        view.pixels,
        sliding_window_shapes=window,
        strides=window,
        baselines=covered,
        perturbations_per_eval=view.at_once,
    )
    ends = view.answer(torch.cat([view.pixels, covered]))
    return Credit(
        values=found[0, 0].double().cpu().numpy() / cell**2,
        output=float(ends[0]),
        reference=float(ends[1]),
        baseline=baseline,
        settings={"window": cell, "input": "pixels"},
    )


def grad_cam(view: ExplainedView, options: MethodOptions) -> Credit:
    """Return activations of a layer, weighted by the mean gradient of their channel, spread over the pixels they cover.

    Signed: what speaks for “real” stays below 0. The sum is the share of the response that is linear in the layer.
    """
    name = options.layer or view.branch.attribution_layer
    layer = view.branch.get_submodule(name)
    channels = view.channels(view.pixels).requires_grad_()
    response = view.response(of_pixels=False)
    found = LayerGradCam(response, layer).attribute(channels, relu_attributions=False)
    if found.ndim != 4:
        raise AttributionError(
            f"the layer {name!r} gives {tuple(found.shape)}, no map of places. Name a layer of feature maps, such as "
            f"{view.branch.attribution_layer!r}."
        )
    side, rows, columns = view.side, int(found.shape[2]), int(found.shape[3])
    spread = F.interpolate(found.detach().double(), size=(side, side), mode="nearest") * (rows * columns / side**2)
    return Credit(
        values=spread[0, 0].cpu().numpy(),
        output=float(view.answer(view.pixels)[0]),
        settings={"layer": name, "rows": rows, "columns": columns, "input": "channels"},
    )


def _picture_baseline(options: MethodOptions, default: str) -> str:
    name = options.baseline or default
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


def _by_group(view: ExplainedView, found: Tensor) -> dict[str, float]:
    return {name: float(found[:, part].double().sum()) for name, part in view.branch.groups.items()}
