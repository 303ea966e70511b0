"""Every registered part meets the contract of its kind."""

import pytest
import torch

from forensics.calibration import CALIBRATORS
from forensics.models import BRANCHES
from forensics.report import SECTIONS, Section
from forensics.residuals import RESIDUALS
from forensics.testing import ContractError, check_branch, check_calibrator, check_residual, check_section
from forensics.training.makers import MAKERS
from tests.conftest import textured

TINY = {
    "reference_convnext": {"depths": [1, 1, 1, 1], "widths": [8, 8, 8, 8]},
    "reference_replknet": {"kernel_sizes": [7, 7, 7, 7], "layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8]},
    "starter_convnext": {"mask_width": 8},
    "starter_statistics": {},
    "timm": {"variant": "test_convnext", "attribution_layer": "stages"},
    "traced_convnext": {},
    "traced_replknet": {"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8]},
    "starter_replknet": {"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8]},
}


@pytest.mark.parametrize("name", RESIDUALS.names())
def test_residual(name: str) -> None:
    check_residual(RESIDUALS[name])


@pytest.mark.parametrize("name", BRANCHES.names())
def test_branch(name: str) -> None:
    torch.manual_seed(0)
    check_branch(BRANCHES[name](**TINY[name]))


@pytest.mark.parametrize("name", CALIBRATORS.names())
def test_calibrator(name: str) -> None:
    check_calibrator(CALIBRATORS[name])
    check_calibrator(CALIBRATORS[name]())


def test_a_calibrator_that_breaks_the_contract_is_named() -> None:
    import numpy as np

    from forensics.calibration.calibrators import LogisticCalibrator

    class Backwards(LogisticCalibrator):
        def transform(self, log_odds: object) -> np.ndarray:
            return -super().transform(log_odds)

    class Careless(LogisticCalibrator):
        def fit(self, log_odds: np.ndarray, labels: object, weights: object = None) -> "Careless":
            if isinstance(log_odds, np.ndarray):
                log_odds.sort()
            return super().fit(log_odds, labels, weights)

    with pytest.raises(ContractError, match="never fall"):
        check_calibrator(Backwards)
    with pytest.raises(ContractError, match="input unchanged"):
        check_calibrator(Careless)


@pytest.mark.parametrize("name", MAKERS.names())
@pytest.mark.parametrize("face", [True, False])
def test_maker(name: str, face: bool) -> None:
    import numpy as np

    picture, donor = textured(160, 176), textured(160, 176, seed=5)
    before = picture.copy()
    forged = [MAKERS[name](picture, np.random.default_rng(7), donor=donor, face=face) for _ in range(2)]
    assert np.array_equal(picture, before)
    assert forged[0].pixels.dtype == np.uint8
    assert forged[0].pixels.shape == picture.shape
    assert np.array_equal(forged[0].pixels, forged[1].pixels)
    assert set(np.unique(forged[0].mask)) <= {0, 1}
    changed = (forged[0].pixels != picture).any(axis=2)
    assert changed.any()
    assert changed[forged[0].mask == 1].mean() > 0.3


@pytest.mark.parametrize("name", SECTIONS.names())
def test_section(name: str) -> None:
    check_section(SECTIONS[name])


@pytest.mark.parametrize(
    ("section", "contract"),
    [
        (Section("", []), "has a title"),
        (Section("T", [{"kind": "script", "text": "x"}]), "blocks are of the kinds"),
        (Section("T", [{"kind": "paragraph", "text": "It is fake with high confidence."}]), "no section says 'confidence'"),
        (Section("T", [{"kind": "figures", "ids": ["exhibit-9-preview"]}]), "figures of the report only"),
    ],
)  # fmt: skip
def test_a_section_that_breaks_the_contract_is_named(section: Section, contract: str) -> None:
    with pytest.raises(ContractError, match=contract):
        check_section(lambda _: section)


def test_a_part_that_breaks_the_contract_is_named() -> None:
    import dataclasses

    bad = dataclasses.replace(RESIDUALS["median"], function=lambda p: p.astype("float32"))
    with pytest.raises(ContractError, match="zero on a flat picture"):
        check_residual(bad)
