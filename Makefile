# The two commands of the README are `make up` and `make test`. Everything they need is installed into .venv and a per-user cache.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ENVIRONMENT ?= dev
# Two workers suit two cores; tests on the engine wait as much as they work, and take one more.
WORKERS ?= 2
ENGINE_WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help up down test check unit engine-tests docs lock bench bench-record clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# The stamp lies beside the environment, so that an interrupted install is done again.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11" if sys.version_info < (3, 11) else 0)'
	@echo "Installing the locked Python packages into $(VENV) (about a minute, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

up: $(VENV)/.installed ## Bring an environment (ENVIRONMENT=dev) up in the sandbox, on the real Pulumi engine
	@$(BIN)/platformctl up $(ENVIRONMENT) --sandbox --yes --or-preview
	@$(BIN)/platformctl cost $(ENVIRONMENT) --brief

down: $(VENV)/.installed ## Destroy it and stop the sandbox
	@$(BIN)/platformctl destroy $(ENVIRONMENT) --sandbox --yes
	@$(BIN)/platformctl sandbox stop

test: check unit engine-tests ## Run every check and test

check: $(VENV)/.installed ## Lint, types, import rules, generated docs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python docs/generate.py --check
	@$(BIN)/python -m dashboards.generate --check

unit: $(VENV)/.installed ## Unit and contract tests
	@$(BIN)/pytest -q -n $(WORKERS) --ignore tests/engine

engine-tests: $(VENV)/.installed ## Tests on the real engine and the sandbox
	@$(BIN)/platformctl tools install pulumi kubernetes kubectl helm promtool amtool otelcol logql actionlint vault || test -z "$$CI"
	@$(BIN)/pytest -q -n $(ENGINE_WORKERS) --durations=40 tests/engine

docs: $(VENV)/.installed ## Generate docs/components, the environment schema and the dashboards
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m dashboards.generate

lock: $(VENV)/.installed ## Lock the versions in pyproject.toml anew
	@$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --all-extras --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml

bench: $(VENV)/.installed ## Run the benchmarks; each prints its figures as JSON
	@$(BIN)/python benchmarks/preview.py
	@$(BIN)/python benchmarks/engine.py
	@$(BIN)/python benchmarks/policies.py
	@$(BIN)/python benchmarks/rotation.py

bench-record: $(VENV)/.installed ## Run the benchmarks and write their figures into docs/benchmarks.md
	@$(BIN)/python benchmarks/record.py

clean: ## Remove what was built here; the per-user cache stays
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
