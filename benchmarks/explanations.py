"""How far attributions can be relied on, per branch and method: measured on local forgeries whose place is known.

Forgeries are made from originals of sources that no weights have seen. What is measured is stored with the weights
(`forensics.models.companion`) and stands beside every attribution.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, zip_longest
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.withheld import arguments, sides
from forensics.attribution import METHODS, attribute, usable_methods
from forensics.attribution.record import Attribution
from forensics.calibration.bootstrap import share
from forensics.detector import Detector, load_detector
from forensics.errors import ModelError
from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.evaluation.tables import interval_cell, markdown_table
from forensics.evidence.record import Evidence
from forensics.models.companion import Companion, read_companion, write_companion
from forensics.records.arrays import UInt8Array
from forensics.records.progress import tracked
from forensics.records.resumable import append_line, open_kept
from forensics.training.makers import MAKERS

__all__ = ["LOCAL", "LocalForgery", "explain_forgeries", "explanation_rows", "explanation_table", "local_forgeries"]

LOCAL = ("splice", "self_blend", "cross_blend", "copy_move", "removal", "retouch")  # makers that need no decoder
SIDE = 256  # pixels: one tile
AREA = (0.02, 0.5)  # share of the tile that is forged: enough to be found, not so much that pointing is easy
QUALITY = 90
NEAR = 8  # pixels that the forged place is widened by: a cell beside its edge has found it
SEED = 19
TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalForgery:
    """One tile with a forged place.

    Parameters
    ----------
    name, source, family : str
    evidence : Evidence
        The forged tile, saved as JPEG at quality 90.
    mask : array of shape (S, S), uint8
        1 where it is forged.
    """

    name: str
    source: str
    family: str
    evidence: Evidence
    mask: UInt8Array


def local_forgeries(pictures: Pictures, n: int) -> Iterator[LocalForgery]:
    """Yield `n` forgeries, sources and makers in turn; the same ones at every call.

    Parameters
    ----------
    pictures : Pictures
        Originals among them are forged; those with a side below 256 are left out.
    n : int

    Raises
    ------
    ValueError
        There are too few originals.
    """
    turns = list(_in_turn(pictures))
    if len(turns) < n:
        raise ValueError(f"{len(turns)} withheld originals cannot be forged into {n}. Ask for fewer, or withhold more.")
    families = cycle(LOCAL)
    made = 0
    for k, picture in enumerate(turns):
        if made == n:
            return
        tile = _tile(picture, k)
        donor = _tile(turns[(k + 1) % len(turns)], k + 1)
        if tile is None or donor is None:
            continue
        family = next(families)
        rng = np.random.default_rng([SEED, k])
        for _ in range(TRIES):
            forged = MAKERS[family](tile, rng, donor=donor, face=picture.face)
            if AREA[0] <= forged.mask.mean() <= AREA[1]:
                made += 1
                yield LocalForgery(
                    name=picture.name,
                    source=picture.source,
                    family=family,
                    evidence=_saved(forged.pixels),
                    mask=forged.mask,
                )
                break
    if made < n:
        raise ValueError(
            f"only {made} of {n} local forgeries could be made. Ask for fewer, or withhold larger originals."
        )


def explain_forgeries(
    detector: Detector, forgeries: Sequence[LocalForgery], *, judged: int, keep: Path | None = None
) -> list[dict[str, Any]]:
    """Return one record per forgery, branch and method that credits places.

    Parameters
    ----------
    detector : Detector
    forgeries : sequence of LocalForgery
    judged : int
        Of the first so many forgeries, maps are checked in full; they come last.
    keep : path, optional
        A file that holds one JSON line per record; what it holds already is not computed again.
    """
    head = {"weights": detector.weights.sha256, "seed": SEED, "side": SIDE, "judged": judged}
    done = [] if keep is None else open_kept(keep, head)
    seen = {(row["number"], row["branch"], row["method"]) for row in done}
    asked = [
        (number, branch, method)
        for number in range(len(forgeries))
        for branch in detector.branches
        for method in usable_methods(detector, branch)
        if METHODS[method].gives_places and (number, branch, method) not in seen
    ]
    asked.sort(key=lambda row: row[0] < judged)  # what takes longest comes last
    for number, branch, method in tracked(asked, "Explaining"):
        forgery = forgeries[number]
        why = attribute(
            detector,
            forgery.evidence,
            branch=branch,
            view=0,
            method=method,
            trust="full" if number < judged else "none",
        )
        record = {"number": number, "family": forgery.family, **_record(why, forgery)}
        done.append(record)
        if keep is not None:
            append_line(keep, record)
    return [row for row in done if row["number"] < len(forgeries)]


def explanation_rows(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per branch and method, as it is stored with the weights."""
    rows = []
    for branch, method in dict.fromkeys((r["branch"], r["method"]) for r in records):
        own = [r for r in records if (r["branch"], r["method"]) == (branch, method)]
        hits = share(sum(r["hit"] for r in own), len(own))
        checked = [r["checks"] for r in own if r["checks"]]
        row: dict[str, Any] = {
            "branch": branch,
            "method": method,
            "n": len(own),
            "pointing": round(hits.value, 4),
            "pointing_interval": [round(v, 4) for v in hits.interval],
            "chance": round(float(np.mean([r["chance"] for r in own])), 4),
            "n_checked": len(checked),
        }
        for name in ("randomisation", "deletion", "insertion", "removal", "stability", "infidelity", "sensitivity"):
            found = [c[name] for c in checked if name in c]
            if found:
                row[name] = round(float(np.median(found)), 4)
        deltas = [r["delta"] for r in own if r["delta"] is not None]
        if deltas:
            row["delta_90th"] = round(float(np.percentile(deltas, 90)), 5)
        rows.append(row)
    return rows


