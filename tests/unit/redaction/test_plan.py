"""The plan of a redaction: what it takes, what it withholds when in doubt."""

import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from forensics.records.converting import from_record, to_record
from forensics.redaction import Redaction, plan
from forensics.types import Evidence
from tests.conftest import textured

A, B = "a" * 64, "b" * 64


def test_what_is_meant() -> None:
    assert Redaction.of(True).what == "whole"
    assert Redaction.of(False) == Redaction.of(None) == Redaction()
    assert Redaction.of("faces").what == "faces"
    assert Redaction.of({"what": "faces", "names": True}) == Redaction(what="faces", names=True)
    made = Redaction(what="regions", regions={A: [(1, 2, 3, 4)]})
    assert Redaction.of(made) is made
    for wrong in (1, 2.5, ["faces"]):
        with pytest.raises(TypeError, match="redact=True"):
            Redaction.of(wrong)
    with pytest.raises(ValueError, match="none, whole, faces, regions"):
        Redaction.of("face")
    with pytest.raises(ValueError, match="faces"):
        Redaction.of({"whose": "faces"})
    with pytest.raises(FrozenInstanceError):
        made.what = "none"


def test_places_are_withheld_wherever_anything_is() -> None:
    assert not Redaction().places
    assert not Redaction().active
    assert Redaction(what="faces", places=False).places
    assert Redaction(names=True).places
    assert Redaction(places=True).active


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"what": "regions"}, "none were marked"),
        ({"what": "whole", "regions": {A: [(0, 0, 1, 1)]}}, "covers none of them"),
        ({"what": "regions", "regions": {"photo.jpg": [(0, 0, 1, 1)]}}, "Evidence.sha256"),
        ({"what": "regions", "regions": {A.upper(): [(0, 0, 1, 1)]}}, "lower-case"),
        ({"what": "regions", "regions": {A: [(0, 0, 1.5, 1)]}}, "whole numbers"),
        ({"style": "mosaic"}, "opaque, blur"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Redaction(**fields)
    with pytest.raises(TypeError, match="must be True or False"):
        Redaction(names="yes")
    with pytest.raises(TypeError, match="must name each exhibit"):
        Redaction(what="regions", regions=[(0, 0, 1, 1)])


def test_json_and_back() -> None:
    for made in (
        Redaction(),
        Redaction.of(True),
        Redaction(what="faces", faces={B: [(1, 2, 30, 40)], A: []}, style="blur", names=True),
        Redaction(what="regions", regions={A: [(1, 2, 3, 4), (5, 6, 7, 8)]}),
    ):
        again = from_record(Redaction, json.loads(json.dumps(to_record(made))))
        assert again == made
        assert to_record(again) == to_record(made)


def test_names_of_exhibits() -> None:
    assert Redaction(names=True).name_of(3, "anna.jpg") == "Exhibit 3"
    assert Redaction.of(True).name_of(3, "anna.jpg") == "anna.jpg"


def test_in_doubt_the_whole_picture_is_withheld(
    make_evidence: Callable[..., Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = make_evidence(textured(300, 400))
    everything = ((0, 0, 400, 300),)
    assert Redaction().covering(picture).boxes == ()
    assert Redaction().covering(picture).words == ""
    for redaction in (
        Redaction.of(True),
        Redaction(what="regions", regions={A: [(0, 0, 9, 9)]}),  # nothing was marked on this one
        Redaction(what="faces", faces={picture.sha256: []}),
        Redaction(what="faces", faces={picture.sha256: []}, regions={picture.sha256: [(0, 0, 9, 9)]}),
        Redaction(what="regions", regions={picture.sha256: [(-5, -5, 999, 999)]}),
    ):
        covering = redaction.covering(picture)
        assert covering.whole
        assert covering.boxes == everything == redaction.boxes_of(picture)
        assert "withheld" in covering.words
    shown = Redaction(what="regions", regions={picture.sha256: []}).covering(picture)
    assert (shown.whole, shown.boxes) == (False, ())
    monkeypatch.setattr(plan, "find_faces", lambda _pixels: ())
    nothing = Redaction.of("faces").covering(picture)
    assert (nothing.whole, nothing.found) == (True, 0)
    assert "No face was found" in nothing.words
    without_pixels = replace(picture, pixels=np.zeros((0, 0, 3), np.uint8))
    assert Redaction.of("faces").covering(without_pixels).whole


def test_faces_and_marks_are_covered_together(
    make_evidence: Callable[..., Evidence], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = make_evidence(textured(600, 800))
    calls = []

    def found(pixels: np.ndarray) -> tuple[tuple[int, int, int, int], ...]:
        calls.append(pixels.shape)
        return ((300, 300, 330, 330),)

    monkeypatch.setattr(plan, "find_faces", found)
    redaction = Redaction(what="faces", regions={picture.sha256: [(0, 0, 20, 20)]}).searched([picture])
    covering = redaction.covering(picture)
    assert (covering.found, covering.marked, covering.whole) == (1, 1, False)
    assert covering.boxes == ((0, 0, 48, 48), (272, 272, 352, 352))
    assert covering.words.startswith("2 places are covered in this copy: columns 0 to 47, rows 0 to 47;")
    redaction.covering(picture)
    assert len(calls) == 1  # searched once
    assert Redaction.of(True).searched([picture]).faces == {}
    with pytest.raises(ValueError, match="beside the picture"):
        Redaction(what="regions", regions={picture.sha256: [(900, 0, 950, 9)]}).covering(picture)
