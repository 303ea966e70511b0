"""Starting a training from given weights."""

import csv
import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from forensics.detector import load_detector
from forensics.errors import ModelError, WeightsMismatchError
from forensics.evaluation.labelled import Pictures
from forensics.models.ensemble import Ensemble
from forensics.models.weights import BranchSpec, LoadedWeights, Manifest, read_manifest, read_weights, write_weights
from forensics.training import loop
from forensics.training.config import Config, read_config
from forensics.training.initial import branch_tables, read_initial, start_from
from forensics.training.loop import train
from forensics.views import Tiles
from tests.conftest import encoded, textured

STARTER = Path(__file__).parent.parent.parent.parent / "configs" / "starter.toml"
SIZES = {"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8]}
MASK = {**SIZES, "mask_width": 8}


def spec(**arguments: object) -> BranchSpec:
    return BranchSpec(architecture="starter_replknet", arguments=arguments or SIZES)


def built(specs: Mapping[str, BranchSpec], *, seed: int = 1) -> Ensemble:
    torch.manual_seed(seed)
    return Ensemble({name: s.build() for name, s in specs.items()}).eval()


def weights(path: Path, specs: Mapping[str, BranchSpec], *, seed: int = 1) -> LoadedWeights:
    manifest = Manifest(name="tiny", branches=specs, scheme=Tiles(), licence="none")
    write_weights(path, branches=dict(built(specs, seed=seed).items()), manifest=manifest)
    return read_initial(path)


def config(*overrides: str, steps: int = 2, **arguments: object) -> Config:
    read = read_config(
        STARTER,
        [
            f"optimiser.steps={steps}", "optimiser.pairs=2", "optimiser.warmup=1", "forgeries.tile=32", "seed=3",
            "forgeries.late_tile=32", "forgeries.shares={splice=1.0}",
            "optimiser.bfloat16=false",  # which some processors have, and others warn that they have not
            *overrides,
        ],
    )  # fmt: skip
    return replace(read, branches={"b": spec(**arguments)})


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = []
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(encoded(textured(260, 270, seed=k), "PNG"))
        rows.append({"path": f"{k}.png", "label": "real", "source": "one", "face": "0"})
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return Pictures.open(tmp_path)


def test_every_tensor_comes_from_the_branch_of_the_same_name(tmp_path: Path) -> None:
    given = weights(tmp_path / "w.safetensors", {"b": spec(), "a": spec(), "other": spec(**MASK)})
    ensemble = built({"a": spec(**SIZES, drop_path=0.2), "b": spec()}, seed=2)
    start_from(ensemble, given)
    theirs = dict(given.ensemble.items())
    for name, branch in ensemble.items():
        own, expected = branch.state_dict(), theirs[name].state_dict()
        assert own.keys() == expected.keys()
        assert all(torch.equal(own[k], expected[k]) for k in own)


def test_a_mask_head_that_the_weights_lack_starts_from_scratch_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    given = weights(tmp_path / "w.safetensors", {"b": spec()})
    ensemble = built({"b": spec(**MASK)}, seed=2)
    scratch = {k: v.clone() for k, v in ensemble.state_dict().items() if "mask_head" in k}
    with caplog.at_level(logging.INFO):
        start_from(ensemble, given)
    [warning] = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert warning.getMessage().startswith("b: the initial weights have no mask head; it starts from scratch")
    assert scratch
    assert all(torch.equal(ensemble.state_dict()[k], v) for k, v in scratch.items())
    pixels = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    [(_, branch)], [(_, before)] = ensemble.items(), given.ensemble.items()
    logits, mask = branch.localise(branch.channels(pixels))
    assert mask is not None
    assert torch.allclose(logits, before(pixels), atol=1e-6)  # the new column is zero
    caplog.clear()
    start_from(built({"b": spec()}), given)
    assert not [r for r in caplog.records if r.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("own", "given", "words"),
    [
        ({"a": spec(), "b": spec()}, {"a": spec(), "c": spec()}, ["no branch 'b'", "'a', 'c'", "leave this one out"]),
        (
            {"a": spec(), "b": spec(**{**SIZES, "widths": [8, 8, 8, 16]})},
            {"a": spec(), "b": spec()},
            ["branch 'b'", "stages.3.0.norm.weight is 8 and not 16, ", " more. ", "weights show"],
        ),
        (
            {"a": spec(), "b": spec()},
            {"a": spec(), "b": spec(**MASK)},
            ["branch 'b'", "body.head.weight is 2 x 97 and not 2 x 96", "mask_head.lateral.0.bias is surplus"],
        ),
        (
            {"a": spec(), "b": spec(**{**SIZES, "mask_width": 4})},
            {"a": spec(), "b": spec(**MASK)},
            ["branch 'b'", "mask_head.lateral.0.weight is 8 x 32 x 1 x 1 and not 4 x 32 x 1 x 1"],
        ),
        (
            {"a": spec(), "b": spec(**MASK, merged=True)},
            {"a": spec(), "b": spec()},
            ["branch 'b'", "0.0.large_kernel.large.bn.bias is surplus", " more. "],
        ),
        (
            {"a": spec(), "b": spec(**{**SIZES, "layers": [2, 1, 1, 1]})},
            {"a": spec(), "b": spec()},
            ["branch 'b'", "body.backbone.stages.0.2.expand.bn.bias is missing", " more. "],
        ),
    ],
    ids=["name", "widths", "mask head", "mask width", "merged", "layers"],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_changes_nothing(
    own: dict[str, BranchSpec], given: dict[str, BranchSpec], words: list[str], tmp_path: Path
) -> None:
    ensemble = built(own, seed=2)
    before = {k: v.clone() for k, v in ensemble.state_dict().items()}
    with pytest.raises(WeightsMismatchError) as caught:
        start_from(ensemble, weights(tmp_path / "w.safetensors", given))
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert message.count("body.") <= 5
    assert all(torch.equal(v, before[k]) for k, v in ensemble.state_dict().items())


def test_a_source_is_the_shipped_weights_a_file_or_a_folder(tmp_path: Path) -> None:
    shipped = read_initial("starter")
    assert shipped.sha256 == load_detector().weights.sha256
    assert any(".large.conv.weight" in k for k in shipped.ensemble.state_dict())  # not merged
    (tmp_path / "folder").mkdir()
    digest = weights(tmp_path / "folder" / "w.safetensors", {"b": spec()}).sha256
    assert read_initial(tmp_path / "folder").sha256 == digest
    assert read_initial(str(tmp_path / "folder" / "w.safetensors")).sha256 == digest
    with pytest.raises(ModelError, match="no weights file at"):
        read_initial("./starter")


def test_branch_tables_read_back_as_the_branches_of_the_shipped_weights(tmp_path: Path) -> None:
    branches = read_initial("starter").manifest.branches
    text = STARTER.read_text(encoding="utf-8")
    start, end = text.index("[branches."), text.index("[loss]")
    path = tmp_path / "own.toml"
    path.write_text(text[:start] + branch_tables(branches) + text[end:], encoding="utf-8")
    read = {name: s.build().state_dict() for name, s in read_config(path).branches.items()}
    assert list(read) == list(branches)
    for name, s in branches.items():
        assert {k: v.shape for k, v in read[name].items()} == {k: v.shape for k, v in s.build().state_dict().items()}
    odd = {'ä "b"': BranchSpec(architecture="x", arguments={"on": True, "rate": 0.5, "sizes": [1, 2]})}
    path.write_text(text[:start] + branch_tables(odd) + text[end:], encoding="utf-8")
    [(name, s)] = read_config(path).branches.items()
    assert (name, s.architecture, s.arguments) == ('ä "b"', "x", {"on": True, "rate": 0.5, "sizes": [1, 2]})


def test_a_run_trains_the_initial_weights_and_names_them(pictures: Pictures, tmp_path: Path) -> None:
    """At a learning rate of zero the parameters that come out are those that went in."""
    given = weights(tmp_path / "w.safetensors", {"b": spec()})
    still = config("optimiser.lr=0.0", "optimiser.final_lr=0.0")
    [path] = train(still, pictures, tmp_path / "run", workers=0, init=given)
    assert read_manifest(path).training["init_sha256"] == given.sha256
    trained = dict(read_weights(path).ensemble.named_parameters())
    assert trained
    assert all(torch.equal(v, trained[k]) for k, v in given.ensemble.named_parameters())
    [scratch] = train(still, pictures, tmp_path / "scratch", workers=0)
    assert "init_sha256" not in read_manifest(scratch).training


def test_a_killed_run_resumes_without_its_initial_weights_and_refuses_others(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = weights(tmp_path / "w.safetensors", {"b": spec()})
    other = weights(tmp_path / "v.safetensors", {"b": spec()}, seed=9)
    [whole] = train(config(steps=3), pictures, tmp_path / "whole", workers=0, init=given)
    kill_after(1, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train(config(steps=3), pictures, tmp_path / "killed", workers=0, init=given)
    monkeypatch.undo()
    for init, words in (
        (other, f"started from weights with sha256 {given.sha256}, not from weights with sha256 {other.sha256}"),
        (None, f"started from weights with sha256 {given.sha256}, not from scratch"),
    ):
        with pytest.raises(ValueError, match=words):
            train(config(steps=3), pictures, tmp_path / "killed", workers=0, init=init)
    monkeypatch.setattr(loop, "start_from", lambda *_: pytest.fail("initial weights loaded again"))
    [resumed] = train(config(steps=3), pictures, tmp_path / "killed", workers=0, init=given)
    one, two = (read_weights(p).ensemble.state_dict() for p in (whole, resumed))
    assert all(torch.equal(one[k], two[k]) for k in one)
    assert read_manifest(resumed).training == read_manifest(whole).training


def test_a_checkpoint_of_the_first_version_is_one_from_scratch(pictures: Pictures, tmp_path: Path) -> None:
    train(config(), pictures, tmp_path / "run", workers=0)
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    content = torch.load(checkpoint, weights_only=True)
    assert content.pop("init") is None
    torch.save(content, checkpoint)
    assert train(config(), pictures, tmp_path / "run", workers=0)
    with pytest.raises(ValueError, match="started from scratch, not from weights"):
        train(config(), pictures, tmp_path / "run", workers=0, init=weights(tmp_path / "w.safetensors", {"b": spec()}))


@pytest.mark.processor
def test_a_statistical_branch_is_fitted_anew_and_says_so(
    pictures: Pictures, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The weights that do not fit are refused before anything is counted."""
    both = {"b": spec(), "s": BranchSpec(architecture="starter_statistics", arguments={"n_scales": 1})}
    given = weights(tmp_path / "w.safetensors", both)
    own = replace(config("statistics={pairs=4,tile=32}"), branches=both)
    fitted, trained = train(own, pictures, tmp_path / "run", workers=0, init=given)
    [warning] = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning.startswith("s: fitted to these pictures alone")
    assert "init_sha256" not in read_manifest(fitted).training
    assert read_manifest(trained).training["init_sha256"] == given.sha256
    other = weights(tmp_path / "v.safetensors", {"b": spec(**MASK)})
    with pytest.raises(WeightsMismatchError, match="branch 'b'"):
        train(own, pictures, tmp_path / "new", workers=0, init=other)
    assert not list((tmp_path / "new").iterdir())


def test_a_statistical_branch_can_be_kept(pictures: Pictures, tmp_path: Path) -> None:
    both = {"b": spec(), "s": BranchSpec(architecture="starter_statistics", arguments={"n_scales": 1})}
    given = weights(tmp_path / "w.safetensors", both)
    own = replace(config("statistics={pairs=0}"), branches=both)
    with pytest.raises(ValueError, match="Give --init starter"):
        train(own, pictures, tmp_path / "run", workers=0)
    for _ in range(2):  # once more with the checkpoint there
        kept, trained = train(own, pictures, tmp_path / "run", workers=0, init=given)
        theirs, ours = (dict(e.items())["s"].state_dict() for e in (given.ensemble, read_weights(kept).ensemble))
        assert all(torch.equal(theirs[key], ours[key]) for key in theirs)
        assert read_manifest(kept).training["kept"] is True
        assert {read_manifest(p).training["init_sha256"] for p in (kept, trained)} == {given.sha256}


def kill_after(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    save = loop.RunState.save

    def die(state: loop.RunState, done: int) -> None:
        save(state, done)
        if done == step:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    monkeypatch.setattr(loop.RunState, "save", die)


def test_the_configuration_for_own_pictures_fits_the_weights_that_ship() -> None:
    config = read_config(Path(__file__).parent.parent.parent.parent / "configs" / "own.toml")
    given = read_initial("starter")
    assert set(config.branches) == set(given.manifest.branches)
    stepped = Ensemble({name: spec.build() for name, spec in config.branches.items() if name != "statistics"})
    start_from(stepped, given)
    for name, branch in stepped.items():
        own = dict(given.ensemble.items())[name].state_dict()
        assert all(torch.equal(own[key], value) for key, value in branch.state_dict().items())
