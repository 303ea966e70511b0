"""A wheel without its tree and without the extras: the core runs, and what is missing is named by its install line."""

import ast
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from forensics.errors import EXTRAS

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CORE = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
WITH_OTHERS = {
    "markupsafe": "jinja2",
    "traitlets": "ipywidgets",
}  # installed with what is declared, and part of its interface
# Some modules of these packages are for people who have the extras; every other module is imported without them.
NOT_OF_THE_CORE = ("forensics.explorers", "forensics.attribution", "forensics.training")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run Python in an empty folder, with the package of a wheel and nothing that only an extra brings."""
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = place.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(place / "site")
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(place / "site"), "OMP_NUM_THREADS": "1"}
    starter = [sys.executable, "-P", str(ROOT / "tests" / "without_extras.py")]

    def start(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*starter, *arguments], cwd=elsewhere, env=environment, capture_output=True, text=True, check=False
        )

    found = start("-c", "import forensics; print(forensics.__file__)")
    assert found.stdout.strip() == str(place / "site" / "forensics" / "__init__.py"), found.stderr
    return start


@pytest.mark.slow
def test_the_core_runs_from_a_wheel_without_its_tree(run: Run) -> None:
    commands = [
        "demo",
        "examine reports/demo/exhibits/china.jpg --json found.jsonl --report found.html --language ko --redact-faces "
        "--custody custody.jsonl --case-number 7",
        "keys new KEY.pem --no-passphrase",
        "sign found.html --key KEY.pem",
        "custody show custody.jsonl",
        "verify found.html --evidence reports/demo/exhibits --key KEY.pem.pub --custody custody.jsonl",
        "package reports/demo --out bag",
        "weights verify",
        "calibrate reports/demo/exhibits --out card.json",  # no labelled pictures: said after all is imported
        "validate reports/demo/exhibits --out v.html",
    ]
    code = (
        "import json\n"
        "from typer.testing import CliRunner\n"
        "from forensics.cli import app\n"
        f"done = [CliRunner().invoke(app, line.split()) for line in {commands}]\n"
        "print(json.dumps([(d.exit_code, repr(d.exception), d.stdout.splitlines()) for d in done]))"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert [code for code, _, _ in results] == [0] * 8 + [1] * 2, results
    assert all("CalibrationError" in error for _, error, _ in results[8:]), results[8:]
    shown = results[0][2]
    assert sum(".jpg " in line for line in shown) == 7  # a line for each exhibit
    assert shown[-1] == "reports/demo/report.html"


MISSING = (
    ("import forensics; forensics.explore", "lab", "ipywidgets"),
    ("from forensics.explorers import state", "lab", "ipywidgets"),
    ("from forensics.calibration import TippettDisplay as d; d.from_llrs([1.0, -1.0], [1, 0]).plot()", "lab", "plotly"),
    ("from forensics.cli import lab; lab()", "lab", "jupyterlab"),
    ("import forensics; forensics.attribute", "explain", "captum"),
    ("from forensics.models import BRANCHES as b; b['timm'](variant='v', attribution_layer='a')", "train", "timm"),
    (
        "from forensics.training.pairs.post_chain import h264 as h; h(numpy.zeros((8, 8, 3), 'u1'), crf=20)",
        "video",
        "av",
    ),
    ("from forensics.custody import verify_timestamp as v; open('a', 'w'); v('a')", "timestamp", "rfc3161-client"),
    ("from forensics.models.execution.backends import _core; _core()", "fast", "openvino"),
)


@pytest.fixture(scope="module")
def told(run: Run) -> dict[str, tuple[str, str]]:
    """Return what fails -> the extra that its error names, and the error: pieces of code, and imports of each module."""
    code = (
        "import json, numpy, pkgutil, forensics\n"
        "from forensics.errors import MissingExtraError\n"
        "def failed(name): pass\n"
        "modules = [m.name for m in pkgutil.walk_packages(forensics.__path__, 'forensics.', onerror=failed)]\n"
        "modules.remove('forensics.__main__')  # it starts the program\n"
        "told = {}\n"
        f"for code in [*{[code for code, _, _ in MISSING]}, *(f'import {{name}}' for name in modules)]:\n"
        "    try: exec(code)\n"
        "    except MissingExtraError as err: told[code] = err.extra, str(err)\n"
        "    except ModuleNotFoundError as err: told[code] = '', str(err)\n"
        "print(json.dumps(told))"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("code", "extra", "distribution"), MISSING)
def test_what_is_missing_is_named_by_its_install_line(
    told: dict[str, tuple[str, str]], code: str, extra: str, distribution: str
) -> None:
    named, text = told[code]
    assert named == extra
    assert text.endswith(f" needs {distribution}, which is not installed. Next: pip install 'forensics[{extra}]'.")


def test_each_module_of_the_core_is_imported_without_extras(told: dict[str, tuple[str, str]]) -> None:
    for code, (extra, text) in told.items():
        if code.startswith("import forensics."):
            assert extra in ("lab", "explain", "train"), (code, text)
            assert code.split()[1].startswith(NOT_OF_THE_CORE), (code, text)


def test_the_extras_of_the_table_bring_what_it_says() -> None:
    extras = {
        extra: {canonicalize_name(Requirement(line).name) for line in lines}
        for extra, lines in PROJECT["optional-dependencies"].items()
    }
    for distribution, extra in EXTRAS.values():
        assert canonicalize_name(distribution) in extras[extra]
        assert canonicalize_name(distribution) not in CORE
    named = {canonicalize_name(distribution) for distribution, _ in EXTRAS.values()}
    for extra, distributions in extras.items():
        assert extra in ("all", "dev", "oracle") or distributions <= named, extra
    (everything,) = (Requirement(line) for line in PROJECT["optional-dependencies"]["all"])
    assert everything.extras == set(extras) - {"all", "dev", "oracle"}


def _imports(tree: ast.AST, within: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield the modules of other packages that are imported when code runs, and whether `needed_by` stands around."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        guarded = within or (isinstance(node, ast.With) and "needed_by(" in ast.unparse(node.items[0]))
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module.partition(".")[0], guarded
        yield from _imports(node, guarded)


def test_every_import_is_declared() -> None:
    """Of the core, or within `needed_by`; the explorer's modules are behind one such line for all of them."""
    holders = packages_distributions()
    for path in sorted((ROOT / "forensics").rglob("*.py")):
        for module, guarded in _imports(ast.parse(path.read_text(encoding="utf-8"))):
            if module == "forensics" or module in sys.stdlib_module_names:
                continue
            if module in EXTRAS or module == "traitlets":
                assert guarded or path.is_relative_to(ROOT / "forensics" / "explorers"), (path, module)
            else:
                names = {canonicalize_name(name) for name in [*holders[module], WITH_OTHERS.get(module, module)]}
                assert names & CORE, (path, module)
