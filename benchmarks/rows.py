"""The rows of the table: each a baseline and its variants, timed in turn."""

import functools
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from benchmarks.subjects import as_published, full_size_branches, full_size_weights, jpeg, photograph
from benchmarks.timing import Row, compare
from forensics.detector import Detector, load_detector, starter_files
from forensics.models.branch import BRANCHES, Branch
from forensics.models.weights import read_weights
from forensics.report import Case, write_report
from forensics.residuals.srm import SRM_BANK, SRM_KERNELS, srm, srm_bank
from forensics.types import Evidence
from forensics.views import FixedFrame, cut, plan_views, view_pixels

__all__ = ["ROWS"]

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def full_ensemble(rounds: int) -> Iterator[Row]:
    """Time ConvNeXt-B and RepLKNet-31B, six views at 512 x 512."""
    published = full_size_branches()
    for branch in published.values():
        as_published(branch)
    pixels = photograph(2)

    @torch.inference_mode()
    def baseline() -> None:
        for views in cut(pixels, plan_views(pixels, FixedFrame()), 1):
            x = torch.tensor(np.ascontiguousarray(views.pixels))
            for branch in published.values():
                branch(x)

    evidence = Evidence.from_bytes(jpeg(pixels))
    with full_size_weights() as folder:
        modes = {mode: load_detector(folder, mode=mode) for mode in ("exact", "fast")}
    variants = {_named(d): functools.partial(d.examine, evidence, now=NOW) for d in modes.values()}
    yield from compare("full ensemble, 6 views", ("published arrangement", baseline), variants, rounds=rounds)


def starter(rounds: int) -> Iterator[Row]:
    """Time the shipped ensemble on photographs of 1, 12 and 48 megapixels."""
    detectors = [load_detector(mode=mode) for mode in ("exact", "fast")]
    plain = read_weights(starter_files())
    branches = dict(plain.ensemble.items())
    for branch in branches.values():
        as_published(branch)
    for megapixels in (1, 12, 48):
        evidence = Evidence.from_bytes(jpeg(photograph(megapixels)))
        pixels = evidence.require_pixels()
        plan = plan_views(pixels, plain.manifest.scheme)

        @torch.inference_mode()
        def baseline(pixels: np.ndarray = pixels, plan: object = plan) -> None:
            for views in cut(pixels, plan, 1):
                x = torch.tensor(np.ascontiguousarray(views.pixels))
                for branch in branches.values():
                    branch(x)

        variants = {_named(d): functools.partial(d.examine, evidence, now=NOW) for d in detectors}
        name = f"starter, {megapixels} megapixels, {len(plan.names)} tiles"
        yield from compare(name, ("default layout, tile by tile", baseline), variants, rounds=rounds)


def depthwise(rounds: int) -> Iterator[Row]:
    """Time a depth-wise 31 x 31 layer of the first stage: 128 channels, 128 x 128."""
    x = torch.rand(1, 128, 128, 128)
    weight = torch.rand(128, 1, 31, 31)
    last, half = x.to(memory_format=torch.channels_last), torch.bfloat16

    def run(x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        with torch.inference_mode():
            return F.conv2d(x, weight, padding=15, groups=128)

    @torch.inference_mode()
    def fourier() -> torch.Tensor:
        size = (162, 162)
        y = torch.fft.irfft2(torch.fft.rfft2(x, s=size) * torch.fft.rfft2(weight[:, 0], s=size).conj(), s=size)
        return y.roll((15, 15), dims=(-2, -1))[..., :128, :128]

    variants = {
        "channels last": lambda: run(last, weight),
        "channels last, bfloat16": lambda: run(last.to(half), weight.to(half)),
        "Fourier transform": fourier,
    }
    yield from compare("depth-wise 31 x 31", ("default layout", lambda: run(x, weight)), variants, rounds=rounds)


def residuals(rounds: int) -> Iterator[Row]:
    """Time SRM maps of 2 megapixels for the eye."""
    pixels = photograph(2)

    def straightforward(kernels: np.ndarray) -> Callable[[], object]:
        weight = torch.tensor(kernels, dtype=torch.float32)[:, None]

        def run() -> object:
            with torch.inference_mode():
                grey = torch.tensor(pixels).float().mean(dim=2)[None, None]
                maps = F.conv2d(F.pad(grey, (2, 2, 2, 2), mode="reflect"), weight).clamp(-3, 3)
                return maps[0].permute(1, 2, 0).numpy()

        return run

    for name, kernels, ours in (("3", SRM_KERNELS, srm), ("30", SRM_BANK, srm_bank)):
        yield from compare(
            f"SRM, {name} filters, 2 megapixels",
            ("torch conv2d", straightforward(kernels)),
            {"ours": functools.partial(ours, pixels)},
            rounds=rounds,
        )


def around(rounds: int) -> Iterator[Row]:
    """Time decoding, views and the report."""
    pixels = photograph(12)
    data = jpeg(pixels)
    yield from compare(
        "decode, 12 megapixels",
        ("OpenCV", lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)),
        {"ours, with digest and metadata": lambda: Evidence.from_bytes(data)},
        rounds=rounds,
    )
    detector = load_detector()
    scheme = detector.weights.manifest.scheme

    def straightforward() -> list[torch.Tensor]:
        picture = Image.fromarray(pixels)
        boxes = plan_views(pixels, scheme).boxes.tolist()
        tiles = [np.asarray(picture.crop(box)) for box in boxes]
        return [torch.tensor(tile).permute(2, 0, 1).contiguous().float() / 255 for tile in tiles]

    def ours() -> list[np.ndarray]:
        plan = plan_views(pixels, scheme)
        return [view_pixels(pixels, plan, slice(k, k + 1)) for k in range(len(plan.names))]

    yield from compare("views, 12 megapixels", ("Pillow and torch", straightforward), {"ours": ours}, rounds=rounds)
    finding = detector.examine(jpeg(photograph(2)), now=NOW)
    with tempfile.TemporaryDirectory() as folder:

        def figures() -> None:
            grey = np.abs(srm(finding.evidence.require_pixels())).sum(axis=2)
            Image.fromarray(finding.evidence.require_pixels()).save(Path(folder) / "a.png")
            Image.fromarray((grey * 28).astype(np.uint8)).save(Path(folder) / "b.png")

        def report() -> None:
            target = Path(folder) / "report.html"
            target.unlink(missing_ok=True)
            write_report([finding], target, case=Case(number="1"), now=NOW)

        yield from compare(
            "report on 2 megapixels",
            ("Pillow: exhibit and SRM as PNG", figures),
            {"ours, whole report": report},
            rounds=rounds,
        )


