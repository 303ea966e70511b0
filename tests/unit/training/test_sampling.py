"""Crops of originals, and forgeries of them with the same history of compression."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.training.makers import MAKERS, Forgery
from forensics.training.makers.redrawing import Redrawing
from forensics.training.pairs import sampling
from forensics.training.pairs.post_chain import jpeg
from forensics.training.pairs.sampling import Sampler, forge
from forensics.types import UInt8Array
from tests.conftest import textured


@pytest.fixture(autouse=True)
def native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "SHRUNK_BEFORE", 0.0)
    monkeypatch.setattr(sampling, "SHRUNK_AFTER", 0.0)


def inverted(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    del rng, donor, face
    return Forgery(pixels=255 - picture, mask=np.ones(picture.shape[:2], dtype=np.uint8))


def copied(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    del rng, donor, face
    return Forgery(pixels=picture, mask=np.ones(picture.shape[:2], dtype=np.uint8))


def noisy(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    del donor, face
    pixels = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    return Forgery(pixels=pixels, mask=np.ones(picture.shape[:2], dtype=np.uint8))


def saved(folder: Path, *, quality: int | None, subsampling: int = 2) -> LabelledPicture:
    """Return a picture of 300 x 340 as a PNG, or as a JPEG of some quality, 4:2:0 unless told."""
    path = folder / ("x.png" if quality is None else "x.jpg")
    options = {} if quality is None else {"quality": quality, "subsampling": subsampling}
    Image.fromarray(textured(300, 340, seed=3)).save(path, **options)
    return LabelledPicture(path=path, name=path.name, label=0, source="one", face=False)


def test_redrawing_changes_the_region_and_nothing_else() -> None:
    picture = textured(128, 160)
    for seed in range(6):
        forgery = Redrawing(inverted)(picture, np.random.default_rng(seed), donor=picture, face=False)
        changed = (forgery.pixels != picture).any(axis=2)
        assert 0.03 < forgery.mask.mean() < 0.5
        assert changed[forgery.mask == 1].mean() > 0.9
        # a soft border reaches a few pixels beyond the mask, which is where it is more new than old
        assert not changed[cv2.dilate(forgery.mask, np.ones((61, 61), np.uint8)) == 0].any()


def test_regions_are_drawn_anew_by_up_sampling_without_any_training() -> None:
    picture = textured(128, 160)
    forgery = MAKERS["redrawing"](picture, np.random.default_rng(3), donor=picture, face=False)
    changed = (forgery.pixels != picture).any(axis=2)
    assert changed[forgery.mask == 1].mean() > 0.9
    assert not changed[cv2.dilate(forgery.mask, np.ones((61, 61), np.uint8)) == 0].any()


def test_a_redrawn_face_may_come_from_the_donor_in_the_colours_of_the_face() -> None:
    picture, donor = textured(128, 128, seed=1), textured(128, 128, seed=2) // 2 + 120
    gaps = []
    for seed in range(12):
        forgery = Redrawing(copied)(picture, np.random.default_rng(seed), donor=donor, face=True)
        inside = forgery.mask == 1
        if (forgery.pixels[inside] != picture[inside]).any():
            gaps.append(abs(forgery.pixels[inside].mean() - picture[inside].mean()))
    assert 2 <= len(gaps) <= 10  # some come from the donor, some from the picture itself
    assert max(gaps) < 12


@pytest.mark.parametrize("subsampling", [0, 2])
def test_a_forgery_is_coded_as_its_original_was_on_the_same_grid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, subsampling: int
) -> None:
    """Saving a decoded JPEG again with its own tables on its own grid changes next to nothing; on another, much."""
    monkeypatch.setattr(sampling, "PAST", 0.0)
    sampler = Sampler(Pictures([saved(tmp_path, quality=60, subsampling=subsampling)]))
    for seed in range(8):
        _, original, forgery = forge(sampler, copied, np.random.default_rng(seed))
        gap = np.abs(forgery.pixels.astype(int) - original).mean()
        assert gap < 0.6
        shifted = np.array(original[3:, 5:])
        moved = np.abs(jpeg(shifted, quality=60, full_chroma=subsampling == 0).astype(int) - shifted).mean()
        assert gap < moved / 3


def test_what_a_maker_drew_anew_carries_the_compression_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was saved with these tables on this grid hardly changes when it is saved so again; raw noise does."""
    monkeypatch.setattr(sampling, "PAST", 0.0)
    sampler = Sampler(Pictures([saved(tmp_path, quality=60)]))
    _, _, forgery = forge(sampler, noisy, np.random.default_rng(0))
    again = jpeg(forgery.pixels, quality=60, full_chroma=False)
    raw = noisy(forgery.pixels, np.random.default_rng(1), donor=forgery.pixels, face=False).pixels
    moved = np.abs(jpeg(raw, quality=60, full_chroma=False).astype(int) - raw).mean()
    assert np.abs(again.astype(int) - forgery.pixels).mean() < moved / 4


