"""Networks are given back as they were found, also after an exception and after cancelling; and bad input is refused."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from forensics.attribution import METHODS, attribute
from forensics.attribution.methods.preserving import HOOKS, preserved
from forensics.detector import Detector, load_detector
from forensics.errors import AttributionError, Cancelled, EvidenceError, UnknownNameError
from forensics.records.converting import to_record
from forensics.types import Evidence, Finding
from tests.conftest import encoded, textured
from tests.planted import detector_of, grainy, planted_branch


@pytest.fixture(scope="module")
def starter() -> Detector:
    return load_detector(calibration="none")


@contextmanager
def no_trace(network: nn.Module) -> Iterator[None]:
    """Check that nothing of a network or of the generators is other afterwards."""

    def state() -> tuple[object, ...]:
        hooks = [(name, tuple(getattr(m, name))) for m in network.modules() for name in HOOKS]
        flags = [m.training for m in network.modules()]
        grads = [(p.requires_grad, p.grad is None) for p in network.parameters()]
        python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
        switches = (torch.is_grad_enabled(), torch.get_deterministic_debug_mode(), torch.is_autocast_enabled("cpu"))
        return hooks, flags, grads, python, numpy[1].tolist(), numpy[2], torch.get_rng_state().tolist(), switches

    values = [t.clone() for t in network.state_dict().values()]
    before = state()
    yield
    assert state() == before
    assert all(torch.equal(a, b) for a, b in zip(values, network.state_dict().values(), strict=True))


def test_a_borrowed_network_is_frozen_and_loses_what_was_hung_on_it() -> None:
    network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.9)).train()
    network[0].register_forward_hook(lambda _m, _i, o: o)
    with no_trace(network), preserved(network):
        assert not any(module.training for module in network.modules())
        assert not any(p.requires_grad for p in network.parameters())
        assert torch.get_deterministic_debug_mode() == 2
        network[0].register_forward_hook(lambda _m, _i, o: o)
        network[1].register_forward_pre_hook(lambda _m, _i: None)
        first = torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002, S311
    torch.rand(5), np.random.rand(5), random.random()  # noqa: NPY002, S311  # what was drawn before does not matter
    with preserved(network):
        again = torch.rand(3), np.random.rand(3), random.random()  # noqa: NPY002, S311
    assert torch.equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert first[2] == again[2]


@pytest.mark.parametrize("method", METHODS.names())
def test_nothing_is_left_behind(method: str) -> None:
    detector = detector_of(place=planted_branch())
    network = detector.ensemble
    network.train()
    for k, parameter in enumerate(network.parameters()):
        parameter.requires_grad_(k % 2 == 0)
    network.branches["place"].body.gate.register_forward_hook(lambda _m, _i, o: o)
    with no_trace(network):
        attribute(detector, grainy(), branch="place", method=method)


def test_nothing_is_left_behind_in_full_checks_of_the_starter(starter: Detector) -> None:
    picture = grainy()
    before = starter.score(picture).logits.tobytes()
    with no_trace(starter.ensemble):
        attribute(starter, picture, branch="convnext", method="grad_cam", trust="full")
    assert starter.score(picture).logits.tobytes() == before


@pytest.mark.parametrize("method", METHODS.names())
def test_nor_after_an_exception(method: str) -> None:
    detector = detector_of(place=planted_branch())
    body = detector.ensemble.branches["place"].body
    calls = [0]
    forward = body.head.forward

    def fails(x: Tensor) -> Tensor:
        calls[0] += len(x)
        if calls[0] > 3:
            raise RuntimeError("broken on purpose")
        return forward(x)

    body.head.forward = fails
    with no_trace(detector.ensemble), pytest.raises(RuntimeError, match="on purpose"):
        attribute(detector, grainy(), branch="place", method=method)


def test_nor_after_cancelling() -> None:
    detector, cancel, told = detector_of(place=planted_branch()), Event(), []

    def progress(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 20:
            cancel.set()

    with no_trace(detector.ensemble), pytest.raises(Cancelled, match="ask again"):
        attribute(detector, grainy(), branch="place", progress=progress, cancel=cancel)
    assert len(told) == 20


def test_progress_ends_at_the_total() -> None:
    told: list[tuple[int, int]] = []
    attribute(detector_of(place=planted_branch()), grainy(), branch="place", progress=lambda *a: told.append(a))
    done = [d for d, _ in told]
    assert done == sorted(done)
    assert told[-1][0] == told[-1][1]
    assert len({total for _, total in told}) == 1


def test_progress_ends_at_the_total_where_fewer_views_were_needed() -> None:
    told: list[tuple[int, int]] = []
    attribute(
        detector_of(place=planted_branch()), grainy(), branch="place", method="region_ablation", regions="superpixels",
        trust="none", progress=lambda *a: told.append(a),
    )  # fmt: skip
    assert told[-1][0] == told[-1][1]


def test_the_picture_is_not_altered() -> None:
    picture = grainy()
    before = picture.pixels.copy()
    attribute(detector_of(place=planted_branch()), picture, branch="place", method="occlusion")
    assert np.array_equal(before, picture.pixels)


def refused(detector: Detector, picture: Evidence | Finding, **asked: object) -> str:
    with pytest.raises((AttributionError, UnknownNameError, EvidenceError)) as caught:
        attribute(detector, picture, **({"branch": "replknet", "method": "grad_cam", "trust": "none"} | asked))
    return str(caught.value)


def test_bad_input_says_what_to_do(starter: Detector, make_evidence: Callable[..., Evidence]) -> None:
    picture = grainy(side=256)
    assert "Did you mean 'replknet'?" in refused(starter, picture, branch="repvgg_replknet")
    assert "Did you mean 'occlusion'?" in refused(starter, picture, method="oclusion")
    assert "Did you mean 'body.network.stages.2'?" in refused(starter, picture, layer="body.network.stage.2")
    assert "tile 0,0 identity" in refused(starter, picture, view="tile 0,1 identity")
    assert "from 0 to 0" in refused(starter, picture, view=1)
    assert "median_blur, grey, noise" in refused(starter, picture, method="occlusion", baseline="black")
    assert "zero, median_blur" in refused(starter, picture, method="group_ablation", baseline="black")
    assert "grid, superpixels" in refused(starter, picture, method="region_ablation", regions="faces")
    assert "logit_difference" in refused(starter, picture, target="probability")
    assert "quick, full, none" in refused(starter, picture, trust="some")
    assert "at least 1" in refused(starter, picture, steps=0)
    assert "passes no gradients" in refused(starter, picture, branch="statistics", method="integrated_gradients")
    assert "no map of places" in refused(starter, picture, layer="body.network.head")
    assert "Ask for a larger copy" in refused(starter, make_evidence(textured(63, 300)))
    assert "flat" in refused(starter, make_evidence(np.full((300, 300, 3), 90, np.uint8)))


def test_a_view_is_a_name_or_a_whole_number(starter: Detector, make_evidence: Callable[..., Evidence]) -> None:
    """0.0 and 1.0 once explained the default view without a word, and so did NumPy's whole numbers."""
    detector = detector_of(place=planted_branch())
    picture = make_evidence(textured(128, 256))
    for view in (1, np.int64(1), np.uint8(1), np.array(1)):
        why = attribute(detector, picture, branch="place", view=view, method="grad_cam", trust="none")
        assert why.view == "tile 128,0 identity"
        assert "view chosen" not in why.settings
    for view in (0.0, 1.0, np.float64(1), True, False, np.True_, (0,), b"0", [1]):
        assert "view must be the name of a view or a whole number, got" in refused(
            detector, picture, branch="place", view=view
        )
    assert "from 0 to 1" in refused(detector, picture, branch="place", view=np.int64(2))
    assert "from 0 to 1" in refused(detector, picture, branch="place", view=-1)


