# Two commands: `make up` and `make test`. Needs Python 3.11, git and make; all else is fetched.
SUITS = import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$p -c '$(SUITS)' 2>/dev/null && echo $$p && break; done)
MODELGATE = .venv/bin/python -m modelgate

.PHONY: up down check reject pictures lab prove test lock clean cli dev bench

up: cli        ## judge dev, start a local control plane, deploy dev through the engine
	@$(MODELGATE) quickstart

down: cli      ## stop what runs; what was built and downloaded stays cached
	@$(MODELGATE) local down
	@$(MODELGATE) lab down

check: cli     ## who gets in, in every stack
	@for stack in dev guide lab prod; do echo "== $$stack"; $(MODELGATE) check -s $$stack || exit $$?; done

reject: cli    ## what happens to a production stack with one line too many
	@$(MODELGATE) reject

pictures: cli  ## the request path of every stack, drawn; screenshots where a Chromium is installed
	@$(MODELGATE) pictures

lab: dev       ## the released controllers, Envoy and models on this machine; builds them first
	@$(MODELGATE) lab up -s lab

prove: dev     ## the judge against the released controllers, as a table of agreement
	.venv/bin/python -m tests.lab.prove $(PROVE)
	.venv/bin/python -m tests.lab.kserve
	.venv/bin/python -m pytest -q tests/lab/test_derivation.py

bench: dev     ## what the judge costs, on generated stacks
	.venv/bin/python -m bench.judge

test: dev      ## style, types, architecture, tests
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest

LOCK = uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header -q
lock:          ## write the lock files anew; needs uv
	$(LOCK) -o requirements.txt
	$(LOCK) -o requirements-cli.txt --extra cli
	$(LOCK) -o requirements-dev.txt --extra cli --extra dev

clean: down    ## remove what make made in this folder
	rm -rf .venv .modelgate build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

cli dev:
	@test -n "$(PYTHON)" || { echo "error: there is no Python 3.11 or later on PATH" >&2; exit 2; }
	@$(PYTHON) -m modelgate.bootstrap $@
