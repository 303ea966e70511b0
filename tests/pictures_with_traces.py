"""JPEG files that tell more than their pixels: GPS, names, serial numbers, thumbnail, previews, XMP, data of the maker.

Made from photographs that installed packages carry; every person, place and number in them is invented.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import skimage.data
from PIL import Image
from sklearn.datasets import load_sample_image

SHORT, LONG, RATIONAL, ASCII, BYTE, UNDEFINED = 3, 4, 5, 2, 1, 7
WHO = "Mirela Vantonescu"
SERIAL = "SN-7731-0042-X"
HOST = "mirelas-macbook.local"
TOWN = "Oberwiesenbach"
UNIQUE = "5a3f0c77d1e94bb2a6f8e2c4d9b1a0e3"
NAMES = (WHO, SERIAL, HOST, UNIQUE, "Vantonescu")
PLACES = (TOWN, "Freedonia")


@dataclass(frozen=True)
class Traced:
    """A file and what must not be found of it."""

    name: str
    data: bytes
    thumbnail: bytes
    preview: bytes
    latitude: tuple[int, int, int]  # degrees, minutes, hundredths of a second
    longitude: tuple[int, int, int]

    @property
    def position(self) -> tuple[str, ...]:
        """The position in several writings."""
        found: list[str] = []
        for degrees, minutes, hundredths in (self.latitude, self.longitude):
            seconds = hundredths / 100
            decimal = degrees + minutes / 60 + seconds / 3600
            found += [
                f"{decimal:.4f}",
                f"{decimal:.6f}",
                f"{minutes}, {seconds}",
                f"{degrees}.0, {minutes}.0, {seconds}",
            ]
            found += [
                f"{degrees},{minutes + seconds / 60:.4f}",
                f"{hundredths}/100",
                f"{degrees}° {minutes}",
                f"({degrees}.0,",
            ]
        return tuple(found)


def photographs(side: int = 256) -> dict[str, np.ndarray]:
    """Seven photographs with that longer side, uint8 (H, W, 3)."""
    found = {name: np.asarray(load_sample_image(f"{name}.jpg")) for name in ("china", "flower")}
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        found[name] = np.asarray(getattr(skimage.data, name)())[..., :3]
    found["cameraman"] = np.asarray(skimage.data.camera())[..., None].repeat(3, axis=2)
    return {name: _scaled(pixels, side) for name, pixels in found.items()}


def traced(number: int = 20, side: int = 256) -> Iterator[Traced]:
    """Files of different photographs, turned and mirrored copies among them, with different positions."""
    sources = list(photographs(side).items())
    for k in range(number):
        name, pixels = sources[k % len(sources)]
        turned = np.ascontiguousarray(np.rot90(pixels, k // len(sources)))
        yield with_traces(turned, name=f"{name}-{WHO.split()[0]}-{k}.jpg", seed=k)


def with_traces(pixels: np.ndarray, *, name: str, seed: int, quality: int = 90, orientation: int = 1) -> Traced:
    """The pixels as a JPEG file, 4:2:0, with all traces."""
    rng = np.random.default_rng(seed)
    latitude, longitude = (
        (int(rng.integers(30, 80)), int(rng.integers(11, 59)), int(rng.integers(1111, 5999))) for _ in "yx"
    )
    thumbnail, preview = _jpeg(_scaled(pixels, 160)), _jpeg(_scaled(pixels, 320))
    plain = _jpeg(pixels, quality)
    segments = _segment(0xE1, b"Exif\0\0" + _tiff(latitude, longitude, thumbnail, preview, orientation))
    segments += _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + _xmp(latitude, longitude))
    segments += _segment(
        0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x20\x1c\x02\x5a\0" + bytes([len(TOWN)]) + TOWN.encode()
    )
    # A second picture behind the end of the first, as phones keep it.
    return Traced(name, plain[:2] + segments + plain[2:] + preview, thumbnail, preview, latitude, longitude)


def _jpeg(pixels: np.ndarray, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def _scaled(pixels: np.ndarray, side: int) -> np.ndarray:
    scale = side / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    return np.ascontiguousarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))


def _segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def _tiff(
    latitude: tuple[int, int, int], longitude: tuple[int, int, int], thumbnail: bytes, preview: bytes, orientation: int
) -> bytes:
    """An EXIF block: main, EXIF, GPS and thumbnail directories one after the other."""
    maker = b"VENDOR\0\0" + WHO.encode() + b"\0" + preview[:20_000]
    gps = [
        (0x0000, BYTE, bytes([2, 3, 0, 0])),
        (0x0001, ASCII, b"N\0"),
        (0x0002, RATIONAL, _position(latitude)),
        (0x0003, ASCII, b"E\0"),
        (0x0004, RATIONAL, _position(longitude)),
        (0x001B, UNDEFINED, b"ASCII\0\0\0" + TOWN.encode()),
        (0x001D, ASCII, b"2026:01:02\0"),
    ]
    exif = [
        (0x829A, RATIONAL, struct.pack("<LL", 1, 250)),
        (0x9003, ASCII, b"2026:01:02 03:04:05\0"),
        (0x9011, ASCII, b"+02:00\0"),
        (0x927C, UNDEFINED, maker),
        (0x9286, UNDEFINED, b"ASCII\0\0\0taken in " + TOWN.encode()),
        (0xA420, ASCII, UNIQUE.encode() + b"\0"),
        (0xA430, ASCII, WHO.encode() + b"\0"),
        (0xA431, ASCII, SERIAL.encode() + b"\0"),
        (0xA435, ASCII, SERIAL.encode() + b"-L\0"),
        (0xC7A1, ASCII, b"private: " + WHO.encode() + b"\0"),
    ]
    main = [
        (0x010E, ASCII, f"{WHO} in {TOWN}\0".encode()),
        (0x010F, ASCII, b"Canon\0"),
        (0x0110, ASCII, b"EOS 40D\0"),
        (0x0112, SHORT, struct.pack("<H", orientation)),
        (0x0131, ASCII, f"Firmware 1.1, registered to {WHO}\0".encode()),
        (0x013B, ASCII, WHO.encode() + b"\0"),
        (0x013C, ASCII, HOST.encode() + b"\0"),
        (0x8298, ASCII, f"(c) {WHO}\0".encode()),
        (0x9C9D, BYTE, (WHO + "\0").encode("utf-16-le")),
    ]
    pointers = [(0x8769, LONG, b"\0" * 4), (0x8825, LONG, b"\0" * 4)]
    at = 8
    length = len(_directory([*main, *pointers], at, 0))
    exif_at = at + length
    gps_at = exif_at + len(_directory(exif, exif_at, 0))
    second_at = gps_at + len(_directory(gps, gps_at, 0))
    pointers = [(0x8769, LONG, struct.pack("<L", exif_at)), (0x8825, LONG, struct.pack("<L", gps_at))]
    second = [
        (0x0103, SHORT, struct.pack("<H", 6)),
        (0x0201, LONG, b"\0" * 4),
        (0x0202, LONG, struct.pack("<L", len(thumbnail))),
    ]
    picture_at = second_at + len(_directory(second, second_at, 0))
    second[1] = (0x0201, LONG, struct.pack("<L", picture_at))
    return (
        b"II*\0"
        + struct.pack("<L", at)
        + _directory([*main, *pointers], at, second_at)
        + _directory(exif, exif_at, 0)
        + _directory(gps, gps_at, 0)
        + _directory(second, second_at, 0)
        + thumbnail
    )


def _directory(entries: list[tuple[int, int, bytes]], at: int, following: int) -> bytes:
    sizes = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
    head, body = struct.pack("<H", len(entries)), b""
    beyond = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        head += struct.pack("<HHL", tag, kind, len(value) // sizes[kind])
        if len(value) <= 4:
            head += value.ljust(4, b"\0")
        else:
            head += struct.pack("<L", beyond + len(body))
            body += value + b"\0" * (len(value) % 2)
    return head + struct.pack("<L", following) + body


def _position(degrees: tuple[int, int, int]) -> bytes:
    return struct.pack("<6L", degrees[0], 1, degrees[1], 1, degrees[2], 100)


def _xmp(latitude: tuple[int, int, int], longitude: tuple[int, int, int]) -> bytes:
    places = "".join(
        f' exif:GPS{name}="{d},{m + s / 6000:.4f}{side}"'
        for name, (d, m, s), side in (("Latitude", latitude, "N"), ("Longitude", longitude, "E"))
    )
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmp:CreatorTool="Vantonescu Editor 3"{places} photoshop:City="{TOWN}" photoshop:Country="Freedonia" '
        f'dc:creator="{WHO}"/></rdf:RDF></x:xmpmeta>'
    ).encode()
