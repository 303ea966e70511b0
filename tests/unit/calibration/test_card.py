"""The calibration card: the same from its file bit for bit, refused when edited or foreign, bounded, and signed."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from forensics.calibration import CALIBRATORS, Card, read_card, write_card
from forensics.custody.keys import load_private_key, new_key
from forensics.custody.signing import sign_file, verify_signature
from forensics.errors import CalibrationError, NotCalibratedError
from forensics.types import Propositions
from tests.calibrations import FACE, FEW, NEIGHBOURS, OTHER, make_card


@pytest.fixture(scope="module")
def card() -> Card:
    return make_card()


@pytest.mark.parametrize("calibrator", CALIBRATORS.names())
def test_the_file_gives_the_same_ratios_bit_for_bit(calibrator: str, tmp_path: Path) -> None:
    made = make_card(calibrator=calibrator)
    again = read_card(write_card(made, tmp_path / "card.json"))
    assert again.sha256 == made.sha256
    assert again.to_dict() == made.to_dict()
    for z in np.linspace(-30, 30, 101):
        assert again.weigh(float(z), FACE) == made.weigh(float(z), FACE)


def test_the_file_is_canonical_and_replaces_only_cards(card: Card, tmp_path: Path) -> None:
    path = write_card(card, tmp_path / "card.json")
    first = path.read_bytes()
    assert write_card(card, path).read_bytes() == first
    record = json.loads(first)
    assert list(record) == sorted(record)
    exhibit = tmp_path / "exhibit.json"
    exhibit.write_text("{}")
    with pytest.raises(CalibrationError, match="is not replaced"):
        write_card(card, exhibit)
    assert exhibit.read_text() == "{}"
    with pytest.raises(CalibrationError, match="folder"):
        write_card(card, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["card.json", "exhibit.json"]


@pytest.mark.parametrize(
    "edit",
    [
        lambda r: r["strata"][FACE]["calibrator"].update(slope=9.0),
        lambda r: r["strata"][FACE].update(bounds=[-6.0, 6.0]),
        lambda r: r.update(level=0.001),
        lambda r: r.update(detector_sha256="f" * 64),
        lambda r: r.pop("sha256"),
    ],
)
def test_a_card_edited_by_hand_is_refused(card: Card, tmp_path: Path, edit: object) -> None:
    path = write_card(card, tmp_path / "card.json")
    record = json.loads(path.read_bytes())
    edit(record)  # type: ignore[operator]
    path.write_text(json.dumps(record))
    with pytest.raises(CalibrationError, match="changed after it was made"):
        read_card(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no calibration card"),
        (b"\xff\xd8\xff", "no calibration card"),
        (b"[]", "no calibration card"),
        (b'{"format": "forensics.calibration/9"}', "no calibration card"),
        (b"[" * 100_000, "no calibration card"),
    ],
)
def test_what_is_no_card_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(CalibrationError, match=message):
        read_card(tmp_path / "x.json")
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_card(tmp_path / "missing.json")


def test_a_card_of_a_later_version_is_told(card: Card, tmp_path: Path) -> None:
    from forensics.calibration.card import _digest

    record = card.to_dict()
    record["strata"][FACE]["calibrator"]["name"] = "oracle"
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**record, "sha256": _digest(record)}))
    with pytest.raises(CalibrationError, match="this version cannot read"):
        read_card(path)


def test_no_ratio_passes_its_bound_and_none_passes_n(card: Card) -> None:
    own = card.strata[FACE]
    for z in (-1e6, -3.0, 0.0, 3.0, 1e6):
        lr = card.weigh(z, FACE)
        assert own.bounds[0] <= lr.interval[0] <= lr.llr <= lr.interval[1] <= own.bounds[1]
        assert -math.log10(lr.n[0] + 1) <= lr.llr <= math.log10(lr.n[1] + 1)
        assert lr.at_bound == (abs(z) > 1000 or lr.llr in own.bounds)
    assert card.weigh(1e6, FACE).at_bound
    assert not card.weigh(0.0, FACE).at_bound
    assert card.weigh(0.0, FACE).propositions == card.propositions
    assert card.weigh(0.0, FACE).calibration_sha256 == card.sha256


def test_kinds_without_a_calibration_are_told_why(card: Card) -> None:
    with pytest.raises(NotCalibratedError, match="at least 40 of each"):
        card.weigh(0.0, FEW)
    with pytest.raises(NotCalibratedError, match="no picture of this kind"):
        card.weigh(0.0, "face found, not JPEG, short side 640 and more")


def test_a_kind_that_was_taken_together_with_its_neighbours_is_found() -> None:
    merged = make_card(merged=True)
    assert list(merged.strata) == [NEIGHBOURS]
    assert set(merged.strata[NEIGHBOURS].members) == {FACE, OTHER}
    assert merged.weigh(1.0, OTHER) == merged.weigh(1.0, FACE)
    assert merged.weigh(1.0, OTHER).stratum == NEIGHBOURS


def test_a_card_is_for_one_detector(card: Card) -> None:
    card.require(card.detector_sha256)
    with pytest.raises(CalibrationError, match="forensics calibrate"):
        card.require("1" * 64)


def test_the_digest_names_everything(card: Card) -> None:
    other = replace(card, propositions=Propositions(h1="x", h2="y"))
    assert other.sha256 != card.sha256
    assert replace(card).sha256 == card.sha256
    assert datetime.fromisoformat(card.created).astimezone(UTC) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("bounds", [(0.5, -0.5), (-6.0, 6.0), (0.1, 1.0)])
def test_bounds_that_its_pictures_cannot_carry_are_refused(
    card: Card, bounds: tuple[float, float], tmp_path: Path
) -> None:
    from forensics.calibration.card import _digest

    record = card.to_dict()
    record["strata"][FACE]["bounds"] = list(bounds)
    path = tmp_path / "card.json"
    path.write_text(json.dumps({**record, "sha256": _digest(record)}))
    with pytest.raises(CalibrationError, match="cannot come from 120 pictures"):
        read_card(path)


def test_a_signature_shows_who_made_a_card(card: Card, tmp_path: Path) -> None:
    for name in ("own", "other"):
        new_key(tmp_path / f"{name}.pem", passphrase=None)
    path = write_card(card, tmp_path / "card.json")
    own, other = tmp_path / "own.pem.pub", tmp_path / "other.pem.pub"
    assert "card.json.sig" in verify_signature(path, public_key=own).problems[0]
    sign_file(path, load_private_key(tmp_path / "own.pem"), record_sha256=card.sha256)
    check = verify_signature(path, public_key=own)
    assert check.ok
    assert check.record_sha256 == card.sha256
    assert "another key" in verify_signature(path, public_key=other).problems[0]
    path.write_bytes(path.read_bytes() + b"\n")
    assert "does not fit" in verify_signature(path, public_key=own).problems[0]
