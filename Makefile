# The hotline's entrance.  `make` alone lists what there is.
SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
WEB := agent_console/web
# The Node that set-up fetched, where the system's own is missing or too old.
NPM := PATH="$(CURDIR)/.state/node/bin:$$PATH" npm --prefix $(WEB)

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types web unit suite bench wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## prepare this machine and checkout (quick when all is there)
	@scripts/setup

demo: setup ## a ringing hotline with a demo bank: make demo ARGS="--quiet"
	@exec $(BIN)/hotline demo $(ARGS)

check: setup ## lint, types and unit tests (under a minute)
	@$(MAKE) -j2 -k --output-sync=target types unit web lint

test: setup lint types web suite ## everything, with real Asterisk and real browser

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types:
	$(BIN)/mypy
	$(BIN)/mypy scripts/setup_steps

web:
	@if [ -f $(WEB)/package.json ]; then $(NPM) run check && $(NPM) test; fi

unit:
	$(BIN)/pytest -q tests/unit

# Calls mostly wait, so two files run at a time, the slow ones (Asterisk's) first; tests that load
# the machine run before them, alone, and hide nothing when one of them fails.  The last summary
# must stay the last thing that is printed.
WORKERS ?= 2

suite:
	@alone=0; $(BIN)/pytest -m alone $(ARGS) || alone=$$?; \
	  $(BIN)/pytest -m "not alone" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS) && \
	  [ $$alone -eq 0 -o $$alone -eq 5 ] # 5: ARGS chose none of them

bench: setup ## measure, and print the tables: make bench ARGS=…
	@$(BIN)/python -m bench $(ARGS)

wheel: setup ## build dist/hotline-….whl for a production machine
	@$(BIN)/python -m build --wheel --no-isolation

clean: ## remove what set-up and tests made (not: Debian packages)
	rm -rf .venv build dist test-results $(WEB)/node_modules $(WEB)/dist \
	  .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	rm -rf "$$(readlink -f .state)" .state
