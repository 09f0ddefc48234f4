# `make help` lists the targets. Everything runs in .venv, which the first target that needs it sets up.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# A lock lists everything: left to resolve, pip would look for what a newer release of a package asks for.
LOCKED := --no-deps --require-hashes
LOCK   := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
          --no-emit-index-url --custom-compile-command "make lock" --quiet

.PHONY: help demo docs test test-once test-browser test-container test-faults test-attack fuzz bench screenshots lint format languages lock clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(VENV)/.train ## Draw five flowers, train on them, show what was learned (PORT=5001 where 5000 is taken)
	$(BIN)/florist demo $(if $(PORT),--port $(PORT))

test: $(VENV)/.dev ## Run the tests, with line coverage (SKIP=once: without the longest)
	$(BIN)/python -m pytest -m "not browser and not container and not faults and not attack$(if $(SKIP), and not $(SKIP))" --cov --cov-report=term --cov-fail-under=90

test-once: $(VENV)/.dev ## Run the longest of them alone
	$(BIN)/python -m pytest -m once

test-browser: $(VENV)/.dev ## Run the tests of the pages in a real Chromium
	tests/browser/install-chromium
	$(BIN)/florist browser-runtime
	$(BIN)/python -m pytest tests/browser

test-container: $(VENV)/.dev ## Build and test the container image (FIGURES=--write-figures notes sizes and times)
	$(BIN)/python -m pytest tests/container $(FIGURES)

test-faults: $(VENV)/.dev ## Fail every write of training, models, uploads and answers, and end the process there
	$(BIN)/python -m pytest tests/faults

test-attack: $(VENV)/.dev ## Attack a server: what strangers send, and what its own machine does to it
	$(BIN)/python -m pytest tests/attack

fuzz: $(VENV)/.dev ## Look for bytes that florist has no answer to, on Linux (FUZZ_S=3600 for an hour a door)
	$(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ_S),20)

bench: $(VENV)/.dev ## Measure beside the classic way and peers, write docs/benchmarks.md (BENCH='--photos photos --weights FILE')
	$(BIN)/python -m benchmarks $(BENCH)

screenshots: $(VENV)/.dev ## Take the README's pictures of the page, with what `make demo` has left
	tests/browser/install-chromium
	$(BIN)/florist browser-runtime
	$(BIN)/python tools/screenshots.py demo-data

lint: $(VENV)/.dev ## Format check, lint, types, import order
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Renew docs/cli.md from --help
	$(BIN)/python -m tests.test_docs

languages: $(VENV)/.dev ## Renew and compile the catalogues of the pages, after which new texts wait for a translation
	$(BIN)/python -m tests.web.test_language

lock: $(VENV)/.dev ## Renew requirements/*.txt from pyproject.toml
	$(BIN)/$(LOCK) --upgrade --extra train --extra batch --extra cloud --extra ray --extra onnxruntime --extra heic --group build --group dev -o requirements/dev.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt --extra train --group build -o requirements/train.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt --extra train --extra gpu --group build -o requirements/train-gpu.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt -o requirements/serve.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt --extra batch --extra cloud -o requirements/serve-batch.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt --extra heic -o requirements/serve-heic.txt
	$(BIN)/$(LOCK) -c requirements/dev.txt --extra postgres -o requirements/serve-postgres.txt

clean: ## Remove the virtual environment and what tools left behind
	rm -rf $(VENV) build dist .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "florist needs Python 3.11 or newer; $$($(PYTHON) --version) was found. Try: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.train: requirements/train.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing florist with TensorFlow into $(VENV) (about a minute) ..."
	$(PIP) install $(LOCKED) -r requirements/train.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	$(PIP) check
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.train
	@echo "Installing what the tests and linters need ..."
	$(PIP) install $(LOCKED) -r requirements/dev.txt
	$(PIP) check
	@touch $@
