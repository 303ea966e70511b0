"""Ways in which a picture reaches an examiner: saved again, scaled, cut, mirrored, sent, photographed off a screen.

Each takes pixels and returns the bytes of a file, so that what can be measured of the file (its compression, its size) is
true of the copy too. Both classes are treated alike wherever they are used, and nothing here is drawn at random.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from forensics.errors import UnknownNameError
from forensics.evidence.record import Evidence, Limits
from forensics.messages import Message, quoted
from forensics.records.arrays import UInt8Array

__all__ = ["AS_RECEIVED", "DELIVERIES", "HARMLESS", "Delivery", "deliver", "delivery_words"]

RECEIVED = Message("as_received")
AS_RECEIVED = RECEIVED.text
CROP = 0.05  # of each side
DISPLAY, MESSENGER = 0.9, 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One way of delivering a picture.

    Parameters
    ----------
    title, done : Message
        What it is called, and what is done.
    make : callable
        uint8 (H, W, 3) RGB to the bytes of a file.
    """

    title: Message
    done: Message
    make: Callable[[UInt8Array], bytes]

    @property
    def name(self) -> str:
        """Under which records hold it."""
        return self.title.text

    @property
    def text(self) -> str:
        """What is done, in English."""
        return self.done.text


def _jpeg(pixels: UInt8Array, quality: int) -> bytes:
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    return bytes(cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), options)[1])


def _png(pixels: UInt8Array) -> bytes:
    return bytes(cv2.imencode(".png", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1])


def _scaled(pixels: UInt8Array, share: float, interpolation: int = cv2.INTER_AREA) -> UInt8Array:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(cv2.resize(pixels, size, interpolation=interpolation))


def _cropped(pixels: UInt8Array) -> UInt8Array:
    height, width = pixels.shape[:2]
    top, left = int(height * CROP), int(width * CROP)
    return pixels[top : height - top, left : width - left]


def _saved(quality: int) -> Delivery:
    values = {"quality": quality}
    return Delivery(title=Message("saved", values), done=Message("saved_how", values), make=lambda x: _jpeg(x, quality))


def _resized(percent: int) -> Delivery:
    values = {"percent": percent}
    return Delivery(
        title=Message("resized_to", values),
        done=Message("resized_to_how", values),
        make=lambda x: _jpeg(_scaled(x, percent / 100), 90),
    )


_ALL = (
    _saved(95),
    _saved(85),
    _saved(75),
    _saved(60),
    _resized(75),
    _resized(50),
    Delivery(title=Message("cropped"), done=Message("cropped_how"), make=lambda x: _jpeg(_cropped(x), 95)),
    Delivery(title=Message("mirrored"), done=Message("mirrored_how"), make=lambda x: _jpeg(x[:, ::-1], 95)),
    Delivery(
        title=Message("messenger_like"),
        done=Message("messenger_like_how"),
        make=lambda x: _jpeg(_pixels(_jpeg(_scaled(x, MESSENGER), 70)), 50),
    ),
    Delivery(
        title=Message("screenshot_like_copy"),
        done=Message("screenshot_like_copy_how"),
        make=lambda x: _png(_scaled(x, DISPLAY, cv2.INTER_LINEAR)),
    ),
)
DELIVERIES: dict[str, Delivery] = {delivery.name: delivery for delivery in _ALL}
# The two that people do without a thought; an outcome that does not survive them is none.
HARMLESS = ("JPEG 85", "resized 75 %")


def deliver(evidence: Evidence, name: str) -> Evidence:
    """Return a copy of an exhibit as it would have arrived in another way.

    Parameters
    ----------
    evidence : Evidence
        With pixels.
    name : str
        One of `DELIVERIES`, or ``as received`` for the exhibit itself.

    Raises
    ------
    UnknownNameError
        There is no such delivery.
    EvidenceError
        The exhibit has no pixels at hand, or is beyond what the format of the copy can hold.
    """
    if name == AS_RECEIVED:
        return evidence
    if name not in DELIVERIES:
        raise UnknownNameError(f"No {name!r} among the deliveries: {', '.join(DELIVERIES)}. Choose one of these.")
    # A copy is no larger than the exhibit, which was let in under whatever limits the examiner set.
    limits = Limits(
        max_bytes=sys.maxsize,
        max_pixels=evidence.width * evidence.height,
        max_side=max(evidence.width, evidence.height),
    )
    return Evidence.from_bytes(DELIVERIES[name].make(evidence.require_pixels()), name=evidence.name, limits=limits)


def delivery_words(name: str) -> Message:
    """Return what a delivery is called, as something that can be said in every language; an unknown one as its name stands."""
    if name == AS_RECEIVED:
        return RECEIVED
    return DELIVERIES[name].title if name in DELIVERIES else quoted(name)


def _pixels(data: bytes) -> UInt8Array:
    decoded = np.asarray(cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR))
    return decoded[..., ::-1]