def attribution(rounds: int) -> Iterator[Row]:
    """Time integrated gradients, 64 steps, on a tile and the shipped RepLKNet."""
    from captum.attr import IntegratedGradients

    plain = dict(read_weights(starter_files()).ensemble.items())["replknet"]
    as_published(plain)
    fused = dict(load_detector().ensemble.items())["replknet"]
    pixels = photograph(1)[:256, :256]
    x = torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255

    def gradients(branch: Branch, **settings: int) -> object:
        channels = branch.channels(x).requires_grad_()
        return IntegratedGradients(branch.body).attribute(channels, target=1, n_steps=64, **settings)

    yield from compare(
        "integrated gradients, 64 steps",
        ("captum, default settings", lambda: gradients(plain)),
        {"fused network, 8 steps at a time": lambda: gradients(fused, internal_batch_size=8)},
        rounds=rounds,
    )


def training(rounds: int) -> Iterator[Row]:
    """Time a step of both starter branches on 16 tiles of 96."""
    x = torch.rand(16, 3, 96, 96)
    target = torch.arange(16) % 2

    def step(branches: list[Branch]) -> None:
        for branch in branches:
            branch.zero_grad(set_to_none=True)
            F.cross_entropy(branch(x), target).backward()

    ours = [
        BRANCHES[f"starter_{name}"]().train().to(memory_format=torch.channels_last) for name in ("convnext", "replknet")
    ]
    direct = [BRANCHES[f"starter_{name}"]() for name in ("convnext", "replknet")]
    for branch in direct:
        as_published(branch)
        branch.train().requires_grad_(True)
    yield from compare(
        "training step, both starter branches, 16 tiles of 96",
        ("direct depth-wise backward", lambda: step(direct)),
        {"Fourier gradient, channels last": lambda: step(ours)},
        rounds=rounds,
    )


def start_up(rounds: int) -> Iterator[Row]:
    """Time a process from its start to the first score of 2 megapixels."""
    with tempfile.TemporaryDirectory() as folder:
        picture, state = Path(folder) / "photograph.jpg", Path(folder) / "weights.pth"
        picture.write_bytes(jpeg(photograph(2)))
        torch.save(read_weights(starter_files()).ensemble.state_dict(), state)
        python = [sys.executable, "-c"]

        def run(*command: str) -> None:
            subprocess.run(command, check=True, capture_output=True)

        ours = [sys.executable, "-m", "forensics", "examine", str(picture)]
        yield from compare(
            "start-up to the first score, 2 megapixels",
            (
                "import torch, torch.load",
                lambda: run(*python, f"import torch; torch.load({str(state)!r})"),
            ),
            {"exact": lambda: run(*ours), "fast": lambda: run(*ours, "--mode", "fast")},
            rounds=rounds,
        )


def _named(detector: Detector) -> str:
    settings = detector.computation.settings
    return f"{settings['mode']} ({settings['backend']}, {settings['precision']})"


ROWS: dict[str, Callable[[int], Iterator[Row]]] = {
    row.__name__: row for row in (full_ensemble, starter, depthwise, residuals, around, attribution, start_up, training)
}
