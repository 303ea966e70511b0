"""docs/architecture.md tells the truth: its layers are those of the linter, and its examples are there and as long as it says."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"`(\w+)` in `(forensics/[\w/.]+)`(?:, (\d+) lines)?", PAGE)

TABLE = PAGE.split("| layer, highest first | holds |\n|---|---|\n")[1].split("\n\n")[0]
DESCRIBED = [set(re.findall(r"`(\w+)`", row.split("|")[1])) for row in TABLE.splitlines()]


def test_layers_are_those_of_the_linter() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    linted = [set(re.findall(r"forensics\.(\w+)", layer)) for layer in contract["layers"]]
    assert linted == DESCRIBED
    assert "ignore_imports" not in str(settings["tool"]["importlinter"])


def test_every_package_and_module_has_its_layer() -> None:
    there = {p.stem for p in (ROOT / "forensics").iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()}
    assert there - {"__init__"} == set().union(*DESCRIBED)


def test_there_is_an_example_of_every_kind() -> None:
    assert len(EXAMPLES) >= 10
    named = re.findall(r"`(forensics/[\w/.]+?)/?`", PAGE)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize(("name", "file", "lines"), EXAMPLES)
def test_an_example_is_as_long_as_it_says(name: str, file: str, lines: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    if not lines:
        assert name in text
        return
    found = next(node for node in ast.parse(text).body if getattr(node, "name", None) == name)
    first = min([found.lineno, *(decorator.lineno for decorator in found.decorator_list)])
    assert found.end_lineno - first + 1 == int(lines)
