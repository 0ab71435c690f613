# What people and CI run. Each target makes its own environment first if it is not there or not up to date.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.stamp
BENCH_ENVIRONMENTS := hf4 hf5 runtimes
PARALLEL := --numprocesses auto --maxprocesses 4

# No target fetches models; pip alone may reach the network.
export HF_HUB_OFFLINE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test quick fuzz lint types docs check bench bench-quick bench-env clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(READY)  ## the best words for a mask, from PyTorch and from TensorFlow, side by side
	$(BIN)/python examples/demo.py

test: $(READY)  ## every test
	$(BIN)/python -m pytest $(PARALLEL)

quick: $(READY)  ## the tests that take no more than a few seconds each
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow"

fuzz: $(READY)  ## a million hard texts and 20,000 damaged files of each kind, for hours
	XLM_FUZZ_STRINGS=1000000 XLM_FUZZ_FILES=20000 $(BIN)/python -m pytest $(PARALLEL) tests/property

lint: $(READY)  ## style, and how files are laid out
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## static types
	$(BIN)/mypy

docs: $(READY)  ## the documentation, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: lint types docs test  ## all that CI runs

bench: $(READY)  ## speed and memory beside others', and the page that tells of them: half an hour, the machine at rest
	$(BIN)/python -m benchmarks.run --docs

bench-quick: $(READY)  ## the most important of it, in five minutes
	$(BIN)/python -m benchmarks.run --quick

bench-env: $(BENCH_ENVIRONMENTS:%=.bench/%/.stamp)  ## the environments of the others, some gigabytes

clean:  ## remove what the targets made, the environment included
	rm -rf $(VENV) .bench site build dist .coverage coverage.xml .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The build back end is installed like everything else, at its pinned version, so that pip need not fetch another.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt hatchling editables
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable ".[dev,docs]"
	@touch $@

.bench/%/.stamp: benchmarks/env/%.txt
	$(PYTHON) -m venv .bench/$*
	.bench/$*/bin/python -m pip install --quiet --requirement $<
	@touch $@
