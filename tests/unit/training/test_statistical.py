"""The statistical branch: counted once, solved the same way each time, better than chance on a forgery with a trace."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from forensics.evaluation.labelled import LabelledPicture, Pictures
from forensics.models import read_weights
from forensics.training import statistical
from forensics.training.config import Config, read_config
from forensics.training.loop import train
from forensics.training.makers import MAKERS, Forgery
from forensics.training.statistical import fit_branch
from forensics.types import UInt8Array
from tests.conftest import textured

STARTER = Path(__file__).parent.parent.parent.parent / "configs" / "starter.toml"


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for k in range(12):
        path = tmp_path / f"{k}.png"
        Image.fromarray(textured(256, 256, seed=k)).save(path)
        rows.append(LabelledPicture(path=path, name=path.name, label=0, source=f"s{k % 3}", face=False))
    return Pictures(rows)


def combed(picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
    """Brighten every fourth column: a trace that survives equalising and post-processing."""
    del rng, donor, face
    pixels = picture.astype(int)
    pixels[:, ::4] += 60
    return Forgery(pixels=np.clip(pixels, 0, 255).astype(np.uint8), mask=np.ones(picture.shape[:2], dtype=np.uint8))


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setattr(statistical, "CHUNK", 20)
    monkeypatch.setattr(MAKERS, "_parts", {"upsample": combed})
    overrides = ["statistics={pairs=60, tile=96}", "forgeries.shares={upsample=1.0}", "seed=3"]
    whole = read_config(STARTER, overrides)
    only = {"statistics": whole.branches["statistics"]}
    return Config(
        name="tiny", licence="none", seed=3, branches=only, data=whole.data, forgeries=whole.forgeries,
        optimiser=whole.optimiser, statistics=whole.statistics,
    )  # fmt: skip


def head(config: Config, pictures: Pictures, out: Path, workers: int = 0) -> tuple[torch.Tensor, float]:
    branch = config.branches["statistics"].build()
    found = fit_branch(branch, config, pictures, out, workers=workers)
    return branch.body.head.weight.detach().clone(), found


def test_a_fit_knows_more_than_chance_and_does_not_depend_on_the_workers(
    config: Config, pictures: Pictures, tmp_path: Path
) -> None:
    alone, found = head(config, pictures, tmp_path / "a")
    shared, again = head(config, pictures, tmp_path / "b", workers=2)
    assert found > 0.6
    assert torch.equal(alone, shared)
    assert found == again


def test_what_was_counted_is_not_counted_again(
    config: Config, pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = head(config, pictures, tmp_path)
    folder = next(tmp_path.glob("features-*"))
    assert sorted(p.name for p in folder.iterdir()) == ["00000.npz", "00001.npz", "00002.npz"]
    (folder / "00001.npz").unlink()  # killed while the second chunk was counted
    asked = []
    describe = statistical._describe
    monkeypatch.setattr(statistical, "_describe", lambda b, tiles: asked.append(1) or describe(b, tiles))
    again, _ = head(config, pictures, tmp_path)
    assert len(asked) == 20
    assert torch.equal(whole, again)


def test_training_writes_the_branch_and_it_scores_as_it_was_fitted(
    config: Config, pictures: Pictures, tmp_path: Path
) -> None:
    (path,) = train(config, pictures, tmp_path / "run")
    loaded = read_weights(path)
    assert loaded.manifest.training["pairs"] == 60
    assert loaded.manifest.training["auc_of_unseen_training_sources"] > 0.6
    fitted, _ = head(config, pictures, tmp_path / "run")
    branch = dict(loaded.ensemble.items())["statistics"]
    assert torch.equal(branch.body.head.weight, fitted)
    logits = branch(torch.rand(2, 3, 96, 96))
    assert np.isfinite(logits.detach().numpy()).all()
    assert float(logits.detach()[:, 0].abs().max()) == 0.0  # the odds lie in the second logit alone


def test_another_kind_of_branch_is_refused(config: Config, pictures: Pictures, tmp_path: Path) -> None:
    branch = read_config(STARTER).branches["convnext"].build()
    with pytest.raises(TypeError, match="statistical"):
        fit_branch(branch, config, pictures, tmp_path)


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of which the first varies most and tells the classes best, the second little and a bit; 8 more are noise."""
    rng = np.random.default_rng(seed)
    labels = np.tile([0, 1], n)
    features = rng.standard_normal((2 * n, 10)).astype(np.float32)
    features[:, 0] = 3 * features[:, 0] + 6 * labels
    features[:, 1] += 0.7 * labels
    return features, labels


def test_the_head_is_blind_to_how_originals_differ_most(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = drawn(2000)
    weight, _ = statistical._solve(features, labels)
    assert int(np.abs(weight).argmax()) == 1
    assert abs(weight[0]) < 0.05 * weight[1]
    monkeypatch.setattr(statistical, "BLIND", 2)  # noise features share the rest of the variance: one of them goes too
    assert int(np.abs(statistical._solve(features, labels)[0]).argmax()) == 1


def test_log_odds_fit_the_tiles_whatever_the_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two normal classes 0.7 apart at SD 1: the log-odds rise by 0.7 per unit, and by 0.49 from one mean to the other."""
    features, labels = drawn(4000)
    for penalty in (0.03, 30.0):
        monkeypatch.setattr(statistical, "PENALTY", penalty)
        weight, bias = statistical._solve(features, labels)
        odds = features @ weight + bias
        assert odds[labels == 1].mean() - odds[labels == 0].mean() == pytest.approx(0.49, abs=0.08)
        assert odds.mean() == pytest.approx(0.0, abs=0.05)


def test_the_same_tiles_twice_give_the_same_head() -> None:
    features, labels = drawn(300)
    once, _ = statistical._solve(features, labels)
    twice, _ = statistical._solve(np.tile(features, (2, 1)), np.tile(labels, 2))
    assert twice == pytest.approx(once, abs=1e-3)


def test_the_branch_is_fitted_to_families_of_its_own(config: Config, pictures: Pictures, tmp_path: Path) -> None:
    same = replace(config, forgeries=replace(config.forgeries, shares={"splice": 1.0}))
    own = replace(same, statistics=replace(config.statistics, shares={"upsample": 1.0}))
    assert own.counted.forgeries.shares == {"upsample": 1.0}
    assert same.counted == same
    expected, _ = head(config, pictures, tmp_path / "a")
    assert torch.equal(head(own, pictures, tmp_path / "b")[0], expected)  # makers are replaced: there is no splice


def test_a_change_of_the_networks_counts_nothing_anew() -> None:
    changes = (
        [], ["optimiser.steps=7", "forgeries.shares={splice=1.0}"], ["statistics.pairs=7"], ["seed=1"],
        ["statistics.shares={splice=1.0}"], ["forgeries.independent=0.1"], ["branches.statistics.arguments={n_scales=1}"],
    )  # fmt: skip
    origins = [statistical._origin(read_config(STARTER, change)) for change in changes]
    assert origins[0] == origins[1]
    assert len(set(origins)) == 6
