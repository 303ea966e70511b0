"""Contracts that every registered part meets, ours and those of other packages.

Call ``check_residual(RESIDUALS["name"])``, ``check_branch(branch)``, ``check_calibrator(CALIBRATORS["name"])`` or
``check_section(SECTIONS["name"])`` in a test of your own; a part that fails raises `ContractError` with the contract it breaks.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from forensics.calibration import Calibrator
from forensics.calibration.likelihood import LikelihoodRatio
from forensics.detector.finding import Finding
from forensics.errors import CalibrationError, ForensicsError, NotCalibratedError
from forensics.evidence.record import Evidence
from forensics.judgement.robustness import DeliveredScore, Robustness
from forensics.messages import Message, quoted
from forensics.models.branch import Branch
from forensics.records.arrays import Float64Array, IntArray
from forensics.records.canonical import canonical_text, storable
from forensics.report import Case, Context, Section
from forensics.report.blocks import BLOCKS
from forensics.report.context import Exhibit
from forensics.reproducibility import RunRecord
from forensics.residuals import Residual
from forensics.scores import BranchScores

__all__ = ["ContractError", "check_branch", "check_calibrator", "check_residual", "check_section"]

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
    _check_reach(residual, rng)
    flat = residual(np.full((16, 16, 3), 128, dtype=np.uint8))
    _require(float(np.abs(flat).max()) < 1e-4, "a residual is zero on a flat picture")
    _require(residual.limit > 0, "a residual has a display limit above 0")
    texts = (residual.title, residual.unit, residual.look_at, residual.ignore, residual.reference)
    _require(all(texts), "a residual says what to look at, what to ignore, and its reference")


def _check_reach(residual: Residual, rng: np.random.Generator) -> None:
    """Check that a part of a picture gives the maps of the whole picture there, on strips longer than the reach."""
    length = 2 * (residual.reach or 0) + 128
    middle = length // 2
    strip = rng.integers(96, 160, (48, length, 3), dtype=np.uint8)
    for pixels, box in (
        (strip, (middle - 5, 9, middle + 8, 30)),
        (strip.transpose(1, 0, 2), (9, middle - 5, 30, middle + 8)),
    ):
        left, top, right, bottom = box
        apart = residual.part(pixels, box) - residual(pixels)[top:bottom, left:right]
        _require(
            float(np.abs(apart).max()) <= 1e-3 * residual.limit,
            f"a residual depends on nothing beyond its reach, {residual.reach} pixels; None stands for the whole picture",
        )


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
    with torch.enable_grad():
        given = branch.channels(pixels[:1]).detach().requires_grad_()
        depends = branch.body(given).requires_grad if branch.passes_gradients else True
    branch.train(mode)
    _require(tuple(logits.shape) == (4, 2), f"a branch maps (N, 3, S, S) to (N, 2), got {tuple(logits.shape)}")
    _require(bool(torch.isfinite(logits).all()), "logits are finite")
    _require(bool(torch.equal(before, pixels)), "a branch leaves its input unchanged")
    _require(bool(torch.allclose(logits, turned, atol=1e-5)), "logits do not depend on the order of the batch")
    _require(bool(torch.allclose(logits[:1], alone, atol=1e-5)), "logits do not depend on batch neighbours")
    _require(bool(torch.equal(random_state, torch.get_rng_state())), "a branch in eval mode draws no random numbers")
    covered = sorted(c for part in branch.groups.values() for c in range(part.start, part.stop))
    _require(bool(depends), "a branch passes gradients from its channels on, or says passes_gradients=False")
    channels = branch.channels(pixels[:1]).shape[1]
    _require(covered == list(range(channels)), "the channel groups cover every channel once")


def check_calibrator(calibrator: Callable[[], Calibrator] | Calibrator) -> None:
    """Check one calibrator on simulated detectors: monotone, finite, free of priors, and the same from its JSON.

    Parameters
    ----------
    calibrator : class, function that returns a new one, or Calibrator
        Of a calibrator, its class is checked.

    Raises
    ------
    ContractError
    """
    maker = calibrator if callable(calibrator) else type(calibrator)
    _require_refusal(lambda: maker().transform(np.zeros(3)), NotCalibratedError, "transform before fit raises")
    _require_refusal(lambda: maker().to_dict(), NotCalibratedError, "to_dict before fit raises")
    rng = np.random.default_rng(0)
    for separation in (0.5, 2.0, 8.0):
        scores = np.concatenate([rng.normal(separation / 2, 1, 200), rng.normal(-separation / 2, 1, 200)])
        labels = np.repeat([1, 0], 200)
        _check_fit(maker, scores, labels)
        wrong = maker().fit(-scores, labels).transform(np.linspace(-9, 9, 50))
        _require(bool(np.all(np.diff(wrong) >= -1e-12)), "scores that point the wrong way give no LR that falls")
    for values, marks, why in (
        ([0.0] * 40, [1] * 40, "one class only"),
        ([0.0, 1.0], [0, 1], "two cases"),
        ([np.nan, *range(39)], [0, 1] * 20, "NaN"),
        ([np.inf, *range(39)], [0, 1] * 20, "infinity"),
    ):
        _require_refusal(partial(_fit_new, maker, values, marks), CalibrationError, f"fit refuses {why}")


def _fit_new(maker: Callable[[], Calibrator], values: list[float], labels: list[int]) -> object:
    return maker().fit(values, labels)


def _check_fit(maker: Callable[[], Calibrator], scores: Float64Array, labels: IntArray) -> None:
    before = scores.copy(), labels.copy()
    calibrator = maker()
    _require(calibrator.fit(scores, labels) is calibrator, "fit returns self")
    _require(
        bool(np.array_equal(before[0], scores) and np.array_equal(before[1], labels)), "fit leaves its input unchanged"
    )
    grid = np.linspace(scores.min() - 50, scores.max() + 50, 4001)
    llrs = calibrator.transform(grid)
    _require(llrs.shape == grid.shape and llrs.dtype == np.float64, "transform keeps the shape and gives float64")
    _require(calibrator.transform(np.float64(0.0)).shape == (), "transform takes a single number")
    _require(bool(np.isfinite(llrs).all()), "LRs are finite")
    _require(bool(np.all(np.diff(llrs) >= -1e-12)), "LRs never fall as scores rise")
    record = json.loads(json.dumps(calibrator.to_dict()))
    again = type(calibrator).from_dict(record).transform(grid)
    _require(again.tobytes() == llrs.tobytes(), "the JSON gives the same LRs bit for bit")
    if np.ptp(inside := np.quantile(scores, [0.25, 0.5, 0.75])) > 6:
        return  # classes that do not overlap leave the LRs between them open
    often = np.concatenate([scores, *[scores[labels == 1]] * 4])
    skewed = maker().fit(often, np.concatenate([labels, np.ones(len(often) - len(labels), dtype=np.int64)]))
    gap = np.abs(skewed.transform(inside) - calibrator.transform(inside)).max()
    _require(float(gap) < 0.35, "the share of H1 among the cases does not move the LRs")


def _require_refusal(call: Callable[[], object], error: type[Exception], contract: str) -> None:
    try:
        call()
    except error:
        return
    raise ContractError(f"broken contract: {contract} {error.__name__}. Mend the part before registering it.")


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
        again, blocks = maker(context), list(section.blocks)
        same = (section.title, blocks) == (again.title, list(again.blocks))
        _require(same, "a section is a function of its context alone")
        _require(bool(canonical_text(storable({"blocks": blocks}))), "blocks are JSON values")
        drawn = {f.id for f in context.figures}
        for block in _flattened(blocks):
            _require(
                block.get("kind") in BLOCKS, f"blocks are of the kinds {', '.join(BLOCKS)}, got {block.get('kind')}"
            )
            _require(set(block.get("ids", ())) <= drawn, "a section shows figures of the report only")
        said = FORBIDDEN.search(" ".join(_texts([section.title, blocks])))
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
    scored = Finding(
        evidence=evidence, scores=scores, outcome="uncalibrated", reasons=(Message("not_calibrated"),), run=run
    )
    unsuitable = replace(
        scored, scores=None, outcome="unsuitable", reasons=(Message("too_small", {"n": 40, "least": 64}),)
    )
    lr = LikelihoodRatio(
        llr=0.8, interval=(0.5, 1.1), bounds=(-1.5, 1.5), at_bound=False, stratum=hostile, calibration_sha256="0" * 64
    )
    weighed = replace(scored, outcome="supports_h1", reasons=(quoted(hostile),), lr=lr, robustness=_panel(lr.llr))
    doubtful = replace(
        scored,
        outcome="inconclusive",
        reasons=(Message("interval_includes_1"),),
        lr=replace(lr, llr=0.0, interval=(-0.1, 0.1)),
    )
    rows = [
        Exhibit(number=1, name=hostile, finding=scored),
        Exhibit(number=2, name="small.png", finding=unsuitable),
        Exhibit(number=3, name="broken.jpg", problem=Message("empty", {"name": "broken.jpg"})),
        Exhibit(number=4, name="weighed.png", finding=weighed),
        Exhibit(number=5, name="doubtful.png", finding=doubtful),
    ]
    for exhibits in (rows[:1], rows[1:2], rows[2:3], rows[3:4], rows[4:], rows):
        for what in ("none", "whole"):
            for case in (Case(), Case(**{f.name: hostile for f in fields(Case)})):
                yield Context(
                    exhibits=tuple(exhibits), figures=(), case=case, created=run.examined_at, version="0",
                    redaction={"what": what},
                )  # fmt: skip


def _panel(llr: float) -> Robustness:
    received = DeliveredScore(
        delivery="as received", text="as received", score=0.9, llr=llr, outcome="supports_h1", stratum="s"
    )
    copies = (
        replace(received, delivery="JPEG 85", llr=-0.2, outcome="inconclusive"),
        replace(received, delivery="resized 75 %", score=None, llr=None, outcome="unsuitable"),
    )
    return Robustness(received=received, copies=copies)


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
