"""The proof: nothing of a covered place is in any figure of a report.

The strongest statement comes first: whatever stood under a cover, the figures are the same bytes. The rest says that what
cannot be seen that way holds too: that places which mix covered pixels are hatched, that no figure correlates with what
was covered, and that the files hold pixels and nothing else.
"""

import hashlib
import io
import json
import struct
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.records.converting import to_record
from forensics.redaction import Redaction, find_faces, mixed
from forensics.report.context import Figure
from forensics.report.pictures.attributions import draw_attributions
from forensics.report.pictures.figures import draw_figures
from forensics.residuals import RESIDUALS
from forensics.types import Attribution, Evidence, Finding, Localisation
from tests import report_samples
from tests.pictures_with_traces import NAMES, PLACES, Traced, photographs, traced, with_traces

PAPER, INK = 255, 176
EVERY = tuple(RESIDUALS.names())
MARK = (150, 90, 230, 170)


def finding_of(evidence: Evidence, *, seed: int = 0) -> Finding:
    rng = np.random.default_rng(seed)
    cells = (-(-evidence.height // 16), -(-evidence.width // 16))
    localisation = Localisation(branch="replknet", cell=16, values=rng.uniform(0, 1, cells).astype(np.float32))
    return replace(report_samples.finding(evidence, n_views=6), localisation=localisation)


def attribution_of(evidence: Evidence, *, seed: int = 0) -> Attribution:
    rng = np.random.default_rng(seed)
    return Attribution(
        evidence_sha256=evidence.sha256, weights_sha256="0" * 64, branch="convnext", view="identity", method="occlusion",
        target="fake", size=(evidence.width, evidence.height), box=(0, 0, evidence.width, evidence.height),
        part=rng.normal(0, 3e-4, (evidence.height, evidence.width)).astype(np.float32), output=1.0,
    )  # fmt: skip


def drawn(
    finding: Finding, redaction: Redaction, attribution: Attribution | None = None, residuals: tuple[str, ...] = EVERY
) -> dict[str, tuple[Figure, bytes]]:
    figures = [*draw_figures([(1, finding)], residuals=residuals, redaction=redaction)]
    if attribution is not None:
        figures += draw_attributions([(1, attribution)], [(1, finding)], redaction=redaction)
    return {f.id: (f, data) for f, data in figures}


def pixels_of(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def marked(evidence: Evidence, *boxes: tuple[int, int, int, int], **fields: object) -> Redaction:
    return Redaction(what="regions", regions={evidence.sha256: boxes}, **fields)


@pytest.fixture(scope="module")
def exhibit() -> Evidence:
    pixels = photographs(640)["astronaut"]
    return Evidence(pixels=pixels, sha256="c" * 64, name="a.jpg", media_type="image/jpeg", n_bytes=1)


BOXES = {
    "one": [MARK],
    "corner": [(0, 0, 30, 30)],
    "two": [(40, 40, 90, 90), (420, 400, 500, 480)],
    "centre": [(280, 280, 360, 360)],
}


@pytest.mark.parametrize("place", BOXES)
def test_figures_are_the_same_whatever_stood_under_the_cover(exhibit: Evidence, place: str) -> None:
    redaction = marked(exhibit, *BOXES[place])
    boxes = redaction.boxes_of(exhibit)
    other = np.array(exhibit.pixels)
    rng = np.random.default_rng(1)
    everything = (0, 0, exhibit.width, exhibit.height)
    covered = mixed(boxes, everything)
    other[covered] = rng.integers(0, 256, (int(covered.sum()), 3))
    swapped = replace(exhibit, pixels=other)
    first, second = finding_of(exhibit), finding_of(swapped)
    one, two = attribution_of(exhibit), attribution_of(swapped)
    # What networks said of covered places is not shown either.
    values = np.array(second.localisation.values)
    cells = np.argwhere(mixed([(x - 15, y - 15, u + 15, v + 15) for x, y, u, v in boxes], everything)[::16, ::16])
    values[tuple(cells.T)] = 1.0
    second = replace(second, localisation=replace(second.localisation, values=values))
    part = np.array(two.part)
    part[covered] += 0.5
    two = replace(two, part=part)
    names = EVERY if place == "one" else ("srm", "median", "spectrum")
    before, after = (drawn(f, redaction, a, names) for f, a in ((first, one), (second, two)))
    assert list(before) == list(after)
    assert len(before) > 7
    for name, (figure, data) in before.items():
        assert after[name][1] == data, name
        assert after[name][0] == figure, name  # captions and alt texts hold numbers
    open_before, open_after = (drawn(f, Redaction(), a, names) for f, a in ((first, one), (second, two)))
    differing = [n for n in open_before if open_before[n] != open_after[n]]
    assert len(differing) >= 5  # uncovered, all that show the place differ


def test_a_blurred_copy_is_the_same_for_the_same_cells(exhibit: Evidence) -> None:
    from tests.unit.redaction.test_covering import same_cells

    redaction = marked(exhibit, MARK, style="blur")
    (box,) = redaction.boxes_of(exhibit)
    swapped = replace(exhibit, pixels=same_cells(exhibit.pixels, box, seed=2))
    names = ("srm", "median", "ela")
    before, after = (drawn(finding_of(e), redaction, residuals=names) for e in (exhibit, swapped))
    assert before == after


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("size", [(256, 256), (251, 249)])
def test_jpeg_carries_nothing_of_a_marked_place_past_the_margin(turn: int, size: tuple[int, int]) -> None:
    """4:2:0 mixes 16 x 16 pixels, on a grid that a turned exhibit has elsewhere."""
    plain = photographs(300)["flower"][: size[1], : size[0]]
    left, top, right, bottom = 99, 101, 140, 139
    other = np.array(plain)
    other[top:bottom, left:right] = np.random.default_rng(0).integers(0, 256, (bottom - top, right - left, 3))
    files = [with_traces(np.ascontiguousarray(p), name="x.jpg", seed=0).data for p in (plain, other)]
    upright = [np.ascontiguousarray(np.rot90(Evidence.from_bytes(data).pixels, turn)) for data in files]
    changed = np.zeros(plain.shape[:2], bool)
    changed[top:bottom, left:right] = True
    rows, columns = (np.flatnonzero(np.rot90(changed, turn).any(axis=axis)) for axis in (1, 0))
    box = (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)
    pictures = [Evidence(pixels=p, sha256="d" * 64, name="x", media_type="image/jpeg", n_bytes=1) for p in upright]
    spread = (upright[0] != upright[1]).any(axis=2)
    assert not spread[
        ~mixed(marked(pictures[0], box).boxes_of(pictures[0]), (0, 0, spread.shape[1], spread.shape[0]))
    ].any()
    assert spread.sum() > 1.1 * changed.sum()  # it does spread
    before, after = (drawn(finding_of(p), marked(p, box), residuals=("srm", "median", "ela")) for p in pictures)
    assert before == after


def crop_of(evidence: Evidence) -> tuple[int, int, int, int]:
    wide, tall = min(384, evidence.width), min(384, evidence.height)
    left, top = (evidence.width - wide) // 2, (evidence.height - tall) // 2
    return left, top, left + wide, top + tall


@pytest.mark.parametrize("name", [n for n in EVERY if RESIDUALS[n].reach is not None])
def test_residuals_are_hatched_as_far_as_the_filter_reaches(exhibit: Evidence, name: str) -> None:
    redaction = marked(exhibit, MARK)
    figures = drawn(finding_of(exhibit), redaction, residuals=(name,))
    reach, box = RESIDUALS[name].reach, crop_of(exhibit)
    hidden = mixed(redaction.boxes_of(exhibit), box, reach=reach)
    key = f"exhibit-1-{name.replace('_', '-')}-crop"
    if hidden.all():
        assert key not in figures
        return
    figure, data = figures[key]
    drawing = pixels_of(data)
    colours = {tuple(c) for c in drawing[hidden].tolist()}
    assert colours == {(PAPER,) * 3, (INK,) * 3}
    assert (drawing[~hidden] == (INK,) * 3).all(axis=1).mean() < 0.01  # no more than needed
    assert "Hatched where it would show what is covered" in figure.caption
    assert "One place is covered in this copy: columns" in figure.alt
    plain = pixels_of(drawn(finding_of(exhibit), Redaction(), residuals=(name,))[key][1])
    assert np.array_equal(plain[~hidden], drawing[~hidden])  # the rest is what the exhibit shows


def test_maps_that_mix_all_pixels_are_left_out(exhibit: Evidence) -> None:
    assert {n for n in EVERY if RESIDUALS[n].reach is None} == {"spectrum", "copy_move", "double_quantisation"}
    ids = set(drawn(finding_of(exhibit), marked(exhibit, MARK)))
    assert not {i for i in ids if "spectrum" in i or "copy-move" in i or "double-quantisation" in i}
    assert {"exhibit-1-srm-overview", "exhibit-1-srm-crop", "exhibit-1-preview", "exhibit-1-localisation"} <= ids
    nothing = set(drawn(finding_of(exhibit), marked(exhibit)))
    assert nothing == set(drawn(finding_of(exhibit), Redaction()))


def test_a_spectrum_beside_the_cover_stays_and_one_that_touches_it_goes() -> None:
    pixels = np.tile(photographs(640)["china"], (3, 3, 1))[:1200, :1900]
    wide = Evidence(pixels=pixels, sha256="e" * 64, name="w", media_type="image/png", n_bytes=1)
    finding = finding_of(wide)  # its spectrum is of columns 438 to 1461
    for right, there in ((300, True), (420, False), (440, False)):
        redaction = marked(wide, (100, 500, right, 600))
        assert ("exhibit-1-spectrum" in drawn(finding, redaction, residuals=("spectrum",))) is there
    assert "exhibit-1-crop" not in drawn(finding, marked(wide, (700, 350, 1200, 850)), residuals=("median",))
    assert "exhibit-1-median-crop" not in drawn(finding, marked(wide, (700, 350, 1200, 850)), residuals=("median",))


def test_overview_and_maps_are_hatched(exhibit: Evidence) -> None:
    redaction = marked(exhibit, MARK)
    ((left, top, right, bottom),) = redaction.boxes_of(exhibit)
    figures = drawn(finding_of(exhibit), redaction, attribution_of(exhibit))
    for key, cell, more in (
        ("exhibit-1-srm-overview", 8, 2),
        ("exhibit-1-localisation", 16, 16),
        ("exhibit-1-attribution-1", 40, 40),
    ):
        drawing = pixels_of(figures[key][1])
        scale = drawing.shape[1] / (exhibit.width / cell) / cell
        start, end = (int(np.ceil(max(0, v) * scale)) for v in (left - more + 1, right + more - 1))
        upper, lower = (int(np.ceil(max(0, v) * scale)) for v in (top - more + 1, bottom + more - 1))
        area = drawing[upper:lower, start:end]
        assert {tuple(c) for c in area.reshape(-1, 3).tolist()} == {(PAPER,) * 3, (INK,) * 3}, key
        assert (drawing[..., 0] == INK).mean() < 0.5, key
    assert "count as 0" in figures["exhibit-1-attribution-1"][0].alt
    assert "withheld" not in figures["exhibit-1-preview"][0].alt
    for figure, _data in figures.values():
        if figure.kind != "bar":
            assert "One place is covered in this copy: columns" in figure.caption, figure.id
            assert "One place is covered in this copy: columns" in figure.alt, figure.id
            assert "unaltered" not in figure.caption, figure.id


def test_the_style_is_the_one_asked_for(exhibit: Evidence) -> None:
    for style, grey in (("opaque", True), ("blur", False)):
        redaction = marked(exhibit, MARK, style=style)
        ((left, top, right, bottom),) = redaction.boxes_of(exhibit)
        preview = pixels_of(drawn(finding_of(exhibit), redaction, residuals=())["exhibit-1-preview"][1])
        area = preview[top + 8 : bottom - 8, left + 8 : right - 8]
        assert ({tuple(c) for c in area.reshape(-1, 3).tolist()} == {(128,) * 3, (96,) * 3}) is grey


def test_whole_pictures_give_no_figure_at_all(exhibit: Evidence) -> None:
    for redaction in (
        Redaction.of(True),
        Redaction(what="faces", faces={exhibit.sha256: []}),
        Redaction(what="regions", regions={"f" * 64: [(0, 0, 9, 9)]}),
        marked(exhibit, (0, 0, 640, 640)),
        marked(exhibit, (0, 0, 640, 640), style="blur"),
    ):
        assert drawn(finding_of(exhibit), redaction, attribution_of(exhibit)) == {}


def test_of_several_exhibits_each_is_covered_as_its_own(exhibit: Evidence) -> None:
    other = replace(exhibit, pixels=np.array(photographs(640)["coffee"]), sha256="9" * 64, width=0, height=0)
    redaction = Redaction(what="regions", regions={exhibit.sha256: [MARK], other.sha256: []})
    both = {f.id: d for f, d in draw_figures([(1, finding_of(exhibit)), (2, finding_of(other))], redaction=redaction)}
    plain = {f.id: d for f, d in draw_figures([(1, finding_of(exhibit)), (2, finding_of(other))])}
    assert {i for i in plain if i.startswith("exhibit-2")} == {i for i in both if i.startswith("exhibit-2")}
    for name, data in both.items():
        assert (data == plain[name]) == (not name.startswith("exhibit-1")), name


def test_texts_count_no_covered_pixel(exhibit: Evidence) -> None:
    pixels = np.full((640, 640, 3), 100, np.uint8)
    pixels[:, 320:] = 110
    redaction = marked(exhibit, MARK)
    ((left, top, right, bottom),) = redaction.boxes_of(exhibit)
    pixels[top:bottom, left:right] = 255
    flat = replace(exhibit, pixels=pixels)
    alts = {i: f.alt for i, (f, _d) in drawn(finding_of(flat), redaction, residuals=("srm", "median")).items()}
    area = (right - left) * (bottom - top)
    mean = (100 * (640 * 320 - area) + 110 * 640 * 320) / (640 * 640 - area)
    assert f"mean level {mean:.0f} of 255, SD 5." in alts["exhibit-1-preview"]
    assert "SD 5." in alts["exhibit-1-crop"]
    assert "5th to 95th percentile 0.00 to 0.00" in alts["exhibit-1-srm-overview"]
    large = drawn(finding_of(flat), marked(exhibit, (50, 50, 450, 450)), residuals=("srm",))["exhibit-1-srm-overview"][
        0
    ]
    assert "5th to 95th percentile 0.00 to 0.00" in large.alt
    assert "0.0 percent of the values" in alts["exhibit-1-median-crop"]


# Twenty files with all traces, in every mode.


def feature_maps(pixels: np.ndarray) -> dict[str, np.ndarray]:
    grey = pixels.astype(np.float32).mean(axis=2)
    strength = np.abs(RESIDUALS["srm"](pixels)[..., 0])
    return {"grey": grey, "fine": cv2.Laplacian(grey, cv2.CV_32F), "strength": strength}


def likeness(
    figure: np.ndarray,
    features: dict[str, np.ndarray],
    place: tuple[int, int, int, int],
    hidden: np.ndarray,
    *,
    detail: bool = False,
) -> float:
    """The strongest correlation of what a figure shows of a covered place with what the exhibit has there.

    Compared in the size of the figure and in halves and quarters of it, and up to two pixels aside; with `detail`, only what
    is finer than a cell of a blur, which tells its cells.
    """
    left, top, right, bottom = place
    shown = figure.astype(np.float32).mean(axis=2)
    best = 0.0
    for shrink in (1,) if detail else (1, 2, 4):
        size = (max(8, figure.shape[1] // shrink), max(8, figure.shape[0] // shrink))
        where = (
            cv2.resize(hidden[top:bottom, left:right].astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.999
        )
        if where.sum() < 150:
            continue
        small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
        drawings = [fine(v) if detail else v for v in (small, cv2.Laplacian(small, cv2.CV_32F))]
        drawings = [v[where] for v in drawings]
        drawings = [v for v in drawings if v.std() > 1e-3]
        for feature in features.values():
            aim = cv2.resize(feature[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
            for y, x in ((0, 0), (-2, 0), (2, 0), (0, -2), (0, 2)):
                moved = np.roll(aim, (y, x), axis=(0, 1))
                moved = (fine(moved) if detail else moved)[where]
                if moved.std() > 1e-3:
                    best = max(best, *(abs(float(np.corrcoef(drawing, moved)[0, 1])) for drawing in drawings), 0.0)
    return best


def fine(values: np.ndarray) -> np.ndarray:
    return values - cv2.GaussianBlur(values, (0, 0), 2.0)


@pytest.fixture(scope="module")
def found_faces() -> dict[str, tuple[tuple[int, int, int, int], ...]]:
    """The search takes longest, and finds the same for both styles."""
    return {e.sha256: find_faces(e.pixels) for _made, e in cases()}


@cache
def cases() -> list[tuple[Traced, Evidence]]:
    return [(made, Evidence.from_bytes(made.data, name=made.name)) for made in traced(20, side=320)]


def chunks(data: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(data):
        (length,) = struct.unpack(">L", data[at : at + 4])
        found.add(data[at + 4 : at + 8])
        at += 12 + length
    assert at == len(data)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("style", ["opaque", "blur"])
@pytest.mark.parametrize("what", ["faces", "regions", "whole"])
def test_twenty_exhibits_keep_nothing_of_what_is_covered(what: str, style: str, request: pytest.FixtureRequest) -> None:
    open_copies, covered_copies, n_figures = [], [], 0
    for made, evidence in cases():
        regions = {evidence.sha256: [(60, 50, 140, 130)]} if what == "regions" else {}
        faces = request.getfixturevalue("found_faces") if what == "faces" else {}
        redaction = Redaction(what=what, regions=regions, faces=faces, style=style, names=True)
        finding, attribution = finding_of(evidence), attribution_of(evidence)
        figures = drawn(finding, redaction, attribution, residuals=("srm", "median", "ela"))
        n_figures += len(figures)
        texts = json.dumps([to_record(f) for f, _d in figures.values()], ensure_ascii=False)
        assert not [t for t in (*NAMES, *PLACES, *made.position) if t in texts]
        everything = (0, 0, evidence.width, evidence.height)
        hidden = mixed(redaction.boxes_of(evidence), everything)
        features = feature_maps(evidence.pixels)
        for name, (figure, data) in figures.items():
            assert hashlib.sha256(data).hexdigest() == figure.sha256
            assert chunks(data) <= {b"IHDR", b"PLTE", b"IDAT", b"IEND"}, name
            assert not [
                t for t in (*NAMES, *PLACES, *made.position) if t.encode() in data or t.encode("utf-16-le") in data
            ]
            assert made.thumbnail[:64] not in data
            assert b"Exif" not in data
            assert b"JFIF" not in data
            if figure.kind == "bar":
                continue
            place = crop_of(evidence) if name.endswith("-crop") else everything
            drawing = pixels_of(data)
            detail = style == "blur" and figure.kind in ("preview", "crop", "part")
            covered_copies.append((likeness(drawing, features, place, hidden, detail=detail), name, made.name))
        if hidden.any() and len(open_copies) < 24:
            plain = drawn(finding, Redaction(), residuals=("median",))
            for name in ("exhibit-1-preview", "exhibit-1-crop"):
                place = crop_of(evidence) if name.endswith("-crop") else everything
                shown = pixels_of(plain[name][1])
                open_copies += [likeness(shown, features, place, hidden, detail=d) for d in (False, True)]
    if what == "whole":
        assert n_figures == 0
        return
    assert n_figures > 20
    assert len(open_copies) == 24
    assert min(open_copies) > 0.95
    assert max(covered_copies)[0] < 0.4, sorted(covered_copies)[-5:]
    assert np.median([v for v, *_ in covered_copies]) < 0.15
