import hashlib
import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from forensics.evidence.decoding import STRIP
from forensics.types import Evidence
from tests.broken_files import png_chunk
from tests.conftest import encoded, textured

SMALL = np.arange(18, dtype=np.uint8).reshape(2, 3, 3) * 10  # 2 high, 3 wide, all pixels different


@pytest.mark.parametrize(
    ("name", "options", "media_type"),
    [("PNG", {}, "image/png"), ("WEBP", {"lossless": True}, "image/webp"), ("TIFF", {}, "image/tiff"),
     ("BMP", {}, "image/bmp")],
)  # fmt: skip
def test_lossless_formats_keep_every_pixel(name: str, options: dict[str, object], media_type: str) -> None:
    pixels = textured()
    data = encoded(pixels, name, **options)
    evidence = Evidence.from_bytes(data)
    assert np.array_equal(evidence.pixels, pixels)
    assert evidence.media_type == media_type
    assert evidence.sha256 == hashlib.sha256(data).hexdigest()
    assert evidence.n_bytes == len(data)


@pytest.mark.parametrize("name", ["JPEG", "GIF", "AVIF", "HEIC"])
def test_lossy_formats_are_close(name: str) -> None:
    y, x = np.mgrid[0:64, 0:80]
    pixels = np.stack([x * 3, y * 3, 60 + x + y], axis=2).astype(np.uint8)
    if name == "HEIC":
        buffer = io.BytesIO()
        pillow_heif.from_pillow(Image.fromarray(pixels)).save(buffer, quality=90)
        data = buffer.getvalue()
    else:
        data = encoded(pixels, name, **({} if name == "GIF" else {"quality": 90}))
    evidence = Evidence.from_bytes(data)
    assert evidence.pixels.shape == pixels.shape
    assert np.abs(evidence.pixels.astype(int) - pixels).mean() < 12


# Orientation n turns the stored picture so that it is upright (Exif 2.32, 4.6.4): what NumPy must do to SMALL.
TURNS = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: p[::-1, ::-1].transpose(1, 0, 2),
    8: lambda p: np.rot90(p, 1),
}


@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    evidence = Evidence.from_bytes(encoded(SMALL, "PNG", exif=exif))
    assert np.array_equal(evidence.pixels, TURNS[orientation](SMALL))
    assert bool(evidence.notes) == (orientation != 1)
    assert evidence.metadata.stored_size == (3, 2)


def test_sixteen_bit_grey_keeps_the_high_byte() -> None:
    values = np.array([[0, 255, 256], [511, 40_000, 65_535]], dtype=np.uint16)
    evidence = Evidence.from_bytes(encoded(values, "PNG"))
    assert evidence.pixels[..., 0].tolist() == [[0, 0, 1], [1, 156, 255]]
    assert any("high byte" in n for n in evidence.notes)


