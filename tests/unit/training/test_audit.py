"""The audit finds the shortcuts that were put in, and passes a stream without any."""

import cv2
import numpy as np
import pytest

from forensics.evaluation.shortcuts import STATISTICS, tile_statistics
from forensics.training.measuring.audit import AuditRow, audit_pairs, audit_table
from forensics.training.pairs.stream import Pair
from tests.conftest import textured

MASK = np.ones((64, 64), np.uint8)


def pairs(n: int, *, soften: float = 0.0, darken: int = 0) -> list[Pair]:
    """Pairs of two windows of one noise-like texture; the forged one softened or darkened."""
    rng = np.random.default_rng(0)
    made = []
    for k in range(n):
        picture = textured(96, 96, seed=int(rng.integers(1000)))
        tiles = []
        for _ in range(2):
            y, x = rng.integers(0, 32, 2)
            tiles.append(np.ascontiguousarray(picture[y : y + 64, x : x + 64]))
        real, fake = tiles
        if soften:
            fake = cv2.GaussianBlur(fake, (0, 0), soften)
        fake = np.clip(fake.astype(int) - darken, 0, 255).astype(np.uint8)
        made.append(
            Pair(real=real, fake=fake, mask=MASK, independent=k % 2 == 0, family="upsample", picture=f"{k // 3}.jpg")
        )
    return made


def row(rows: list[AuditRow], test: str, family: str = "stream") -> AuditRow:
    return next(r for r in rows if (r.family, r.test) == (family, test))


def test_statistics_by_hand() -> None:
    flat = np.full((64, 64, 3), (30, 60, 90), np.uint8)
    values = dict(zip(STATISTICS, tile_statistics(flat), strict=True))
    assert values["saturation"] == 60
    assert values["brightness"] == 60
    assert values["contrast"] == values["median residual"] == values["blockiness"] == 0
    assert values["sharpness"] == pytest.approx(np.log(1e-3))
    stripes = flat.copy()
    stripes[:, 3::8] = 200
    assert tile_statistics(stripes)[3] == pytest.approx(4, rel=0.01)  # 2 of 8 steps carry all: 8 / 2


def test_equal_classes_pass() -> None:
    rows = audit_pairs(pairs(600))
    assert abs(row(rows, "logistic").value - 0.5) < 0.06
    assert row(rows, "trees").value < 0.58
    assert row(rows, "sign: sharpness").value == pytest.approx(0.5, abs=0.06)
    assert row(rows, "logistic", "upsample").n_pairs == 600


@pytest.mark.parametrize(
    ("option", "statistic", "side"), [({"soften": 0.5}, "sharpness", 0), ({"darken": 25}, "brightness", 0)]
)
def test_a_shortcut_is_found(option: dict[str, float], statistic: str, side: float) -> None:
    rows = audit_pairs(pairs(300, **option))
    for test in ("logistic", "trees", "paired"):
        assert row(rows, test).value > 0.8
        assert not row(rows, test).passed
    assert row(rows, f"sign: {statistic}").value == pytest.approx(side, abs=0.15)
    assert "**failed**" in audit_table(rows)


def test_a_reversed_linear_model_fails_too_and_few_pairs_are_refused() -> None:
    assert not AuditRow(family="stream", test="logistic", n_pairs=9, value=0.45, limit=0.03).passed
    assert AuditRow(family="stream", test="trees", n_pairs=9, value=0.45, limit=0.06).passed
    with pytest.raises(ValueError, match="at least 100 pairs"):
        audit_pairs(pairs(5))
