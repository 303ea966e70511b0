import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch

from forensics.detector import Detector, ErrorRow, load_detector, starter_files
from forensics.detector.pictures import read_error
from forensics.errors import Cancelled, ModelError, WeightsMismatchError
from forensics.models.companion import FILE_NAME, read_companion, write_companion
from forensics.reproducibility import deterministic
from forensics.types import Evidence, Finding
from forensics.views import Tiles
from tests.calibrations import STARTER_CARD
from tests.conftest import encoded, textured

WEIGHTS = Path(__file__).parent.parent / "parity" / "dfd_tiny.pth"


@pytest.fixture(scope="module")
def starter() -> Detector:
    return load_detector()


def test_two_runs_differ_in_nothing(starter: Detector, make_evidence: Callable[..., Evidence], now: datetime) -> None:
    evidence = make_evidence(textured(300, 280))
    assert starter.examine(evidence, now=now).to_json() == starter.examine(evidence, now=now).to_json()


def test_scores_do_not_depend_on_the_batch(starter: Detector, make_evidence: Callable[..., Evidence]) -> None:
    pictures = [make_evidence(textured(300, 280, seed=k), name=f"{k}") for k in range(2)]
    one, many = (list(starter.examine_many(pictures, batch_size=n)) for n in (1, 16))
    for a, b in zip(one, many, strict=True):
        assert np.array_equal(a.scores.logits, b.scores.logits)
    swapped = list(starter.examine_many(pictures[::-1], batch_size=16))
    assert np.array_equal(swapped[1].scores.logits, many[0].scores.logits)


