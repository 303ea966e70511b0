"""The exhibits and the practice folder of the demo."""

from collections import Counter
from pathlib import Path

import numpy as np

from forensics.demo import write_practice_folder
from forensics.evaluation.labelled import Pictures
from forensics.types import Evidence


def test_the_practice_folder_is_a_labelled_folder_and_the_same_each_time(tmp_path: Path) -> None:
    """8 textures; 2 + 2 parts of china and flower (427 x 320), 4 of the astronaut (256 x 256), each with a made copy."""
    index = write_practice_folder(tmp_path / "one")
    pictures = Pictures.open(index.parent)
    counted = Counter((p.source, p.label) for p in pictures)
    assert counted == {
        ("textures", 0): 8, ("photographs", 0): 4, ("photographs", 1): 4, ("astronaut", 0): 4, ("astronaut", 1): 4,
    }  # fmt: skip
    assert Pictures.open(write_practice_folder(tmp_path / "two").parent).digest() == pictures.digest()
    for picture in pictures:
        pixels = Evidence.from_file(picture.path).pixels
        assert min(pixels.shape[:2]) >= 256
        assert pixels.std() > 4  # a flat tile is left out of scoring
        if picture.label:
            original = Evidence.from_file(picture.path.with_name(picture.name.replace("-upsample", ""))).pixels
            assert original.shape == pixels.shape
            assert 0.5 < np.abs(original.astype(int) - pixels).mean() < 30
