"""Keeping scores: an evaluation that was cut off goes on, and belongs to its weights and mode."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from forensics.training.pictures import LabelledPicture, Pictures
from forensics.training.scoring import DELIVERED, evaluate, read_scores, thinned
from forensics.types import BranchScores, Evidence
from tests.conftest import textured


@dataclass
class Counting:
    """Stands for a detector; the score is the mean brightness, and every examination is counted."""

    digest: str = "a" * 64
    mode: str = "exact"
    asked: int = 0

    @property
    def weights(self) -> SimpleNamespace:
        return SimpleNamespace(sha256=self.digest)

    def examine(self, evidence: Evidence) -> SimpleNamespace:
        self.asked += 1
        logits = np.array([[[0.0, evidence.pixels.mean() / 64]]])
        boxes = np.array([[0, 0, 64, 64]])
        return SimpleNamespace(
            scores=BranchScores(branches=("b",), views=("tile 0,0 identity",), logits=logits, boxes=boxes)
        )


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for k in range(6):
        path = tmp_path / f"{k}.png"
        Image.fromarray(textured(64, 64, seed=k)).save(path)
        rows.append(LabelledPicture(path=path, name=path.name, label=1 if k > 2 else 0, source="s", face=False))
    return Pictures(rows)


def test_a_cut_off_evaluation_goes_on(pictures: Pictures, tmp_path: Path) -> None:
    keep = tmp_path / "new" / "scores.jsonl"
    first = Counting()
    whole = evaluate(first, pictures, conditions=[DELIVERED], keep=keep)  # type: ignore[arg-type]
    lines = keep.read_text().splitlines(keepends=True)
    keep.write_text("".join(lines[:4]) + lines[4][:30])  # killed while the fourth picture was written
    second = Counting()
    again = evaluate(second, pictures, conditions=[DELIVERED], keep=keep)  # type: ignore[arg-type]
    assert (first.asked, second.asked) == (6, 3)
    assert again == whole
    assert list(read_scores(keep)) == [p.name for p in pictures]


def test_scores_of_other_weights_modes_or_conditions_are_refused(pictures: Pictures, tmp_path: Path) -> None:
    keep = tmp_path / "scores.jsonl"
    evaluate(Counting(), pictures, conditions=[DELIVERED], keep=keep)  # type: ignore[arg-type]
    before = keep.read_bytes()
    others = ((Counting(digest="b" * 64), DELIVERED), (Counting(mode="fast"), DELIVERED), (Counting(), "JPEG 75"))
    for detector, condition in others:
        with pytest.raises(ValueError, match="other weights, another mode or other conditions"):
            evaluate(detector, pictures, conditions=[condition], keep=keep)  # type: ignore[arg-type]
    assert keep.read_bytes() == before


def test_a_detector_in_fast_mode_scores_in_this_process(pictures: Pictures) -> None:
    """Its threads are not there in a forked one, which would wait for ever; a forked one counts for itself."""
    exact, fast = Counting(), Counting(mode="fast")
    rows = [evaluate(d, pictures, conditions=[DELIVERED], workers=2) for d in (exact, fast)]  # type: ignore[arg-type]
    assert rows[0] == rows[1]
    assert (exact.asked, fast.asked) == (0, 6)


def test_thinning_keeps_so_many_of_each_class_and_more_holds_fewer(pictures: Pictures) -> None:
    two, one = thinned(pictures, 2), thinned(pictures, 1)
    assert sorted(p.label for p in two) == [0, 0, 1, 1]
    assert set(one) < set(two)


@pytest.mark.parametrize("content", [b"a case note without an end", b"\xff\xd8\xff\xe0", b""])
def test_a_file_that_holds_no_scores_stays_as_it_is(pictures: Pictures, tmp_path: Path, content: bytes) -> None:
    keep = tmp_path / "notes.txt"
    keep.write_bytes(content)
    with pytest.raises(ValueError, match="Give another --scores"):
        evaluate(Counting(), pictures, conditions=[DELIVERED], keep=keep)  # type: ignore[arg-type]
    assert keep.read_bytes() == content
