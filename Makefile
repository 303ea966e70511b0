# `make demo`, `make test` and `make check` do all set-up: Python 3.11+, make and a package index are enough.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-processors test-wheel check lab clean

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(None if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed; set PYTHON=python3.11')"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/installed
	$(BIN)/python -m forensics demo

test: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

test-processors: .venv/installed
	$(BIN)/python -m tests.processors

# Builds a wheel and tries it without the tree under each of these that is there; needs a package index.
PYTHONS ?= python3.11 python3.12 python3.13
test-wheel: .venv/installed
	PYTHONS="$(PYTHONS)" $(BIN)/python -m pytest tests/wheel.py

check: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell --skip "*.lock,*.ipynb,*.html" forensics tests docs *.md
	$(BIN)/validate-pyproject pyproject.toml

lab: .venv/installed
	$(BIN)/python -m forensics lab

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache runs
