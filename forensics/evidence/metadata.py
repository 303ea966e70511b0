"""What a file says about itself: reported, never scored.

The JPEG quality is estimated from the luminance quantisation table: libjpeg scales the table of ISO/IEC 10918-1
Annex K by ``5000 / q`` below 50 and ``200 - 2 q`` from 50 on, so the mean ratio of the table to Annex K's gives `q`.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from PIL import ExifTags, Image, ImageCms

from forensics.evidence.credentials.reading import read_provenance, referred_manifest
from forensics.evidence.credentials.record import Provenance
from forensics.evidence.credentials.trust_list import TrustList
from forensics.evidence.decoding import Header
from forensics.evidence.formats import PictureFormat
from forensics.evidence.record import Metadata
from forensics.evidence.texts import storable
from forensics.messages import Message

__all__ = ["jpeg_quality", "read_metadata"]

MAX_FIELDS, MAX_TEXT = 300, 2000
# ISO/IEC 10918-1, table K.1, row by row.
ANNEX_K = np.array(
    [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
        14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
)  # fmt: skip
_SOFTWARE = re.compile(rb"(?:xmp:)?CreatorTool(?:>|=\")([^<\"]{1,200})")


def read_metadata(
    data: bytes,
    *,
    kind: PictureFormat,
    header: Header,
    trust: TrustList | None = None,
    check_credentials: bool = True,
) -> Metadata:
    """Return the metadata of a file whose header was read.

    Parameters
    ----------
    data : bytes
        Of the whole file.
    kind : PictureFormat
    header : Header
    trust : TrustList, optional
        Authorities that may vouch for the signer of a content credential.
    check_credentials : bool
        False leaves a content credential untested.
    """
    info = header.info
    exif = _exif(header.exif)
    tables = header.quantisation if kind.decoder == "JPEG" else ()
    xmp = bool(info.get("xmp")) or b"<x:xmpmeta" in data
    software = [exif.get("Software"), exif.get("ProcessingSoftware"), info.get("Software")]
    if xmp:
        software += [m.decode("utf-8", "backslashreplace") for m in _SOFTWARE.findall(data)[:3]]
    return Metadata(
        exif=exif,
        software=tuple(dict.fromkeys(_text(s) for s in software if s)),
        jpeg_quality=jpeg_quality(tables[0]) if tables else None,
        quantisation=tables,
        subsampling=_subsampling(header.sampling) if kind.decoder == "JPEG" and header.sampling else None,
        progressive=bool(info.get("progressive")) if kind.decoder == "JPEG" else None,
        thumbnail=_has_thumbnail(header.exif),
        xmp=xmp,
        provenance=_provenance(data, kind, info, trust=trust, check=check_credentials),
        icc_profile=_profile_name(info.get("icc_profile")),
        stored_mode=header.mode,
        stored_size=header.size,
        n_frames=header.n_frames,
    )


def jpeg_quality(table: tuple[int, ...]) -> float:
    """Return the estimated quality on libjpeg's scale, in [1, 100], from a luminance table in natural order."""
    scale = 100.0 * float(np.sum(table)) / float(ANNEX_K.sum())
    quality = (200.0 - scale) / 2.0 if scale <= 100.0 else 5000.0 / scale
    return round(float(np.clip(quality, 1.0, 100.0)), 1)


def _exif(exif: Image.Exif) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        blocks = [(ExifTags.TAGS, "", dict(exif))]
        blocks.append((ExifTags.TAGS, "", exif.get_ifd(ExifTags.IFD.Exif)))
        blocks.append((ExifTags.GPSTAGS, "GPS", exif.get_ifd(ExifTags.IFD.GPSInfo)))
    except Exception:  # noqa: BLE001  # EXIF of hostile files breaks in every way; the pixels are still evidence
        return {"unreadable": "The EXIF block is damaged."}
    for names, prefix, block in blocks:
        for tag, value in list(block.items())[: MAX_FIELDS - len(found)]:
            name = str(names.get(tag, f"tag {tag:#06x}"))
            found[name if name.startswith(prefix) else prefix + name] = _text(value)
    return found


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        printable = value.rstrip(b"\0")
        text = printable.decode("ascii") if printable.isascii() else f"{len(value)} bytes: {value[:32].hex(' ')}"
    else:
        text = str(value)
    return storable(text, MAX_TEXT)


