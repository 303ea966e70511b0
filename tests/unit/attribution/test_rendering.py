"""Drawings on the fixed scale, the record of an attribution, and the section of the report."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import forensics as fx
from forensics.attribution import draw
from forensics.attribution.rendering import LIMIT
from forensics.errors import AttributionError, EvidenceError, ReportError, UnknownNameError
from forensics.messages import quoted
from forensics.records.converting import from_record, to_record
from forensics.report.checks.verification import read_record
from forensics.types import Attribution, Evidence, Trust, TrustCheck
from tests.conftest import NOW, encoded
from tests.planted import detector_of, grainy, planted_branch


def made(part: np.ndarray | None, **fields: object) -> Attribution:
    options = {
        "evidence_sha256": grainy().sha256, "weights_sha256": "1" * 64, "branch": "place", "view": "tile 0,0", "method": "occlusion",
        "target": "logit_difference", "size": (128, 128), "box": (0, 0, 32, 48), "output": 1.5,
    }  # fmt: skip
    return Attribution(part=part, **(options | fields))


def test_cells_and_values_by_hand() -> None:
    part = np.zeros((48, 32), np.float32)
    part[0, 0], part[47, 31] = 2.0, -1.0
    why = made(part)
    assert why.cells.shape == (16, 16)
    assert (why.cells[0, 0], why.cells[15, 15], why.cells.sum()) == (2.0, -1.0, 1.0)
    assert why.values.shape == (128, 128)
    assert why.values.sum() == 1.0
    assert not part.flags.writeable or why.part is not part
    with pytest.raises(ValueError, match="read-only"):
        why.part[0, 0] = 1.0


def test_a_method_without_places_is_nowhere() -> None:
    why = made(None, groups={"rgb": 0.5, "srm": -1.0})
    assert why.cells is None
    assert np.isnan(why.values[0, 0])
    assert why.values[100, 100] == 0
    with pytest.raises(AttributionError, match="channel groups"):
        draw(why)
    with pytest.raises(ValueError, match="neither"):
        made(None)


def test_the_record_keeps_cells_and_trust() -> None:
    rng = np.random.default_rng(0)
    trust = Trust(checks=(TrustCheck(name="deletion", value=1.0, limit=1.0, passed=True, message=quoted("x")),))
    why = made(rng.normal(size=(48, 32)).astype(np.float32), groups={"a": 0.25}, trust=trust, settings={"seed": 1})
    again = from_record(Attribution, to_record(why))
    assert np.allclose(again.cells, why.cells, atol=1e-4)
    assert (again.groups, again.trust, again.settings, again.box) == (why.groups, trust, why.settings, why.box)


def test_the_scale_is_fixed() -> None:
    part = np.zeros((48, 32), np.float32)
    part[:3, :2] = LIMIT / 6
    part[45:, 30:] = -LIMIT / 6
    drawing, stronger = draw(made(part), side=48), draw(made(part * 50), side=48)
    assert drawing.pixels.shape == (48, 48, 3)
    assert tuple(drawing.pixels[0, 0]) == (122, 58, 6)
    assert tuple(drawing.pixels[-1, -1]) == (18, 62, 122)
    assert np.array_equal(drawing.pixels, stronger.pixels)
    weaker = draw(made(part / 50), side=48)
    assert np.abs(weaker.pixels[0, 0].astype(int) - weaker.pixels[20, 20]).max() < 12  # no noise is blown up
    assert "at column 0, row 0" in drawing.alt
    assert "not checked" in drawing.caption


def test_the_caption_says_what_was_explained_and_how_the_view_was_chosen() -> None:
    """Of a map of 0.8 and -0.7 one sees that it explains 0.1."""
    part = np.zeros((48, 32), np.float32)
    part[0, 0], part[47, 31] = 0.8, -0.7
    caption = draw(made(part, output=-0.06, reference=-0.16, baseline="median_blur")).caption
    assert "Explained: log-odds -0.06. The baseline “median_blur” has -0.16, a difference of +0.10." in caption
    assert "The cells sum to +0.80 for ‘fake’ and -0.70 for ‘real’." in caption
    assert "This view" not in caption
    chosen = draw(made(part, target="logit_fake", settings={"view chosen": "the highest of 6"})).caption
    assert "Explained: logit of ‘fake’ +1.50. The cells" in chosen
    assert "This view is the highest of 6. It is no map of forged places. Checks: not checked." in chosen


def test_outlines_are_those_of_the_picture(tmp_path: Path) -> None:
    part = np.zeros((48, 32), np.float32)
    evidence = grainy()
    assert draw(made(part), evidence=evidence).pixels.shape == draw(made(part)).pixels.shape
    with pytest.raises(AttributionError, match="Pass the picture"):
        draw(made(part), evidence=grainy(seed=5))
    path = tmp_path / "a.png"
    path.write_bytes(encoded(evidence.pixels, "PNG"))
    own = made(part, evidence_sha256=Evidence.from_file(path).sha256)
    assert np.array_equal(draw(own, evidence=path).pixels, draw(own, evidence=path.read_bytes()).pixels)
    with pytest.raises(EvidenceError, match="none"):
        draw(own, evidence="none.png")
    with pytest.raises(TypeError, match=r"draw takes a picture as .*, got int"):
        draw(own, evidence=3)
    with pytest.raises(TypeError, match=r"draw takes an Attribution, got Evidence\. Pass what attribute returned"):
        draw(evidence)


def test_a_report_shows_the_map_and_its_checks(tmp_path: Path) -> None:
    detector, picture = detector_of(place=planted_branch()), grainy()
    finding = detector.examine(picture, now=NOW)
    why = fx.attribute(detector, finding, branch="place", method="occlusion")
    groups = fx.attribute(detector, finding, branch="place", method="group_shapley")
    bad = replace(
        why,
        trust=Trust(
            checks=(TrustCheck(name="deletion", value=0.1, limit=1.0, passed=False, message=quoted("<b>no</b>")),)
        ),
    )
    path = fx.write_report(
        [finding],
        tmp_path / "r.html",
        attributions=[bad, groups],
        residuals=("npr",),
        case=fx.Case(notes="<i>mine</i>"),
        now=NOW,
    )
    page = path.read_text(encoding="utf-8")
    assert fx.verify_report(path).ok
    assert "Not reliable" in page
    assert "takes no part in any conclusion" in page
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "&lt;i&gt;mine&lt;/i&gt;" in page
    record = read_record(path)
    ids = [f["id"] for f in record["figures"]]
    assert "exhibit-1-attribution-1" in ids
    assert "exhibit-1-npr-crop" in ids
    assert "exhibit-1-srm-crop" not in ids
    assert [a["exhibit"] for a in record["attributions"]] == [1, 1]
    redacted = fx.write_report([finding], tmp_path / "x.html", attributions=[why], redact=True, now=NOW)
    assert read_record(redacted)["figures"] == []
    assert fx.verify_report(redacted).ok


def test_every_residual_can_be_shown(tmp_path: Path) -> None:
    detector = detector_of(place=planted_branch())
    finding = detector.examine(grainy(), now=NOW)
    path = fx.write_report([finding], tmp_path / "r.html", residuals=fx.RESIDUALS.names(), now=NOW)
    assert fx.verify_report(path).problems == ()
    assert sum(f["kind"] == "residual" for f in read_record(path)["figures"]) == len(fx.RESIDUALS.names()) + 1


def test_a_report_refuses_attributions_of_others(tmp_path: Path) -> None:
    detector = detector_of(place=planted_branch())
    finding = detector.examine(grainy(), now=NOW)
    foreign = fx.attribute(detector, grainy(seed=4), branch="place", method="group_ablation", trust="none")
    with pytest.raises(ReportError, match="no finding of this report"):
        fx.write_report([finding], tmp_path / "r.html", attributions=[foreign])
    with pytest.raises(ReportError, match="Pass what attribute returned"):
        fx.write_report([finding], tmp_path / "r.html", attributions=["map"])
    with pytest.raises(UnknownNameError, match="median"):
        fx.write_report([finding], tmp_path / "r.html", residuals=("medain",))
    assert not list(tmp_path.iterdir())
