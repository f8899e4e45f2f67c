# `make` says what there is. Everything happens in .venv; nothing outside this folder is touched.

PY := .venv/bin/python
PINS := pyproject.toml functions/pipeline/requirements.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-long lint contracts build bench clean

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.with-local ## make .venv, with what the demo and the command line need
	@echo "ready: .venv/bin/parity"

demo: .venv/.with-local ## the whole journey on two sample databases, in ten seconds
	@.venv/bin/parity demo

test: lint ## lint, strict types and every test that takes seconds
	$(PY) -m pytest -n auto --dist loadgroup -m "not long"

test-long: .venv/.with-test ## the tests that take minutes
	$(PY) -m pytest -n auto --dist loadgroup -m long

lint: .venv/.with-test ## style, types and the borders between packages
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	@.venv/bin/lint-imports --no-logo

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
