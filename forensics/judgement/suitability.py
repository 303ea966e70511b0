"""What can be told of an exhibit before it is scored: the stratum it belongs to, and signs that it is no fit subject.

A stratum is what a calibration is made for: what is shown, how it was compressed, how large it is. Everything is measured
on the exhibit itself, never taken from what somebody says about it.
"""

from collections.abc import Mapping
from functools import cache
from itertools import product, starmap

import cv2
import numpy as np

from forensics.evidence.record import Evidence
from forensics.messages import Message, known, quoted
from forensics.records.arrays import UInt8Array

__all__ = [
    "MIN_QUALITY",
    "MIN_SIDE",
    "STRATA",
    "finds_face",
    "looks_like_screenshot",
    "neighbourhood",
    "stratum_of",
    "stratum_words",
    "too_small",
    "unfit",
]

MIN_SIDE = 64  # pixels; below it one tile is mostly padding, and nothing was validated there
MIN_QUALITY = (
    40.0  # estimated JPEG quality; below it blocks of eight pixels are nearly flat and hold no trace of a source
)
# Half a step lower than they say, as an estimate of 84.8 is what a file saved at 85 may get.
COMPRESSIONS = ((84.5, "jpeg_85_and_more"), (59.5, "jpeg_60_to_84"), (0.0, "jpeg_below_60"))
NOT_JPEG = "not_jpeg"
SIZES = ((640, "side_640_and_more"), (256, "side_256_to_639"), (0, "side_below_256"))
SUBJECTS = ("no_face_found", "face_found", "any_subject")
LOOK, MARGIN, SMALLEST = 154, 50, 28  # pixels: a face is looked for at this long side, with room round it
# Portrait; of phones, tablets and computers that were sold in numbers from 2014 to 2025.
SCREENS = frozenset(
    (
        (640, 1136), (720, 1280), (720, 1560), (720, 1600), (750, 1334), (768, 1024), (768, 1366), (800, 1280), (828, 1792),
        (900, 1440), (900, 1600), (1024, 1280), (1080, 1920), (1080, 2160), (1080, 2220), (1080, 2280), (1080, 2340),
        (1080, 2376), (1080, 2400), (1080, 2408), (1080, 2412), (1080, 2460), (1125, 2436), (1170, 2532), (1179, 2556),
        (1200, 1920), (1206, 2622), (1220, 2712), (1242, 2208), (1242, 2688), (1284, 2778), (1290, 2796), (1320, 2868),
        (1344, 2992), (1440, 2560), (1440, 2960), (1440, 3040), (1440, 3088), (1440, 3120), (1440, 3200), (1440, 3440),
        (1488, 2266), (1536, 2048), (1600, 2560), (1620, 2160), (1640, 2360), (1668, 2224), (1668, 2388), (1800, 2880),
        (1964, 3024), (2048, 2732), (2160, 3840), (2234, 3456),
    )
)  # fmt: skip


def _stratum(*parts: str) -> Message:
    return Message("stratum", {"parts": [known(part) for part in parts]})


# Every stratum under its name, which is its English text and what a calibration card holds it under.
STRATA: Mapping[str, Message] = {
    stratum.text: stratum
    for stratum in starmap(
        _stratum,
        product(SUBJECTS, (*(c for _least, c in COMPRESSIONS), NOT_JPEG), (s for _least, s in SIZES)),
    )
}


def stratum_words(name: str) -> Message:
    """Return a stratum as something that can be said in every language; one of another card as its name stands."""
    return STRATA.get(name) or quoted(name)


def stratum_of(evidence: Evidence) -> str:
    """Return the stratum of an exhibit: what is shown, compression and size, as measured on it.

    Parameters
    ----------
    evidence : Evidence
        With pixels.

    Returns
    -------
    str
        Such as ``face found, JPEG 60 to 84, short side 256 to 639``.
    """
    subject = SUBJECTS[finds_face(evidence.require_pixels())]
    short = min(evidence.width, evidence.height)
    size = next(code for least, code in SIZES if short >= least)
    return _stratum(subject, _compression(evidence), size).text


def neighbourhood(stratum: str) -> str:
    """Return the name of a stratum together with its neighbours, which differ from it in what is shown alone."""
    return f"any subject,{stratum.partition(',')[2]}"


def _compression(evidence: Evidence) -> str:
    if evidence.media_type != "image/jpeg":
        return NOT_JPEG
    quality = evidence.metadata.jpeg_quality or 0.0
    return next(code for least, code in COMPRESSIONS if quality >= least)


def finds_face(pixels: UInt8Array) -> bool:
    """Return whether a frontal face fills a good part of the picture.

    The cascade of local binary patterns that scikit-image carries (Liao et al., ICB 2007; trained by OpenCV), on a copy of
    154 pixels a side with its edges continued, so that faces that fill the frame are found too.
    """
    height, width = pixels.shape[:2]
    share = LOOK / max(height, width)
    size = (max(8, round(width * share)), max(8, round(height * share)))
    grey = cv2.cvtColor(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    framed = cv2.copyMakeBorder(grey, *(MARGIN,) * 4, cv2.BORDER_REPLICATE)
    found = _cascade().detect_multi_scale(
        np.ascontiguousarray(framed), scale_factor=1.1, step_ratio=1, min_size=(SMALLEST,) * 2,
        max_size=(LOOK + 2 * MARGIN,) * 2, min_neighbor_number=3,
    )  # fmt: skip
    return bool(found)


@cache
def _cascade():  # type: ignore[no-untyped-def]  # scikit-image has no annotations
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())


def looks_like_screenshot(evidence: Evidence) -> bool:
    """Return whether the file says that it is a screenshot, or is no camera file and has exactly the size of a screen."""
    metadata = evidence.metadata
    said = " ".join((*metadata.software, *metadata.exif.values())).lower()
    if "screenshot" in said or "screen shot" in said:
        return True
    camera = any("make" in name.lower() or "model" in name.lower() for name in metadata.exif)
    sides = tuple(sorted((evidence.width, evidence.height)))
    return not camera and evidence.media_type != "image/jpeg" and sides in SCREENS


def too_small(evidence: Evidence) -> bool:
    """Return whether the picture is smaller than what any view needs, so that it is not scored."""
    return min(evidence.width, evidence.height) < MIN_SIDE


def unfit(evidence: Evidence) -> tuple[Message, ...]:
    """Return why strength of evidence cannot be stated for an exhibit whatever its score; empty if nothing stands against it."""
    reasons = []
    quality = evidence.metadata.jpeg_quality
    if evidence.media_type == "image/jpeg" and quality is not None and quality < MIN_QUALITY:
        reasons.append(Message("too_compressed", {"quality": quality, "least": MIN_QUALITY}))
    if looks_like_screenshot(evidence):
        reasons.append(Message("screenshot_like"))
    return tuple(reasons)
