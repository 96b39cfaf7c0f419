# The verbs that run everything. `make` alone lists them; arguments go through ARGS, as in: make up ARGS="--api-port 9000"

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up down test check bench safety-long planted lock runtime dev clean

VENV := .venv
# The first that will do. The system's own comes first: distributions build it with profile-guided optimization, and one
# compiled by hand mostly is not, which makes everything here a fifth slower.
PYTHON ?= /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11
UV := $(VENV)/bin/uv
INSTALL := $(UV) pip install --quiet --require-hashes --python $(VENV)/bin/python
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate

help: ## what can be done here
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

up: runtime ## start everything on this machine: PostgreSQL, Temporal, simulator, worker, API
	@$(VENV)/bin/payonce up $(ARGS)

down: runtime ## stop what `make up` left running (ARGS=--wipe deletes its state too)
	@$(VENV)/bin/payonce down $(ARGS)

test: dev ## every test, on real parts (ARGS="tests/unit -k money" for some)
	@$(VENV)/bin/pytest -n 3 --dist loadgroup $(ARGS)

check: dev ## formatting, lint, types, import contracts, house rules
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy .
	@$(VENV)/bin/lint-imports --no-logo
	@$(VENV)/bin/pytest -q tests/house

bench: runtime ## ratios against bare Temporal and bare FastAPI, side by side
	@$(VENV)/bin/payonce bench $(ARGS)

safety-long: dev ## the long forms of the money-safety proofs, one after another (ARGS="--only chaos" for one)
	@$(VENV)/bin/python -m tests.safety.long $(ARGS)

planted: dev ## plant each known bug in a copy and see which test notices it (ARGS=--list, or names)
	@$(VENV)/bin/python -m tests.safety.planted $(ARGS)

lock: $(UV) ## resolve the newest allowed versions into the three lock files
	@$(COMPILE) --upgrade --group install -o requirements-install.lock
	@$(COMPILE) --upgrade pyproject.toml -o requirements.lock
	@$(COMPILE) --upgrade pyproject.toml --extra dev -c requirements.lock -o requirements-dev.lock

clean: ## remove the virtual environment and caches (state stays; see `make down ARGS=--wipe`)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info

runtime: $(VENV)/.runtime
dev: $(VENV)/.dev

$(VENV)/.runtime: requirements.lock pyproject.toml $(UV)
	@echo "installing what runs ($$(grep -c == requirements.lock) pinned packages)"
	@$(INSTALL) -r requirements.lock
	@$(UV) pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation -C editable_mode=compat --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "installing what tests ($$(grep -c == requirements-dev.lock) pinned packages)"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

$(UV): requirements-install.lock
	@without_venv=; for python in $(PYTHON); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    $$python -c 'import venv, ensurepip' 2>/dev/null && break; without_venv=$$python; \
	  fi; python=; \
	done; \
	test -n "$$python$$without_venv" || { echo "Payonce needs Python 3.11 or newer;" \
	  "found $$(python3 --version 2>&1 || echo none). Install one, or name it: make PYTHON=/path/to/python3.12"; exit 1; }; \
	test -n "$$python" || { echo "$$without_venv cannot make virtual environments." \
	  "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }; \
	echo "making $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) && \
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-install.lock && \
	touch $@
