import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.errors import EvidenceError
from forensics.messages import Message, quoted, speaking
from forensics.types import BranchScores, Caveat, Evidence, Finding, Fusion, Metadata, RunRecord


def finding(evidence: Evidence, logits: np.ndarray) -> Finding:
    n = logits.shape[1]
    scores = BranchScores(
        branches=("a", "b"), views=tuple(f"v{k}" for k in range(n)), logits=logits, boxes=np.tile([0, 0, 4, 4], (n, 1))
    )
    run = RunRecord(
        examined_at="2026-01-02T03:04:05+00:00", software={"x": "1"}, platform={}, weights={}, settings={"n": 1}
    )
    return Finding(
        evidence=evidence,
        scores=scores,
        outcome="uncalibrated",
        reasons=(Message("r", {"n": 3, "why": Message("flat"), "all": ["a", 1.5, None, True]}, "r"),),
        run=run,
        caveats=(Caveat(code="c", text="t"),),
    )


def test_pixels_are_copied_and_read_only(make_evidence: Callable[..., Evidence]) -> None:
    pixels = np.zeros((4, 5, 3), dtype=np.uint8)
    evidence = make_evidence(pixels)
    pixels[:] = 9
    assert evidence.pixels.max() == 0
    assert (evidence.height, evidence.width) == (4, 5)
    with pytest.raises(ValueError, match="read-only"):
        evidence.pixels[0, 0, 0] = 1


def test_scores_by_hand() -> None:
    """Log-odds ln 3 and -ln 3 are scores 0.75 and 0.25; branch means 0.75 and 0.5, joint 0.625."""
    z = np.log(3.0)
    logits = np.array([[[0.0, z], [0.0, z]], [[0.0, z], [z, 0.0]]])
    scores = BranchScores(branches=("a", "b"), views=("u", "v"), logits=logits, boxes=np.zeros((2, 4)))
    assert scores.score == pytest.approx(0.625)
    assert scores.log_odds == pytest.approx(np.log(0.625 / 0.375))
    assert dict(scores.by_branch) == pytest.approx({"a": z, "b": 0.0})
    assert dict(scores.by_view) == pytest.approx({"u": z, "v": 0.0})


