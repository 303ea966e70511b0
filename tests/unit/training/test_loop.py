import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.errors import CalibrationError
from forensics.evaluation.comparison import auc_interval
from forensics.evaluation.labelled import Pictures, split
from forensics.models import read_weights
from forensics.models.ensemble import Ensemble
from forensics.training.checkpoint import moving_average
from forensics.training.config import Config, leave_out, read_config
from forensics.training.loop import train
from forensics.training.pairs import post_chain
from forensics.training.pairs.post_chain import PostChain, equalise, h264
from forensics.training.pairs.stream import PairStream
from tests.conftest import encoded, textured

STARTER = Path(__file__).parent.parent.parent.parent / "configs" / "starter.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two sources with both classes, generated pictures."""
    rows = []
    for k in range(12):
        label, source = ("real", "fake")[k % 2], ("one", "two")[k // 6]
        name = f"{label}-{k}.png"
        (tmp_path / name).write_bytes(encoded(textured(260, 270, seed=k), "PNG"))
        rows.append({"path": name, "label": label, "source": source, "face": "0"})
    with (tmp_path / "index.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def tiny(steps: int) -> Config:
    config = read_config(
        STARTER,
        [
            f"optimiser.steps={steps}", "optimiser.pairs=2", "optimiser.warmup=1", "forgeries.tile=32", "seed=3",
            "forgeries.shares={upsample=0.5, found=0.25, splice=0.25}",
            "branches.convnext.arguments={variant='convnext_atto', drop_path=0.1}",
            "branches.replknet.arguments={layers=[1,1,1,1], widths=[8,8,8,8], drop_path=0.1}",
        ],
    )  # fmt: skip
    return replace(config, branches={name: config.branches[name] for name in ("convnext", "replknet")})


def test_the_shipped_configuration_reads() -> None:
    config = read_config(STARTER)
    assert sum(config.forgeries.shares.values()) == pytest.approx(1)
    assert not set(config.data.train) & set(config.data.withheld)


@pytest.mark.parametrize(
    ("override", "word"),
    [("optimiser.stepps=3", "Did you mean 'steps'"), ("forgeries.shares.splice=0.9", "sum to 1"),
     ("steps", "key=value"), ("forgeries.tile=33", "even"), ("statistics.shares={splice=0.9}", "statistics.shares"),
     ("optimizer.steps=3", "Did you mean 'optimiser'"), ("optimiser.steps=0", "1 or more"), ("optimiser.pairs=0", "1 or more"),
     ("optimiser.steps=abc", "whole number, got 'abc'"), ("optimiser.steps=2.5", "whole number"),
     ("optimiser.lr=fast", "a number"), ("optimiser.bfloat16=1", "true or false"), ("seed=true", "whole number")],
)  # fmt: skip
def test_wrong_configuration_is_explained(override: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_config(STARTER, [override])


def test_leaving_out_a_family_shares_out_its_part_and_a_source_is_withheld() -> None:
    """Without found (0.25) the halves of 0.5 and 0.25 become two thirds and one third."""
    config = read_config(STARTER, ["forgeries.shares={upsample=0.5, found=0.25, splice=0.25}"])
    assert leave_out(config, "found").forgeries.shares == pytest.approx({"upsample": 2 / 3, "splice": 1 / 3})
    drawn = read_config(STARTER, ["forgeries.shares={upsample=0.4, redrawing=0.2, splice=0.4}"])
    assert leave_out(drawn, "upsample").forgeries.shares == {"splice": 1.0}  # the same stages draw a region
    assert leave_out(drawn, "redrawing").forgeries.shares == pytest.approx({"upsample": 0.5, "splice": 0.5})
    counted = read_config(STARTER, ["forgeries.shares={splice=0.5, upsample=0.5}", "statistics.shares={upsample=1.0}"])
    assert leave_out(counted, "splice").statistics.shares == {"upsample": 1.0}
    assert leave_out(counted, "upsample").counted.forgeries.shares == {"splice": 1.0}  # what is left of the others
    without = leave_out(config, "bsds500").data
    assert "bsds500" in without.withheld
    assert "bsds500" not in without.train
    assert len({config.sha256(), leave_out(config, "found").sha256(), leave_out(config, "bsds500").sha256()}) == 3
    with pytest.raises(ValueError, match="upsample, found, splice"):
        leave_out(config, "sdfd")
    with pytest.raises(ValueError, match="cannot be left out"):
        leave_out(read_config(STARTER, ["forgeries.shares={upsample=1.0}"]), "upsample")


def test_a_device_that_is_not_there_is_one_line(folder: Path, tmp_path: Path) -> None:
    for device in ("tpu", "cuda:99"):
        with pytest.raises(ValueError, match=f"{device}.*Use --device cpu"):
            train(tiny(2), Pictures.open(folder), tmp_path / "run", device=device)
    assert not (tmp_path / "run").exists()


def test_sides_share_no_source(folder: Path) -> None:
    pictures = Pictures.open(folder)
    training, withheld = split(pictures, train=["one"], withheld=["two"], halved=[])
    assert {p.source for p in training} == {"one"}
    assert {p.source for p in withheld} == {"two"}
    halves = split(pictures, train=[], withheld=["one"], halved=["two"])
    assert len(halves[0]) + len(halves[1]) == 12
    with pytest.raises(ValueError, match="on no side: two"):
        split(pictures, train=["one"], withheld=[], halved=[])
    with pytest.raises(ValueError, match="on two sides: one"):
        split(pictures, train=["one"], withheld=["one", "two"], halved=[])


def test_an_index_that_leaves_the_folder_is_refused(folder: Path) -> None:
    (folder / "index.csv").write_text("path,label,source,face\n../x.png,real,one,0\n")
    with pytest.raises(CalibrationError, match="line 2"):
        Pictures.open(folder)


def stream(folder: Path, **options: object) -> PairStream:
    shares = {"upsample": 0.5, "found": 0.25, "splice": 0.25}
    settings = {"seed": 5, "shares": shares, "independent": 0.5, **options}
    return PairStream(Pictures.open(folder), **settings)


def test_an_item_is_a_function_of_seed_and_number(folder: Path) -> None:
    first, second = stream(folder), stream(folder)
    forwards = [first.pair(k, tile=64) for k in range(6)]
    backwards = [second.pair(k, tile=64) for k in reversed(range(6))][::-1]
    for a, b in zip(forwards, backwards, strict=True):
        assert np.array_equal(a.real, b.real)
        assert np.array_equal(a.fake, b.fake)
        assert a.real.shape == (64, 64, 3)
        assert a.mask.shape == (64, 64)
    assert not np.array_equal(forwards[0].real, stream(folder, seed=6).pair(0, tile=64).real)


def test_pairs_that_are_not_processed_are_saved_once_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made pairs have strength 0 and nobody evens them; found pairs are processed all the same, from 0.3 on."""
    from forensics.training.pairs import stream as pairs

    drawn: list[float] = []
    asked: list[int] = []
    draw = PostChain.draw

    def spied(rng: np.random.Generator, *, min_scale: float, strength: float) -> PostChain:
        drawn.append(strength)
        return draw(rng, min_scale=min_scale, strength=strength)

    monkeypatch.setattr(PostChain, "draw", spied)
    monkeypatch.setattr(pairs, "equalise", lambda real, fake, _: asked.append(1) or (real, fake))

    def strengths(family: str, *, processed: bool) -> list[float]:
        drawn.clear()
        asked.clear()
        made = stream(folder, shares={family: 1.0}, independent=0.0, processed=processed)
        for k in range(20):
            made.pair(k, tile=64)
        return drawn

    assert max(strengths("upsample", processed=False)) == 0.0
    assert not asked
    assert 0.5 < max(strengths("upsample", processed=True)) < 1.0
    assert len(asked) == 20
    assert min(strengths("found", processed=False)) >= 0.3


def test_strength_scales_the_chance_of_every_step_and_the_depth_of_compression() -> None:
    """Blur has a chance of 0.15 at the middle: 0 and 0.30 at the ends. Of 600 draws 0.30 is 180, SD 11."""
    from forensics.training.pairs.post_chain import PostChain

    rng = np.random.default_rng(0)
    none, full = (
        [PostChain.draw(rng, min_scale=0.4, strength=s) for _ in range(600)] for s in (0.0, 1.0)
    )  # fmt: skip
    assert all(c.blur == c.unsharp == c.noise == 0.0 and c.scale == c.gamma == 1.0 for c in none)
    assert min(q for c in none for q in c.qualities) >= 96
    assert 140 < sum(c.blur > 0 for c in full) < 220
    assert 50 <= min(q for c in full for q in c.qualities) < 54


@pytest.mark.parametrize("tile", [64, 192])
def test_tiles_of_any_side_come_from_one_stream(folder: Path, tile: int) -> None:
    assert stream(folder).pair(3, tile=tile).fake.shape == (tile, tile, 3)


def test_equaliser_brings_tone_and_sharpness_at_two_scales_together() -> None:
    import cv2

    from forensics.training.pairs.post_chain import sharpness

    picture = textured(200, 200)
    coarse = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 40, (200, 200, 3)), (0, 0), 1.5)
    sharp = np.clip(picture + coarse, 0, 255).astype(np.uint8)
    soft = np.clip(0.8 * cv2.GaussianBlur(sharp, (0, 0), 0.7) + 20, 0, 255).astype(np.uint8)
    assert max(abs(a - b) for a, b in zip(sharpness(sharp), sharpness(soft), strict=True)) > 0.5
    for a, b in ((sharp, soft), (soft, sharp)):
        before = a.copy(), b.copy()
        x, y = equalise(a, b, np.random.default_rng(0))
        assert np.array_equal(a, before[0])
        assert np.array_equal(b, before[1])
        assert np.allclose(sharpness(x), sharpness(y), atol=0.4)
        assert np.allclose(x.mean(axis=(0, 1)), y.mean(axis=(0, 1)), atol=0.5)
        assert np.allclose(x.std(axis=(0, 1)), y.std(axis=(0, 1)), atol=0.5)


def test_equaliser_reduces_what_shows_at_half_resolution() -> None:
    """Coarse grain against fine grain: the bands pull apart, so that the coarse gap shrinks but does not close."""
    import cv2

    from forensics.training.pairs.post_chain import sharpness

    rng = np.random.default_rng(2)
    base = cv2.GaussianBlur(rng.normal(0, 400, (200, 200, 3)), (0, 0), 9) + 128
    coarse = cv2.GaussianBlur(rng.normal(0, 1, (200, 200, 3)), (0, 0), 0.8)
    fine = rng.normal(0, 1, (200, 200, 3))
    a, b = (np.clip(np.rint(base + c * coarse + f * fine), 0, 255).astype(np.uint8) for c, f in ((25, 1), (3, 5)))
    before = np.abs(np.subtract(sharpness(a), sharpness(b)))
    after = np.abs(np.subtract(*(sharpness(x) for x in equalise(a, b, np.random.default_rng(0)))))
    assert before[1] > 1.0
    assert after[1] < 0.7 * before[1]
    assert after[0] < 0.3


@pytest.mark.parametrize("cored", [0.0, 1.0])
def test_equaliser_makes_both_members_cost_as_many_bytes(cored: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise of 6 grey levels against none on soft ground: with noise for the clean one, or with less in the other."""
    import cv2

    rng = np.random.default_rng(4)
    soft = cv2.GaussianBlur(rng.normal(0, 300, (200, 200, 3)), (0, 0), 6) + 128
    clean, grainy = (np.clip(np.rint(x), 0, 255).astype(np.uint8) for x in (soft, soft + rng.normal(0, 6, soft.shape)))

    def size(x: np.ndarray) -> int:
        return len(cv2.imencode(".jpg", np.ascontiguousarray(x[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85])[1])

    assert size(grainy) > 1.5 * size(clean)
    monkeypatch.setattr(post_chain, "CORED", cored)
    monkeypatch.setattr(post_chain, "CODED", (85, 86))
    for a, b in ((clean, grainy), (grainy, clean)):
        x, y = (size(v) for v in equalise(a, b, np.random.default_rng(0)))
        assert x == pytest.approx(y, rel=0.03)


def test_detail_is_taken_from_the_richer_member_or_given_to_the_poorer() -> None:
    from forensics.training.pairs.post_chain import _coded_in_as_many, _coded_size

    rng = np.random.default_rng(5)
    ground = np.full((96, 96, 3), 128, np.float32) + np.linspace(0, 60, 96, dtype=np.float32)[:, None]
    noise = rng.standard_normal(ground.shape, dtype=np.float32)
    poor, rich = ground + 3 * noise, ground + 5 * noise
    kept, cored = _coded_in_as_many([poor, rich], 90, None)
    assert kept is poor
    assert _coded_size(cored, 90) == pytest.approx(_coded_size(poor, 90), rel=0.05)
    given, kept = _coded_in_as_many([poor, rich], 90, noise)
    assert kept is rich
    assert np.allclose(given, rich, atol=0.2 * np.abs(noise).max())  # 2 more of the same noise is what lacked


def test_a_found_fake_gets_the_most_similar_of_the_originals_drawn() -> None:
    from forensics.training.pairs.stream import _unlike

    picture = textured(200, 200)
    brighter = np.clip(picture.astype(int) + 30, 0, 255).astype(np.uint8)
    assert _unlike(picture, picture) == 0.0
    # 30 levels of brightness at 40 levels a unit; nothing else moves but what is clipped
    assert _unlike(picture, brighter) == pytest.approx(0.75, abs=0.05)
    assert _unlike(picture, textured(200, 200, seed=1)) < _unlike(picture, brighter)


def test_a_video_codec_keeps_the_picture_and_costs_detail() -> None:
    """Loss grows with the rate factor; odd sides lose a row and a column, as 4:2:0 asks."""
    picture = textured(97, 130)
    fine, coarse = (h264(picture, crf=crf) for crf in (18, 35))
    assert fine.shape == coarse.shape == (96, 130, 3)
    near, far = (np.abs(x.astype(int) - picture[:96]).mean() for x in (fine, coarse))
    assert 0 < near < far < 30
    assert np.array_equal(fine, h264(picture, crf=18))
    chain = replace(PostChain.draw(np.random.default_rng(0), min_scale=1.0, strength=0.0), crf=30, qualities=(), webp=0)
    made, mask = chain.apply(picture, np.ones(picture.shape[:2], dtype=np.uint8))
    assert made.shape[:2] == mask.shape
    assert not np.array_equal(made, picture[: made.shape[0], : made.shape[1]])


def test_the_chain_treats_both_members_alike() -> None:
    picture, mask = textured(200, 200), np.zeros((200, 200), np.uint8)
    for seed in range(8):
        chain = PostChain.draw(np.random.default_rng(seed), min_scale=0.6)
        first, second = chain.apply(picture, mask), chain.apply(picture, mask)
        assert np.array_equal(first[0], second[0])
        assert first[0].shape[:2] == first[1].shape
        assert min(first[0].shape[:2]) >= 0.6 * 200 - 8


@pytest.mark.parametrize(
    ("wanted", "able", "enabled"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_bfloat16_only_where_it_is_wanted_and_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, wanted: bool, able: bool, enabled: bool
) -> None:
    from forensics.training import loop

    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: able)
    with loop._autocast("cpu", wanted=wanted):
        assert torch.is_autocast_enabled("cpu") == enabled
    assert ("float32" in caplog.text) == (wanted and not able)


def test_norms_are_settled_on_tiles_of_the_side_that_is_scored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first norm holds the mean and variance of what reaches it, over as many pairs as are drawn; drop-out is off."""
    from forensics.training import loop

    monkeypatch.setattr(loop, "SETTLING_BATCHES", 1)
    monkeypatch.setattr(loop, "SETTLING_PAIRS", 3)
    config, pairs = tiny(4), stream(folder)
    torch.manual_seed(0)
    ensemble = Ensemble({name: spec.build() for name, spec in config.branches.items()})
    loop._settle_norms(ensemble, pairs, config, "cpu")
    before = {k: v.clone() for k, v in ensemble.state_dict().items()}
    loop._settle_norms(ensemble, pairs, config, "cpu")
    assert all(torch.equal(before[k], v) for k, v in ensemble.state_dict().items())
    assert not ensemble.training
    first = config.optimiser.steps * config.optimiser.pairs
    drawn = [pairs.pair(first + k, tile=config.forgeries.late_tile) for k in range(3)]
    pixels, _, _ = loop._tensors(drawn, "cpu")
    for _, branch in ensemble.items():
        seen = branch.body.stem.conv(branch.channels(pixels))
        norm = branch.body.stem.norm1
        assert torch.allclose(norm.running_mean, seen.mean(dim=(0, 2, 3)), atol=1e-4)
        assert torch.allclose(norm.running_var, seen.var(dim=(0, 2, 3)), rtol=1e-3, atol=1e-4)
        assert norm.momentum == 0.1


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_weights(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forensics.training import loop

    pictures = Pictures.open(folder)
    whole = train(tiny(4), pictures, tmp_path / "whole", workers=0)
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", -1.0)
    saved = loop.RunState.save

    def die(state: loop.RunState, step: int) -> None:
        saved(state, step)
        if step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop.RunState, "save", die)
    with pytest.raises(KeyboardInterrupt):
        train(tiny(4), pictures, tmp_path / "killed", workers=0)
    monkeypatch.setattr(loop.RunState, "save", saved)
    resumed = train(tiny(4), pictures, tmp_path / "killed", workers=0)
    for a, b in zip(whole, resumed, strict=True):
        one, two = (read_weights(p).ensemble.state_dict() for p in (a, b))
        assert all(torch.equal(one[k], two[k]) for k in one)
    with pytest.raises(ValueError, match="another configuration"):
        train(tiny(5), pictures, tmp_path / "killed", workers=0)


def test_auc_by_hand() -> None:
    """Of 2 x 3 comparisons the fakes win 3, lose 2 and tie 1: 3.5 / 6."""
    scores = np.array([0.2, 0.5, 0.1, 0.5, 0.9])
    labels = np.array([0, 0, 1, 1, 1])
    auc, (low, high) = auc_interval(scores, labels)
    assert auc == pytest.approx(3.5 / 6)
    assert low <= auc <= high


def test_the_average_of_weights_by_hand() -> None:
    """Rates of 1/10, 2/11, 3/12 and then 0.2 at most: from 0, after weights of 1, 2, 4 and 8."""
    model = Ensemble({"a": torch.nn.Linear(1, 1, bias=False)})  # type: ignore[dict-item]
    weight = next(model.parameters())
    with torch.no_grad():
        weight.fill_(0.0)
        average = moving_average(model, ema=0.2)
        for value in (1.0, 2.0, 4.0, 8.0):
            weight.fill_(value)
            average.update_parameters(model)
    expected = 0.0
    for rate, value in zip((1 / 10, 2 / 11, 0.2, 0.2), (1.0, 2.0, 4.0, 8.0), strict=True):
        expected = rate * expected + (1 - rate) * value
    assert float(next(average.parameters())) == pytest.approx(expected)
    assert not next(average.parameters()).requires_grad
