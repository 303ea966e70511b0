"""The view of layers without a browser: what it sends, what it answers, what it refuses."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from forensics.errors import EvidenceError
from forensics.explorers.drawing.layer_view import ASSETS, BUDGET, EXACT_AREA, MODES, ZOOMS, LayerView
from forensics.explorers.drawing.picture_layers import Layer
from tests.conftest import textured

HOSTILE = '<img src=x onerror=alert(1)>"\u202e'


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def layer(pixels: np.ndarray, name: str = "Picture", alt: str = "What was made for a test.") -> Layer:
    return Layer(name=name, pixels=pixels, alt=alt)


def decoded(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def payload(view: LayerView) -> int:
    return sum(len(given["data"]) for given in view.layers)


@pytest.fixture
def view() -> LayerView:
    """Three layers of columns 100 to 164 and rows 50 to 98."""
    return LayerView([layer(textured(48, 64, k), f"Layer {k}") for k in range(3)], origin=(100, 50))


@pytest.fixture
def sent(view: LayerView, monkeypatch: pytest.MonkeyPatch) -> list[tuple[dict[str, Any], list[bytes]]]:
    messages: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(view, "send", lambda content, buffers=None: messages.append((content, buffers or [])))
    return messages


def test_small_layers_are_sent_without_loss(view: LayerView) -> None:
    assert [given["name"] for given in view.layers] == ["Layer 0", "Layer 1", "Layer 2"]
    for k, given in enumerate(view.layers):
        assert given["note"] == ""
        assert given["media_type"] == "image/webp"
        assert np.array_equal(decoded(given["data"]), textured(48, 64, k))
    assert (view.size, view.first, view.second) == ((64, 48), 0, 1)


def test_a_grey_layer_is_shown_grey() -> None:
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    shown = decoded(LayerView([layer(grey)]).layers[0]["data"])
    assert np.array_equal(shown, np.stack([grey] * 3, axis=-1))


def test_pixels_are_copied() -> None:
    pixels = np.zeros((8, 8, 3), np.uint8)
    view = LayerView([layer(pixels)])
    pixels[:] = 200
    assert view._value_text(0, 0) == "Picture 0, 0, 0"


@pytest.mark.parametrize("n", [1, 2, 6])
def test_the_payload_stays_small_even_for_noise(n: int) -> None:
    view = LayerView([layer(noise(1024, 1024, k)) for k in range(n)])
    assert payload(view) <= BUDGET == 1_500_000
    assert payload(view) > 0.6 * BUDGET  # what is allowed is used
    lengths = [len(given["data"]) for given in view.layers]
    assert max(lengths) < 2 * min(lengths)  # each has its share
    for given in view.layers:
        assert given["note"].startswith("Preview, compressed with loss")


def test_what_a_small_layer_leaves_goes_to_the_others() -> None:
    """Noise of 640 × 640 has 1.23 MB: more than half the budget, but it fits beside a layer of one colour."""
    flat = np.full((640, 640, 3), 7, np.uint8)
    view = LayerView([layer(noise(640, 640)), layer(flat)])
    assert [given["note"] for given in view.layers] == ["", ""]
    assert payload(view) > BUDGET * 0.75


def test_a_layer_that_does_not_fit_is_made_smaller_and_says_so() -> None:
    view = LayerView([layer(noise(2048, 2048))])
    assert payload(view) <= BUDGET
    assert re.search(r"at 1/\d of the size\.$", view.layers[0]["note"])


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("mode", "flicker", "'flicker'. Choose one of 'blend', 'swipe', 'side by side'."),
        ("mode", None, "None. Choose one of"),
        ("zoom", 3, "3. Choose one of 1, 2, 4, 8."),
        ("zoom", True, "True. Choose one of"),
        ("first", 3, "no layer 3. There are 0: Layer 0; 1: Layer 1; 2: Layer 2. Choose one of these numbers."),
        ("second", -1, "no layer -1"),
        ("second", "Layer 1", "no layer 'Layer 1'"),
        ("share", 1.1, "1.1. Give a number from 0 to 1."),
        ("share", float("nan"), "nan. Give a number"),
        ("height", 20, "20. Give a number from 120 to 2000."),
        ("offset", (65, 0), "65. Give a number from 0 to 64."),
        ("offset", 3, "3. Give left and top in pixels of the part."),
        ("origin", (1.5, 0), "(1.5, 0). Give 2 whole numbers: left and top of the part."),
        ("region", (99, 50, 110, 60), "columns 100 to 164, rows 50 to 98. Give left < right"),
        ("region", (100, 50, 165, 60), "does not lie within"),
        ("region", (100, 50, 110, 99), "does not lie within"),
        ("region", (110, 50, 110, 60), "does not lie within"),
        ("region", (1, 2, 3), "Give 4 whole numbers: left, top, right and bottom."),
        ("region", (100.5, 50, 110, 60), "Give 4 whole numbers"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_next_step(
    trait: str, value: object, words: str, view: LayerView
) -> None:
    before = getattr(view, trait)
    with pytest.raises(ValueError, match=re.escape(words)):
        setattr(view, trait, value)
    assert getattr(view, trait) == before


def test_the_whole_part_can_be_marked_and_a_list_is_a_tuple(view: LayerView) -> None:
    view.region = [100, 50, 164, 98]  # as it comes from the browser
    assert view.region == (100, 50, 164, 98)
    view.region = None
    assert view.region is None


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        ([], "0 layers. Give 1 to 12."),
        ([np.zeros((4, 4, 3), np.uint8)] * 13, "13 layers."),
        ([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5, 3), np.uint8)], "Cut the same part out of every layer."),
        ([np.zeros((4, 4, 3), np.float32)], "Give uint8"),
        ([np.zeros((4, 4, 4), np.uint8)], "Give uint8"),
        ([np.zeros((0, 4, 3), np.uint8)], "Give uint8"),
        ([np.zeros((1, 4097, 3), np.uint8)], "Show at most 4096 a side."),
    ],
)
def test_layers_that_do_not_fit_together_are_refused(pixels: list[np.ndarray], words: str, view: LayerView) -> None:
    layers = [layer(p) for p in pixels]
    with pytest.raises(ValueError, match=re.escape(words)):
        LayerView(layers)
    with pytest.raises(ValueError, match=re.escape(words)):
        view.show(layers)
    assert len(view.layers) == 3


@pytest.mark.parametrize("options", [{"mode": "x"}, {"region": (0, 0, 99, 1)}, {"second": 1}])
def test_a_view_that_is_refused_is_closed(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[LayerView] = []
    monkeypatch.setattr(LayerView, "close", lambda self: closed.append(self))
    with pytest.raises(ValueError, match=r"\.$"):
        LayerView([layer(noise(8, 8))], **options)
    assert len(closed) == 1


def test_showing_other_layers_keeps_what_still_holds(view: LayerView) -> None:
    view.mode, view.zoom, view.first, view.second, view.offset = "swipe", 4, 2, 1, (10, 5)
    view.region = (130, 60, 150, 70)
    view.show([layer(textured(48, 64, 9), "Other")], origin=(120, 55))
    assert (view.mode, view.zoom, view.first, view.second, view.offset) == ("swipe", 4, 0, 0, (10, 5))
    assert (view.origin, view.region) == ((120, 55), (130, 60, 150, 70))
    view.show([layer(textured(48, 32, 9), "Narrow")], origin=(120, 55))
    assert (view.offset, view.size, view.region) == ((0, 0), (32, 48), (130, 60, 150, 70))
    view.show([layer(textured(48, 32, 9), "Elsewhere")], origin=(0, 0))
    assert view.region is None


def test_a_pixel_is_asked_on_the_picture(view: LayerView, sent: list[tuple[dict[str, Any], list[bytes]]]) -> None:
    view.read = lambda x, y: f"at {x}, {y}: R 1\u202e"
    view._answer(view, {"ask": [103, 51]}, [])
    assert sent == [({"answer": [103, 51], "text": "at 103, 51: R 1⟨U+202E⟩"}, [])]


def test_without_a_reader_the_colours_are_told(view: LayerView, sent: list[tuple[dict[str, Any], list[bytes]]]) -> None:
    view._answer(view, {"ask": [103, 51]}, [])
    colours = [", ".join(map(str, textured(48, 64, k)[1, 3])) for k in range(3)]
    assert sent[0][0]["text"] == "; ".join(f"Layer {k} {c}" for k, c in enumerate(colours))


@pytest.mark.parametrize("error", [EvidenceError("no pixels."), ValueError("no."), IndexError("out.")])
def test_a_reader_that_fails_says_why(
    error: Exception, view: LayerView, sent: list[tuple[dict[str, Any], list[bytes]]]
) -> None:
    def read(x: int, y: int) -> str:
        raise error

    view.read = read
    view._answer(view, {"ask": [103, 51]}, [])
    assert sent[0][0]["text"] == f"No value here: {error}"


@pytest.mark.parametrize(
    "message",
    [
        None, "ask", {}, {"ask": None}, {"ask": [1]}, {"ask": [1.5, 2]}, {"ask": ["a", "b"]}, {"ask": [99, 50]},
        {"ask": [164, 50]}, {"ask": [100, 98]}, {"exact": [100, 50, 165, 98]}, {"exact": [100, 50, 100, 98]}, {"exact": 1},
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_not_answered(
    message: object, view: LayerView, sent: list[tuple[dict[str, Any], list[bytes]]]
) -> None:
    view._answer(view, message, [])
    assert sent == []


def test_a_preview_gives_its_exact_pixels_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = [noise(1024, 1024, k) for k in range(3)]
    view = LayerView([layer(p) for p in pixels], origin=(200, 100), first=2, second=1)
    sent: list[tuple[dict[str, Any], list[bytes]]] = []
    monkeypatch.setattr(view, "send", lambda content, buffers=None: sent.append((content, buffers)))
    view._answer(view, {"exact": [300, 150, 420, 210]}, [])
    content, parts = sent.pop()
    assert content == {"exact": [300, 150, 420, 210], "layers": [2, 1]}
    for k, part in zip((2, 1), parts, strict=True):
        assert np.array_equal(decoded(part), pixels[k][50:110, 100:220])
    side = int(EXACT_AREA**0.5)
    view._answer(view, {"exact": [200, 100, 200 + side, 100 + side]}, [])
    assert sum(map(len, sent.pop()[1])) <= BUDGET
    view._answer(view, {"exact": [200, 100, 200 + side + 1, 100 + side + 1]}, [])
    assert sent == []  # more than one answer may hold


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))


def test_the_static_page_is_complete_and_harmless() -> None:
    layers = [layer(textured(8, 16), HOSTILE, HOSTILE), layer(textured(8, 16, 1), "Second", "A & B")]
    view = LayerView(layers, origin=(4, 2), region=(5, 3, 7, 6))
    page = view.to_html()
    reader = _Reader()
    reader.feed(page)
    assert {tag for tag, _ in reader.elements} == {"div", "figure", "img", "figcaption", "b"}
    assert not any(name.startswith("on") for _, attributes in reader.elements for name in attributes)
    pictures = [attributes for tag, attributes in reader.elements if tag == "img"]
    assert [p["alt"] for p in pictures] == ['<img src=x onerror=alert(1)>"⟨U+202E⟩', "A & B"]
    for picture, given in zip(pictures, layers, strict=True):
        kind, data = (picture["src"] or "").split(",")
        assert kind == "data:image/webp;base64"
        assert np.array_equal(decoded(base64.b64decode(data)), given.pixels)
    assert "\u202e" not in page
    assert page.count("Columns 4 to 19, rows 2 to 9. Marked: columns 5 to 6, rows 3 to 5.") == 2


def test_a_preview_says_so_in_the_static_page() -> None:
    assert "Preview, compressed with loss." in LayerView([layer(noise(1024, 1024))]).to_html()


def test_names_are_made_visible_before_they_are_sent() -> None:
    given = LayerView([layer(textured(8, 8), HOSTILE + "n" * 200, HOSTILE)]).layers[0]
    assert "\u202e" not in given["name"] + given["alt"]
    assert len(given["name"]) < 200


def test_the_script_fetches_and_evaluates_nothing() -> None:
    script = (ASSETS / "layers.js").read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "fetch(", "import ",
                 "XMLHttpRequest", "http:", "https:"):  # fmt: skip
        assert word not in script
    assert "url(" not in (ASSETS / "layers.css").read_text(encoding="utf-8")


def test_the_script_and_python_know_the_same_modes_and_zooms() -> None:
    script = (ASSETS / "layers.js").read_text(encoding="utf-8")
    modes = re.search(r"^const MODES = (.*);$", script, re.MULTILINE)
    zooms = re.search(r"^const ZOOMS = \[(.*)\];$", script, re.MULTILINE)
    assert modes
    assert zooms
    assert tuple(re.findall(r'\["([^"]+)",', modes[1])) == MODES
    assert tuple(map(int, zooms[1].split(","))) == ZOOMS


def test_the_assets_lie_beside_the_code() -> None:
    assert Path(LayerView._esm._path).name == "layers.js"