def explanation_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as a Markdown table."""
    return markdown_table(
        (
            "branch", "method", "n", "pointing", "95 % interval", "by chance", "checked", "deletion", "insertion", "removal",
            "stability", "randomised", "infidelity", "sensitivity", "delta, 90th",
        ),
        (
            (
                r["branch"], r["method"], r["n"], r["pointing"], interval_cell(r["pointing_interval"]), r["chance"], r["n_checked"],
                *(r.get(name, "") for name in (
                    "deletion", "insertion", "removal", "stability", "randomisation", "infidelity", "sensitivity", "delta_90th",
                )),
            )
            for r in rows
        ),
    )  # fmt: skip


def _record(why: Attribution, forgery: LocalForgery) -> dict[str, Any]:
    cells = why.cells
    if cells is None:
        raise ValueError(f"{why.method} credits no places. Measure methods that give a map.")
    centres = [(np.arange(n) * side + side // 2) // n for n, side in zip(cells.shape, forgery.mask.shape, strict=True)]
    near = cv2.dilate(forgery.mask, np.ones((2 * NEAR + 1, 2 * NEAR + 1), np.uint8))
    there = near[np.ix_(*centres)] > 0
    difference = None if why.reference is None else abs(why.output - why.reference)
    relative = None if why.delta is None or difference is None else abs(why.delta) / max(difference, 0.1)
    checks = {c.name: c.value for c in why.trust.checks if c.name != "localisation"}
    return {
        "branch": why.branch,
        "method": why.method,
        "hit": bool(there.flat[int(np.argmax(cells))]),
        "chance": float(there.mean()),
        "output": why.output,
        "delta": relative,
        "checks": checks,
    }


def _in_turn(pictures: Pictures) -> Iterator[LabelledPicture]:
    """Yield originals, one of each source after the other."""
    originals = sorted((p for p in pictures if p.label == 0), key=lambda p: p.part(2**32))
    by_source = [[p for p in originals if p.source == source] for source in sorted({p.source for p in originals})]
    return (p for row in zip_longest(*by_source) for p in row if p is not None)


def _tile(picture: LabelledPicture, number: int) -> UInt8Array | None:
    """Return a square at a random place on JPEG's grid; None if the picture is smaller."""
    with Image.open(picture.path) as file:
        pixels = np.asarray(file.convert("RGB"))
    height, width = pixels.shape[:2]
    if min(height, width) < SIDE:
        return None
    rng = np.random.default_rng([SEED, number, 1])
    top, left = (8 * int(rng.integers(0, (n - SIDE) // 8 + 1)) for n in (height, width))
    return np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])


def _saved(pixels: UInt8Array) -> Evidence:
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    return Evidence.from_bytes(cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), options)[1].tobytes())


def main() -> None:
    """Print the table of attributions on local forgeries of withheld originals, and add it to a companion file."""
    parser = arguments("explanations", __doc__, "weights", "scores", "companion")
    parser.add_argument("--forgeries", type=int, default=100)
    parser.add_argument(
        "--checked", type=int, default=12, help="of how many to check maps in full, which takes minutes each"
    )
    options = parser.parse_args()
    _, _, withheld = sides(options)
    detector = load_detector(options.weights, calibration="none")
    written = None if options.companion is None else _companion_of(detector.weights.sha256, options.companion)
    forgeries = list(local_forgeries(withheld, options.forgeries))
    rows = explanation_rows(explain_forgeries(detector, forgeries, judged=options.checked, keep=options.scores))
    if written is not None:
        write_companion(options.companion, replace(written, attributions=tuple(rows)))
    print(explanation_table(rows))


def _companion_of(weights_sha256: str, path: Path) -> Companion:
    if not path.is_file():
        return Companion(weights_sha256=weights_sha256)
    found = read_companion(path)
    if found.weights_sha256 != weights_sha256:
        raise ModelError(f"{path} belongs to other weights. Name the companion file of these, or a new file.")
    return found


if __name__ == "__main__":
    main()
