"""The check of the makers sees what doubling leaves behind, and nothing in what was never enlarged."""

import cv2
import numpy as np
import pytest

from benchmarks.imprint import ImprintRow, imprint, imprint_table
from forensics.types import UInt8Array


def grain(seed: int, side: int = 128) -> UInt8Array:
    noise = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 1, (side, side, 3)), (0, 0), 0.7)
    return np.clip(np.rint(128 + 60 * noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("how", [cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC])
def test_doubling_stands_out_from_what_was_never_enlarged(how: int) -> None:
    plain = [imprint(grain(k)) for k in range(20)]
    doubled = [imprint(cv2.resize(grain(k, 64), (128, 128), interpolation=how)) for k in range(20)]
    assert np.mean(np.array(doubled) > max(plain)) > 0.9


def test_a_pattern_of_period_four_stands_out() -> None:
    x = grain(1).astype(int)
    x[:, ::4] += 40
    assert imprint(np.clip(x, 0, 255).astype(np.uint8)) > imprint(grain(1)) + 0.5


def test_the_table_names_the_family_and_its_share() -> None:
    assert "| upsample | 60 | 0.450 |" in imprint_table([ImprintRow(family="upsample", n=60, share=0.45)])
