# Every target stands alone: it makes the environment first when that is missing or out of date.
SHELL := /bin/bash
.DEFAULT_GOAL := help
UV_VERSION := 0.13.9
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for one in python3.11 python3 python3.14 python3.13 python3.12; do \
	  $$one -c '$(FITS)' 2> /dev/null && command -v $$one && break; done || echo python3)
PROJECTS := totalaud shared services/orchestrator services/skill-runner services/projector services/campaigns
OURS := totalaud totalaud-shared totalaud-orchestrator totalaud-skill-runner totalaud-projector totalaud-campaigns
FILES := pyproject.toml $(addsuffix /pyproject.toml,$(PROJECTS))
BIN := .venv/bin
JOBS ?= 3
SEEDS ?= 10000
KILLS ?= 1000
UV := .tools/bin/uv
UV_IS_THERE := .tools/uv-$(UV_VERSION)
export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export UV_NO_CONFIG := 1

.PHONY: help install up demo check test sim chaos quality bench bench-peers bench-rebuild audit lock format clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 15

demo: install ## the specification's workflow on a stack of its own, start to end
	@$(BIN)/totalaud demo

up: install ## the stack in the foreground, data kept between runs
	@$(BIN)/totalaud up

test: install ## the whole suite, on servers it starts itself
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n $(JOBS) --dist loadscope --no-loadscope-reorder $(ARGS)

sim: install ## simulate SEEDS runs under faults
	@PYTHONPATH=tests $(BIN)/python -m sim --seeds $(SEEDS)

chaos: install ## kill -9 everything at random, KILLS times under load, at the shipped settings; ARGS=--seed=7
	@PYTHONPATH=tests $(BIN)/python -m kills --kills $(KILLS) $(ARGS)

quality: install ## how good and how fast the skills are, on worlds whose truth is known
	@$(BIN)/python -m quality $(ARGS)

bench: install ## how fast it is beside the raw floor; ARGS=--full for 300,000 sessions in the log
	@$(BIN)/python -m bench --json bench.json --plot bench.svg $(ARGS)

bench-peers: install ## the same beside Restate, DBOS, LangGraph and Temporal, each set up in a cache folder
	@$(BIN)/python -m bench --peers --json bench-peers.json $(ARGS)

bench-rebuild: install ## a rebuild of 1,000,000 events, alone and under load, its reads and checksums
	@$(BIN)/python -m bench.under_load --json bench-rebuild.json $(ARGS)

check: install ## formatting, lint, types, import arrows, lock
	@$(BIN)/ruff format --check --quiet . || { echo "run 'make format'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy $(addprefix -p ,shared orchestrator skill_runner projector campaigns totalaud bench)
	@$(BIN)/lint-imports --no-logo > .venv/lint-imports.txt 2>&1 || { cat .venv/lint-imports.txt; exit 1; }
	@$(call compile,.venv/requirements.check) && diff -q requirements.lock .venv/requirements.check > /dev/null \
	  || { echo "requirements.lock no longer fits the projects' files: run 'make lock'"; exit 1; }

audit: install ## hashes, licences and known vulnerabilities of what we depend on; the last needs a network
	@$(BIN)/python -m audit

format: install ## let ruff format and mend
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --fix --quiet .

# An existing output is what uv prefers its pins from, so a check resolves to the same versions.
compile = cp requirements.lock $(1) 2>/dev/null; $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	$(addprefix --no-emit-package ,$(OURS)) --no-annotate --group dev $(FILES) -o $(1) && sed -i.bak '/^\#/d' $(1) && rm -f $(1).bak

lock: $(UV_IS_THERE) ## resolve requirements.lock anew from the projects' files
	@$(call compile,requirements.lock)

install: .venv/.installed

# A folder that was moved or copied, or whose Python has gone or become another one, is installed anew,
# and so is one whose install broke off: uv takes half a package for one that is there.
installed = echo "$$(pwd -P) $$($(BIN)/python -ISc 'import sys; print(*sys.version_info[:2])' 2> /dev/null)"
STALE := $(shell [ "$$($(installed))" = "$$(cat .venv/.installed 2> /dev/null)" ] || echo stale)

.PHONY: stale
stale:
	@rm -rf .venv 2> /dev/null || { echo "$$(pwd -P)/.venv cannot be removed: where root has made it, 'sudo make clean' does"; exit 1; }

.venv/.installed: requirements.lock $(FILES) $(STALE) | $(UV_IS_THERE)
	@rm -f $@
	@echo "installing into .venv: a minute, or some more on a slow line" >&2
	@$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --compile-bytecode --require-hashes --python .venv requirements.lock \
	  || { echo "uv needs a package index (UV_DEFAULT_INDEX names another than PyPI), the system's certificates (Debian: ca-certificates), and wheels: README.md says for what there are some"; exit 1; }
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python .venv $(addprefix -e ./,$(PROJECTS))
	@$(BIN)/python -m compileall -q $(PROJECTS)
	@$(installed) > $@

$(UV_IS_THERE):
	@$(PYTHON) -c '$(FITS)' \
	  || { echo "totalaud needs Python 3.11 to 3.14: install one, or name it as in 'make PYTHON=python3.12'"; exit 1; }
	@rm -rf .tools .tools.new
	@$(PYTHON) -m venv .tools.new > /dev/null 2>&1 \
	  && .tools.new/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION) \
	  || { rm -rf .tools.new; $(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .tools.new uv==$(UV_VERSION); } \
	  || { rm -rf .tools.new; echo "no uv: $(PYTHON) needs its venv or pip (Debian: python3-venv), and a package index"; exit 1; }
	@touch .tools.new/$(@F) && mv .tools.new .tools

clean: ## remove what was installed here
	@rm -rf .venv .tools .tools.new
