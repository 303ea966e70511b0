"""Exact and fast mode: what is chosen, what is checked, what is refused, and what the record says of it."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from threading import Barrier, Lock

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from forensics import reproducibility
from forensics.detector import Detector, load_detector
from forensics.errors import ModelError
from forensics.models.execution import backends, modes
from forensics.report import Case, write_report
from forensics.types import Evidence, Fusion
from tests.conftest import encoded, textured

ROOT = Path(__file__).parents[3]
TINY = ROOT / "tests" / "parity" / "dfd_tiny.pth"
HALF, NO_HALF = ("avx2", "avx512f", "avx512_bf16"), ("avx2",)
pytestmark = pytest.mark.processor
Masked = Callable[[tuple[str, ...]], None]
Shift = Callable[[float], None]


def rounded(compute: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return a convolution that under autocast takes and gives what bfloat16 holds, and adds up in float32, as processors do."""

    def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None, *rest: object, **more: object) -> Tensor:
        if not torch.is_autocast_enabled("cpu"):
            return compute(x, weight, bias, *rest, **more)
        with torch.autocast("cpu", enabled=False):
            half = (None if given is None else given.bfloat16().float() for given in (x, weight, bias))
            return compute(*half, *rest, **more).bfloat16()

    return convolve


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Masked:
    """Let the processor have these features; where PyTorch cannot compute in bfloat16, what it would give is computed."""

    def mask(features: tuple[str, ...]) -> None:
        monkeypatch.setattr(modes, "processor_features", lambda: features)
        if features == HALF and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
            for place, name in ((nn.functional, "conv2d"), (torch.ops.mkldnn, "_convolution_pointwise")):
                monkeypatch.setattr(place, name, rounded(getattr(place, name)))

    return mask


