"""Pictures passed through the auto-encoder of a generator: same content, a decoder's traces.

Every latent diffusion model ends in such a decoder, and the decoder, not the diffusion, writes the pixels. There is
no generator here, so small auto-encoders are trained on the originals of the training side, with decoders that
differ on purpose.

References
----------
Rajan et al., arXiv 2410.11835 (2024): aligned data sets by reconstruction. Guillaro et al., arXiv 2412.17671 (2024).
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from forensics.records.arrays import UInt8Array
from forensics.training.makers.base import Forgery

__all__ = ["UPSAMPLINGS", "Autoencoder", "AutoencoderSpec", "Reconstruction", "Upsampling", "reconstruction_loss"]

Upsampling = Literal["nearest", "bilinear", "transposed", "uneven", "shuffle"]
UPSAMPLINGS: tuple[str, ...] = get_args(Upsampling)
WIDTHS = (32, 64, 96)
GROUPS = 8
JITTER = 0.02  # relative spread of the decoder's weights from picture to picture: each is a generator of its own
SPECTRAL_WEIGHT, SPECTRAL_FLOOR = 0.3, 0.002
LATENT_NOISE = 1 / 32  # half-width of the uniform noise on the latent code, as of a coarse quantiser


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoencoderSpec:
    """Shape of one auto-encoder.

    Parameters
    ----------
    halvings : int
        1 to 3; the code is smaller by two to this power on each side.
    latent : int
        Channels of the code.
    upsampling : str
        How the decoder doubles the resolution: ``nearest`` or ``bilinear`` and a convolution, ``transposed`` (4 x 4,
        even overlap), ``uneven`` (transposed 3 x 3, uneven overlap), ``shuffle`` (sub-pixel).
    """

    halvings: int
    latent: int
    upsampling: Upsampling


class ResidualBlock(nn.Module):
    """Two normalised convolutions with a skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(GROUPS, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(GROUPS, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, width, H, W)."""
        return x + self.body(x)


def _doubling(kind: Upsampling, n_in: int, n_out: int) -> nn.Module:
    if kind == "transposed":
        return nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1)
    if kind == "uneven":
        return nn.ConvTranspose2d(n_in, n_out, 3, stride=2, padding=1, output_padding=1)
    if kind == "shuffle":
        return nn.Sequential(nn.Conv2d(n_in, 4 * n_out, 3, padding=1), nn.PixelShuffle(2))
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=kind), nn.Conv2d(n_in, n_out, 3, padding=1))


class Autoencoder(nn.Module):
    """Encoder to a small code, decoder back to pixels.

    The code holds the picture itself at the low resolution beside the learned channels, so that a short training
    suffices for the content and is spent on the detail.

    Parameters
    ----------
    spec : AutoencoderSpec
    """

    def __init__(self, spec: AutoencoderSpec) -> None:
        super().__init__()
        self.factor, self.latent = 2**spec.halvings, spec.latent
        widths = WIDTHS[: spec.halvings]
        encoder: list[nn.Module] = []
        for n_in, n_out in zip((3, *widths), widths, strict=False):
            encoder += [nn.Conv2d(n_in, n_out, 4, stride=2, padding=1), ResidualBlock(n_out)]
        self.encoder = nn.Sequential(*encoder, nn.Conv2d(widths[-1], spec.latent, 3, padding=1), nn.Tanh())
        decoder: list[nn.Module] = [nn.Conv2d(spec.latent + 3, widths[-1], 3, padding=1), ResidualBlock(widths[-1])]
        outward = (*widths[::-1], WIDTHS[0] // 2)
        for n_in, n_out in itertools.pairwise(outward):
            decoder += [_doubling(spec.upsampling, n_in, n_out), nn.SiLU()]
            if n_out >= WIDTHS[0]:
                decoder.append(ResidualBlock(n_out))
        self.decoder = nn.Sequential(*decoder, nn.Conv2d(outward[-1], 3, 3, padding=1))

    def forward(self, pixels: Tensor, noise: Tensor | None = None) -> Tensor:
        """Return the reconstruction (N, 3, S, S) of pixels (N, 3, S, S) in [0, 1]; S a multiple of the factor.

        `noise` is added to the learned code; drawn uniformly while training, none otherwise.
        """
        x = 2.0 * pixels - 1.0
        small = F.avg_pool2d(x, self.factor)
        code = self.encoder(x)
        if noise is not None:
            code = code + noise
        elif self.training:
            code = code + (torch.rand_like(code) * 2 - 1) * LATENT_NOISE
        smooth = F.interpolate(small, scale_factor=self.factor, mode="bilinear", align_corners=False)
        return 0.5 * (self.decoder(torch.cat([code, small], dim=1)) + smooth) + 0.5


def reconstruction_loss(made: Tensor, pixels: Tensor) -> Tensor:
    """Return L1 on pixels, on their first differences, and on the log magnitude of their spectra.

    The last two keep fine detail, without which decoders would be told by softness alone. Grain of one grey level has
    magnitudes of 0.004 here: the floor of the logarithm has to lie below that, or grain counts as nothing.
    """
    loss = F.l1_loss(made, pixels)
    for axis in (-1, -2):
        loss = loss + 0.5 * F.l1_loss(made.diff(dim=axis), pixels.diff(dim=axis))
    spectrum, goal = (torch.log(torch.fft.rfft2(x, norm="ortho").abs() + SPECTRAL_FLOOR) for x in (made, pixels))
    return loss + SPECTRAL_WEIGHT * F.l1_loss(spectrum, goal)


class Reconstruction:
    """The maker: a picture through one of several trained auto-encoders, its decoder varied a little.

    Parameters
    ----------
    autoencoders : sequence of Autoencoder
        Trained; put into eval mode.
    """

    def __init__(self, autoencoders: Sequence[Autoencoder]) -> None:
        if not autoencoders:
            raise ValueError("reconstruction needs at least one auto-encoder. Raise autoencoders.steps.")
        self.autoencoders = [a.eval().requires_grad_(False).to(memory_format=torch.channels_last) for a in autoencoders]

    def __call__(self, picture: UInt8Array, rng: np.random.Generator, *, donor: UInt8Array, face: bool) -> Forgery:
        """Return the reconstruction of `picture` (H, W, 3), H and W multiples of 8, forged everywhere."""
        del donor, face
        model = self.autoencoders[int(rng.integers(len(self.autoencoders)))]
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255.0
        varied = {
            name: value * (1.0 + JITTER * torch.randn(value.shape, generator=generator))
            for name, value in model.decoder.state_dict(prefix="decoder.").items()
        }
        # One thread, so that the pixels are the same in a worker, which has one, and outside of it.
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            with torch.inference_mode():
                side = [n // model.factor for n in picture.shape[:2]]
                noise = (torch.rand(1, model.latent, *side, generator=generator) * 2 - 1) * LATENT_NOISE
                made = torch.func.functional_call(model, varied, (pixels, noise), strict=False)
        finally:
            torch.set_num_threads(threads)
        made8 = (made[0].permute(1, 2, 0) * 255.0).round().clamp(0, 255).to(torch.uint8).numpy()
        return Forgery(pixels=made8, mask=np.ones(picture.shape[:2], dtype=np.uint8))
