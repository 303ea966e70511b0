"""What the repository promises about itself."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import forensics
from tests.calibrations import STARTER_CARD

ROOT = Path(__file__).parent.parent.parent
PUBLIC = [
    "RESIDUALS", "Attribution", "AttributionError", "BranchScores", "CalibrationError", "Case", "Caveat", "Detector", "ErrorRow", "Evidence", "EvidenceError",
    "Finding", "ForensicsError", "LikelihoodRatio", "Limits", "ModelError", "Redaction", "VerbalScale", "WeightsMismatchError", "attribute", "explore",
    "load_detector", "read_findings", "residual_maps", "verify_report", "write_report",
]  # fmt: skip


def test_public_names() -> None:
    assert forensics.__all__ == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(forensics))
    assert all(getattr(forensics, name) is not None for name in PUBLIC)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = forensics.nonsense


def test_importing_needs_no_torch() -> None:
    code = "import sys, forensics; sys.exit(int(bool({'torch', 'numpy', 'PIL', 'timm'} & set(sys.modules))))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_examining_imports_nothing_that_takes_a_second() -> None:
    """timm and torchvision, and the compiler of torch that both they and a flag of torch bring along."""
    code = (
        "import sys; from forensics import load_detector; "
        "load_detector().examine('tests/parity/picture_300x200.png'); "
        "print([m for m in ('timm', 'torchvision', 'torch._dynamo', 'triton', 'captum', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_readme_code_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "README.md", "exec"), {})  # noqa: S102  # our own README


@pytest.mark.slow
def test_readme_commands_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command line of the README, in its order, in a folder with the files it names; training only parses.

    All in this process, for a process of its own would import PyTorch for each; `test_cli` starts it as users do.
    """
    from forensics import cli

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = [c.split() for c in re.findall(r"^    \.venv/bin/forensics (.*)$", text, re.MULTILINE)]
    assert {c[0] for c in commands} == {
        "examine", "verify", "weights", "train", "calibrate", "validate", "keys", "sign", "timestamp", "custody",
        "evaluate", "audit", "plot",
    }  # fmt: skip
    (tmp_path / "FOLDER").mkdir()
    for place in ("photo.jpg", "FOLDER/photo.jpg"):
        shutil.copy(ROOT / "tests" / "parity" / "picture_300x200.png", tmp_path / place)
    shutil.copy(ROOT / "tests" / "parity" / "dfd_tiny.pth", tmp_path / "final_model.pth")
    shutil.copytree(ROOT / "configs", tmp_path / "configs")
    shutil.copy(STARTER_CARD, tmp_path / "card.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "_leave", lambda code: sys.exit(code or 0))  # instead of ending this process
    for command in commands:
        monkeypatch.setattr(sys, "argv", ["forensics", *command])
        with pytest.raises(SystemExit) as left:
            cli.main()
        said = capsys.readouterr().err
        if command[0] in ("calibrate", "validate"):  # LABELLED is not there: the command is understood, and says so
            assert left.value.code == 1, said
            assert "LABELLED cannot be read as labelled pictures" in said
        elif command[0] == "plot":  # no run was made: the log is named as missing
            assert left.value.code == 2, said
            assert "there is no log at" in said
        elif command[0] in (
            "train",
            "evaluate",
            "audit",
        ):  # FOLDER holds no index: the command is understood, the data are named as missing
            assert left.value.code == 1, said
            assert "index.csv" in said
        else:
            assert left.value.code == 0, (command, said)


def test_lock_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert not re.search(r"--(extra-)?index-url|--find-links|file:|https?://", lock)


def test_no_comparison_is_thrown_away() -> None:
    """A bare ``pytest.approx(...)`` or ``allclose(...)`` statement tests nothing."""
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
                name = ast.unparse(node.value.func)
                assert not re.search(r"(approx|allclose|isclose|array_equal|\.equal)$", name), f"{path.name}: {name}"


def test_weights_are_small_and_say_their_licence() -> None:
    from forensics.detector import starter_files
    from forensics.models.weights import read_manifest

    assert len(starter_files()) == 3
    for path in starter_files():
        assert path.stat().st_size < 20e6
        manifest = read_manifest(path)
        assert "non-commercial" in manifest.licence
        assert len(manifest.training["index_sha256"]) == 64