def test_steps_are_a_whole_number_of_any_kind() -> None:
    detector = detector_of(place=planted_branch())
    why = attribute(detector, grainy(), branch="place", steps=np.int64(5), trust="none")
    assert why.settings["steps"] == 5
    for steps in (5.0, True, "5", -1):
        assert "steps must be a whole number" in refused(
            detector, grainy(), branch="place", method="integrated_gradients", steps=steps
        )


@pytest.mark.parametrize(
    ("method", "asked", "words"),
    [
        ("grad_cam", {"baseline": "grey"}, "grad_cam has no use for baseline='grey'; baseline is for integrated_gradients, "),
        ("occlusion", {"layer": "body.gate"}, "layer is for grad_cam. Leave it out"),
        ("integrated_gradients", {"layer": "body.gate"}, "layer is for grad_cam."),
        ("integrated_gradients", {"regions": "grid"}, "regions is for region_ablation, region_shapley."),
        ("group_ablation", {"steps": 4}, "steps is for integrated_gradients, gradient_shap, group_shapley, region_shapley."),
        ("grad_cam", {"steps": 4}, "grad_cam has no use for steps=4"),
    ],
)  # fmt: skip
def test_settings_that_change_nothing_are_refused(method: str, asked: dict[str, object], words: str) -> None:
    assert words in refused(detector_of(place=planted_branch()), grainy(), branch="place", method=method, **asked)


