# `make chat` and `make test` set up all they need in .venv, with uv where it is installed, else with pip.

# The first that is new enough, or the one you name: make chat PYTHON=/opt/python/bin/python3
PYTHON ?= $(shell for each in python3 python3.14 python3.13 python3.12 python3.11; do \
    $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$each && break; done)
BIN := .venv/bin

# Much of the suite waits for others: two processes more than there are processors.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 2)))

# Pages with parts that are made from the code.
PAGES := docs/tools.md docs/configuration.md docs/safety.md docs/commands.md

.PHONY: chat demo test coverage lint docs bench clean moved

chat: .venv/ready  ## talk
	@$(BIN)/python chat_cli.py

demo: .venv/ready  ## a request from plan to answer, with a scripted model
	$(BIN)/python chat_cli.py demo --yes

# The suite starts the program hundreds of times, and must not compile it each time anew.
test coverage: export PYTHONDONTWRITEBYTECODE =

test: .venv/ready  ## the whole suite, in several processes
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# A few tests look at what is loaded, and how soon: measured, they fail. Whether the suite passes is for `make test`.
coverage: .venv/ready  ## which lines the suite reaches
	$(BIN)/coverage erase
	-$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal --timeout 0  # an alarm may find its lock held
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: .venv/ready  ## style, types, and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m overseer.plan.schema | diff - docs/plan.schema.json
	@for page in $(PAGES); do \
	    $(BIN)/python -m overseer.catalogue < $$page | diff - $$page || exit 1; \
	done

docs: .venv/ready  ## make the generated parts of the documentation anew
	@set -e; made=$$(mktemp); for page in $(PAGES); do \
	    $(BIN)/python -m overseer.catalogue < $$page > $$made && cat $$made > $$page; \
	done; \
	$(BIN)/python -m tests.picture < docs/architecture.md > $$made && cat $$made > docs/architecture.md; \
	$(BIN)/python -m overseer.plan.schema > $$made && cat $$made > docs/plan.schema.json; \
	rm $$made

bench: .venv/ready  ## the executor against hand-written ones and whatever peers are installed
	$(BIN)/python bench/executor.py

clean:  ## everything that can be made again
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

# A virtual environment remembers where it was made, so one that moved is made anew.
MOVED := $(shell test "$$(cat .venv/place 2>/dev/null)" = "$(CURDIR)" || echo moved)

# What was downloaded once is kept, so that another clone, or this one elsewhere, is set up without a network. uv
# does so by itself.
WHEELS := $(or $(XDG_CACHE_HOME),$(if $(HOME),$(HOME)/.cache,.venv))/overseer/wheels
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
ALL := -c constraints.txt -e '.[test]'
FROM_WHEELS := $(PIP) install --no-index --find-links '$(WHEELS)' $(ALL)

.venv/ready: pyproject.toml constraints.txt $(MOVED)
	@echo 'Setting up .venv: about a minute.'
	@test "$$(cat .venv/place 2>/dev/null)" = "$(CURDIR)" || rm -rf .venv
	@if command -v uv >/dev/null; then \
	    uv venv --quiet --allow-existing --python '$(or $(PYTHON),>=3.11)' .venv && \
	    if uv pip install --quiet --offline --python $(BIN)/python $(ALL) 2>/dev/null; then :; \
	    else uv pip install --quiet --python $(BIN)/python $(ALL); fi; \
	elif test -z '$(PYTHON)'; then \
	    echo 'Overseer needs Python 3.11 or later, and finds none; name yours: make chat PYTHON=/its/python3' >&2; exit 1; \
	else \
	    '$(PYTHON)' -m venv .venv && \
	    if test -d '$(WHEELS)' && $(FROM_WHEELS) 2>/dev/null; then :; \
	    elif mkdir -p '$(WHEELS)' 2>/dev/null && test -w '$(WHEELS)'; then \
	        $(PIP) download --dest '$(WHEELS)' -c constraints.txt '.[test]' hatchling editables && $(FROM_WHEELS); \
	    else $(PIP) install $(ALL); fi; \
	fi || { echo 'Overseer is not set up, for what is told above. The first time, this needs a network.' >&2; exit 1; }
	@printf '%s' "$(CURDIR)" > .venv/place
	@touch $@
