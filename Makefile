# `make` says what there is. Everything happens in .venv; nothing outside this folder is touched.

PY := .venv/bin/python
PINS := pyproject.toml functions/pipeline/requirements.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-long lint style types contracts build bench clean

# Where it is set every process compiles all of our modules anew, and hundreds are started by tests.
unexport PYTHONDONTWRITEBYTECODE

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.with-local ## make .venv, with what the demo and the command line need
	@echo "ready: .venv/bin/parity"

demo: .venv/.with-local ## the whole journey on two sample databases, in ten seconds
	@.venv/bin/parity demo

# Types are checked beside the tests: that takes one core alone, and the tests wait for servers now and then.
test: style ## lint, strict types and every test that takes seconds
	@.ci/beside '$(PY) -m mypy' '$(PY) -m pytest -n auto --dist loadgroup -m "not long"'

test-long: .venv/.with-test ## the tests that take minutes
	$(PY) -m pytest -n auto --dist loadgroup -m long

lint: style types ## style, types and the borders between packages

style: .venv/.with-test
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	@.venv/bin/lint-imports --no-logo

types: .venv/.with-test
	$(PY) -m mypy

contracts: .venv/.with-local ## the schemas, OpenAPI and AsyncAPI in events/contracts, made from the models
	@$(PY) -m functions.local.contracts

build: .venv/.made ## the deployable artifact for arm64 and x86_64, in build/
	@$(PY) -m functions.local.build $(BUILD)

bench: .venv/.with-test ## how fast it is, against the usual way of writing it
	$(PY) -m tests.benchmarks

clean: ## remove everything that was made here, .venv too
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
	find functions tests -name __pycache__ -type d -prune -exec rm -rf {} +

# What each target needs, and no more; a stamp keeps repeats quiet.
.venv/.made: .ci/venv
	@.ci/venv
	@touch $@

.venv/.with-local: .venv/.made $(PINS)
	@.ci/venv local
	@touch $@

.venv/.with-test: .venv/.made $(PINS)
	@.ci/venv local,test
	@touch .venv/.with-local $@
