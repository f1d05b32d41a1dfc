# Everything a newcomer needs is a verb here; `make help` lists them.
# Set-up is incremental: a stamp in .stamps is older than what it was made from, or nothing is done.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMPS := .stamps
INSTALL := $(UV) pip install --python $(BIN)/python --require-hashes

# A registry may fail for a moment; npm's patience stands in the .npmrc files.
export PIP_RETRIES ?= 10
export PIP_TIMEOUT ?= 60
export UV_HTTP_RETRIES ?= 10
export UV_HTTP_TIMEOUT ?= 120

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run setup setup-dev web test check format types layers web-check unit bench fuzz soak pictures reference lock clean

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: setup web ## Set up what is missing, then start on http://localhost:8420 (ARGS="--port 8421" …)
	@exec $(BIN)/mno serve $(ARGS)

setup: $(STAMPS)/runtime ## Python packages that the program needs, in .venv

setup-dev: $(STAMPS)/dev ## and those that the checks and tests need

web: $(STAMPS)/web ## Build the web pages into web/dist

test: check unit ## Check everything, then run every test; coverage at the end

check: setup-dev $(STAMPS)/web-packages ## Format, lint, types, import layers, and the same for the web
	@$(MAKE) --no-print-directory -j 2 web-check types format layers

format: setup-dev
	@echo "==> ruff"
	@$(BIN)/ruff format --check --quiet src tests bench scripts || { echo "Run: .venv/bin/ruff format src tests bench scripts"; exit 1; }
	@$(BIN)/ruff check --quiet src tests bench scripts

types: setup-dev
	@echo "==> mypy"
	@$(BIN)/mypy

layers: setup-dev
	@echo "==> import layers"
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports

web-check: $(STAMPS)/web-packages
	@if [ -f web/package.json ]; then \
	    echo "==> web"; PATH="$$(sh scripts/node_path.sh):$$PATH"; export PATH; cd web && npm run --silent check; \
	fi

unit: setup-dev web $(STAMPS)/contract
	@echo "==> tests"
	@# what is compiled is kept, whatever the shell says: the tests start a hundred programs
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder --cov --cov-report= $(ARGS)
	@# apart, because pytest's own report reads all the source twice
	@$(BIN)/coverage report --fail-under=90

bench: setup-dev web ## Print the figures of BENCHMARKS.md (some minutes, a quiet machine)
	@$(BIN)/python bench/run.py $(ARGS)

fuzz: setup-dev ## Try the property tests for longer than `make test` does (MNO_FUZZ_TIMES=250)
	@MNO_FUZZ_TIMES=$${MNO_FUZZ_TIMES:-250} $(BIN)/pytest -n 2 --dist loadfile -p no:cacheprovider --timeout 3600 -m hypothesis $(ARGS)

soak: setup-dev ## Load for minutes: memory and latency must stay flat
	@$(BIN)/python bench/soak.py $(ARGS)

pictures: setup-dev web ## Every page, theme and language as PNG in pictures/
	@PATH="$$(sh scripts/node_path.sh):$$PATH"; export PATH; cd web && npm run pictures -- $(ARGS)

reference: setup-dev ## Write docs/reference from the code
	@$(BIN)/python scripts/reference.py

lock: $(UV) ## Resolve the dependencies anew into the lock files
	@sh scripts/lock.sh $(UV)

clean: ## Remove what was built and installed here (never your data folder)
	rm -rf $(VENV) .venv-contract $(STAMPS) .node web/node_modules web/dist tests/contract/node/node_modules

$(STAMPS):
	@mkdir -p $@

$(UV): requirements-uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make run PYTHON=python3.12"; exit 1; }
	@echo "==> Python environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	    { echo "No virtual environment could be made. On Debian and Ubuntu: apt install python3-venv"; rm -rf $(VENV); exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $@

# Dev packages include the runtime ones, so whichever set is installed last is enough for `run`.
$(STAMPS)/runtime: requirements.lock pyproject.toml $(UV) | $(STAMPS)
	@echo "==> Python packages (about 1 GB the first time: two database engines are among them)"
	@$(INSTALL) -r requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(STAMPS)/dev: requirements-dev.lock $(STAMPS)/runtime | $(STAMPS)
	@echo "==> Python packages for checks and tests"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@

# The clients that the contract tests drive live in an environment of their own, .venv-contract.
$(STAMPS)/contract: requirements-contract.lock tests/contract/node/package-lock.json $(STAMPS)/dev | $(STAMPS)
	@sh tests/contract/setup.sh
	@touch $@

ifneq ($(wildcard web/package.json),)
WEB_SOURCES := $(shell find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -print)

$(STAMPS)/web-packages: web/package.json $(wildcard web/package-lock.json) $(UV) | $(STAMPS)
	@echo "==> Web packages"
	@PATH="$$(sh scripts/node_path.sh):$$PATH"; export PATH; cd web && npm ci --no-fund --no-audit
	@touch $@

$(STAMPS)/web: $(STAMPS)/web-packages $(WEB_SOURCES) | $(STAMPS)
	@echo "==> Web pages"
	@PATH="$$(sh scripts/node_path.sh):$$PATH"; export PATH; cd web && npm run build
	@touch $@
else
$(STAMPS)/web-packages $(STAMPS)/web: | $(STAMPS)
	@echo "==> No web/package.json here: the program will run without its web pages"
endif
