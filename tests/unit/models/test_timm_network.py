"""A network of timm as a branch: from the name to a score, in both modes."""

from pathlib import Path

import pytest
import timm

from forensics import load_detector
from forensics.errors import ModelError
from forensics.models import BRANCHES, write_weights
from forensics.models.execution.modes import TOLERANCE
from forensics.models.weights import BranchSpec, Manifest
from forensics.types import Evidence
from forensics.views import FixedFrame
from tests.conftest import encoded, textured


@pytest.mark.parametrize(
    ("variant", "layer"), [("test_efficientnet", "blocks"), ("test_resnet", "layer4"), ("test_vit", "blocks")]
)
def test_it_is_saved_read_and_scores_the_same_in_both_modes(variant: str, layer: str, tmp_path: Path) -> None:
    spec = BranchSpec(architecture="timm", arguments={"variant": variant, "attribution_layer": layer})
    manifest = Manifest(name="t", branches={"b": spec}, scheme=FixedFrame(size=160), licence="none")
    write_weights(tmp_path / "t.safetensors", branches={"b": spec.build()}, manifest=manifest)
    picture = Evidence.from_bytes(encoded(textured(180, 200)))
    findings = [load_detector(tmp_path, mode=mode).examine(picture) for mode in ("exact", "fast")]
    assert findings[0].run.software["timm"] == timm.__version__
    scores = [finding.scores.score for finding in findings]
    assert scores[0] != 0.5
    assert scores[1] == pytest.approx(scores[0], abs=TOLERANCE["fast"])


def test_names_that_are_none_are_named() -> None:
    with pytest.raises(ModelError, match=r"has no network 'resnet_nonsense'\. timm\.list_models\(\) names them"):
        BRANCHES["timm"](variant="resnet_nonsense", attribution_layer="layer4")
    with pytest.raises(ModelError, match=r"test_resnet has no layer 'blocks'; there are conv1, .*layer4"):
        BRANCHES["timm"](variant="test_resnet", attribution_layer="blocks")
