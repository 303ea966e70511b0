"""References are brought to the compression of the exhibit, the nearest are chosen, and what cannot be matched is said."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.demo.photographs import FORGERIES, forge, photographs
from forensics.errors import EvidenceError
from forensics.explorers.picture_parts import box_alike
from forensics.explorers.references import checked_references, match_references
from forensics.types import Evidence
from tests.conftest import encoded, textured


def _file(height: int = 200, width: int = 240, seed: int = 0, **options: object) -> Evidence:
    kind = "JPEG" if options else "PNG"
    return Evidence.from_bytes(encoded(textured(height, width, seed), kind, **options), name=f"{seed}.{kind.lower()}")


@pytest.mark.parametrize(("quality", "subsampling"), [(60, "4:2:0"), (85, "4:4:4"), (95, "4:2:2")])
def test_they_are_saved_with_the_tables_of_the_exhibit(quality: int, subsampling: str) -> None:
    exhibit = _file(quality=quality, subsampling=subsampling)
    found = match_references(exhibit, [(_file(seed=1), "original"), (_file(seed=2), "forgery")])
    assert [r.label for r in found] == ["original", "forgery"]
    for reference in found:
        meta = reference.evidence.metadata
        assert meta.quantisation == exhibit.metadata.quantisation
        assert (meta.jpeg_quality, meta.subsampling) == (exhibit.metadata.jpeg_quality, subsampling)
        assert f"estimated JPEG quality {quality}, {subsampling}" in reference.matched
        assert "before" not in reference.matched


def test_a_poorer_reference_is_said_to_be_one() -> None:
    exhibit = _file(quality=90)
    (found,) = match_references(exhibit, [(_file(seed=1, quality=40), "original")])
    assert "It had been saved at 40 before, which cannot be undone." in found.matched


def test_where_the_exhibit_is_no_jpeg_nothing_is_saved_again() -> None:
    reference = _file(seed=1, quality=70)
    (found,) = match_references(_file(), [(reference, "original")])
    assert found.evidence is reference
    assert "at its own estimated JPEG quality of 70: the exhibit is no JPEG" in found.matched


def test_the_nearest_two_of_each_are_chosen() -> None:
    """Of the same quality: two octaves of area are one octave of side, and 20 steps of quality count as one."""
    exhibit = _file(quality=90)
    given = [
        (_file(200, 240, 1, quality=70), "original"),  # distance 1
        (_file(400, 480, 2, quality=90), "original"),  # distance 1, later
        (_file(200, 240, 3, quality=95), "original"),  # distance 0
        (_file(100, 120, 4, quality=85), "original"),  # distance 1.25
    ]
    assert [r.evidence.name for r in match_references(exhibit, given)] == ["3.jpeg", "1.jpeg"]


def test_the_exhibit_is_not_held_against_itself() -> None:
    exhibit = _file(seed=1, quality=90)
    found = match_references(exhibit, [(_file(seed=1), "forgery"), (_file(seed=2), "forgery")])
    assert [r.evidence.name for r in found] == ["2.png"]


def test_those_of_installed_packages_name_their_makers() -> None:
    exhibit = Evidence.from_bytes(encoded(photographs()["china"], "JPEG", quality=80), name="china.jpg")
    found = match_references(exhibit)
    assert [r.label for r in found] == ["original", "original", "forgery", "forgery"]
    assert not any(r.evidence.name == "china" for r in found)
    assert all(r.credit for r in found)
    assert all(r.evidence.metadata.jpeg_quality == pytest.approx(80, abs=0.5) for r in found)


def test_photographs_are_those_of_the_packages() -> None:
    from skimage.data import astronaut
    from sklearn.datasets import load_sample_image

    found = photographs()
    assert np.array_equal(found["astronaut"], astronaut())
    assert all(np.array_equal(found[n], load_sample_image(f"{n}.jpg")) for n in ("china", "flower"))
    name, maker = FORGERIES[2]
    assert np.array_equal(forge(found, name, maker), forge(found, name, maker))


def test_the_place_that_lies_alike(make_evidence: Callable[..., Evidence]) -> None:
    exhibit, twice, small = (make_evidence(textured(h, w)) for h, w in ((200, 300), (400, 600), (50, 40)))
    assert box_alike(exhibit, (100, 50, 164, 114), exhibit) == (100, 50, 164, 114)
    # The middle of the part at 132, 82 lies at 264, 164 of twice the size, and its corner 32 before.
    assert box_alike(exhibit, (100, 50, 164, 114), twice) == (232, 132, 296, 196)
    assert box_alike(exhibit, (0, 0, 20, 100), twice) == (10, 50, 30, 150)
    assert box_alike(twice, (0, 0, 64, 64), exhibit) == (0, 0, 64, 64)  # 16 less 32 is outside
    assert box_alike(exhibit, (0, 0, 300, 200), small) == (0, 0, 40, 50)


def test_what_is_no_reference_is_refused(tmp_path: Path) -> None:
    for wrong in (["a.jpg"], [("a.jpg", "fake")], [("a.jpg",)]):
        with pytest.raises(ValueError, match="original, forgery"):
            checked_references(wrong)
    assert checked_references(None) is None
    with pytest.raises(EvidenceError, match=r"none\.jpg"):
        match_references(_file(), [(tmp_path / "none.jpg", "original")])