def _segments(data: bytes) -> list[tuple[int, bytes]]:
    """Return (marker, payload) of every JPEG segment before the first scan."""
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xDA:
            break
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((marker, data[at + 4 : at + 2 + length]))
        at += 2 + max(length, 2)
    return found


def _subsampling(factors: tuple[tuple[int, int], ...]) -> str:
    """Return the chroma sub-sampling of the sampling factors of all components."""
    if len(factors) == 1:
        return "grey"
    names = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (4, 1): "4:1:1", (1, 2): "4:4:0"}
    if set(factors[1:]) == {(1, 1)}:
        return names.get(factors[0], "x".join(map(str, factors[0])))
    return "; ".join(f"{h}x{v}" for h, v in factors)


def _has_thumbnail(exif: Image.Exif) -> bool:
    try:
        return 0x0201 in exif.get_ifd(ExifTags.IFD.IFD1)  # JPEGInterchangeFormat
    except Exception:  # noqa: BLE001  # as in _exif
        return False


def _provenance(
    data: bytes, kind: PictureFormat, info: dict[str, object], *, trust: TrustList | None, check: bool
) -> Provenance:
    """Return what the file's content credential is worth; most files have none, and cost a search only."""
    packets = [packet for packet in (info.get("xmp"), data) if isinstance(packet, bytes)]
    address = next(filter(None, map(referred_manifest, packets)), None)
    if not _has_credential(data, kind):
        if address is None:
            return Provenance()
        if address.startswith("self#"):
            return Provenance(message=Message("credential_gone", {"address": address}))
        return Provenance(state="remote", remote_url=address)
    if not check:
        return Provenance(state="not_tested", remote_url=address, message=Message("credential_check_off"))
    found = read_provenance(data, kind.media_type, trust=trust)
    if found.state in ("none", "remote"):
        found = replace(found, state="invalid", message=Message("credential_box_empty"))
    return replace(found, remote_url=address) if address and not address.startswith("self#") else found


# The kind of a JUMBF box that holds C2PA manifests (C2PA 2.1, 11.1.4.2), and the kind of a box around it in HEIF.
_STORE = b"jumd" + bytes.fromhex("63327061 0011 0010 8000 00aa00389b71")
_HEIF_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def _has_credential(data: bytes, kind: PictureFormat) -> bool:
    """Look for the place that holds C2PA manifests in this kind of file (C2PA 2.1, A.3)."""
    if kind.decoder == "JPEG":
        return any(marker == 0xEB and b"jumb" in p[:64] and b"c2pa" in p[:128] for marker, p in _segments(data))
    if kind.decoder == "PNG":
        return any(name == b"caBX" for name in _chunks(data, 8, order="big", extra=4))
    if kind.decoder == "WEBP":
        return any(name == b"C2PA" for name in _chunks(data, 12, order="little", extra=0))
    if kind.decoder == "GIF":
        return b"C2PA_GIF" in data or _STORE in data
    return _STORE in data or (kind.decoder in ("HEIF", "AVIF") and _HEIF_BOX in data)


def _chunks(data: bytes, at: int, *, order: Literal["big", "little"], extra: int) -> Iterator[bytes]:
    """Yield the names of the chunks of a PNG (length, name, content, checksum) or RIFF file (name, length, content)."""
    while at + 8 <= len(data):
        first, second = data[at : at + 4], data[at + 4 : at + 8]
        name, length = (second, first) if order == "big" else (first, second)
        yield name
        size = int.from_bytes(length, order)
        at += 8 + size + extra + (size % 2 if order == "little" else 0)


def _profile_name(profile: object) -> str | None:
    if not isinstance(profile, bytes):
        return None
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return _text(ImageCms.getProfileDescription(opened).strip()) or "unnamed profile"
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return "unreadable profile"
