"""Metadata for a copy: what tells a place or a person is withheld, and that it is there is said.

Of EXIF, only fields known to be harmless are kept: makers put places, names and whole pictures into fields of their own. Of
other metadata, fields are withheld by the words in their names. A text that was withheld in one field is withheld in all.
"""

import re
from collections.abc import Mapping
from typing import Any

from forensics.records.canonical import JsonObject
from forensics.redaction.plan import Redaction

__all__ = ["WITHHELD", "redacted_metadata"]

WITHHELD = "Present; withheld in this copy."
LETTERS = 4  # that a text needs to be looked for in other fields: shorter ones, and dates, are found by chance


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# EXIF fields that tell of camera, exposure, time and coding, and of no person or place. Offsets from UTC tell a time zone.
TECHNICAL = _words(
    """
    ApertureValue BitsPerSample BrightnessValue CFAPattern ColorSpace ComponentsConfiguration CompositeImage
    CompressedBitsPerPixel Compression Contrast CustomRendered DateTime DateTimeDigitized DateTimeOriginal DigitalZoomRatio
    ExifImageHeight ExifImageWidth ExifInteroperabilityOffset ExifOffset ExifVersion ExposureBiasValue ExposureIndex ExposureMode
    ExposureProgram ExposureTime FNumber FileSource Flash FlashEnergy FlashPixVersion FocalLength FocalLengthIn35mmFilm
    FocalPlaneResolutionUnit FocalPlaneXResolution FocalPlaneYResolution GainControl Gamma ISOSpeed ISOSpeedRatings ImageLength
    ImageWidth InteropIndex LensMake LensModel LensSpecification LightSource Make MaxApertureValue MeteringMode Model
    Orientation PhotometricInterpretation PlanarConfiguration ProcessingSoftware RecommendedExposureIndex ResolutionUnit
    SamplesPerPixel Saturation SceneCaptureType SceneType SensingMethod SensitivityType Sharpness ShutterSpeedValue Software
    StandardOutputSensitivity SubjectDistanceRange SubsecTime SubsecTimeDigitized SubsecTimeOriginal WhiteBalance WhitePoint
    XResolution YCbCrCoefficients YCbCrPositioning YCbCrSubSampling YResolution unreadable
    """
)
# Fields that tell a person or one device, shown where names are.
PERSONAL = _words(
    """
    Artist BodySerialNumber CameraOwnerName CameraSerialNumber Copyright HostComputer ImageUniqueID LensSerialNumber
    OwnerName RawDataUniqueID SerialNumber XPAuthor
    """
)
PLACE_WORDS = _words(
    "gps latitude longitude altitude location sublocation city town village country province county region regions district "
    "place places address postal postcode zip geo geotag landmark timezone bearing"
)
# Free text and data of makers can tell a place as well as a name.
FREE_WORDS = _words(
    "description caption comment comments headline title subject keyword keywords instructions event history maker makernote "
    "packet iptc resources preview thumbnail xmp"
)
NAME_WORDS = _words(
    "owner artist author authors creator byline copyright rights credit contact person people face faces serial unique host "
    "hostname email phone url web user signer issuer writer editor document instance"
)
PROGRAM_FIELDS = frozenset({"creatortool"})  # of XMP: a program
STATE = "photoshop:state"  # a place; elsewhere a state is what something is in
PROFILES = ("srgb", "display p3", "adobe rgb", "prophoto", "rec2020", "rec. 709", "gray gamma", "dot gain")


def redacted_metadata(metadata: Mapping[str, Any], redaction: Redaction) -> JsonObject:
    """Return metadata as JSON values without what a redaction withholds; `metadata` is not changed.

    Parameters
    ----------
    metadata : mapping
        Of a `forensics.types.Metadata`; nested mappings of any depth. EXIF is under ``exif``.
    redaction : Redaction

    Returns
    -------
    dict
        The same keys. ``"Present; withheld in this copy."`` stands for each value that is withheld; True, False and None
        stay, since they only say whether something is there.
    """
    withheld: set[str] = set()
    found = _redacted(metadata, redaction, withheld)
    texts = sorted(t for t in withheld if sum(map(str.isalpha, t)) >= LETTERS)
    return dict(_without(found, texts))


def _redacted(record: Mapping[str, Any], redaction: Redaction, withheld: set[str]) -> JsonObject:
    found: JsonObject = {}
    for key, value in record.items():
        if str(key).lower() == "exif" and isinstance(value, Mapping):
            fields_shown = TECHNICAL if redaction.names else TECHNICAL | PERSONAL
            found[key] = {
                name: text if name in fields_shown or not redaction.active else _withhold(text, withheld)
                for name, text in value.items()
            }
            if redaction.names:  # a name is found again in parts too: of a program that it is registered to
                withheld.update(w for name in PERSONAL & set(value) for w in re.findall(r"\w+", str(value[name])))
        elif _tells_withheld(str(key), value, redaction):
            found[key] = _withhold(value, withheld)
        elif isinstance(value, Mapping):
            found[key] = _redacted(value, redaction, withheld)
        elif isinstance(value, list | tuple):
            found[key] = [_redacted(v, redaction, withheld) if isinstance(v, Mapping) else v for v in value]
        else:
            found[key] = value
    return found


def _tells_withheld(key: str, value: object, redaction: Redaction) -> bool:
    """Return whether a field tells something that is withheld, by the words of its name."""
    if redaction.active and key.lower() == STATE:
        return True
    key = key.rsplit(":", 1)[-1]  # XMP writes the name space before it
    name = re.sub(r"[^A-Za-z]", "", key).lower()
    if not redaction.active or name in PROGRAM_FIELDS:
        return False
    if name == "iccprofile":  # screens are named after their owners
        return redaction.names and isinstance(value, str) and not value.lower().startswith(PROFILES)
    words = {w.lower() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", key)} | {name}
    if words & PLACE_WORDS or words & FREE_WORDS:
        return True
    return redaction.names and bool(words & NAME_WORDS)


def _withhold(value: object, withheld: set[str]) -> object:
    if value is None or isinstance(value, bool) or value in ("", [], (), {}):
        return value
    withheld.update(_texts(value))
    return WITHHELD


def _texts(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [t for v in value.values() for t in _texts(v)]
    if isinstance(value, list | tuple):
        return [t for v in value for t in _texts(v)]
    return [value.replace("\0", "").strip()] if isinstance(value, str) else []


def _without(value: Any, texts: list[str]) -> Any:
    """Return a value in which every text that holds one of those withheld is withheld too."""
    if isinstance(value, Mapping):
        return {key: _without(v, texts) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without(v, texts) for v in value]
    if isinstance(value, str) and value != WITHHELD and any(t in value for t in texts):
        return WITHHELD
    return value
