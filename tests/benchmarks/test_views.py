"""What a view adds, on scores that can be counted by hand."""

import numpy as np
import pytest

from benchmarks.views import _by_look, all_views, view_gain_table, view_gains
from forensics.types import BranchScores
from forensics.views import Tiles


def look(value: float) -> BranchScores:
    boxes = np.array([[0, 0, 64, 64]])
    return BranchScores(branches=("b",), views=("tile 0,0 x",), logits=np.array([[[0.0, value]]]), boxes=boxes)


def test_a_view_that_knows_the_truth_helps_and_one_that_knows_nothing_does_not() -> None:
    """Upright: alike for all, AUC 0.5. The mirrored view is right every time; the brighter one repeats the upright."""
    looks = [
        {"identity": look(0.0), "hflip": look(2.0 * label - 1), "identity, brighter": look(0.0)}
        for label in (0, 1)
        for _ in range(10)
    ]
    labels = [0] * 10 + [1] * 10
    rows = {row.views: row for row in view_gains(looks, labels)}
    assert (rows["hflip",].auc, rows["hflip",].gain, rows["hflip",].useful) == (1.0, 0.5, True)
    assert (rows["identity, brighter",].gain, rows["identity, brighter",].useful) == (0.0, False)
    assert rows["hflip", "identity, brighter"].auc == 1.0
    assert "| hflip | 10 | 10 | 1.000 | +0.500 |" in view_gain_table(rows.values())
    with pytest.raises(ValueError, match="both classes"):
        view_gains(looks[:10], labels[:10])


def test_views_are_divided_by_what_follows_their_place() -> None:
    names = ("tile 0,0 identity", "tile 0,0 identity, brighter", "tile 64,0 identity", "tile 64,0 identity, brighter")
    logits = np.zeros((1, 4, 2))
    logits[0, :, 1] = [1, 2, 3, 4]
    found = _by_look(BranchScores(branches=("b",), views=names, logits=logits, boxes=np.tile([0, 0, 64, 64], (4, 1))))
    assert {name: own.logits[0, :, 1].tolist() for name, own in found.items()} == {
        "identity": [1, 3], "identity, brighter": [2, 4],
    }  # fmt: skip


def test_views_are_measured_on_tiles_of_the_side_that_is_scored() -> None:
    turns, tones = all_views(Tiles(size=192, stride=96, max_tiles=50, turns=("hflip",)))
    assert {(v.size, v.stride, v.max_tiles) for v in (turns, tones)} == {(192, 96, 50)}
    assert len(turns.turns) == 8
    assert turns.tones == ("plain",)
    assert tones.turns == ("identity",)
    assert len(tones.tones) == 4
    assert "plain" not in tones.tones
