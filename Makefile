# Every habit as one word; `make help` lists them.
SHELL := /bin/bash
PYTHON ?= $(shell scripts/interpreter)
BIN := .venv/bin
AGAIN := scripts/again
APT := scripts/again scripts/apt

.DEFAULT_GOAL := help

help:  ## list the words
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv/.ready: pyproject.toml
	$(PYTHON) -m venv .venv
	$(AGAIN) $(BIN)/pip install --quiet --disable-pip-version-check --retries=5 -e '.[dev]'
	@touch $@

setup: .venv/.ready  ## make the virtual environment in .venv
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q app cli scripts tests

serve: setup  ## serve ./pb_data on 127.0.0.1:8090
	$(BIN)/pocketbase serve

fmt: setup  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: setup  ## style
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup  ## types
	$(BIN)/mypy

layers: setup  ## import directions
	$(BIN)/lint-imports

test-tools:  ## install what tests need on Debian and Ubuntu (as root): a browser, an authority for certificates, node
	@( for tool in chromium pebble node npm; do command -v $$tool || exit 1; done ) >/dev/null \
	  || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && $(APT) chromium pebble nodejs npm; } \
	  || echo "chromium, pebble, node or npm are missing and cannot be installed: tests that need them will be skipped"

test: setup test-tools  ## every test; sets up the reference, node packages and what else it needs
	$(BIN)/python scripts/reference.py || echo "the reference could not be installed: parity tests will be skipped"
	$(BIN)/pytest -q -n 2 --dist loadfile tests || { \
	  echo "=== Once more, alone, what failed. What passes now is unsteady: it has to be mended, but is no failure."; \
	  $(BIN)/pytest -q --last-failed --last-failed-no-failures none tests; }

# Rooms whose tests pass without a running server.
ROOMS := tests/kit tests/core/hooks tests/services/auth/test_password_pool.py tests/architecture

test-rooms: setup  ## the finished rooms only
	$(BIN)/pytest -q -n 2 $(ROOMS)

test-fast: setup  ## tests that need neither the reference nor node
	$(BIN)/pytest -q -m "not parity and not sdk and not slow and not reliability" tests

parity: setup  ## ask the reference and us the same questions
	$(BIN)/python scripts/reference.py
	$(BIN)/pytest -q -m parity tests

sdk: setup  ## the official JavaScript SDK against our server
	$(BIN)/pytest -q -m sdk tests

docs: setup  ## write docs/reference from the code
	$(BIN)/python scripts/gen_docs.py

docs-check: setup  ## tell whether docs/reference is current
	$(BIN)/python scripts/gen_docs.py --check

storm: setup  ## kill the server fifty times each during uploads, backups and restores (20 minutes)
	RELIABILITY_ROUNDS=50 $(BIN)/pytest -q tests/reliability/test_kill.py tests/reliability/test_kill_files.py

bench: setup  ## compare speed with the reference (needs wrk)
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/bench

binary-tools:  ## install what `make binary` needs on Debian and Ubuntu (as root)
	@( for tool in gcc zstd patchelf /usr/bin/python3.11; do command -v $$tool || exit 1; done ) >/dev/null \
	  && test -f /usr/include/zstd.h -a -f /usr/include/python3.11/Python.h || $(APT) gcc zstd libzstd-dev patchelf python3.11-dev python3.11-venv

binary:  ## compile everything into one executable, .builds/pocketbase
	$(PYTHON) build/nuitka.py

binary-test: setup  ## walk the API of that executable, also in an empty root
	$(BIN)/pytest -q -m binary tests/release

binary-figures: setup  ## size, start, memory and speed of that executable beside the reference and the source
	$(BIN)/python scripts/reference.py
	$(BIN)/python build/figures.py

release:  ## make a release of the tagged commit
	$(PYTHON) .goreleaser-like/release.py

bench-files: setup  ## the same for uploads, downloads and thumbs (needs wrk)
	$(BIN)/python scripts/reference.py
	$(BIN)/python scripts/bench/files.py

check: lint types layers docs-check test  ## all of the above that can fail

clean:  ## remove what can be made again
	rm -rf .venv .reference .builds .mypy_cache .ruff_cache .pytest_cache .import_linter_cache tests/sdk/node_modules

.PHONY: help setup serve fmt lint types layers test test-tools test-rooms test-fast parity sdk docs docs-check storm bench binary-tools binary binary-test binary-figures release check clean