def test_examine_many_keeps_order_and_goes_on(starter: Detector, tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    good.write_bytes(encoded(textured(), "PNG"))
    results = list(starter.examine_many([good, tmp_path / "none.png", b"", good], progress=True))
    assert [type(r) for r in results] == [Finding, ErrorRow, ErrorRow, Finding]
    assert "none.png" in results[1].name
    assert "does not exist" in str(results[1].error)


def test_an_error_row_says_why_as_a_code_with_values(starter: Detector, tmp_path: Path) -> None:
    path = tmp_path / "text.jpg"
    path.write_bytes(b"hello")
    (row,) = starter.examine_many([path])
    assert isinstance(row, ErrorRow)
    record = row.to_dict()
    assert (record["schema"], record["code"], record["values"]["name"]) == (
        "forensics.error/1.1",
        "not_a_picture",
        "text.jpg",
    )
    assert record["error"] == str(row.error)
    assert read_error(json.loads(json.dumps(record))) == row.message
    assert read_error({"schema": "forensics.error/1.0", "name": "a", "error": "It is gone."}).text == "It is gone."


def test_examine_many_is_lazy(starter: Detector) -> None:
    def pictures() -> object:
        yield encoded(textured(), "PNG")
        raise RuntimeError("asked for a second picture too early")

    assert isinstance(next(starter.examine_many(pictures())), Finding)


@pytest.mark.parametrize(("shape", "word"), [((30, 300), "short side"), ((100, 100), "flat")])
def test_unsuitable_pictures(
    starter: Detector, make_evidence: Callable[..., Evidence], shape: tuple[int, int], word: str
) -> None:
    pixels = textured(*shape) if word == "short side" else np.full((*shape, 3), 90, dtype=np.uint8)
    finding = starter.examine(make_evidence(pixels))
    assert finding.outcome == "unsuitable"
    assert finding.scores is None
    assert word in finding.reason
    assert Finding.from_json(finding.to_json()).to_json() == finding.to_json()


def _flags() -> tuple[object, ...]:
    cudnn = torch.backends.cudnn
    algorithms = torch.are_deterministic_algorithms_enabled()
    return algorithms, cudnn.benchmark, cudnn.allow_tf32, torch.is_grad_enabled(), torch.get_num_threads()


def test_no_trace_is_left(starter: Detector, make_evidence: Callable[..., Evidence]) -> None:
    state = torch.get_rng_state()
    flags = _flags()
    weights = {k: v.clone() for k, v in starter.ensemble.state_dict().items()}
    starter.examine(make_evidence())
    assert torch.equal(state, torch.get_rng_state())
    assert flags == _flags()
    assert all(torch.equal(weights[k], v) for k, v in starter.ensemble.state_dict().items())
    assert not any(m._forward_hooks or m._backward_hooks for m in starter.ensemble.modules())


def test_flags_of_torch_come_back_even_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    torch.set_deterministic_debug_mode("warn")
    try:
        with suppress(ZeroDivisionError), deterministic():
            assert _flags()[:3] == (True, False, False)
            assert torch.get_deterministic_debug_mode() == 2
            _ = 1 / 0
        assert _flags()[:3] == (True, True, True)
        assert torch.get_deterministic_debug_mode() == 1
    finally:
        torch.set_deterministic_debug_mode("default")


@pytest.mark.parametrize(("card", "code"), [(None, "weights_withdrawn"), (STARTER_CARD, "no_card_for_stratum")])
def test_until_calibrated_there_are_no_words_of_strength(
    card: Path | None, code: str, make_evidence: Callable[..., Evidence]
) -> None:
    finding = load_detector(calibration=card).examine(make_evidence())
    assert finding.outcome == "uncalibrated"
    assert finding.lr is None
    assert finding.reason_codes == (code,)
    assert finding.robustness is None
    for word in ("support", "likely", "strong", "confidence", "%"):
        assert word not in finding.reason


def test_the_starter_is_withdrawn_whatever_the_picture_until_a_card_is_handed_in(photograph_file: Path) -> None:
    for options in ({}, {"calibration": "none"}, {"judgement": "mean"}, {"views": Tiles(size=256, stride=256)}):
        detector = load_detector(**options)  # type: ignore[arg-type]  # keywords of load_detector
        finding = detector.examine(photograph_file)
        assert detector.calibration is None
        assert (finding.outcome, finding.lr) == ("uncalibrated", None)
        assert finding.reason == (
            "These weights are withdrawn as evidence: on pictures unlike those of their making they do no better than chance and "
            "take face swaps for photographs; nothing may be concluded from the score."
        )
        assert [c.text for c in finding.caveats if c.code == "weights_withdrawn"] == [finding.reason]
    calibrated = load_detector(calibration=STARTER_CARD).examine(photograph_file)
    assert calibrated.lr is not None
    assert "withdrawn" not in calibrated.reason
    assert "weights_withdrawn" not in {c.code for c in calibrated.caveats}


def test_that_weights_are_withdrawn_is_data_beside_them_and_no_fact_about_others(
    tmp_path: Path, make_evidence: Callable[..., Evidence]
) -> None:
    assert load_detector(WEIGHTS).examine(make_evidence()).reason_codes == ("not_calibrated",)
    for file in starter_files():
        (tmp_path / file.name).hardlink_to(file)
    companion = read_companion(starter_files()[0].parent / FILE_NAME)
    for withdrawn, code in (("weights_withdrawn", "weights_withdrawn"), ("", "not_calibrated")):
        write_companion(tmp_path / FILE_NAME, replace(companion, withdrawn=withdrawn))
        assert load_detector(tmp_path).examine(make_evidence()).reason_codes == (code,)
    write_companion(tmp_path / FILE_NAME, replace(companion, withdrawn="eaten by mice"))
    with pytest.raises(WeightsMismatchError, match=r"eaten by mice.*Known are: weights_withdrawn"):
        load_detector(tmp_path)


def test_what_is_no_calibration_is_told() -> None:
    for given in (False, 123, []):
        with pytest.raises(TypeError, match="calibration must be a path"):
            load_detector(calibration=given)  # type: ignore[arg-type]


def test_a_panel_that_does_not_exist_is_refused_at_once(
    starter: Detector, make_evidence: Callable[..., Evidence]
) -> None:
    with pytest.raises(ValueError, match="quick, full, none"):
        starter.examine(make_evidence(), robustness="fast")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="quick, full, none"):
        starter.examine_many([], robustness="fast")  # type: ignore[arg-type]
    panel = starter.examine(make_evidence(), robustness="full").robustness
    assert panel is not None
    assert len(panel.copies) == 10
    assert panel.llr_range is None
    assert panel.copies[5].score is None  # half of 96 pixels is too small to be scored


def test_progress_is_told_to_the_end_and_changes_nothing(
    starter: Detector, make_evidence: Callable[..., Evidence], now: datetime
) -> None:
    told: list[tuple[int, int]] = []
    evidence = make_evidence(textured(300, 520))
    finding = starter.examine(
        evidence, robustness="none", now=now, progress=lambda done, total: told.append((done, total))
    )
    assert finding.to_json() == starter.examine(evidence, robustness="none", now=now).to_json()
    n = len(finding.scores.views)
    assert told == [(1000 * k // n, 1000) for k in range(n + 1)] + [(1000, 1000)]
    assert n > 3


@pytest.mark.parametrize("after", [1, 3])
def test_an_examination_stops_when_asked_to(
    after: int, starter: Detector, make_evidence: Callable[..., Evidence]
) -> None:
    stop, seen = Event(), []

    def progress(done: int, _total: int) -> None:
        seen.append(done)
        if len(seen) == after:
            stop.set()

    with pytest.raises(Cancelled):
        starter.examine(make_evidence(textured(300, 900)), robustness="full", progress=progress, cancel=stop)
    assert len(seen) == after


def test_wrong_mode_device_and_file() -> None:
    for arguments in ({"mode": "warp"}, {"device": "abacus"}, {"weights": "none.pth"}):
        with pytest.raises(ModelError):
            load_detector(**arguments)
