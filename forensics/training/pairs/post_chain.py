"""Post-processing of pictures: saving, scaling, noise and the like, from one distribution for originals and forgeries.

Nothing in the chain is ever told the class. Before it, `equalise` takes the difference in sharpness out of a pair.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import cv2
import numpy as np

from forensics.errors import needed_by
from forensics.records.arrays import Float32Array, UInt8Array

__all__ = ["PostChain", "equalise", "h264", "jpeg", "sharpness"]

SAME = 0.02  # log ratio of Laplacian variances that counts as equal
VIDEO = 0.2  # chance of a video codec at full strength
CORED = 0.65  # share of pairs in which the equaliser takes faint detail out; in the others it adds noise
CODED = (75, 96)  # quality at which size is compared
MOST_CORED = 8.0  # grey levels
BISECTIONS = 7
ROUNDS = 3


def jpeg(picture: UInt8Array, *, quality: int, full_chroma: bool) -> UInt8Array:
    """Return the picture after one JPEG save (libjpeg), 4:4:4 or 4:2:0."""
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444 if full_chroma else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, options)[1], cv2.IMREAD_COLOR))


def h264(picture: UInt8Array, *, crf: int) -> UInt8Array:
    """Return the picture as the key frame of an H.264 clip (4:2:0); an odd last row or column is lost.

    Parameters
    ----------
    picture : array of shape (H, W, 3), uint8
    crf : int
        x264's constant rate factor; 18 can hardly be seen, 35 is what a messenger makes of a clip.

    Raises
    ------
    MissingExtraError
        PyAV is not installed.
    """
    with needed_by("An H.264 frame"):
        import av  # here, since forgeries are made without it

    height, width = (n // 2 * 2 for n in picture.shape[:2])
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    encoder.options = {"crf": str(crf), "preset": "veryfast"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), format="rgb24")
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    frames = [f for packet in (*packets, None) for f in decoder.decode(packet)]
    return np.asarray(frames[0].to_ndarray(format="rgb24"))


def equalise(real: UInt8Array, fake: UInt8Array, rng: np.random.Generator) -> tuple[UInt8Array, UInt8Array]:
    """Bring an original and its forgery to the same tone, the same sharpness at two scales and as much fine detail.

    Whichever is sharper is softened, in a coarse band first and then in a fine one. A common chain alone leaves
    whole-picture forgeries recognisable by their softness, and one scale alone leaves what shows after resizing. Forgeries
    mostly lack grain and are coded in fewer bytes; so in most pairs the faint detail of the richer member is taken out until both are coded
    in as many, and in some the poorer one gets noise, white or a little correlated. None of these
    is done always, lest its own trace come to mean original or forged.

    Parameters
    ----------
    real, fake : array of shape (H, W, 3), uint8
    rng : numpy.random.Generator
        For the way and for the noise.

    Returns
    -------
    real, fake : arrays of the same shape, uint8
        Mean and deviation per colour agree, and so do the Laplacian variances at native resolution, nearly; those at
        half resolution come nearer, but not together where one member has the coarse detail and the other the fine.
    """
    pair = [real.astype(np.float32), _toned_like(fake.astype(np.float32), real)]
    cores, quality, noise = rng.random() < CORED, int(rng.integers(*CODED)), _noise_of(real.shape, rng)
    for _ in range(ROUNDS):  # each step leaks into the others
        for scale in (2, 1):
            measured = [_sharpness(_grey(x), scale) for x in pair]
            if abs(measured[0] - measured[1]) > SAME:
                sharper = int(measured[1] > measured[0])
                pair[sharper] = _softened(pair[sharper], scale, min(measured))
        pair[1] = _toned_like(pair[1], pair[0])
        pair = _coded_in_as_many(pair, quality, None if cores else noise)
    equal = [np.clip(np.rint(x), 0, 255).astype(np.uint8) for x in pair]
    return equal[0], equal[1]


def _noise_of(shape: tuple[int, ...], rng: np.random.Generator) -> Float32Array:
    """Return noise of SD 1 or less, grey or coloured, white or a little correlated."""
    noise = rng.standard_normal((*shape[:2], 1 if rng.random() < 0.5 else 3), dtype=np.float32)
    noise = np.ascontiguousarray(np.broadcast_to(noise, shape))
    return cv2.GaussianBlur(noise, (0, 0), float(rng.uniform(0.4, 0.8))) if rng.random() < 0.5 else noise


def _coded_in_as_many(pair: list[Float32Array], quality: int, noise: Float32Array | None) -> list[Float32Array]:
    """Make a JPEG of `quality` code both members in as many bytes: with noise for the poorer one, or without faint detail in the richer."""
    sizes = [_coded_size(x, quality) for x in pair]
    richer = int(sizes[1] > sizes[0])
    changed = richer if noise is None else 1 - richer
    x, goal = pair[changed], sizes[1 - changed]
    detail = x - cv2.GaussianBlur(x, (0, 0), 1.0)
    low, high = 0.0, MOST_CORED
    for _ in range(BISECTIONS):
        middle = 0.5 * (low + high)
        changed_x = x - np.clip(detail, -middle, middle) if noise is None else x + np.float32(middle) * noise
        above = _coded_size(changed_x, quality) > goal
        low, high = (middle, high) if above == (noise is None) else (low, middle)
    evened = x - np.clip(detail, -low, low) if noise is None else x + np.float32(low) * noise
    return [evened if k == changed else y for k, y in enumerate(pair)]


def _coded_size(x: Float32Array, quality: int) -> int:
    pixels = np.clip(np.rint(x[..., ::-1]), 0, 255).astype(np.uint8)
    return len(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def sharpness(picture: UInt8Array) -> tuple[float, float]:
    """Return the log variances of the Laplacian of the mean of the channels at native and at half resolution."""
    grey = _grey(picture)
    return _sharpness(grey, 1), _sharpness(grey, 2)


def _sharpness(grey: Float32Array, scale: int) -> float:
    return float(np.log(cv2.meanStdDev(_edges(grey, scale))[1].item() ** 2 + 1e-3))


def _edges(grey: Float32Array, scale: int) -> Float32Array:
    if scale != 1:
        grey = cv2.resize(grey, None, fx=1 / scale, fy=1 / scale, interpolation=cv2.INTER_AREA)
    return cv2.Laplacian(grey, cv2.CV_32F)


def _grey(picture: UInt8Array | Float32Array) -> Float32Array:
    # Several times faster than a mean over the last axis in NumPy.
    return np.asarray(cv2.transform(picture.astype(np.float32, copy=False), np.full((1, 3), 1 / 3)))


def _softened(x: Float32Array, scale: int, goal: float) -> Float32Array:
    """Take out as much of the detail below `scale` pixels as brings the sharpness there down to `goal`.

    The Laplacian is linear, so its variance is a parabola in the share that is taken out.
    """
    detail = x - cv2.GaussianBlur(x, (0, 0), 0.8 * scale)
    whole, part = (_edges(_grey(y), scale).ravel() for y in (x, detail))
    whole, part = whole - whole.mean(), part - part.mean()
    a, b, c = (float(np.dot(u, v)) / len(whole) for u, v in ((whole, whole), (whole, part), (part, part)))
    root = np.sqrt(max(0.0, b * b - c * (a - np.exp(goal))))
    share = float(np.clip((b - root) / max(c, 1e-6), 0.0, 1.0))
    return x - np.float32(share) * detail


def _toned_like(x: Float32Array, other: UInt8Array | Float32Array) -> Float32Array:
    """Return `x` with the mean and the standard deviation of `other`, colour by colour."""
    (mean, sd), (goal, goal_sd) = ([v.ravel() for v in cv2.meanStdDev(y)] for y in (x, other))
    gain = np.clip(goal_sd / (sd + 1e-3), 0.5, 2.0)
    return x * gain.astype(np.float32) + (goal - mean * gain).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChain:
    """One draw of the chain: blur, unsharp, tone, noise, resize, at times a video codec, one or two compressions.

    `draw` takes the shape only, `apply` may be used on both members of a pair with the same result each time.
    """

    blur: float
    unsharp: float
    gamma: float
    brightness: float
    contrast: float
    saturation: float
    noise: float
    noise_signal: bool
    noise_grey: bool
    scale: float
    interpolation: int
    qualities: tuple[int, ...]
    full_chroma: bool
    shift: tuple[int, int]
    webp: int
    crf: int
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator, *, min_scale: float, strength: float = 0.5) -> Self:
        """Draw parameters.

        Parameters
        ----------
        rng : numpy.random.Generator
        min_scale : float
            In (0, 1]; keeps the result large enough for a tile.
        strength : float
            In [0, 1]. At 0 a picture is saved once at high quality, or not at all; the chance of every other step, and
            how low the quality may be, grow in proportion.
        """

        def maybe(p: float, low: float, high: float, otherwise: float) -> float:
            value = float(rng.uniform(low, high))
            return value if rng.random() < 2 * strength * p else otherwise

        qualities = [int(rng.integers(round(96 - 46 * strength), 99)) for _ in range(2)]
        n = 0 if rng.random() > 0.85 else 2 if rng.random() < 0.25 else 1
        scales = (max(0.5, min_scale), 1.0) if rng.random() < 0.65 else (1.0, 1.3)
        return cls(
            blur=maybe(0.15, 0.3, 1.0, 0.0),
            unsharp=maybe(0.20, 0.2, 1.0, 0.0),
            gamma=maybe(0.30, 0.85, 1.18, 1.0),
            brightness=maybe(0.30, -12, 12, 0.0),
            contrast=maybe(0.30, 0.85, 1.15, 1.0),
            saturation=maybe(0.30, 0.7, 1.3, 1.0),
            noise=maybe(0.45, 0.3, 3.0, 0.0),
            noise_signal=bool(rng.random() < 0.5),
            noise_grey=bool(rng.random() < 0.5),
            scale=maybe(0.40, *scales, 1.0),
            interpolation=int(rng.choice([cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4])),
            qualities=tuple(qualities[:n]),
            full_chroma=bool(rng.random() < 0.3),
            shift=(int(rng.integers(0, 8)), int(rng.integers(0, 8))),
            webp=int(rng.integers(60, 96)) if rng.random() < 0.05 else 0,
            crf=int(rng.integers(20, 36)) if rng.random() < VIDEO * strength else 0,
            seed=int(rng.integers(2**32)),
        )

    def apply(self, picture: UInt8Array, mask: UInt8Array) -> tuple[UInt8Array, UInt8Array]:
        """Return the picture and its mask after the chain; both are resized alike.

        Parameters
        ----------
        picture : array of shape (H, W, 3), uint8
        mask : array of shape (H, W), uint8
        """
        x = picture.astype(np.float32)
        if self.blur:
            x = cv2.GaussianBlur(x, (0, 0), self.blur)
        if self.unsharp:
            x = x + self.unsharp * (x - cv2.GaussianBlur(x, (0, 0), 1.0))
        x = self._toned(x)
        if self.noise:
            x = self._noisy(x)
        if self.scale != 1.0:
            size = (round(x.shape[1] * self.scale), round(x.shape[0] * self.scale))
            x = cv2.resize(x, size, interpolation=self.interpolation)
            mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
        y = np.clip(np.rint(x), 0, 255).astype(np.uint8)
        if self.crf:
            y = h264(y, crf=self.crf)
            mask = mask[: y.shape[0], : y.shape[1]]
        for k, quality in enumerate(self.qualities):
            if k:
                y, mask = y[self.shift[0] :, self.shift[1] :], mask[self.shift[0] :, self.shift[1] :]
            y = jpeg(np.ascontiguousarray(y), quality=quality, full_chroma=self.full_chroma)
        if self.webp:
            y = np.asarray(cv2.imdecode(cv2.imencode(".webp", y, [cv2.IMWRITE_WEBP_QUALITY, self.webp])[1], 1))
        return y, mask

    def _toned(self, x: Float32Array) -> Float32Array:
        if self.gamma != 1.0:
            x = 255.0 * (np.clip(x, 0, 255) / 255.0) ** self.gamma
        if self.contrast != 1.0 or self.brightness:
            x = (x - 128.0) * self.contrast + 128.0 + self.brightness
        if self.saturation != 1.0:
            grey = x.mean(axis=2, keepdims=True)
            x = grey + self.saturation * (x - grey)
        return x.astype(np.float32)

    def _noisy(self, x: Float32Array) -> Float32Array:
        rng = np.random.default_rng(self.seed)
        shape = (*x.shape[:2], 1) if self.noise_grey else x.shape
        noise = self.noise * rng.standard_normal(shape, dtype=np.float32)
        if self.noise_signal:
            noise = noise * np.sqrt(np.clip(x, 0, 255) / 128.0)
        return (x + noise).astype(np.float32)
