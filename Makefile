# `make help` lists the commands. Python 3.11 to 3.13; another one: `make book PYTHON=python3.12`.
CHECK := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c '$(CHECK)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SITE := _build/html
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help book serve lab test lint check notebooks experiment lock oldest measure publisher clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

book: .venv/book.done ## build the site from stored outputs (needs no TensorFlow)
	@$(BIN)/jupyter-book build . --warningiserror --keep-going --quiet
	@echo "The book: file://$(CURDIR)/$(SITE)/index.html   (make serve: http://localhost:$(PORT))"

serve: book ## build the site and serve it on this machine
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

lab: .venv/all.done ## open JupyterLab on the lessons
	$(BIN)/jupyter lab --notebook-dir . --LabApp.default_url=/lab/tree/notebooks

# Each of several workers has a core of its own; more threads would only wait for each other.
test oldest check: export OMP_NUM_THREADS := 1
test oldest check: export TF_NUM_INTRAOP_THREADS := 1
test oldest check: export TF_NUM_INTEROP_THREADS := 1

test: lint ## check everything: code, lessons (run again), site
	$(BIN)/pytest --nbval --nbval-current-env --numprocesses auto --dist loadscope

check: .venv/all.done ## check what changed since main (a minute), or one lesson: make check LESSON=too-little-data
	@$(BIN)/python -m tools.check $(LESSON)

lint: .venv/all.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

# NAME may hold options too: NAME="too_little_data --help".
experiment: .venv/all.done ## make the stored results of a lesson: make experiment NAME=too_little_data
	$(BIN)/python -m experiments $(NAME)

notebooks: .venv/all.done ## run all lessons again, store their outputs; remake the pages made from them
	$(BIN)/python -m tools.notebooks
	$(BIN)/python -m tools.pages

lock: .venv/all.done ## bring the locks up to date with pyproject.toml
	$(BIN)/python -m tools.lock

oldest: .venv/all.done ## run lessons and tests on the oldest supported versions (Python 3.11)
	$(BIN)/uv venv --quiet --clear --python 3.11 .venv-oldest
	$(BIN)/uv pip install --quiet --python .venv-oldest --resolution lowest-direct \
	  --group test --group book --editable .
	@# TensorFlow 2.19 itself crashes on some gradients that this one test asks it for.
	.venv-oldest/bin/pytest --nbval-lax --nbval-current-env --numprocesses auto --dist loadscope \
	  --ignore tests/test_site.py \
	  --deselect tests/test_layers.py::test_conv2d_gradients_equal_tensorflow

measure: .venv/all.done ## measure the two commands on a fresh clone; writes the run-time page
	$(BIN)/python -m tools.measure

publisher: .venv/all.done ## say who publishes: make publisher URL=https://github.com/YOU/FORK
	$(BIN)/python -m tools.publisher "$(URL)"

clean: ## remove what the other commands made
	rm -rf .venv .venv-oldest _build

# Set-up is redone only when its lock changes. The second environment is the first one and more.
.venv/python.done:
	@$(or $(PYTHON),false) -c '$(CHECK)' || \
	  { echo "Python 3.11 to 3.13 is needed. If you have it: make book PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/book.done: .venv/python.done locks/requirements-book.txt
	@echo "Setting up what the site needs (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r locks/requirements-book.txt
	@touch $@

.venv/all.done: .venv/book.done locks/requirements.txt pyproject.toml
	@echo "Setting up what the lessons and tests need (once, a few minutes) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r locks/requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
