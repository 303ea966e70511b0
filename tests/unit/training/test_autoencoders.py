"""The auto-encoders whose reconstructions are a family of forgeries."""

from pathlib import Path

import numpy as np
import pytest
import torch

from forensics.evaluation.labelled import Pictures
from forensics.training.config import read_config
from forensics.training.makers import autoencoders
from forensics.training.makers.reconstruction import (
    UPSAMPLINGS,
    Autoencoder,
    AutoencoderSpec,
    Reconstruction,
    reconstruction_loss,
)
from forensics.training.pairs.preparation import makers_for
from forensics.training.pairs.stream import PairStream
from tests.conftest import encoded, textured

STARTER = Path(__file__).parent.parent.parent.parent / "configs" / "starter.toml"
SHARES = "forgeries.shares={reconstruction=0.5, upsample=0.5}"
SPECS = "autoencoders.specs=[{halvings=2, latent=4, upsampling='shuffle'}]"


@pytest.fixture
def pictures(tmp_path: Path) -> Pictures:
    rows = ["path,label,source,face"]
    for k in range(6):
        (tmp_path / f"{k}.png").write_bytes(encoded(textured(260, 270, seed=k), "PNG"))
        rows.append(f"{k}.png,real,one,0")
    (tmp_path / "index.csv").write_text("\n".join(rows))
    return Pictures.open(tmp_path)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
@pytest.mark.parametrize("halvings", [1, 3])
def test_every_decoder_gives_back_the_size(upsampling: str, halvings: int) -> None:
    model = Autoencoder(AutoencoderSpec(halvings=halvings, latent=4, upsampling=upsampling)).eval()
    pixels = torch.rand(2, 3, 32, 48)
    with torch.inference_mode():
        made = model(pixels)
        assert made.shape == pixels.shape
        assert torch.equal(made, model(pixels))  # no noise but in training
        assert not torch.equal(made, model.train()(pixels))


def test_the_loss_is_zero_for_equal_pictures_and_counts_lost_detail() -> None:
    pixels = torch.rand(1, 3, 16, 16)
    assert float(reconstruction_loss(pixels, pixels)) == 0.0
    brighter, smooth = pixels + 0.1, torch.full_like(pixels, float(pixels.mean()))
    assert float(reconstruction_loss(brighter, pixels)) == pytest.approx(0.1, abs=0.03)  # differences stay
    assert float(reconstruction_loss(smooth, pixels)) > float((smooth - pixels).abs().mean()) + 0.2


def test_a_reconstruction_is_a_function_of_the_random_numbers_alone() -> None:
    torch.manual_seed(0)
    maker = Reconstruction([Autoencoder(AutoencoderSpec(halvings=2, latent=4, upsampling="transposed"))])
    picture = textured(64, 96)
    before, weights = picture.copy(), {k: v.clone() for k, v in maker.autoencoders[0].state_dict().items()}
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    made = [maker(picture, np.random.default_rng(s), donor=picture, face=False) for s in (1, 1, 2)]
    assert np.array_equal(made[0].pixels, made[1].pixels)
    assert not np.array_equal(made[0].pixels, made[2].pixels)
    assert made[0].pixels.shape == picture.shape
    assert made[0].mask.all()
    assert np.array_equal(picture, before)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(weights[k], v) for k, v in maker.autoencoders[0].state_dict().items())


def test_auto_encoders_are_trained_once_and_read_again(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = ["autoencoders.steps=3", "autoencoders.batch=2", "autoencoders.tile=32", "autoencoders.lr=1e-2"]
    config = read_config(STARTER, [SHARES, SPECS, *sizes])
    monkeypatch.setattr(autoencoders, "LEAST_PSNR", 5.0)
    first, second = (makers_for(config, pictures, tmp_path / n) for n in ("a", "b"))
    assert (tmp_path / "a" / "autoencoders" / "autoencoder-0-0.safetensors").read_bytes() == (
        tmp_path / "b" / "autoencoders" / "autoencoder-0-0.safetensors"
    ).read_bytes()
    assert not list((tmp_path / "a").glob("*.safetensors"))  # else the folder of a run could not be read as weights
    monkeypatch.setattr(autoencoders, "train_autoencoder", lambda *_args, **_kw: pytest.fail("trained again"))
    makers_for(config, pictures, tmp_path / "a")
    streams = [
        PairStream(pictures, seed=1, shares={"reconstruction": 1.0}, independent=0.0, makers=m) for m in (first, second)
    ]
    one, two = (s.pair(0, tile=64) for s in streams)
    assert one.family == "reconstruction"
    assert np.array_equal(one.fake, two.fake)
    monkeypatch.setattr(autoencoders, "LEAST_PSNR", 90.0)
    with pytest.raises(ValueError, match="Raise"):
        makers_for(config, pictures, tmp_path / "a")


def test_without_a_share_nothing_is_trained(pictures: Pictures, tmp_path: Path) -> None:
    config = read_config(STARTER, ["forgeries.shares={upsample=1.0}", SPECS])
    assert "reconstruction" not in makers_for(config, pictures, tmp_path / "none")
    assert not (tmp_path / "none").exists()
    with pytest.raises(ValueError, match="Describe"):
        makers_for(read_config(STARTER, [SHARES, "autoencoders.specs=[]"]), pictures, tmp_path)


@pytest.mark.parametrize(
    ("override", "word"),
    [
        ("autoencoders.specs=[{halvings=4, latent=4, upsampling='shuffle'}]", "1 to 3 halvings"),
        ("autoencoders.specs=[{halvings=2, latent=4, upsampling='magic'}]", "nearest"),
        ("autoencoders.specs=[{halvings=2, latent=4, upsampling='shuffle', depth=3}]", "unknown key 'depth'"),
        ("autoencoders.tile=100", "multiple of 8"),
    ],
)
def test_wrong_auto_encoders_are_explained(override: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        read_config(STARTER, [override])