@pytest.mark.parametrize("method", METHODS.names())
def test_every_setting_that_a_method_takes_changes_what_it_records(method: str) -> None:
    detector = detector_of(place=planted_branch())
    other = {"baseline": "noise", "layer": "body.squares", "regions": "superpixels", "steps": 3}
    plain = to_record(attribute(detector, grainy(), branch="place", method=method, trust="none"))
    for name in METHODS[method].takes:
        asked = to_record(
            attribute(detector, grainy(), branch="place", method=method, trust="none", **{name: other[name]})
        )
        assert (asked["settings"], asked["baseline"]) != (plain["settings"], plain["baseline"]), name


def test_a_picture_may_be_a_path_or_bytes(tmp_path: Path) -> None:
    detector, picture = detector_of(place=planted_branch()), grainy()
    path = tmp_path / "grainy.png"
    path.write_bytes(encoded(picture.pixels, "PNG"))
    expected = attribute(detector, Evidence.from_file(path), branch="place", method="grad_cam", trust="none")
    for given in (path, str(path), path.read_bytes(), detector.examine(path)):
        found = attribute(detector, given, branch="place", method="grad_cam", trust="none")
        assert to_record(found) == to_record(expected)
    assert "none.png" in refused(detector, tmp_path / "none.png", branch="place")


def test_what_is_no_picture_and_no_detector_is_refused_with_the_next_step() -> None:
    detector = detector_of(place=planted_branch())
    with pytest.raises(
        TypeError, match=r"takes a picture as Finding, Evidence, path or bytes, got int\. Pass what examine"
    ):
        attribute(detector, 3, branch="place")
    with pytest.raises(
        TypeError, match=r"attribute takes a detector first, got Evidence\. Write attribute\(detector, picture"
    ):
        attribute(grainy(), detector, branch="place")
    assert "Choose one of these" in refused(detector, grainy(), branch=3)
    assert "No 3 among the methods" in refused(detector, grainy(), branch="place", method=3)


def test_a_finding_without_pixels_is_refused(starter: Detector) -> None:
    finding = Finding.from_json(starter.examine(grainy()).to_json())
    assert "pixels" in refused(starter, finding)


def test_a_picture_smaller_than_a_tile_is_explained(starter: Detector, make_evidence: Callable[..., Evidence]) -> None:
    why = attribute(starter, make_evidence(textured(90, 130)), branch="replknet", trust="none")
    assert why.values.shape == (90, 130)
    assert why.cells.shape == (16, 16)
    assert why.values.sum() == pytest.approx(why.output - why.reference + why.delta, abs=1e-3)
