"""A laboratory's own training: starting from given weights, and drawing the log."""

import functools
import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from forensics import cli
from forensics.demo import write_practice_folder
from forensics.models.weights import BranchSpec, Manifest, read_manifest, write_weights
from forensics.reproducibility import file_sha256
from forensics.training import loop
from forensics.training.initial import branch_tables
from forensics.training.plots import draw_log, read_log, write_plot
from forensics.views import Tiles
from tests.browser import CHROMIUM, chromium

SETTINGS = """
name = "own"
licence = "none"
seed = 1
data = { train = ["textures", "photographs"], withheld = ["astronaut"] }
forgeries = { tile = 32, late_tile = 32, shares = { upsample = 1.0 } }
optimiser = { steps = 2, pairs = 2, warmup = 1 }
"""
LOG = Path(__file__).parent.parent.parent / "docs" / "validation" / "starter-0.1-training-log.jsonl"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with ``pictures``, ``own.toml`` and two files of weights, ``a`` and ``b``."""
    write_practice_folder(tmp_path / "pictures")
    branches = {
        "context": BranchSpec(
            architecture="starter_replknet", arguments={"layers": [1, 1, 1, 1], "widths": [8, 8, 8, 8]}
        )
    }
    manifest = Manifest(name="tiny", branches=branches, scheme=Tiles(), licence="none")
    for name in "ab":
        built = {branch: spec.build() for branch, spec in branches.items()}
        write_weights(tmp_path / f"{name}.safetensors", branches=built, manifest=manifest)
    (tmp_path / "own.toml").write_text(SETTINGS + branch_tables(branches), encoding="utf-8")
    return tmp_path


def arguments(place: Path, *options: str, command: str = "train") -> list[str]:
    out = ["--out", str(place / "run")] if command == "train" else []
    return [command, str(place / "own.toml"), "--data", str(place / "pictures"), *out, *options]


def test_init_is_read_as_weights_are_and_kept_to(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "train", functools.partial(loop.train, workers=0))
    first = CliRunner().invoke(cli.app, arguments(place, "--init", str(place / "a.safetensors")))
    assert first.exit_code == 0, first.output
    [path] = map(Path, first.stdout.split())
    assert read_manifest(path).training["init_sha256"] == file_sha256(place / "a.safetensors")
    other = CliRunner().invoke(cli.app, arguments(place, "--init", str(place / "b.safetensors")))
    assert other.exit_code == 2
    assert other.stderr.count("Give the same initial weights, or another --out") == 1
    foreign = CliRunner().invoke(cli.app, arguments(place, "--init", "starter", "--out", str(place / "new")))
    assert foreign.exit_code == 1
    assert "no branch 'context'" in str(foreign.exception)


def test_the_audit_of_an_own_folder_trains_nothing(place: Path) -> None:
    result = CliRunner().invoke(cli.app, arguments(place, "--pairs", "100", command="audit"))
    assert "| upsample | logistic | 100 |" in result.stdout, result.output
    assert result.exit_code == int("**failed**" in result.stdout)
    assert not (place / "run").exists()


def test_the_log_is_drawn_without_pictures_and_without_training(place: Path) -> None:
    none = CliRunner().invoke(cli.app, ["plot", str(place / "run"), "--out", str(place / "curves.html")])
    assert none.exit_code == 2
    assert none.stderr.startswith(f"there is no log at {place / 'run' / 'log.jsonl'}. Name the --out")
    (place / "run").mkdir()
    (place / "run" / "log.jsonl").write_bytes(LOG.read_bytes())
    shutil.rmtree(place / "pictures")
    page = place / "new" / "curves.html"
    drawn = CliRunner().invoke(cli.app, ["plot", str(place / "run"), "--out", str(page)])
    assert drawn.exit_code == 0, drawn.output
    assert drawn.stdout.strip() == str(page)
    text = page.read_text(encoding="utf-8")
    assert "run: training log" in text
    assert re.findall(r"<script[^>]*>", text) == ["<script>"] * 3  # no src: nothing is fetched
    assert "<link" not in text
    assert [p.name for p in (place / "run").iterdir()] == ["log.jsonl"]
    first = page.read_bytes()
    CliRunner().invoke(cli.app, ["plot", str(place / "run"), "--out", str(page)])
    assert page.read_bytes() == first


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium")
def test_the_drawing_opens_in_a_browser_and_asks_for_nothing(tmp_path: Path) -> None:
    page = write_plot(tmp_path / "curves.html", draw_log(read_log(LOG)))
    with chromium() as browser:
        browser.open(page)
        assert browser.complaints == []
        assert browser.requests == [page.resolve().as_uri()]
        assert browser.value("document.querySelectorAll('#log .scatterlayer .trace').length") == 5
