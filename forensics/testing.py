"""Contracts that every registered part meets, ours and those of other packages.

Call ``check_residual(RESIDUALS["name"])`` or ``check_branch(branch)`` in a test of your own; a part that fails raises
`ContractError` with the contract it breaks.
"""

import numpy as np
import torch

from forensics.errors import ForensicsError
from forensics.models.branch import Branch
from forensics.residuals import Residual

__all__ = ["ContractError", "check_branch", "check_residual"]


class ContractError(ForensicsError):
    """A registered part breaks the contract of its kind."""


def _require(holds: bool, contract: str) -> None:
    if not holds:
        raise ContractError(f"broken contract: {contract}. Mend the part before registering it.")


def check_residual(residual: Residual) -> None:
    """Check one residual on pictures of several sizes, a flat one and a non-contiguous one.

    Raises
    ------
    ContractError
    """
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (24, 40, 3), dtype=np.uint8)
    for pixels in (picture, picture[:1, :1], picture[:, :7], picture[::2, ::-1]):
        before = pixels.copy()
        maps = residual(pixels)
        _require(maps.dtype == np.float32, f"a residual is float32, got {maps.dtype}")
        wanted = (*pixels.shape[:2], len(residual.channels))
        _require(
            maps.shape == wanted, f"a residual keeps H and W and has one map per channel {wanted}, got {maps.shape}"
        )
        _require(bool(np.isfinite(maps).all()), "a residual is finite")
        _require(bool(np.array_equal(before, pixels)), "a residual leaves its input unchanged")
        _require(bool(np.array_equal(maps, residual(pixels))), "a residual gives the same output twice")
    flat = residual(np.full((16, 16, 3), 128, dtype=np.uint8))
    _require(float(np.abs(flat).max()) < 1e-4, "a residual is zero on a flat picture")
    _require(residual.limit > 0, "a residual has a display limit above 0")
    texts = (residual.title, residual.unit, residual.look_at, residual.ignore, residual.reference)
    _require(all(texts), "a residual says what to look at, what to ignore, and its reference")


def check_branch(branch: Branch, *, side: int = 64) -> None:
    """Check one branch: shapes, finite outputs, independence of batch order, constants in the state, no trace left.

    Raises
    ------
    ContractError
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.rand(4, 3, side, side, generator=generator)
    before, mode = pixels.clone(), branch.training
    random_state = torch.get_rng_state()
    branch.eval()
    with torch.inference_mode():
        logits = branch(pixels)
        turned = branch(pixels.flip(0)).flip(0)
        alone = branch(pixels[:1])
    branch.train(mode)
    _require(tuple(logits.shape) == (4, 2), f"a branch maps (N, 3, S, S) to (N, 2), got {tuple(logits.shape)}")
    _require(bool(torch.isfinite(logits).all()), "logits are finite")
    _require(bool(torch.equal(before, pixels)), "a branch leaves its input unchanged")
    _require(bool(torch.allclose(logits, turned, atol=1e-5)), "logits do not depend on the order of the batch")
    _require(bool(torch.allclose(logits[:1], alone, atol=1e-5)), "logits do not depend on batch neighbours")
    _require(bool(torch.equal(random_state, torch.get_rng_state())), "a branch in eval mode draws no random numbers")
    covered = sorted(c for part in branch.groups.values() for c in range(part.start, part.stop))
    channels = branch.channels(pixels[:1]).shape[1]
    _require(covered == list(range(channels)), "the channel groups cover every channel once")
