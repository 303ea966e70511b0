"""Shared fixtures: no network, pictures made from a seed, real photographs that packages carry."""

import hashlib
import io
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_sample_image

from forensics.detector import load_detector
from forensics.models.execution.modes import MODES
from forensics.report.checks import surroundings
from forensics.reproducibility import file_sha256
from forensics.types import Evidence
from tests.processors import imitate

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mode", choices=MODES, default="exact", help="in which mode detectors are loaded by default")


def pytest_configure(config: pytest.Config) -> None:
    imitate()
    load_detector.__kwdefaults__["mode"] = config.getoption("--mode")


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            raise OSError(f"tests may not reach the network: {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(autouse=True, scope="session")
def _shipped_weights_are_hashed_once() -> Iterator[None]:
    """A check of a report hashes 25 MB of weights, which stay as they are; tests make some 1,500 such checks."""
    known: dict[tuple[Path, int, int], str] = {}

    def digest(path: Path) -> str:
        if path.parent != surroundings.ASSETS:
            return file_sha256(path)
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size)
        if key not in known:
            known[key] = file_sha256(path)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surroundings, "file_sha256", digest)
        yield


@pytest.fixture
def now() -> datetime:
    """A fixed clock."""
    return NOW


def textured(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """Smooth structure with grain, uint8 (H, W, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    base = 120 + 60 * np.sin(x / 17 + seed) * np.cos(y / 11)
    picture = base[..., None] + rng.normal(0, 6, (height, width, 3)) + np.array([8, 0, -8])
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def encoded(pixels: np.ndarray, file_format: str = "PNG", **options: object) -> bytes:
    """The bytes of a file of that format."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=file_format, **options)
    return buffer.getvalue()


@pytest.fixture
def make_evidence() -> Callable[..., Evidence]:
    """Make a record around given or generated pixels without going through a file."""

    def make(pixels: np.ndarray | None = None, name: str = "exhibit.png", **fields: object) -> Evidence:
        pixels = textured() if pixels is None else pixels
        data = pixels.tobytes()
        digest = hashlib.sha256(data).hexdigest()
        options = {"media_type": "image/png", "n_bytes": len(data), **fields}
        return Evidence(pixels=pixels, sha256=digest, name=name, **options)

    return make


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A real photograph, uint8 (427, 640, 3): scikit-learn's china.jpg."""
    return np.asarray(load_sample_image("china.jpg"))


@pytest.fixture
def photograph_file(tmp_path: Path, photograph: np.ndarray) -> Path:
    """The same photograph as a JPEG file."""
    path = tmp_path / "china.jpg"
    path.write_bytes(encoded(photograph, "JPEG", quality=92))
    return path
