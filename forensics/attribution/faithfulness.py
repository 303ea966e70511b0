"""How far an attribution can be relied on: what must hold, within which limits, and why there.

References
----------
Adebayo et al., Sanity checks for saliency maps, NeurIPS 2018: randomised weights. Samek et al., IEEE TNNLS 28 (2017), and
Petsiuk, Das and Saenko, BMVC 2018: deletion and insertion. Rong et al., ICML 2022: removal without edges. Yeh et al.,
NeurIPS 2019: infidelity and sensitivity, as in ``captum.metrics``.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from forensics.attribution.comparing import rank_correlation
from forensics.attribution.limits import judged
from forensics.attribution.methods.baselines import BASELINES, fill_removed
from forensics.attribution.methods.catalogue import Credit, Method, MethodOptions
from forensics.attribution.methods.explained_view import ExplainedView
from forensics.attribution.record import CELLS, TrustCheck
from forensics.errors import needed_by
from forensics.messages import Message
from forensics.models.branch import Branch
from forensics.records.arrays import Float32Array, Float64Array

with needed_by("An attribution"):
    from captum.metrics import infidelity, sensitivity_max

__all__ = ["Curves", "cell_sums", "quick_checks", "randomised", "removal_curves", "thorough_checks"]  # fmt: skip

SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the cells that are removed
MISPLACED = 9  # maps laid elsewhere: lower than all of these happens by chance in one of ten maps
SHAKES, SHAKE = 1, 1.0 / 255.0  # pictures that differ by at most one grey level
SUBSETS = 20  # of cells, whose joint effect the map must foretell
LEAST_DIFFERENCE = 0.1  # log-odds; below it nothing is explained and a share of it means nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """Responses while cells are removed in the order of a map, and in the orders of the same map laid elsewhere.

    Parameters
    ----------
    shares : array of shape (n,)
        Of the cells that are removed.
    deletion : array of shape (n,)
        Most important first.
    insertion : array of shape (n,)
        Least important first: read backwards, the most important are brought back first.
    deletion_elsewhere, insertion_elsewhere : array of shape (maps, n)
        The same of maps turned and shifted at random. Orders that scatter what is removed would be no fair measure: scattered
        fillings disturb an answer more than one patch does.
    """

    shares: Float64Array
    deletion: Float64Array
    insertion: Float64Array
    deletion_elsewhere: Float64Array
    insertion_elsewhere: Float64Array

    @property
    def gain(self) -> float:
        """Half of how much higher insertion lies than deletion, mean over the shares, in log-odds (ROAD)."""
        return float((self.insertion.mean() - self.deletion.mean()) / 2)

    @property
    def deletion_beats(self) -> float:
        """Share of the maps laid elsewhere whose deletion this one lies below."""
        return float(np.mean(self.deletion.mean() < self.deletion_elsewhere.mean(axis=1)))

    @property
    def insertion_beats(self) -> float:
        """Share of the maps laid elsewhere whose insertion this one lies above."""
        return float(np.mean(self.insertion.mean() > self.insertion_elsewhere.mean(axis=1)))


def cell_sums(values: Float64Array, cell: int) -> Float64Array:
    """Return sums over cells of `cell` x `cell` pixels of (S, S)."""
    n = values.shape[0] // cell
    return np.asarray(values[: n * cell, : n * cell].reshape(n, cell, n, cell).sum(axis=(1, 3)))


def removal_curves(view: ExplainedView, cells: Float64Array) -> Curves:
    """Return the responses while cells are removed in the order of a map.

    Parameters
    ----------
    view : ExplainedView
    cells : array of shape (n, n)
        Larger speaks more for “fake”.
    """
    rng = np.random.default_rng(0)
    maps = [cells, *(_laid_elsewhere(cells, rng) for _ in range(MISPLACED))]
    pixels = view.pixels[0].cpu().numpy()
    answers = np.empty((len(maps), 2, len(SHARES)))
    for i, one in enumerate(maps):
        order = np.argsort(-one, axis=None, kind="stable")
        for j, ordered in enumerate((order, order[::-1])):
            for k, share in enumerate(SHARES):
                gone = np.zeros(order.size)
                gone[ordered[: round(share * order.size)]] = 1.0
                filled = fill_removed(pixels, _enlarged(gone.reshape(cells.shape), view.side))
                answers[i, j, k] = view.answer(torch.from_numpy(filled[None]).to(view.pixels.device))[0]
    return Curves(
        shares=np.array(SHARES),
        deletion=answers[0, 0],
        insertion=answers[0, 1],
        deletion_elsewhere=answers[1:, 0],
        insertion_elsewhere=answers[1:, 1],
    )


def _laid_elsewhere(cells: Float64Array, rng: np.random.Generator) -> Float64Array:
    """Return a map turned or mirrored, and shifted across the border to the other side."""
    turned = np.rot90(cells, int(rng.integers(4)))
    if rng.integers(2):
        turned = turned.T
    n = len(cells)
    down, right = divmod(int(rng.integers(1, n * n)), n)  # never 0 both ways
    return np.roll(turned, (down, right), axis=(0, 1))


def _enlarged(cells: Float64Array, side: int) -> Float32Array:
    rows, columns = (np.arange(side) * n // side for n in cells.shape)
    return cells[rows[:, None], columns[None, :]].astype(np.float32)


def quick_checks(
    view: ExplainedView, credit: Credit, explain: Callable[[ExplainedView], Credit], again: ExplainedView
) -> list[TrustCheck]:
    """Return what is measured of every attribution: completeness, removal of cells, and a copy saved again.

    Parameters
    ----------
    view, again : ExplainedView
        The view, and the same view of the copy at JPEG 95.
    credit : Credit
    explain : callable
        From a view to its credit, as it was asked for.
    """
    checks = [*_convergence(credit)]
    if credit.values is None:
        checks.append(_group_stability(credit, explain(again)))
        return checks
    cells = cell_sums(credit.values, view.cell)
    curves = removal_curves(view, cells)
    removed_share, back_share = (
        {"share": 100 * beats, "n": MISPLACED} for beats in (curves.deletion_beats, curves.insertion_beats)
    )
    checks.append(judged("deletion", curves.deletion_beats, Message("cells_removed", removed_share)))
    checks.append(judged("insertion", curves.insertion_beats, Message("cells_brought_back", back_share)))
    checks.append(judged("removal", curves.gain, Message("removal_gain", {"gain": curves.gain})))
    other = explain(again)
    if other.values is not None:
        value = rank_correlation(cells, cell_sums(other.values, view.cell))
        checks.append(judged("stability", value, Message("saved_again_ranks", {"value": value})))
    return checks


def _convergence(credit: Credit) -> list[TrustCheck]:
    if credit.delta is None or credit.reference is None:
        return []
    difference = credit.output - credit.reference
    value = abs(credit.delta) / max(abs(difference), LEAST_DIFFERENCE)
    code = "sum_differs_drawn" if credit.sampled else "sum_differs"
    message = Message(code, {"difference": difference, "share": 100 * value})
    return [judged("convergence", value, message, only_told=credit.sampled)]


def _group_stability(credit: Credit, other: Credit) -> TrustCheck:
    ours, theirs = np.array(list(credit.groups.values())), np.array(list(other.groups.values()))
    value = float(1.0 - np.abs(ours - theirs).sum() / max(np.abs(ours).sum(), LEAST_DIFFERENCE))
    return judged("stability", value, Message("saved_again_credit", {"share": 100 * (1 - value)}))


def thorough_checks(
    view: ExplainedView, credit: Credit, explain: Callable[[ExplainedView], Credit]
) -> list[TrustCheck]:
    """Return what takes several attributions more: shuffled weights, infidelity, and sensitivity to one grey level."""
    if credit.values is None:
        return []
    cells = cell_sums(credit.values, view.cell)
    foreign = explain(replace(view, branch=randomised(view.branch)))
    value = (
        0.0 if foreign.values is None else rank_correlation(np.abs(cells), np.abs(cell_sums(foreign.values, view.cell)))
    )
    shuffled = judged("randomisation", abs(value), Message("shuffled_ranks", {"value": value}))
    unfaithful = _infidelity(view, cells)
    told = judged("infidelity", unfaithful, Message("foretold_changes", {"value": unfaithful}))
    shaken = _sensitivity(view, explain)
    return [shuffled, told, judged("sensitivity", shaken, Message("one_level_changes", {"share": 100 * shaken}))]


def randomised(branch: Branch) -> Branch:
    """Return a copy of a branch whose weights are shuffled within each tensor: same sizes and scales, no knowledge."""
    shuffled = copy.deepcopy(branch)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in shuffled.body.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].view_as(parameter))
    for module in shuffled.modules():
        if hasattr(module, "_spectrum"):
            module._spectrum = None  # type: ignore[assignment]  # a switches transform of the kernels as they were
    return shuffled


def _infidelity(view: ExplainedView, cells: Float64Array) -> float:
    """Return the squared error of foretold changes, in squared changes, over random subsets of cells."""
    baseline = view.baseline(next(iter(BASELINES)))
    changes: list[Tensor] = []
    whole = torch.ones(1, 1, *cells.shape, dtype=view.pixels.dtype, device=view.pixels.device)
    generator = torch.Generator().manual_seed(0)
    response = view.response(of_pixels=True)

    @torch.no_grad()
    def answer(switches: Tensor) -> Tensor:
        rows = torch.arange(view.side, device=switches.device) * switches.shape[-1] // view.side
        mask = switches[:, :, rows][:, :, :, rows]
        answers = torch.cat([response(view.pixels * m + baseline * (1 - m)) for m in torch.split(mask, 1)])
        changes.append(answers)
        return answers

    def take_out(switches: Tensor) -> tuple[Tensor, Tensor]:
        share = torch.rand(len(switches), 1, 1, 1, generator=generator)
        gone = (torch.rand(switches.shape, generator=generator) < share).to(switches)
        return gone, switches - gone

    map_ = torch.from_numpy(cells).to(whole)[None, None]
    error = float(infidelity(answer, take_out, whole, map_, n_perturb_samples=SUBSETS, max_examples_per_batch=1)[0])
    found = torch.cat(changes)
    before = answer(whole)[0]
    size = float(((found - before) ** 2).sum()) / SUBSETS
    return error / max(size, LEAST_DIFFERENCE**2)


def _sensitivity(view: ExplainedView, explain: Callable[[ExplainedView], Credit]) -> float:
    def explained(pixels: tuple[Tensor, ...]) -> Tensor:
        maps = []
        for one in torch.split(pixels[0], 1):
            values = explain(replace(view, pixels=one.clamp(0, 1))).values
            maps.append(np.zeros((CELLS, CELLS)) if values is None else cell_sums(values, view.cell))
        return torch.from_numpy(np.stack(maps))

    found = sensitivity_max(
        explained, view.pixels, perturb_radius=SHAKE, n_perturb_samples=SHAKES, max_examples_per_batch=1
    )
    return float(found[0])


def expected_passes(method: Method, view: ExplainedView, options: MethodOptions, *, thorough: bool) -> int:
    """Return how many views the checks compute, about."""
    one = method.passes(view, options)
    if not method.gives_places:
        return one
    quick = 2 * (1 + MISPLACED) * len(SHARES) + one
    return quick + (1 + 2 * (1 + SHAKES)) * one + 2 * SUBSETS if thorough else quick
