"""Findings as a detector would give them, around real photographs: for report tests and to look at a report.

``python -m tests.report_samples FOLDER`` writes sample reports there.
"""

import hashlib
import io
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_image

from forensics.errors import EvidenceError
from forensics.messages import Message
from forensics.report import Case, write_report
from forensics.types import BranchScores, Evidence, Finding, Localisation, Metadata, RunRecord

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BRANCHES = ("convnext", "replknet")
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egpj.exe\u200b\x00\x1b[31m\udcff&amp;.jpg"
UNCALIBRATED = "No calibration card is loaded, so the score has no known meaning as evidence."
CASE = Case(
    number="2026-0117",
    examiner="R. Okafor, imaging unit",
    organisation="Regional Forensic Laboratory",
    requester="Public Prosecutor’s Office, 3rd section",
    question="Was the photograph submitted on 9 January altered after it was taken?",
    received="2026-01-12, on a sealed USB stick, seal no. 4471",
)


@dataclass(frozen=True)
class Unreadable:
    """What the detector yields for a file it cannot read."""

    name: str
    error: Exception


def jpeg(pixels: np.ndarray, quality: int = 92) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=quality)
    return buffer.getvalue()


def evidence(
    pixels: np.ndarray | None = None, *, name: str = "china.jpg", exif: dict[str, str] | None = None
) -> Evidence:
    pixels = np.asarray(load_sample_image("china.jpg")) if pixels is None else pixels
    data = jpeg(pixels)
    with Image.open(io.BytesIO(data)) as opened:
        tables = tuple(tuple(t) for t in opened.quantization.values())
    metadata = Metadata(
        exif={"Make": "Canon", "Model": "EOS 40D", "DateTimeOriginal": "2008:05:30 15:56:01"} if exif is None else exif,
        jpeg_quality=92.0,
        quantisation=tables,
        subsampling="4:2:0",
        progressive=False,
        stored_size=pixels.shape[1::-1],
    )
    return Evidence(
        pixels=pixels,
        sha256=hashlib.sha256(data).hexdigest(),
        name=name,
        media_type="image/jpeg",
        n_bytes=len(data),
        metadata=metadata,
    )


def scores(picture: Evidence, *, n_views: int = 40, seed: int = 0, tile: int = 128) -> BranchScores:
    """Seeded logits; tiles at native resolution in two orientations, or whole-picture views if at most six."""
    rng = np.random.default_rng(seed)
    if n_views <= 6:
        names = ("identity", "rot90", "rot180", "rot270", "hflip", "vflip")[:n_views]
        boxes = np.tile([0, 0, picture.width, picture.height], (n_views, 1))
    else:
        lefts = [min(x, picture.width - tile) for x in range(0, picture.width, tile)]
        tops = [min(y, picture.height - tile) for y in range(0, picture.height, tile)]
        corners = [(x, y) for y in tops for x in lefts]
        looks = [(x, y, turn) for x, y in corners for turn in ("identity", "hflip")][:n_views]
        names = tuple(f"tile {x},{y} {turn}" for x, y, turn in looks)
        boxes = np.array([(x, y, x + tile, y + tile) for x, y, _ in looks])
    logits = np.zeros((2, len(names), 2))
    logits[..., 1] = rng.normal(-0.6, 1.3, len(names)) + rng.normal(0, 0.5, (2, len(names))) + [[0.0], [0.5]]
    return BranchScores(branches=BRANCHES, views=names, logits=logits, boxes=boxes)


def run() -> RunRecord:
    digest = hashlib.sha256(b"weights").hexdigest()
    return RunRecord(
        examined_at="2026-01-02T03:00:00+00:00",
        software={"forensics": "0.1.0", "numpy": "2.4.1", "python": "3.11.9", "torch": "2.15.0"},
        platform={"system": "Linux", "machine": "x86_64", "processor": "sample", "device": "cpu"},
        weights={"name": "starter", "sha256": digest, "licence": "Apache-2.0"},
        settings={"views": "tiles", "view_size": 256, "stride": 256, "mode": "exact", "threads": 2, "cap": None},
    )


def finding(picture: Evidence | None = None, *, n_views: int = 40, seed: int = 0) -> Finding:
    picture = evidence() if picture is None else picture
    caveats = (
        Message("flat_tiles", {"n": 3}),
        Message("not_calibrated", text=UNCALIBRATED),
    )
    return Finding(
        evidence=picture,
        scores=scores(picture, n_views=n_views, seed=seed),
        outcome="uncalibrated",
        reasons=(Message("not_calibrated", text=UNCALIBRATED),),
        caveats=caveats,
        run=run(),
        localisation=localisation(picture),
    )


def localisation(picture: Evidence, cell: int = 16) -> Localisation:
    """A map with one bright patch, and a column of cells where no view looked."""
    values = np.full((-(-picture.height // cell), -(-picture.width // cell)), 0.12, np.float32)
    values[4:9, 6:12] = 0.87
    values[:, -1] = np.nan
    worth = {"n": 640.0, "pixel_f1": 0.31, "pointing": 0.62, "chance": 0.24, "false_area": 0.07}
    return Localisation(branch=BRANCHES[-1], cell=cell, values=values, measured=worth)


def unsuitable() -> Finding:
    picture = evidence(np.asarray(load_sample_image("flower.jpg"))[:40, :60], name="thumbnail.jpg")
    reason = Message("too_small", {"n": 40, "least": 64})
    return Finding(evidence=picture, scores=None, outcome="unsuitable", reasons=(reason,), run=run())


def hostile() -> Finding:
    return finding(evidence(name=HOSTILE, exif={HOSTILE: HOSTILE, "Artist": "A" * 100_000}), n_views=6)


def unreadable() -> Unreadable:
    return Unreadable("broken.jpg", EvidenceError("broken.jpg: the file is empty. Ask for a new copy."))


def write_samples(folder: Path) -> list[Path]:
    """Write one report of each kind."""
    flower = evidence(np.asarray(load_sample_image("flower.jpg")), name="flower.jpg", exif={})
    return [
        write_report([finding()], folder / "one.html", case=CASE, now=NOW),
        write_report([finding()], folder / "redacted.html", case=CASE, now=NOW, redact=True),
        write_report(
            [finding(), finding(flower, n_views=6, seed=4), unsuitable(), unreadable()],
            folder / "several.html",
            case=CASE,
            now=NOW,
        ),
        write_report([hostile()], folder / "hostile.html", case=Case(examiner=HOSTILE, question=HOSTILE), now=NOW),
    ]


if __name__ == "__main__":
    for written in write_samples(Path(sys.argv[1])):
        sys.stdout.write(f"{written} {written.stat().st_size:,} bytes\n")
