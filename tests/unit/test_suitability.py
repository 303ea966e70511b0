"""What is measured of an exhibit: stratum, signs of a screenshot, copies in every delivery."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from forensics.errors import EvidenceError, UnknownNameError
from forensics.judgement.deliveries import AS_RECEIVED, DELIVERIES, HARMLESS, deliver
from forensics.judgement.suitability import finds_face, looks_like_screenshot, neighbourhood, stratum_of, unfit
from forensics.types import Evidence, Limits, Metadata
from tests.conftest import textured


def jpeg(pixels: np.ndarray, quality: int) -> Evidence:
    return Evidence.from_bytes(
        cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    )


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    from skimage.data import astronaut

    return np.asarray(astronaut())


@pytest.mark.parametrize(
    ("quality", "words"),
    [(95, "85 and more"), (85, "85 and more"), (84, "60 to 84"), (60, "60 to 84"), (59, "below 60"), (20, "below 60")],
)
def test_compression_is_estimated_from_the_file(quality: int, words: str) -> None:
    assert stratum_of(jpeg(textured(300, 300), quality)) == f"no face found, JPEG {words}, short side 256 to 639"


@pytest.mark.parametrize(
    ("height", "width", "words"),
    [(255, 400, "below 256"), (256, 400, "256 to 639"), (640, 639, "256 to 639"), (640, 641, "640 and more")],
)
def test_size_is_the_short_side(make_evidence: Callable[..., Evidence], height: int, width: int, words: str) -> None:
    assert stratum_of(make_evidence(textured(height, width))).endswith(f"not JPEG, short side {words}")


def test_a_face_is_found_however_much_of_the_frame_it_fills(astronaut: np.ndarray) -> None:
    assert finds_face(astronaut)  # head and shoulders
    assert finds_face(astronaut[40:220, 140:310])  # the face alone
    assert not finds_face(textured(300, 300))
    assert not finds_face(load_sample_image("flower.jpg"))
    assert stratum_of(jpeg(astronaut, 90)).startswith("face found, ")
    before = astronaut.copy()
    finds_face(astronaut)
    assert np.array_equal(before, astronaut)


def test_neighbours_differ_in_what_is_shown_alone() -> None:
    assert neighbourhood("face found, not JPEG, short side below 256") == "any subject, not JPEG, short side below 256"
    assert neighbourhood("no face found, not JPEG, x") == neighbourhood("face found, not JPEG, x")


@pytest.mark.parametrize(
    ("size", "media_type", "metadata", "expected"),
    [
        ((1170, 2532), "image/png", {}, True),
        ((2532, 1170), "image/png", {}, True),
        ((1171, 2532), "image/png", {}, False),
        ((1170, 2532), "image/jpeg", {}, False),
        ((1170, 2532), "image/png", {"exif": {"Make": "Apple"}}, False),
        ((900, 700), "image/jpeg", {"exif": {"UserComment": "Screenshot"}}, True),
        ((900, 700), "image/png", {"software": ("gnome-screenshot",)}, True),
    ],
)
def test_marks_of_a_screenshot(
    size: tuple[int, int], media_type: str, metadata: dict[str, object], expected: bool
) -> None:
    evidence = Evidence(
        pixels=np.zeros((0, 0, 3), np.uint8), sha256="0" * 64, name="x", media_type=media_type, n_bytes=1,
        width=size[0], height=size[1], metadata=Metadata(**metadata),
    )  # fmt: skip
    assert looks_like_screenshot(evidence) == expected
    assert [c.code for c in unfit(evidence)] == ["screenshot_like"] * expected


def test_too_strong_compression_is_told() -> None:
    picture = textured(200, 200)
    assert [c.code for c in unfit(jpeg(picture, 30))] == ["too_compressed"]
    assert unfit(jpeg(picture, 50)) == ()


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_delivery_is_a_file_of_its_kind(name: str) -> None:
    picture = jpeg(textured(200, 301), 92)
    before = picture.pixels.copy()
    copy, again = deliver(picture, name), deliver(picture, name)
    assert copy.sha256 == again.sha256 != picture.sha256
    assert np.array_equal(picture.pixels, before)
    shares = {"resized 75 %": 0.75, "resized 50 %": 0.5, "cropped": 0.9, "messenger-like": 0.8, "screenshot-like": 0.9}
    share = shares.get(name, 1.0)
    assert (copy.width, copy.height) == pytest.approx((301 * share, 200 * share), abs=1.1)
    assert copy.media_type == ("image/png" if name == "screenshot-like" else "image/jpeg")
    if name.startswith("JPEG"):
        assert copy.metadata.jpeg_quality == pytest.approx(int(name.split()[1]), abs=0.5)
    assert DELIVERIES[name].text


def test_an_exhibit_that_was_let_in_under_wider_limits_is_delivered_too(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = Limits(max_pixels=1000, max_side=50, max_bytes=100)
    monkeypatch.setattr("forensics.evidence.loading.Limits", lambda: narrow)
    wide = Limits()
    picture = Evidence.from_bytes(cv2.imencode(".png", textured(80, 90))[1].tobytes(), limits=wide)
    for name in DELIVERIES:
        assert deliver(picture, name).width <= 90


def test_colours_stay_where_they_are() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[..., 0] = 220
    for name in DELIVERIES:
        assert np.abs(deliver(jpeg(red, 95), name).pixels.mean(axis=(0, 1)) - (220, 0, 0)).max() < 4
    half = red.copy()
    half[:, :32] = 0
    assert deliver(jpeg(half, 95), "mirrored").pixels[:, :30, 0].mean() > 200


def test_what_cannot_be_delivered(make_evidence: Callable[..., Evidence]) -> None:
    picture = make_evidence(textured(80, 80))
    assert deliver(picture, AS_RECEIVED) is picture
    assert set(HARMLESS) <= set(DELIVERIES)
    with pytest.raises(UnknownNameError, match="JPEG 85"):
        deliver(picture, "by pigeon")
    with pytest.raises(EvidenceError, match="no pixels"):
        deliver(replace(picture, pixels=np.zeros((0, 0, 3), np.uint8)), "JPEG 85")
