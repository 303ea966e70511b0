"""Files that no picture can be read from, one of each kind."""

import os
import struct
import zlib
from pathlib import Path

from tests.conftest import encoded, textured

__all__ = ["BROKEN", "png_chunk", "write_broken"]


def png_chunk(kind: bytes, payload: bytes) -> bytes:
    """Return one chunk of a PNG file (RFC 2083): length, kind, payload, checksum."""
    return struct.pack(">I", len(payload)) + kind + payload + struct.pack(">I", zlib.crc32(kind + payload))


def _png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"\0" * 100)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _contents() -> dict[str, bytes]:
    pixels = textured()
    jpeg, png, webp = (encoded(pixels, f) for f in ("JPEG", "PNG", "WEBP"))
    tiff, gif, bmp, avif = (encoded(pixels, f) for f in ("TIFF", "GIF", "BMP", "AVIF"))
    idat = png.index(b"IDAT") + 8
    size = jpeg.index(b"\xff\xc0") + 5
    return {
        "empty.jpg": b"",
        "text.jpg": b"this is no picture\n",
        "random.jpg": bytes(range(7, 256)) * 8,
        "page.png": b"<html><body>404</body></html>",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'></svg>",
        "document.pdf": b"%PDF-1.7\n",
        "script.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "archive.zip": b"PK\x03\x04" + b"\0" * 60,
        "start-only.jpg": b"\xff\xd8\xff",
        "truncated.jpg": jpeg[: len(jpeg) // 2],
        "zero-size.jpg": jpeg[:size] + b"\0\0\0\0" + jpeg[size + 4 :],
        "truncated.png": png[: len(png) // 2],
        "corrupt.png": png[:idat] + bytes(b ^ 0x55 for b in png[idat : idat + 200]) + png[idat + 200 :],
        "huge-header.png": _png_claiming(60_000, 60_000),
        "zero-header.png": _png_claiming(0, 10),
        "truncated.webp": webp[: len(webp) // 2],
        "bad-directory.tif": tiff[:4] + b"\xff\xff\xff\x7f" + tiff[8:],
        "truncated.tif": tiff[:400],
        "truncated.gif": gif[:30],
        "huge.bmp": bmp[:18] + struct.pack("<ii", 2_000_000_000, 2) + bmp[26:],
        "truncated.bmp": bmp[:100],
        "truncated.avif": avif[: len(avif) // 2],
        "corrupt.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\x99" * 200,
    }


BROKEN = (*_contents(), "folder.jpg", "missing.jpg", "pipe.jpg")


def write_broken(folder: Path, name: str) -> Path:
    """Write one of `BROKEN` and return its path."""
    path = folder / name
    if name == "folder.jpg":
        path.mkdir()
    elif name == "pipe.jpg":
        os.mkfifo(path)
    elif name != "missing.jpg":
        path.write_bytes(_contents()[name])
    return path