@given(st.lists(st.floats(-50, 50), min_size=8, max_size=8), st.text(max_size=20))
def test_json_is_loss_free(values: list[float], text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    evidence = Evidence(
        pixels=np.zeros((4, 4, 3), dtype=np.uint8), sha256="0" * 64, name=text, media_type="image/png", n_bytes=1,
        metadata=Metadata(exif={"Artist": text}, quantisation=((1, 2),), jpeg_quality=75.5), remarks=(quoted(text),),
    )  # fmt: skip
    original = finding(evidence, np.array(values).reshape(2, 2, 2))
    again = Finding.from_json(original.to_json())
    assert again.to_json() == original.to_json()
    assert np.array_equal(again.scores.logits, original.scores.logits)
    assert again.attach(evidence).evidence.pixels.shape == (4, 4, 3)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_finding_of_an_older_version_is_read_and_reads_as_it_stands(
    version: str, make_evidence: Callable[..., Evidence]
) -> None:
    evidence = replace(make_evidence(), remarks=(quoted("Palette colours were written out as RGB."),))
    record = json.loads(finding(evidence, np.zeros((2, 1, 2))).to_json())
    del record["reasons"]
    record |= {
        "schema": f"forensics.finding/{version}",
        "reason": "Both fit. It includes 1.",
        "reason_codes": ["a", "b"],
    }
    record["caveats"] = [{"code": "flat_tiles", "text": "3 tiles were left out, said an older version."}]
    record["evidence"]["notes"] = [note["text"] for note in record["evidence"]["notes"]]
    old = Finding.from_dict(record)
    assert (old.reason, old.reason_codes) == (record["reason"], ("a", "b"))
    assert old.evidence.notes == ("Palette colours were written out as RGB.",)
    with speaking("ko"):
        assert [m.said() for m in (*old.reasons, *old.caveats) if m.text] == [
            record["reason"],
            record["caveats"][0]["text"],
        ]
    again = Finding.from_json(old.to_json())
    assert (again.reason, again.reason_codes, again.caveats) == (old.reason, old.reason_codes, old.caveats)


def test_a_finding_from_json_has_no_pixels(make_evidence: Callable[..., Evidence]) -> None:
    evidence = make_evidence()
    again = Finding.from_json(finding(evidence, np.zeros((2, 1, 2))).to_json())
    with pytest.raises(EvidenceError, match="attach"):
        again.evidence.require_pixels()
    with pytest.raises(EvidenceError, match="Attach the file"):
        again.attach(make_evidence(np.ones((4, 4, 3), dtype=np.uint8)))


def test_unknown_outcome_and_schema_are_refused(make_evidence: Callable[..., Evidence]) -> None:
    record = finding(make_evidence(), np.zeros((2, 1, 2))).to_dict()
    with pytest.raises(ValueError, match="outcome must be one of"):
        Finding.from_dict({**record, "outcome": "fake"})
    with pytest.raises(ValueError, match="schema"):
        Finding.from_dict({**record, "schema": "other/1"})


def test_a_view_is_judged_as_all_views_are() -> None:
    """Branch a counts a quarter, b three quarters; one view has log-odds 1 and 2, the other 0 and -2; bias 0.5."""
    fusion = Fusion(bias=0.5, mean={"a": 0.5, "b": 1.0}, top={"a": 0.0, "b": 0.5}, weights_sha256="0" * 64)
    assert dict(fusion.shares) == {"a": 0.25, "b": 0.75}
    logits = np.zeros((2, 2, 2))
    logits[0, :, 1], logits[1, :, 1] = (1.0, 0.0), (2.0, -2.0)
    boxes = np.array([[0, 0, 8, 8], [8, 0, 16, 8]])
    scores = BranchScores(branches=("a", "b"), views=("one", "two"), logits=logits, boxes=boxes, fusion=fusion)
    expected = [1 / (1 + np.exp(-(0.5 + 0.5 * a + 1.5 * b))) for a, b in ((1.0, 2.0), (0.0, -2.0))]
    assert scores.joint_view_scores == pytest.approx(expected)
    alone = BranchScores(branches=("a", "b"), views=("one",), logits=logits[:, :1], boxes=boxes[:1], fusion=fusion)
    assert alone.joint_view_scores[0] == pytest.approx(alone.score)
    plain = replace(scores, fusion=None)
    assert plain.joint_view_scores == pytest.approx(plain.view_scores.mean(axis=0))
    nothing = Fusion(bias=0.0, mean={"a": 0.0}, top={"a": 0.0}, weights_sha256="0" * 64)
    assert dict(nothing.shares) == {"a": 0.0}


def test_what_each_branch_adds_to_the_joint_log_odds_by_hand() -> None:
    """Log-odds 1 and 3 of a, mean 2 and highest 3; -2 and -2 of b: 0.5 * 2 + 0.1 * 3, and 1 * -2 + 0.5 * -2."""
    fusion = Fusion(bias=0.5, mean={"a": 0.5, "b": 1.0}, top={"a": 0.1, "b": 0.5}, weights_sha256="0" * 64)
    logits = np.zeros((2, 2, 2))
    logits[0, :, 1], logits[1, :, 1] = (1.0, 3.0), (-2.0, -2.0)
    boxes = np.array([[0, 0, 8, 8], [8, 0, 16, 8]])
    scores = BranchScores(branches=("a", "b"), views=("one", "two"), logits=logits, boxes=boxes, fusion=fusion)
    assert dict(scores.contributions) == pytest.approx({"a": 1.3, "b": -3.0})
    assert scores.log_odds == pytest.approx(0.5 + 1.3 - 3.0)
    assert scores.leading == "b"  # to either side
    assert dict(scores.shares) == pytest.approx({"a": 0.6 / 2.1, "b": 1.5 / 2.1})
    plain = replace(scores, fusion=None)
    assert (dict(plain.contributions), dict(plain.shares)) == ({}, {"a": 0.5, "b": 0.5})
    assert plain.leading == "b"  # -2, where the mean score of a is of log-odds 1.70


@pytest.mark.parametrize("text", ["[]", "3", '"x"'])
def test_json_that_is_no_finding_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="a finding is a JSON object"):
        Finding.from_json(text)
