"""The starter's networks: what reaches the head, and the map."""

import pytest
import torch

from forensics.models import BRANCHES
from forensics.models.networks.layered import LayeredNetwork

TINY = {
    "starter_convnext": {"trace_width": 8},
    "starter_replknet": {
        "trace_width": 8,
        "layers": [1, 1, 1, 1],
        "widths": [8, 8, 16, 16],
        "kernel_sizes": [9, 9, 9, 9],
    },
}


@pytest.fixture(params=TINY)
def body(request: pytest.FixtureRequest) -> LayeredNetwork:
    torch.manual_seed(0)
    branch = BRANCHES[request.param](**TINY[request.param], mask_width=8).eval()
    assert isinstance(branch.body, LayeredNetwork)
    return branch.body


def test_the_mean_of_every_stage_reaches_the_head(body: LayeredNetwork) -> None:
    """One weight on one feature of the head gives that feature: the mean of the stem's or of a stage's channel."""
    channels = torch.randn(2, 26, 64, 64)
    with torch.inference_mode():
        first, trace = body.stem(channels)
        maps = body.backbone.stage_maps(trace)
        features = torch.cat([x.mean(dim=(2, 3)) for x in (first, trace, *maps)], dim=1)
        assert features.shape[1] == body.n_features
        for k in (0, 9, body.n_features - 1):
            body.head.weight.zero_()
            body.head.bias.zero_()
            body.head.weight[1, k] = 1.0
            logits = body(channels)
            # fresh running statistics: mean 0, variance 1, epsilon 1e-5
            assert torch.allclose(logits[:, 1], features[:, k] / (1 + 1e-5) ** 0.5, atol=1e-5)
            assert not logits[:, 0].any()


def test_stages_halve_the_resolution_from_a_quarter_on(body: LayeredNetwork) -> None:
    with torch.inference_mode():
        first, trace = body.stem(torch.randn(1, 26, 64, 96))
        maps = body.backbone.stage_maps(trace)
        _, mask = body.with_mask(torch.randn(1, 26, 64, 96))
    assert first.shape == trace.shape == (1, 8, 64, 96)
    assert [tuple(x.shape[2:]) for x in maps] == [(16, 24), (8, 12), (4, 6), (2, 3)]
    assert [x.shape[1] for x in maps] == list(body.backbone.widths)
    assert mask is not None
    assert mask.shape == (1, 1, 16, 24)


def test_without_a_mask_head_there_is_no_map() -> None:
    branch = BRANCHES["starter_convnext"](trace_width=8).eval()
    logits, mask = branch.localise(torch.randn(1, 26, 64, 64))
    assert logits.shape == (1, 2)
    assert mask is None
