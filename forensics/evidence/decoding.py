"""Pixels from the bytes of one file, in a stated way.

==================  =====================================================================================
EXIF orientation    applied, all eight values
16 bits a channel   the high byte is kept
CMYK, YCCK          converted to RGB by Pillow's plain formula, without a profile
palette, grey       converted to RGB, values as they are
alpha               dropped; the colours stay as stored, nothing is laid behind them
animation, pages    the first frame
ICC profile         not applied, since a conversion would alter the residuals; its name stands in the metadata
floating point      refused: there is no agreed range
==================  =====================================================================================
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np
import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from forensics.errors import EvidenceError
from forensics.evidence.formats import PictureFormat
from forensics.evidence.record import Limits
from forensics.messages import Message
from forensics.records.arrays import UInt8Array

__all__ = ["Decoded", "Header", "decode"]

# Whatever a decoder may throw at bytes that are no picture; anything else would be our own mistake.
DECODER_ERRORS = (
    OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, AttributeError, OverflowError, EOFError,
    RuntimeError, MemoryError, struct.error, zlib.error, ZeroDivisionError, UnidentifiedImageError,
    Image.DecompressionBombError, cv2.error,
)  # fmt: skip
ORIENTATION, BITS_PER_SAMPLE = 0x0112, 258
STRIP = 64  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the file says before it is decoded.

    Parameters
    ----------
    mode : str
        Of the pixels as they are stored, as Pillow calls it.
    size : tuple of 2 int
        (width, height) as stored.
    n_frames : int
    info : mapping of str to object
        What Pillow found beside the pixels.
    exif : PIL.Image.Exif
    quantisation : tuple of tuple of 64 int
        The tables of a JPEG in natural order, by number; empty for others.
    sampling : tuple of (int, int)
        Horizontal and vertical sampling factor of each component of a JPEG; empty for others.
    """

    mode: str
    size: tuple[int, int]
    n_frames: int
    info: dict[str, object]
    exif: Image.Exif
    quantisation: tuple[tuple[int, ...], ...] = ()
    sampling: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Upright RGB pixels, uint8 (H, W, 3), the header, and what was done."""

    pixels: UInt8Array
    header: Header
    remarks: tuple[Message, ...]


def decode(data: bytes, *, kind: PictureFormat, name: str, limits: Limits) -> Decoded:
    """Decode the first frame of a file.

    Raises
    ------
    EvidenceError
        The header claims more than the limits allow, or the file is damaged.
    """
    with _reporting(name, kind):
        picture = _opened(data, kind)
        width, height = picture.size
        _check_claims(name, width, height, limits)
        n_frames = _count_frames(picture, limits.max_frames)
        if n_frames > limits.max_frames:
            raise EvidenceError(Message("too_many_frames", {"name": name, "limit": limits.max_frames}))
        header = Header(
            mode=picture.mode,
            size=(width, height),
            n_frames=n_frames,
            info={str(k): v for k, v in picture.info.items()},
            exif=picture.getexif(),
            quantisation=tuple(tuple(table) for _, table in sorted(getattr(picture, "quantization", {}).items())),
            sampling=tuple((h, v) for _, h, v, _ in getattr(picture, "layer", [])[: getattr(picture, "layers", 0)]),
        )
        remarks: list[Message] = []
        if n_frames > 1:
            remarks.append(Message("first_frame", {"n": n_frames}))
        picture.load()
        if picture.mode == "F":
            raise EvidenceError(Message("floating_point", {"name": name}))
        pixels = _rgb(_upright(picture, header, kind, remarks), data, kind, remarks)
    if header.info.get("icc_profile"):
        remarks.append(Message("profile_not_applied"))
    return Decoded(pixels=pixels, header=header, remarks=tuple(remarks))


@contextmanager
def _reporting(name: str, kind: PictureFormat) -> Iterator[None]:
    """Turn whatever a decoder throws into one line, and keep its warnings from the user."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except EvidenceError:
        raise
    except DECODER_ERRORS as err:
        reason = " ".join(str(err).split())[:160] or type(err).__name__
        raise EvidenceError(Message("damaged", {"name": name, "kind": kind.title, "reason": reason})) from err


