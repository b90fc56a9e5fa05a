# `make` or `make help` says what there is. Every target does its own set-up.
PYTHON := .venv/bin/python
STATE ?= .stack
PORTS ?= 8000
AGENTS ?= 8
export CC_STATE ?= $(abspath $(STATE))

.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo up down status logs test test-fast lint bench simulate prompts

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Variables: STATE=$(STATE) (folder of the stack), PORTS=$(PORTS) (first of 2,100 ports), AGENTS=$(AGENTS) (seats)"

setup: ## install what is needed; a second run costs nothing
	@deploy/setup.sh

setup-tests:
	@deploy/setup.sh tests

demo: setup ## a running call centre with simulated callers and agents, till Ctrl-C
	@$(PYTHON) -m deploy.demo --state $(STATE) --ports $(PORTS) --agents $(AGENTS)

up: setup ## start the stack and leave it running
	@$(PYTHON) -m deploy.stack up --state $(STATE) --ports $(PORTS) --agents $(AGENTS)

down: ## stop the stack, or a demo; nothing is left running
	@$(PYTHON) -m deploy.stack down --state $(STATE)

status: ## how each part of the stack is
	@$(PYTHON) -m deploy.stack status --state $(STATE)

logs: ## follow the stack's logs
	@$(PYTHON) -m deploy.stack logs --follow --state $(STATE)

test: setup-tests ## all tests, with real Asterisk, SIP calls and Chromium: half an hour
	@$(PYTHON) -m pytest tests

test-fast: setup-tests ## the tests without Asterisk: under a minute
	@$(PYTHON) -m pytest -q -m 'not slow' tests/acd tests/sim tests/django tests/deploy/test_render.py tests/deploy/test_installation.py

lint: setup-tests ## style, types, and who may import whom
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy ccenter/acd ccenter/sim ccenter/stasis deploy asterisk/agi
	@.venv/bin/lint-imports

bench: setup-tests ## the benchmarks, beside app_queue: one JSON line each
	@$(PYTHON) -m tests.load

simulate: setup ## tables for an evening and a TV spot, or for SCENARIO=gas-line
	@$(PYTHON) -m ccenter.sim $(SCENARIO)

prompts: ## speak the prompts' texts anew (needs the voice's packages; the audio is committed)
	@asterisk/sounds/render.sh
