# Six verbs for people and for CI: setup, test, test-long, lint, docs, bench; `demo` shows the main job.
# Needs python3 (3.11 or newer) with venv, make and git; everything else lands in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# Stamps: setup is skipped while they are newer than what they were made from.
INSTALLED := $(VENV)/.installed
WARMED := $(VENV)/.warmed

.PHONY: setup demo test test-long lint docs bench clean
.DELETE_ON_ERROR:

setup: $(WARMED)

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("regift needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 setup")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "python3 has no venv: apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV): once, and again only when pyproject.toml changes"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install -qq --disable-pip-version-check --editable . --group dev
	mkdir -p .dev && ln -sfn .. .dev/regift
	touch $@

# Kernels compile once and are kept; only a change of their sources makes this run again.
$(WARMED): $(INSTALLED) $(wildcard graph/*.py loaders/*.py ranking/*.py)
	$(BIN)/python -m regift.refresh.warm
	touch $@

demo: setup
	$(BIN)/regift demo

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q -rs

# The same tests with many times the examples: hours, for a night.
test-long: setup
	REGIFT_LONG=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q -rs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check
	$(BIN)/python docs/feature_table.py --check

# What a program writes in minutes; benchmarks/run.py and benchmarks/evaluation.py --write take longer.
docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/feature_table.py
	$(BIN)/python docs/transcript.py README.md
	$(BIN)/python docs/transcript.py docs/enforcement.md
	$(BIN)/python benchmarks/linking.py --write

bench: setup
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) .dev build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
