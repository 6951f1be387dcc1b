# Everything a developer runs, each from a clean checkout. Needed: make, and Python 3.11 or newer.
#
# PYTHON=/path/to/python chooses the interpreter of environments that are made from now on; WORKERS=n the test processes.

WORKERS ?= 2
EXTRAS := demo,frames,objects,onnx,parquet,plots,skops
BIN := .venv/bin
PYTEST := -m pytest -n $(WORKERS)

# onnxruntime would send data from the moment it is imported.
export ORT_DISABLE_TELEMETRY := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test long lint format types docs notebooks oldest newest clean

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/.ready  ## the whole loop on a year of real flights; ends with build/flights/index.html
	$(BIN)/python notebooks/flights.py

test: .venv/.ready  ## the tests, at most ten minutes with everything installed from nothing
	$(BIN)/python $(PYTEST) -m "not long"

long: .venv/.ready  ## what takes longer: kill runs, simulations of the drift promise, timings of the registry
	$(BIN)/python $(PYTEST) -m long
	$(BIN)/python benchmarks/drift_promise.py
	$(BIN)/python benchmarks/registry.py

lint: .venv/.lint  ## ruff, nearly all rules, and its formatter
	$(BIN)/ruff check
	$(BIN)/ruff format --check

format: .venv/.lint  ## let ruff mend and format what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

types: .venv/.types  ## mypy, strict
	$(BIN)/mypy

docs: .venv/.docs  ## build/docs/index.html, with the notebooks executed; any warning is an error
	$(BIN)/sphinx-build -j $(WORKERS) -W --keep-going --nitpicky -b html docs build/docs

notebooks: .venv/.ready  ## run every notebook as the plain script it is
	set -e; for notebook in notebooks/*.py; do echo "== $$notebook"; $(BIN)/python "$$notebook"; done

oldest: .venv-oldest/.ready  ## the tests on the oldest supported packages, on Python 3.11
	.venv-oldest/bin/python $(PYTEST) -m "not long"

newest: .venv-newest/.ready  ## the tests on the newest packages, on Python 3.13
	.venv-newest/bin/python $(PYTEST) -m "not long"

clean:  ## remove what these commands made
	rm -rf .venv .venv-oldest .venv-newest build docs/reference/generated
	git clean -qfX docs/tutorial
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

# Environments: made on first use, renewed when pyproject.toml has changed.

.venv/.ready: pyproject.toml
	@.ci/environment .venv "3.12 3.13 3.11" --editable ".[$(EXTRAS),test]"
	@touch $@

.venv/.lint: .venv/.ready
	@.ci/environment .venv "" --editable ".[lint]"
	@touch $@

.venv/.types: .venv/.ready
	@.ci/environment .venv "" --editable ".[types]"
	@touch $@

.venv/.docs: .venv/.ready
	@.ci/environment .venv "" --editable ".[docs]"
	@touch $@

.venv-oldest/.ready: pyproject.toml .ci/lower_bounds.py
	@mkdir -p build && $$(.ci/python 3.12 3.13 3.11) .ci/lower_bounds.py > build/lower-bounds.txt
	@.ci/environment .venv-oldest "3.11 3.12" --constraint build/lower-bounds.txt --editable ".[$(EXTRAS),test]"
	@touch $@

.venv-newest/.ready: pyproject.toml
	@.ci/environment .venv-newest "3.13 3.12 3.11" --upgrade --upgrade-strategy eager --editable ".[$(EXTRAS),test]"
	@touch $@