def deep_png(values: np.ndarray) -> bytes:
    """A 16-bit RGB PNG of (H, W, 3) uint16, chunk by chunk (RFC 2083): Pillow cannot write one."""
    height, width = values.shape[:2]

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    chunks = [png_chunk(kind, payload) for kind, payload in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_colour_keeps_the_high_byte(kind: str) -> None:
    values = np.array([[[0, 255, 256], [511, 40_000, 65_535]]], dtype=np.uint16)
    data = deep_png(values) if kind == "PNG" else cv2.imencode(".tiff", values[..., ::-1])[1].tobytes()
    evidence = Evidence.from_bytes(data)
    assert evidence.pixels.tolist() == [[[0, 0, 1], [1, 156, 255]]]
    assert any("high byte" in n for n in evidence.notes)


def test_a_colour_profile_is_named_and_not_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    evidence = Evidence.from_bytes(encoded(SMALL, "PNG", icc_profile=profile))
    assert np.array_equal(evidence.pixels, SMALL)
    assert evidence.metadata.icc_profile == "sRGB built-in"
    assert any("profile was not applied" in n for n in evidence.notes)
    assert Evidence.from_bytes(encoded(SMALL, "PNG", icc_profile=b"junk")).metadata.icc_profile == "unreadable profile"
    assert Evidence.from_bytes(encoded(SMALL, "PNG")).metadata.icc_profile is None


def with_segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    """The JPEG with one more segment after its first two bytes."""
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def test_xmp_is_found_and_only_its_software_is_read() -> None:
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf xmp:CreatorTool="Editor 7 (Windows)"/></x:xmpmeta>'
    jpeg = encoded(textured(), "JPEG")
    metadata = Evidence.from_bytes(with_segment(jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet)).metadata
    assert metadata.xmp
    assert metadata.software == ("Editor 7 (Windows)",)
    assert not Evidence.from_bytes(jpeg).metadata.xmp


def test_a_c2pa_manifest_is_found_and_not_believed() -> None:
    """A JUMBF superbox in APP11 whose description box has the C2PA type (C2PA 2.1, A.3.1)."""
    label = bytes.fromhex("63327061 0011 0010 8000 00aa00389b71") + b"\x03c2pa\0"
    description = struct.pack(">I", 8 + len(label)) + b"jumd" + label
    box = b"JP" + struct.pack(">HI", 1, 1) + struct.pack(">I", 8 + len(description)) + b"jumb" + description
    jpeg = encoded(textured(), "JPEG")
    assert Evidence.from_bytes(with_segment(jpeg, 0xEB, box)).metadata.provenance.state == "invalid"
    assert Evidence.from_bytes(with_segment(jpeg, 0xEB, b"JP other")).metadata.provenance.state == "none"


def test_a_thumbnail_is_found() -> None:
    """EXIF with an IFD1 that names a JPEG thumbnail (Exif 2.32, 4.6.3: tags 0x0201 and 0x0202)."""
    thumbnail = encoded(textured(8, 8), "JPEG")
    ifd0 = struct.pack("<H", 0) + struct.pack("<I", 14)
    start = 14 + 2 + 2 * 12 + 4
    ifd1 = struct.pack("<H", 2) + struct.pack("<HHII", 0x0201, 4, 1, start)
    ifd1 += struct.pack("<HHII", 0x0202, 4, 1, len(thumbnail)) + struct.pack("<I", 0)
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + ifd0 + ifd1 + thumbnail
    jpeg = encoded(textured(), "JPEG")
    assert Evidence.from_bytes(with_segment(jpeg, 0xE1, exif)).metadata.thumbnail
    assert not Evidence.from_bytes(jpeg).metadata.thumbnail


def test_alpha_palette_grey_and_cmyk_are_noted() -> None:
    rgba = np.dstack([SMALL, np.zeros((2, 3), np.uint8)])
    evidence = Evidence.from_bytes(encoded(rgba, "PNG"))
    assert np.array_equal(evidence.pixels, SMALL)
    assert any("Transparency was dropped" in n for n in evidence.notes)
    for mode, word in (("P", "Palette"), ("L", "Grey"), ("CMYK", "CMYK")):
        buffer = io.BytesIO()
        Image.fromarray(textured()).convert(mode).save(buffer, format="TIFF")
        evidence = Evidence.from_bytes(buffer.getvalue())
        assert evidence.pixels.shape == (96, 128, 3)
        assert any(word in n for n in evidence.notes)


@pytest.mark.parametrize("quality", [30, 50, 75, 90, 95])
def test_quality_is_estimated_from_the_tables(quality: int) -> None:
    metadata = Evidence.from_bytes(encoded(textured(), "JPEG", quality=quality)).metadata
    assert metadata.jpeg_quality == pytest.approx(quality, abs=1)
    with Image.open(io.BytesIO(encoded(textured(), "JPEG", quality=quality))) as picture:
        assert metadata.quantisation == tuple(tuple(t) for t in picture.quantization.values())


def test_jpeg_coding_is_reported() -> None:
    plain = Evidence.from_bytes(encoded(textured(), "JPEG")).metadata
    other = Evidence.from_bytes(encoded(textured(), "JPEG", subsampling=0, progressive=True)).metadata
    assert (plain.subsampling, plain.progressive) == ("4:2:0", False)
    assert (other.subsampling, other.progressive) == ("4:4:4", True)


def test_exif_software_and_hostile_text_are_kept_as_text() -> None:
    exif = Image.Exif()
    exif[0x0131] = "<script>alert(1)</script>"
    metadata = Evidence.from_bytes(encoded(textured(), "JPEG", exif=exif)).metadata
    assert metadata.software == ("<script>alert(1)</script>",)
    assert metadata.exif["Software"] == "<script>alert(1)</script>"
    assert metadata.provenance.state == "none"
    assert not metadata.thumbnail


def test_the_name_does_not_decide(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(textured(), "PNG"))
    before = path.stat().st_mtime_ns
    evidence = Evidence.from_file(path)
    assert evidence.media_type == "image/png"
    assert any("ends in .jpg" in n for n in evidence.notes)
    assert path.stat().st_mtime_ns == before


def test_a_picture_of_many_strips_has_every_row_in_its_place() -> None:
    pixels = textured(2 * STRIP + 7, 33)
    assert np.array_equal(Evidence.from_bytes(encoded(pixels)).pixels, pixels)
    grey = pixels[..., 0]
    assert np.array_equal(Evidence.from_bytes(encoded(grey)).pixels, np.repeat(grey[..., None], 3, axis=2))
