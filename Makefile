# Everything starts with the system's Python and nothing else: see spineweb/bootstrap.py.
PYTHON ?= python3
PORT ?= 8000
BIND ?= 127.0.0.1

BOOTSTRAP = $(PYTHON) spineweb/bootstrap.py
HAVE_PYTHON = command -v $(PYTHON) >/dev/null || \
  { echo "SpineWeb needs Python 3.11 or newer, and there is no $(PYTHON) here. Install it, then run make again."; exit 1; }

.DEFAULT_GOAL := help
.PHONY: help run test lint test-python test-frontend test-browser test-services bench soak format types clean

help: ## show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: ## install what is missing and start the platform (PORT=8001 for another port)
	@$(HAVE_PYTHON)
	@exec $(BOOTSTRAP) run --host $(BIND) --port $(PORT) $(ARGS)

test: ## every check and test
	@$(HAVE_PYTHON)
	@exec $(BOOTSTRAP) dev all

lint: ## ruff, mypy, import-linter, migrations, API schema
test-python: ## Python tests on SQLite
test-frontend: ## lint, types, unit tests and build of the browser side
test-browser: ## tests in a real Chromium
test-services: ## database, queue and channel tests on SPINEWEB_TEST_POSTGRES and SPINEWEB_TEST_REDIS
bench: ## measure, and print a table
soak: ## 200 random labelling sessions with everything that can go wrong (SOAK_SESSIONS=20 for fewer)
format: ## format Python and TypeScript
types: ## write the browser's API types from the OpenAPI schema
lint test-python test-frontend test-browser test-services bench soak format types:
	@$(HAVE_PYTHON)
	@exec $(BOOTSTRAP) dev $@ $(ARGS)

clean: ## remove what make made, but never the data folder
	rm -rf .venv build frontend/node_modules frontend/dist *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find spineweb annotation inference capture_agent tests -name __pycache__ -prune -exec rm -rf {} +
