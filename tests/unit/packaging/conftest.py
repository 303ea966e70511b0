"""A case folder as people have one: two reports, exhibits, findings, a custody log, signatures and a public key."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from forensics.custody import CustodyLog, Item, load_private_key, new_key, sign_file
from forensics.packaging import write_package
from forensics.report import write_report
from tests.conftest import textured
from tests.report_samples import CASE, NOW, evidence, finding, jpeg, unreadable


def picture(seed: int) -> np.ndarray:
    return textured(96, 128, seed)


def build_case(folder: Path) -> Path:
    """Write the case; the key of the examiner lies in it as it should not, beside its public half."""
    exhibits = folder / "from the phone" / "DCIM"
    exhibits.mkdir(parents=True)
    pictures = [evidence(picture(seed), name=f"IMG_{seed}.jpg") for seed in (1, 2)]
    for seed, one in zip((1, 2), pictures, strict=True):
        (exhibits / one.name).write_bytes(jpeg(picture(seed)))
    (exhibits / "not reported.jpg").write_bytes(b"another person")
    found = [finding(one, n_views=4, seed=seed) for seed, one in enumerate(pictures)]
    log = folder / "custody.jsonl"
    items = [Item.from_file(exhibits / one.name) for one in pictures]
    CustodyLog(log).append("received", actor="R. Okafor", inputs=items, note="sealed, no. 4471", now=NOW)
    new_key(folder / "examiner.pem", passphrase=None)
    key = load_private_key(folder / "examiner.pem")
    options = {"case": CASE, "now": NOW, "residuals": ()}
    write_report([found[0], unreadable()], folder / "first.html", custody=log, **options)
    write_report(found[1:], folder / "second.html", **options)
    sign_file(folder / "first.html", key, signer="R. Okafor", now=NOW)
    sign_file(log, key, signer="R. Okafor", now=NOW)
    CustodyLog(log).append("signed", actor="R. Okafor", inputs=[Item.from_file(folder / "first.html")], now=NOW)
    (folder / "findings.jsonl").write_text("".join(f"{one.to_json()}\n" for one in found), encoding="utf-8")
    (folder / "page.html").write_text("<!doctype html><p>some other page</p>")
    (folder / "notes.txt").write_text("private notes")
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_case(tmp_path_factory.mktemp("made") / "case-12")


@pytest.fixture
def case(made_once: Path, tmp_path: Path) -> Path:
    """A fresh copy of the case."""
    return Path(shutil.copytree(made_once, tmp_path / "case-12"))


@pytest.fixture(scope="session")
def packaged_once(made_once: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Path(shutil.copytree(made_once, tmp_path_factory.mktemp("packaged") / "case-12"))
    key = load_private_key(place / "examiner.pem")
    return write_package(place, key=key, actor="R. Okafor", now=NOW)


@pytest.fixture
def bag(packaged_once: Path, tmp_path: Path) -> Path:
    """A fresh copy of its signed package, in a folder of another name."""
    return Path(shutil.copytree(packaged_once, tmp_path / "handed over"))


@pytest.fixture
def package() -> Callable[..., Path]:
    """Make a package with the usual actor and clock."""

    def make(folder: Path, out: Path | None = None, **options: object) -> Path:
        return write_package(folder, out, **{"actor": "R. Okafor", "now": NOW, **options})

    return make
