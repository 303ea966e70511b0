"""Contracts that every registered part meets, ours and those of other packages.

Call ``check_residual(RESIDUALS["name"])``, ``check_branch(branch)`` or ``check_section(SECTIONS["name"])`` in a test of
your own; a part that fails raises `ContractError` with the contract it breaks.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from forensics.errors import ForensicsError
from forensics.models.branch import Branch
from forensics.report import Case, Context, Section
from forensics.report.blocks import BLOCKS
from forensics.report.canonical import canonical_text, storable
from forensics.report.context import Exhibit
from forensics.residuals import Residual
from forensics.types import BranchScores, Evidence, Finding, RunRecord

__all__ = ["ContractError", "check_branch", "check_residual", "check_section"]

# Words that a report must not use for anything the toolkit measures.
FORBIDDEN = re.compile(r"\b(verdict|confidence|probability of (being )?fake|certainly|proves|guilty)\b", re.IGNORECASE)


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


def check_section(maker: Callable[[Context], Section]) -> None:
    """Check one report section on cases with scored, unsuitable, unreadable and redacted exhibits, and hostile text.

    Raises
    ------
    ContractError
    """
    for context in _contexts():
        section = maker(context)
        _require(isinstance(section, Section), f"a section maker returns a Section, got {type(section).__name__}")
        _require(bool(section.title.strip()), "a section has a title")
        _require(section == maker(context), "a section is a function of its context alone")
        _require(bool(canonical_text(storable({"blocks": list(section.blocks)}))), "blocks are JSON values")
        drawn = {f.id for f in context.figures}
        for block in _flattened(list(section.blocks)):
            _require(
                block.get("kind") in BLOCKS, f"blocks are of the kinds {', '.join(BLOCKS)}, got {block.get('kind')}"
            )
            _require(set(block.get("ids", ())) <= drawn, "a section shows figures of the report only")
        said = FORBIDDEN.search(" ".join(_texts([section.title, list(section.blocks)])))
        _require(said is None, f"no section says {said.group() if said else ''!r} of a result")


def _contexts() -> Iterator[Context]:
    """Yield small cases of every kind."""
    hostile = "<script>alert(1)</script>\"'\u202e\x00"
    run = RunRecord(examined_at="2026-01-02T03:04:05+00:00", software={"x": "1"}, platform={}, weights={}, settings={})
    evidence = Evidence(
        pixels=np.zeros((64, 96, 3), dtype=np.uint8), sha256="0" * 64, name=hostile, media_type="image/png", n_bytes=9
    )
    scores = BranchScores(
        branches=("a", "b"),
        views=("u", "v"),
        logits=np.arange(8, dtype=np.float64).reshape(2, 2, 2),
        boxes=np.array([[0, 0, 64, 64], [32, 0, 96, 64]]),
    )
    scored = Finding(evidence=evidence, scores=scores, outcome="uncalibrated", reason="None is loaded.", run=run)
    unsuitable = replace(scored, scores=None, outcome="unsuitable", reason="Too small.")
    rows = [
        Exhibit(number=1, name=hostile, finding=scored),
        Exhibit(number=2, name="small.png", finding=unsuitable),
        Exhibit(number=3, name="broken.jpg", problem="The file is empty. Ask for a new copy."),
    ]
    for exhibits in (rows[:1], rows[1:2], rows[2:], rows):
        for redacted in (False, True):
            for case in (Case(), Case(number=hostile, examiner=hostile, question=hostile)):
                yield Context(
                    exhibits=tuple(exhibits), figures=(), case=case, created=run.examined_at, version="0",
                    redacted=redacted,
                )  # fmt: skip


def _flattened(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for block in blocks:
        yield block
        yield from _flattened(block.get("blocks", []))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
