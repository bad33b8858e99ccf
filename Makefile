# make run: a patient's record to a verdict.   make test: the tests.   Nothing is assumed but Python 3.11 and make.
# Each target makes the environment it needs in .venv, from a lock file with hashes, and only when the lock changed.

SHELL := /bin/sh
OUT ?= out/quickstart
ARGS ?=

.PHONY: FORCE help run test slow lint format docs bench lock clean
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' Makefile

run: .venv/run.stamp ## from the shipped record to a verdict, written to out/quickstart
	@.venv/bin/qtwin run experiments/quickstart.toml --out "$(OUT)" $(ARGS)
	@echo "Open $(OUT)/report.html in a browser."

test: .venv/test.stamp ## the tests; ARGS="-k word" passes options to pytest
	@.venv/bin/python -m pytest -n logical --dist loadfile $(ARGS)

slow: .venv/test.stamp ## the slow tests
	@.venv/bin/python -m pytest -m slow --timeout 1800 $(ARGS)

lint: .venv/test.stamp ## ruff, mypy --strict and the import contracts
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy --strict qtwin
	.venv/bin/lint-imports --no-logo

format: .venv/test.stamp ## let ruff rewrite the code
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

docs: .venv/docs.stamp ## the documentation, into site/, warnings as errors
	.venv/bin/python -m sphinx -W --keep-going -q -E -j auto -d build/doctrees docs site

bench: .venv/test.stamp ## speed of the hot paths against named peers
	@for script in benchmarks/bench_*.py; do \
	  if [ -f "$$script" ]; then .venv/bin/python "$$script" $(ARGS) || exit 1; fi; \
	done

# The three environments share .venv: test and docs add packages to run, at the versions of run. The chain keeps -j safe.
ifneq ($(shell cat .venv/.complete 2>/dev/null),$(CURDIR))
.venv/run.stamp: FORCE # half-made, or made in another folder
endif
FORCE:

.venv/run.stamp: requirements-build.lock requirements.lock pyproject.toml
	@sh .ci/environment requirements.lock
	@touch $@

.venv/test.stamp: requirements-test.lock .venv/run.stamp
	@sh .ci/environment requirements-test.lock
	@touch $@

.venv/docs.stamp: requirements-docs.lock .venv/test.stamp
	@sh .ci/environment requirements-docs.lock
	@touch $@

LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
lock: ## refresh the lock files (needs uv; ARGS="--upgrade" takes newer versions)
	$(LOCK) $(ARGS) --group build -o requirements-build.lock
	$(LOCK) $(ARGS) pyproject.toml --group build --extra test -c requirements-build.lock -o requirements-test.lock
	$(LOCK) $(ARGS) pyproject.toml --group build -c requirements-test.lock -o requirements.lock
	$(LOCK) $(ARGS) pyproject.toml --group build --extra docs -c requirements-test.lock -o requirements-docs.lock

clean: ## everything that was made here, except out/ and runs/
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist site
	find qtwin tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