def test_what_was_never_compressed_stays_so_and_local_forgeries_keep_their_background(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PAST", 0.0)
    _, original, forgery = forge(Sampler(Pictures([saved(tmp_path, quality=None)])), inverted, np.random.default_rng(0))
    assert np.array_equal(forgery.pixels, 255 - original)
    local = Redrawing(inverted)
    _, original, forgery = forge(Sampler(Pictures([saved(tmp_path, quality=60)])), local, np.random.default_rng(0))
    same = (forgery.pixels == original).all(axis=2)
    assert same.mean() > 0.3


def test_a_past_is_given_to_both_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "PAST", 1.0)
    sampler = Sampler(Pictures([saved(tmp_path, quality=None)]))
    _, original, forgery = forge(sampler, copied, np.random.default_rng(0))
    assert np.array_equal(original, forgery.pixels)
    monkeypatch.setattr(sampling, "PAST", 0.0)
    assert not np.array_equal(forge(sampler, copied, np.random.default_rng(0))[1], original)


def test_a_shrunk_original_has_no_history_to_keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampling, "PAST", 0.0)
    monkeypatch.setattr(sampling, "SHRUNK_BEFORE", 1.0)
    sampler = Sampler(Pictures([saved(tmp_path, quality=60)]))
    seen: list[tuple[int, ...]] = []

    def recorded(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
        seen.append(picture.shape)
        return copied(picture, rng, donor=donor, face=face)

    _, original, forgery = forge(sampler, recorded, np.random.default_rng(0))
    assert original.shape == (256, 256, 3)
    assert seen == [(256, 256, 3)]  # forged at the size that it was shrunk to
    assert np.array_equal(original, forgery.pixels)
    small = LabelledPicture(path=tmp_path / "s.png", name="s.png", label=0, source="one", face=False)
    Image.fromarray(textured(270, 270)).save(small.path)
    _, original, _ = forge(Sampler(Pictures([small])), copied, np.random.default_rng(0))
    assert np.array_equal(original, textured(270, 270)[:256, :256])  # too small to shrink


def test_a_pair_shrunk_afterwards_is_forged_large_and_coded_as_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "PAST", 0.0)
    monkeypatch.setattr(sampling, "SHRUNK_AFTER", 1.0)
    seen: list[tuple[UInt8Array, UInt8Array]] = []

    def recorded(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
        seen.append((picture, donor))
        mask = np.zeros(picture.shape[:2], dtype=np.uint8)
        mask[:, : picture.shape[1] // 2] = 1
        return Forgery(pixels=255 - picture, mask=mask)

    sampler = Sampler(Pictures([saved(tmp_path, quality=60)]))
    _, original, forgery = forge(sampler, recorded, np.random.default_rng(0))
    large, donor = seen[0]
    assert large.shape == donor.shape
    assert large.shape[0] > 256
    assert large.shape[0] % 16 == 0
    assert original.shape == forgery.pixels.shape == (256, 256, 3)
    assert forgery.mask.shape == (256, 256)
    assert np.abs(forgery.pixels.astype(int) - (255 - original.astype(int))).max() <= 1  # resizing is linear
    assert forgery.mask.mean() == pytest.approx(0.5, abs=0.02)
    # Large and forged everywhere: saved with the tables of the file before it is shrunk, which leaves the original as it was.
    _, original, forgery = forge(sampler, inverted, np.random.default_rng(0))
    assert np.abs(forgery.pixels.astype(int) - (255 - original.astype(int))).max() > 1
