"""Keeping scores: an evaluation that was cut off goes on, and belongs to its weights and mode."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from forensics.detector import load_detector
from forensics.errors import CalibrationError, UnknownNameError
from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.evaluation.scoring import chosen_deliveries, score_labelled, usable
from forensics.evaluation.shortcuts import STATISTICS
from forensics.judgement.deliveries import AS_RECEIVED, DELIVERIES
from forensics.types import BranchScores, Evidence
from tests.conftest import textured

TINY = Path(__file__).parents[2] / "parity" / "dfd_tiny.pth"


@dataclass
class Counting:
    """Stands for a detector; the score is the mean brightness, and every examination is counted."""

    digest: str = "a" * 64
    mode: str = "exact"
    asked: int = 0

    @property
    def sha256(self) -> str:
        return self.digest

    def score(self, evidence: Evidence) -> BranchScores:
        self.asked += 1
        logits = np.array([[[0.0, evidence.pixels.mean() / 64]]])
        boxes = np.array([[0, 0, 64, 64]])
        return BranchScores(branches=("b",), views=("tile 0,0 identity",), logits=logits, boxes=boxes)


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
    whole = score_labelled(first, pictures, deliveries=[AS_RECEIVED], keep=keep)  # type: ignore[arg-type]
    lines = keep.read_text().splitlines(keepends=True)
    keep.write_text("".join(lines[:4]) + lines[4][:30])  # killed while the fourth picture was written
    second = Counting()
    again = score_labelled(second, pictures, deliveries=[AS_RECEIVED], keep=keep)  # type: ignore[arg-type]
    assert (first.asked, second.asked) == (6, 3)
    assert again == whole
    assert [row.sha256 for row in again] == [p.sha256 for p in pictures]


def test_scores_of_other_weights_modes_or_conditions_are_refused(pictures: Pictures, tmp_path: Path) -> None:
    keep = tmp_path / "scores.jsonl"
    score_labelled(Counting(), pictures, deliveries=[AS_RECEIVED], keep=keep)  # type: ignore[arg-type]
    before = keep.read_bytes()
    others = ((Counting(digest="b" * 64), AS_RECEIVED), (Counting(mode="fast"), AS_RECEIVED), (Counting(), "JPEG 75"))
    for detector, delivery in others:
        with pytest.raises(CalibrationError, match="by another detector, in another mode or for other conditions"):
            score_labelled(detector, pictures, deliveries=[delivery], keep=keep)  # type: ignore[arg-type]
    assert keep.read_bytes() == before


def test_a_detector_in_fast_mode_scores_in_this_process(pictures: Pictures) -> None:
    """Its threads are not there in a forked one, which would wait for ever; a forked one counts for itself."""
    exact, fast = Counting(), Counting(mode="fast")
    rows = [score_labelled(d, pictures, deliveries=[AS_RECEIVED], workers=2) for d in (exact, fast)]  # type: ignore[arg-type]
    assert rows[0] == rows[1]
    assert (exact.asked, fast.asked) == (0, 6)


def test_thinning_keeps_so_many_of_each_class_and_more_holds_fewer(pictures: Pictures) -> None:
    two, one = pictures.thinned(2), pictures.thinned(1)
    assert sorted(p.label for p in two) == [0, 0, 1, 1]
    assert set(one) < set(two)


@pytest.mark.parametrize("content", [b"a case note without an end", b"\xff\xd8\xff\xe0", b""])
def test_a_file_that_holds_no_scores_stays_as_it_is(pictures: Pictures, tmp_path: Path, content: bytes) -> None:
    keep = tmp_path / "notes.txt"
    keep.write_bytes(content)
    with pytest.raises(CalibrationError, match="Name another --scores"):
        score_labelled(Counting(), pictures, deliveries=[AS_RECEIVED], keep=keep)  # type: ignore[arg-type]
    assert keep.read_bytes() == content


def test_a_copy_holds_what_every_comparison_needs(pictures: Pictures) -> None:
    """Of one branch, so that all its figures are one; a name that nobody gave is the digest of the file."""
    [first, *_] = score_labelled(Counting(), pictures, deliveries=[AS_RECEIVED, "JPEG 60"])  # type: ignore[arg-type]
    assert first.judgements == {"b": pytest.approx(first.log_odds), "joint": first.log_odds}
    assert set(first.statistics) == {*STATISTICS, "size"}
    assert first.statistics["size"] == pytest.approx(np.log(64 * 64))
    assert (first.source, first.cluster) == ("s", pictures[0].sha256)


def test_what_was_kept_by_an_earlier_version_is_read(pictures: Pictures, tmp_path: Path) -> None:
    keep = tmp_path / "scores.jsonl"
    score_labelled(Counting(), pictures, keep=keep)  # type: ignore[arg-type]
    head, *lines = [json.loads(line) for line in keep.read_text().splitlines()]
    for line in lines:
        for row in line["rows"]:
            del row["by_branch"], row["statistics"]
    keep.write_text("".join(json.dumps(line, sort_keys=True) + "\n" for line in (head, *lines)))
    again = Counting()
    rows = score_labelled(again, pictures, keep=keep)  # type: ignore[arg-type]
    assert again.asked == 0
    assert len(rows) == 6
    assert rows[0].judgements == {"joint": rows[0].log_odds}


def test_why_a_copy_counts_nowhere_is_a_code_and_names_no_file(tmp_path: Path) -> None:
    """What a validation counts is published; the names of pictures may be those of persons."""
    unreadable, small = tmp_path / "Jane Doe, flat.jpg", tmp_path / "small.png"
    unreadable.write_bytes(b"no picture")
    Image.fromarray(textured(40, 80)).save(small)
    rows = [LabelledPicture(path=p, name=p.name, label=0, source="s", face=False) for p in (unreadable, small)]
    scored = score_labelled(load_detector(TINY), Pictures(rows), deliveries=[AS_RECEIVED])
    assert [copy.reasons for copy in scored] == [("unreadable",), ("too_small",)]
    assert not any("Jane" in copy.problem for copy in scored)
    older = replace(scored[0], problem="Jane Doe, flat.jpg is not a picture. Check it.")
    assert older.reasons == ("unsaid",)
    assert replace(scored[0], problem="").reasons == ()


def test_copies_that_count(pictures: Pictures) -> None:
    first, second, third, *_ = score_labelled(Counting(), pictures)  # type: ignore[arg-type]
    rows = [replace(first, problem=""), replace(second, problem="flat"), replace(third, problem="", log_odds=None)]
    assert usable(rows) == rows[:1]
    with pytest.raises(CalibrationError, match="has no score"):
        _ = rows[2].joint


def test_as_received_comes_first_and_all_means_all() -> None:
    assert chosen_deliveries(["JPEG 75", "as received", "JPEG 75"]) == ("as received", "JPEG 75")
    assert chosen_deliveries(["all"]) == ("as received", *DELIVERIES)
    with pytest.raises(UnknownNameError, match="No 'moonlight' among the deliveries: JPEG 95"):
        chosen_deliveries(["moonlight"])
