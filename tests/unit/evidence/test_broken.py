import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.errors import EvidenceError
from forensics.types import Evidence, Limits
from tests.broken_files import BROKEN, write_broken
from tests.conftest import encoded, textured

VALID = [encoded(textured(24, 32), f) for f in ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "AVIF")]


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_an_evidence_error(name: str, tmp_path: Path) -> None:
    path = write_broken(tmp_path, name)
    tracemalloc.start()
    with pytest.raises(EvidenceError) as caught:
        Evidence.from_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(name)
    assert "\n" not in message
    assert message.endswith(".")
    assert message.count(". ") >= 1  # the reason, then the next step
    assert peak < 50e6


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_mutated_files_raise_nothing_else(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    patch = draw.draw(st.binary(min_size=1, max_size=8))
    try:
        evidence = Evidence.from_bytes(data[:at] + patch + data[at + len(patch) :])
    except EvidenceError:
        return
    assert evidence.pixels.size > 0


@pytest.mark.parametrize(
    "limits", [Limits(max_bytes=100), Limits(max_pixels=100), Limits(max_side=100), Limits(max_frames=0)]
)
def test_limits_are_settable(limits: Limits) -> None:
    frames = [textured(seed=k) for k in range(2)]
    from PIL import Image

    data = encoded(frames[0], "GIF", save_all=True, append_images=[Image.fromarray(frames[1])])
    assert Evidence.from_bytes(data).metadata.n_frames == 2
    with pytest.raises(EvidenceError, match="Raise Limits"):
        Evidence.from_bytes(data, limits=limits)


def test_hostile_name_is_shown_on_one_line() -> None:
    with pytest.raises(EvidenceError) as caught:
        Evidence.from_bytes(b"", name="a\nb\u202e\x00.jpg")
    assert "a\\nb\\u202e\\x00.jpg is empty" in str(caught.value)