@pytest.fixture
def no_openvino(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_core", backends._core.__wrapped__)  # which a test before may have been given
    monkeypatch.setitem(sys.modules, "openvino", None)


@pytest.fixture
def shifted(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Let OpenVINO's stand-in give logits that are off by so much."""

    def shift(by: float) -> None:
        def runner(branch: nn.Module, *_: object, **__: object) -> object:
            def run(channels: Tensor) -> tuple[Tensor, Tensor | None]:
                logits, mask = branch.localise(channels)
                return logits + torch.tensor([0.0, by]), mask

            return run

        monkeypatch.setattr(modes, "openvino_runner", runner)

    return shift


def codes(detector: Detector) -> list[str]:
    return [caveat.code for caveat in detector.computation.caveats]


def score(detector: Detector, make_evidence: Callable[..., Evidence]) -> float:
    return detector.examine(make_evidence(textured(160, 200, seed=4))).scores.score


WITH_OPENVINO = """
import json, sys
import numpy as np
from forensics import load_detector
from forensics.models.execution import modes

rows = []
for features, weights in json.loads(sys.argv[2]):
    modes.processor_features = lambda: features
    quick, exact = (load_detector(weights, mode=mode) for mode in ("fast", "exact"))
    findings = [d.examine(sys.argv[1]) for d in (quick, quick, exact)]
    found = [finding.scores for finding in findings]
    rows.append({
        **quick.computation.settings,
        "named": ["openvino" in finding.run.software for finding in findings],
        "codes": [c.code for c in quick.computation.caveats],
        "same bits": bool(np.array_equal(found[0].logits, found[1].logits)),
        "apart": abs(found[0].score - found[2].score),
    })
from openvino.tools.ovc import telemetry_utils
print(json.dumps([rows, str(sys.modules["openvino_telemetry"]), telemetry_utils.tm.__name__]))
"""
# The checkpoint has depth-wise layers that never come back from bfloat16.
CASES = {
    (HALF, None): "bfloat16",
    (HALF, str(TINY)): "float32",
    (NO_HALF, None): "float32",
    (NO_HALF, str(TINY)): "float32",
}


def has_bfloat16() -> bool:
    return bool(modes.BFLOAT16_FEATURES & set(reproducibility.processor_features()))


@pytest.fixture(scope="module")
def with_openvino(
    photograph: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[object, dict], str, str]:
    """What a process of its own finds, which starts OpenVINO as users do: a row for each case, and what of telemetry is there."""
    pytest.importorskip("openvino")
    path = tmp_path_factory.mktemp("photograph") / "china.jpg"
    path.write_bytes(encoded(photograph, "JPEG", quality=92))
    cases = [case for case, precision in CASES.items() if precision == "float32" or has_bfloat16()]
    done = subprocess.run(
        [sys.executable, "-c", WITH_OPENVINO, str(path), json.dumps(cases)], capture_output=True, text=True, check=True
    )
    rows, *telemetry = json.loads(done.stdout.splitlines()[-1])
    return dict(zip(cases, rows, strict=True)), *telemetry


@pytest.mark.parametrize("case", CASES)
def test_openvino_stays_within_the_tolerance(case: object, with_openvino: tuple[dict[object, dict], str, str]) -> None:
    """The shipped weights and a checkpoint, with and without bfloat16."""
    if CASES[case] == "bfloat16" and not has_bfloat16():
        pytest.skip("this processor has no instructions for bfloat16, and OpenVINO computes in it with them alone")
    row = with_openvino[0][case]
    assert (row["backend"], row["precision"]) == ("openvino", CASES[case])
    assert row["codes"] == ["fast_mode"]
    assert row["same bits"]
    assert row["named"] == [True, True, False]
    assert row["apart"] <= modes.TOLERANCE["fast"]
    assert CASES[case] == "float32" or row["apart"] > 0


def test_openvino_reports_to_nobody(with_openvino: tuple[dict[object, dict], str, str]) -> None:
    """The package that would send data is not imported, and the stand-in that does nothing is used."""
    assert with_openvino[1:] == ("None", "openvino.tools.ovc.telemetry_stub")


def test_a_process_outlives_openvino() -> None:
    """Detectors come and go, first come, first gone; then a child process ends, and its signal is handled."""
    pytest.importorskip("openvino")
    code = (
        "import gc, signal, subprocess, sys; from forensics import load_detector\n"
        "signal.signal(signal.SIGCHLD, lambda *_: None)\n"
        f"detectors = [load_detector({str(TINY)!r}, mode='fast') for _ in range(2)]\n"
        "while detectors: del detectors[0]; gc.collect()\n"
        "subprocess.run([sys.executable, '-c', 'pass'], check=True, capture_output=True)\n"
        "print('alive')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr


FORKED = """
import os, sys
import torch
from forensics import load_detector
from forensics.errors import ModelError

weights, picture = sys.argv[1], "tests/parity/picture_300x200.png"
torch.set_num_threads(2)
detectors = {mode: load_detector(weights, mode=mode) for mode in ("exact", "fast")}
scores = {mode: detectors[mode].examine(picture).scores.score for mode in detectors}
if os.fork():
    os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
print(abs(detectors["exact"].examine(picture).scores.score - scores["exact"]) < 1e-6, flush=True)
try:
    detectors["fast"].examine(picture)
except ModelError as err:
    print("Load it in each process, or use mode 'exact'" in str(err), flush=True)
print(abs(load_detector(weights, mode="fast").examine(picture).scores.score - scores["fast"]) < 0.01, flush=True)
os._exit(0)
"""


def test_a_forked_process_examines_and_loads_and_is_told_what_it_cannot_do() -> None:
    """Without care each of these waits for ever."""
    pytest.importorskip("openvino")
    done = subprocess.run(
        [sys.executable, "-c", FORKED, str(TINY)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=90
    )  # fmt: skip
    assert done.stdout.split() == ["True"] * 3


def test_without_openvino_pytorch_computes_in_bfloat16_where_there_are_instructions(
    processor: Masked, no_openvino: None, make_evidence: Callable[..., Evidence]
) -> None:
    processor(HALF)
    detector = load_detector(TINY, mode="fast")
    assert codes(detector) == ["backend_missing", "fast_mode"]
    assert "forensics[fast]" in detector.computation.caveats[0].text
    assert detector.computation.settings["backend"] == "torch"
    assert detector.computation.settings["precision"] == "bfloat16"
    assert 0 < detector.computation.difference < modes.TOLERANCE["fast"]  # it did compute with fewer bits
    assert (
        abs(score(detector, make_evidence) - score(load_detector(TINY, mode="exact"), make_evidence))
        <= modes.TOLERANCE["fast"]
    )


def test_where_nothing_is_faster_it_says_so_and_computes_exactly(
    processor: Masked, no_openvino: None, make_evidence: Callable[..., Evidence]
) -> None:
    processor(NO_HALF)
    detector = load_detector(TINY, mode="fast")
    assert codes(detector) == ["backend_missing", "fast_unavailable"]
    assert detector.computation.settings["precision"] == "float32"
    assert score(detector, make_evidence) == score(load_detector(TINY, mode="exact"), make_evidence)


def test_a_broken_backend_is_left_for_the_next(
    monkeypatch: pytest.MonkeyPatch, processor: Masked, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> object:
        raise RuntimeError("illegal instruction\nat 0x0")

    monkeypatch.setattr(modes, "openvino_runner", broken)
    processor(NO_HALF)
    detector = load_detector(TINY, mode="fast")
    assert codes(detector) == ["backend_failed", "fast_unavailable"]
    assert "openvino failed (RuntimeError)" in detector.computation.caveats[0].text  # what a record holds
    assert "openvino cannot be used: illegal instruction" in caplog.text  # what the machine said


def test_a_backend_that_fails_when_it_computes_is_left_too(
    monkeypatch: pytest.MonkeyPatch, processor: Masked, caplog: pytest.LogCaptureFixture
) -> None:
    def runner(*_: object, **__: object) -> object:
        def run(_: Tensor) -> tuple[Tensor, None]:
            raise ValueError

        return run

    monkeypatch.setattr(modes, "openvino_runner", runner)
    processor(NO_HALF)
    detector = load_detector(TINY, mode="fast")
    assert codes(detector) == ["backend_failed", "fast_unavailable"]
    assert "openvino failed (ValueError)" in detector.computation.caveats[0].text
    assert "openvino cannot be used: no message" in caplog.text


def test_fast_mode_outside_its_tolerance_is_refused(shifted: Shift) -> None:
    """At log-odds near 0 a score moves by a quarter of the shift: 0.03 is within 0.01, 0.08 is not."""
    shifted(0.03)
    assert load_detector(TINY, mode="fast").computation.difference == pytest.approx(0.0075, abs=0.002)
    shifted(0.08)
    with pytest.raises(ModelError, match=r"mode 'fast' \(openvino in .*refused.*0\.01 allowed. Use mode 'exact'"):
        load_detector(TINY, mode="fast")


def test_the_joint_score_is_checked_too() -> None:
    """A judgement with a weight of 20 turns log-odds 0.01 apart into 0.2 apart: 0.0025 becomes 0.0498 around 0.5."""
    ensemble = load_detector(TINY).ensemble
    a, b = np.zeros((2, 1, 2)), np.zeros((2, 1, 2))
    b[0, 0, 1] = 0.01
    fusion = Fusion(
        bias=0.0, mean={"convnext": 20.0, "replknet": 0.0}, top={"convnext": 0.0, "replknet": 0.0}, weights_sha256="0"
    )
    assert modes._difference(a, b, ensemble, None) == pytest.approx(0.0025, abs=1e-5)
    assert modes._difference(a, b, ensemble, fusion) == pytest.approx(1 / (1 + np.exp(-0.2)) - 0.5)


def test_a_picture_without_a_score_has_no_caveat_about_scores(
    shifted: Shift, make_evidence: Callable[..., Evidence]
) -> None:
    shifted(0.0)
    detector = load_detector(TINY, mode="fast")
    for pixels, there in ((textured(160, 200), True), (textured(20, 20), False)):
        caveats = detector.examine(make_evidence(pixels)).caveats
        assert ("fast_mode" in [caveat.code for caveat in caveats]) is there


def test_numbers_that_are_none_are_refused(shifted: Shift) -> None:
    shifted(float("nan"))
    with pytest.raises(ModelError, match="refused"):
        load_detector(TINY, mode="fast")


def test_exact_mode_outside_its_tolerance_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil(ensemble: nn.Module) -> None:
        dict(ensemble.items())["convnext"].body.network.head.fc.bias.data += torch.tensor([0.0, 0.01])

    monkeypatch.setattr(modes, "fuse", spoil)
    with pytest.raises(ModelError, match=r"mode 'exact' .*refused: on the fixed picture a score differs by 0.002"):
        load_detector(TINY, mode="exact")


def test_the_record_and_the_report_say_how_it_was_computed(
    processor: Masked, no_openvino: None, make_evidence: Callable[..., Evidence], tmp_path: Path, now: datetime
) -> None:
    processor(HALF)
    finding = load_detector(TINY, mode="fast").examine(make_evidence(textured(160, 200)), now=now)
    settings = finding.run.settings
    assert (settings["mode"], settings["backend"], settings["precision"]) == ("fast", "torch", "bfloat16")
    assert settings["tolerance"] == 0.01
    assert 0 < settings["difference_at_load"] < 0.01
    assert "features" in finding.run.platform
    assert {"backend_missing", "fast_mode"} <= {caveat.code for caveat in finding.caveats}
    text = write_report([finding], tmp_path / "r.html", case=Case(number="1"), now=now).read_text()
    assert "Computed in fast mode, by PyTorch in bfloat16: a score may differ by up to 0.01" in text
    assert "--mode fast" in text
    exact = load_detector(TINY, mode="exact").examine(make_evidence(textured(160, 200)), now=now)
    assert exact.run.settings["mode"] == "exact"
    assert exact.run.settings["tolerance"] == 1e-4
    text = write_report([exact], tmp_path / "e.html", case=Case(number="1"), now=now).read_text()
    assert "--mode" not in text


def test_no_request_is_used_by_two_threads_at_once() -> None:
    """Two threads meet within `infer`: they can only if each has a request of its own; later ones take those again."""
    meeting = Barrier(2, timeout=10)

    class Request:
        def __init__(self) -> None:
            self.used = Lock()

        def infer(self, inputs: list[np.ndarray], **_: object) -> dict[int, np.ndarray]:
            assert self.used.acquire(blocking=False)
            meeting.wait()
            self.used.release()
            return {0: inputs[0] + 1}

    class Compiled:
        outputs = (None,)
        made = 0

        def create_infer_request(self) -> Request:
            self.made += 1
            return Request()

    compiled = Compiled()
    runner = backends.OpenVinoRunner(compiled, lambda channels: channels * 2)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda k: runner(torch.full((1, 2), float(k)))[0].tolist(), range(6)))
    assert found == [[[2 * k + 1.0, 2 * k + 1.0]] for k in range(6)]
    assert compiled.made == 2


@pytest.mark.parametrize("precise", [True, False])
def test_the_adapter_keeps_all_bits(
    precise: bool, processor: Masked, no_openvino: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What mixes residuals into RGB gives the bits of exact mode; the network behind it does not."""
    processor(HALF)
    seen: dict[str, list[Tensor]] = {"exact": [], "fast": []}
    for mode in ("exact", "fast"):
        detector = load_detector(TINY, mode=mode)
        body = dict(detector.ensemble.items())["convnext"].body
        part = body.adapter if precise else body.network.stages
        part.register_forward_hook(lambda *args, kept=seen[mode]: kept.append(args[2].float().clone()))
        detector.examine(Evidence.from_bytes(encoded(textured(160, 200))))
    assert len(seen["exact"]) == len(seen["fast"]) == 6
    same = [torch.equal(a, b) for a, b in zip(seen["exact"], seen["fast"], strict=True)]
    assert same == [precise] * 6


def test_the_check_picture_is_the_same_everywhere() -> None:
    """Structure at every scale: neighbours differ, and so do the means of quarters."""
    picture = modes.check_picture(128)
    assert picture.shape == (128, 128, 3)
    assert np.array_equal(picture, modes.check_picture(128))
    assert np.abs(np.diff(picture.astype(int), axis=0)).mean() > 3
    assert picture[:64, :64].mean() != pytest.approx(picture[64:, 64:].mean(), abs=1)


def test_instructions_that_kernels_may_not_use_do_not_count(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reproducibility, "CPUINFO", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text("processor : 0\nflags : fpu avx2 avx512f avx512_vnni avx512_bf16 sse\n")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    assert reproducibility.processor_features() == ("avx2", "avx512f", "avx512_vnni", "avx512_bf16")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert reproducibility.processor_features() == ("avx2",)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE")
    assert reproducibility.processor_features() == ("avx2", "avx512f")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_FP16")
    assert reproducibility.processor_features() == ("avx2", "avx512f", "avx512_vnni", "avx512_bf16")
    (tmp_path / "cpuinfo").unlink()
    assert reproducibility.processor_features() == ()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("weights", [None, TINY], ids=["starter", "published arrangement"])
def test_a_gpu_gives_the_scores_of_the_cpu(
    weights: Path | None, mode: modes.Mode, make_evidence: Callable[..., Evidence]
) -> None:
    found = score(load_detector(weights, mode=mode, device="cuda"), make_evidence)
    assert abs(found - score(load_detector(weights, mode="exact"), make_evidence)) <= modes.TOLERANCE[mode]


def test_modes_that_are_none_are_named(make_evidence: Callable[..., Evidence]) -> None:
    with pytest.raises(ModelError, match="Use one of exact, fast"):
        load_detector(TINY, mode="quick")