def _opened(data: bytes, kind: PictureFormat) -> Image.Image:
    """Open with the one plug-in that belongs to the kind; nothing is decoded yet.

    The plug-in is called directly, because ``Image.open`` has a size limit of its own with another message.
    """
    if kind.decoder == "HEIF":
        return pillow_heif.HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]  # the library is untyped
    Image.init()
    return Image.OPEN[kind.decoder][0](io.BytesIO(data), "")


def _check_claims(name: str, width: int, height: int, limits: Limits) -> None:
    claim = {"name": name, "width": width, "height": height}
    if width < 1 or height < 1:
        raise EvidenceError(Message("no_pixels", claim))
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        allowed = {"max_pixels": limits.max_pixels, "max_side": limits.max_side}
        raise EvidenceError(Message("too_many_pixels", {**claim, **allowed}))


def _count_frames(picture: Image.Image, most: int) -> int:
    """Return the number of frames, or `most` + 1 as soon as there are more; leaves the first frame selected."""
    if not getattr(picture, "is_animated", False):
        return 1
    if picture.format not in ("GIF", "TIFF"):
        return int(getattr(picture, "n_frames", 1))
    count = 1
    try:
        while count <= most:
            picture.seek(count)
            count += 1
    except EOFError:
        pass
    picture.seek(0)
    return count


def _upright(picture: Image.Image, header: Header, kind: PictureFormat, remarks: list[Message]) -> Image.Image:
    """Apply the EXIF orientation; HEIC and AVIF decoders have applied the container's own turn already."""
    orientation = header.exif.get(ORIENTATION, 1)
    if kind.decoder in ("HEIF", "AVIF") or orientation in (0, 1):
        return picture
    if orientation not in range(2, 9):
        remarks.append(Message("orientation_undefined", {"n": f"{orientation!s:.20}"}))
        return picture
    turned = ImageOps.exif_transpose(picture)
    remarks.append(Message("orientation_applied", {"n": orientation}))
    return turned if turned is not None else picture


def _rgb(picture: Image.Image, data: bytes, kind: PictureFormat, remarks: list[Message]) -> UInt8Array:
    """Return uint8 (H, W, 3), and note what had to be done."""
    mode = picture.mode
    if mode.startswith("I"):
        remarks.append(Message("high_byte_kept_grey"))
        grey = np.clip(np.asarray(picture).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if _is_16_bit(picture, data, kind):
        remarks.append(Message("high_byte_kept"))
    if "A" in picture.getbands() or "transparency" in picture.info:
        remarks.append(Message("alpha_dropped"))
    if mode == "P":
        remarks.append(Message("palette_converted"))
        picture = picture.convert("RGBA" if "transparency" in picture.info else "RGB")
    elif mode in ("CMYK", "YCCK"):
        remarks.append(Message("cmyk_converted"))
    elif mode in ("1", "L", "LA", "La"):
        remarks.append(Message("grey_copied"))
    elif mode not in ("RGB", "RGBA", "RGBX", "RGBa"):
        remarks.append(Message("mode_converted", {"mode": mode}))
    if picture.mode in ("RGBA", "LA"):
        picture = Image.merge("RGB", picture.split()[:3]) if picture.mode == "RGBA" else picture.getchannel("L")
    return _array(picture if picture.mode == "RGB" else picture.convert("RGB"))


def _array(picture: Image.Image) -> UInt8Array:
    """Return the pixels of an RGB picture; strip by strip, for the library would hold three copies of a large one."""
    width, height = picture.size
    pixels = np.empty((height, width, 3), dtype=np.uint8)
    for top in range(0, height, STRIP):
        bottom = min(top + STRIP, height)
        pixels[top:bottom] = np.asarray(picture.crop((0, top, width, bottom)))
    pixels.setflags(write=False)  # so that a record can hold it without a copy
    return pixels


def _is_16_bit(picture: Image.Image, data: bytes, kind: PictureFormat) -> bool:
    if kind.decoder == "PNG":
        return data[24:25] == b"\x10"  # bit depth in IHDR
    bits = getattr(picture, "tag_v2", {}).get(BITS_PER_SAMPLE, ())
    return bool(bits) and max(np.atleast_1d(bits)) == 16
