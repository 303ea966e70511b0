"""The kinds of picture that are read, recognised by their first bytes and never by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FORMATS", "PictureFormat", "sniff"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFormat:
    """One kind of picture file.

    Parameters
    ----------
    title : str
        For people.
    decoder : str
        Pillow's name of the only plug-in that may open it.
    media_type : str
    suffixes : tuple of str
        Usual file name endings, lower case with the dot.
    """

    title: str
    decoder: str
    media_type: str
    suffixes: tuple[str, ...]


def _format(title: str, decoder: str, media_type: str, *suffixes: str) -> PictureFormat:
    return PictureFormat(title=title, decoder=decoder, media_type=media_type, suffixes=suffixes)


FORMATS: Mapping[str, PictureFormat] = MappingProxyType(
    {
        "jpeg": _format("JPEG", "JPEG", "image/jpeg", ".jpg", ".jpeg", ".jpe", ".jfif"),
        "png": _format("PNG", "PNG", "image/png", ".png", ".apng"),
        "webp": _format("WebP", "WEBP", "image/webp", ".webp"),
        "tiff": _format("TIFF", "TIFF", "image/tiff", ".tif", ".tiff"),
        "bmp": _format("BMP", "BMP", "image/bmp", ".bmp", ".dib"),
        "gif": _format("GIF", "GIF", "image/gif", ".gif"),
        "avif": _format("AVIF", "AVIF", "image/avif", ".avif", ".avifs"),
        "heic": _format("HEIC", "HEIF", "image/heic", ".heic", ".heif", ".hif"),
    }
)

_STARTS = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"BM", "bmp"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def sniff(data: bytes) -> PictureFormat | None:
    """Return the kind of picture that the bytes start as, or None."""
    for start, name in _STARTS:
        if data.startswith(start):
            return FORMATS[name]
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return FORMATS["webp"]
    if data[4:8] == b"ftyp":
        length = min(max(int.from_bytes(data[:4], "big"), 16), 256)
        brands = {data[8:12], *(data[i : i + 4] for i in range(16, length, 4))}
        if brands & {b"avif", b"avis"}:
            return FORMATS["avif"]
        if brands & set(_HEIF_BRANDS):
            return FORMATS["heic"]
    return None
