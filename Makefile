# The commands of this checkout; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST_ARGS ?=
PYTHON ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHON
# Where an image sets it, every start would compile all of our code again: two seconds each.
unexport PYTHONDONTWRITEBYTECODE
MAKEFLAGS += --no-print-directory
# At the same time; what each says comes in one piece when it is done.
TOGETHER := -j --output-sync=target

# In the order of the folders, where those of the browser, the long ones, are among the first: the
# plugin would put files of few tests last, and one core would wait for the other in the end.
ON_BOTH_CORES := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help setup setup-tests demo serve test test-fast test-nominatim check ruff mypy import-rules templates bench bench-geocoding bench-map bench-territories clean

help: ## list these commands
	@echo "GeoCRM: make COMMAND"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install what running needs: system packages, .venv, browser assets, database
	@scripts/setup.sh

setup-tests:
	@scripts/setup.sh --tests

demo: setup ## set up, load the demo and serve it until interrupted
	@scripts/demo.sh

serve: setup ## serve your own data with a worker until interrupted
	@$(BIN)/geocrm serve --with-worker

test: setup-tests ## check the code and run every test, in a browser too
	@$(MAKE) $(TOGETHER) ruff mypy import-rules $(if $(PYTEST_ARGS),,templates)
	@echo "==> Tests"
	@$(BIN)/pytest $(or $(PYTEST_ARGS),$(ON_BOTH_CORES))

test-fast: setup ## run the tests that need no browser
	@$(BIN)/pytest -m "not browser" $(PYTEST_ARGS)

check: setup ## look for slips: ruff, mypy, import rules
	@$(MAKE) $(TOGETHER) ruff mypy import-rules

ruff:
	@echo "==> ruff" && $(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .

mypy:
	@echo "==> mypy" && $(BIN)/mypy

import-rules:
	@echo "==> import rules" && $(BIN)/lint-imports --no-logo

# The databases that tests copy; made while the code is checked, not while tests wait for them.
templates:
	@echo "==> The tests' databases" && $(BIN)/python -m tests.database

bench: setup ## measure; the protocol is in docs/benchmarks.md
	@for file in benchmarks/[a-z]*.py; do case "$$file" in benchmarks/map.py|benchmarks/map_frames.py|benchmarks/bulk.py|benchmarks/page_load.py|benchmarks/territory_editor.py|benchmarks/layers.py|benchmarks/assignment.py|benchmarks/districting_peer.py|benchmarks/districting_peers.py) continue;; esac; echo "==> $$file"; $(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" || exit 1; done

PEERS ?= $(if $(GEOCRM_VAR),$(GEOCRM_VAR),$(PWD)/var)/peers

bench-territories: setup ## measure territory design: real maps, grids, bounds, going live
	@for name in districting districting_bounds; do echo "==> $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done
	@[ -e "$(PEERS)/done" ] || { python3 -m venv "$(PEERS)" && "$(PEERS)/bin/pip" install -q gerrychain spopt && touch "$(PEERS)/done"; } \
		|| { echo "==> gerrychain and spopt cannot be installed here: not compared"; exit 0; }; \
	echo "==> districting_peers"; $(BIN)/python -m benchmarks.districting_peers --python "$(PEERS)/bin/python"

bench-geocoding: setup ## measure the geocoder alone: held-out addresses, reliability, speed
	@$(BIN)/python scripts/osm_fixtures.py
	@for name in addresses geocoding_confidence geocoding; do echo "==> $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

bench-map: setup ## measure tiles, lists, layers, assignment on the loaded database
	@[ -x var/tipg/bin/python ] || { python3 -m venv var/tipg && var/tipg/bin/pip install -q tipg uvicorn; }
	@$(BIN)/python -m benchmarks.map --tipg "$$PWD/var/tipg/bin/python"
	@for name in layers assignment; do echo "==> $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

EXTRACT ?= $(if $(GEOCRM_VAR),$(GEOCRM_VAR),var)/fixtures/Helsinki.osm.pbf

test-nominatim: setup ## try the provider against a real Nominatim (ten minutes the first time)
	@[ -e "$(EXTRACT)" ] || $(BIN)/python scripts/osm_fixtures.py Helsinki
	@scripts/nominatim.sh up "$(EXTRACT)"
	@NOMINATIM_URL="$$(scripts/nominatim.sh url)" NOMINATIM_EXTRACT="$(EXTRACT)" \
		$(BIN)/pytest tests/nominatim $(PYTEST_ARGS); \
		status=$$?; scripts/nominatim.sh down; exit $$status

clean: ## remove what set-up made, except data in var/
	@rm -rf .venv node_modules build *.egg-info geocrm/web/static/vendor var/setup
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results
	@find geocrm tests scripts migrations benchmarks -name __pycache__ -prune -exec rm -rf {} +
	@find geocrm -name '*.mo' -delete
	@echo "Clean. Data in var/ is kept; geocrm db reset deletes it."
