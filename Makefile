# `make help` lists the commands. Python 3.11 to 3.13; another one: `make book PYTHON=python3.12`.
CHECK := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c '$(CHECK)' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SITE := _build/html
PORT ?= 8000
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help book serve lab data test lint check notebooks experiment lock oldest newest colab measure publisher \
  editions class pdf epub archive grading students room clean

help: ## list the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | expand -t 12

book: .venv/book.done ## build the site from stored outputs (needs no TensorFlow)
	@$(BIN)/jupyter-book build . --warningiserror --keep-going --quiet
	@echo "The book: file://$(CURDIR)/$(SITE)/index.html   (make serve: http://localhost:$(PORT))"

# Before the site is built, not after it.
FREE := import socket, sys; s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); \
  s.bind(("127.0.0.1", int(sys.argv[1])))

serve: .venv/python.done ## build the site and serve it on this machine
	@$(BIN)/python -c '$(FREE)' $(PORT) 2>/dev/null || \
	  { echo "Port $(PORT) is taken, or is no port. Another one: make serve PORT=8765"; exit 1; }
	@$(MAKE) --no-print-directory book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(SITE) $(PORT)

lab: .venv/all.done ## open JupyterLab on the lessons
	$(BIN)/jupyter lab --notebook-dir . --LabApp.default_url=/lab/tree/notebooks

data: .venv/all.done ## fetch and check the images of the lessons, say where they lie
	@$(BIN)/python -m helpers.datasets

# Each of several workers has a core of its own; more threads would only wait for each other.
test check oldest newest colab: export OMP_NUM_THREADS := 1
test check oldest newest colab: export TF_NUM_INTRAOP_THREADS := 1
test check oldest newest colab: export TF_NUM_INTEROP_THREADS := 1

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

# Lessons and tests on other versions than the lock's, each in an environment of its own.
oldest: ## run lessons and tests on the oldest supported versions (Python 3.11)
newest: ## run lessons and tests on the newest releases (Python 3.13)
colab: ## run lessons and tests on the versions that Colab had (Python 3.13)
oldest: VERSIONS := --resolution lowest-direct --group book
newest: VERSIONS := --upgrade --group book
colab: VERSIONS := --constraints locks/colab.txt
oldest: ON := 3.11
newest colab: ON := 3.13
# TensorFlow 2.19 itself crashes on some gradients that this one test asks it for.
oldest: BUT := --deselect tests/test_layers.py::test_conv2d_gradients_equal_tensorflow
oldest newest colab: .venv/all.done
	$(BIN)/uv venv --quiet --clear --python $(ON) .venv-$@
	$(BIN)/uv pip install --quiet --python .venv-$@ $(VERSIONS) --group test --editable .
	.venv-$@/bin/pytest --nbval-lax --nbval-current-env --numprocesses auto --dist loadscope \
	  --ignore tests/test_site.py $(BUT)

measure: .venv/all.done ## measure the two commands on a fresh clone; writes the run-time page
	$(BIN)/python -m tools.measure

publisher: .venv/book.done ## say who publishes: make publisher URL=https://github.com/YOU/FORK
	$(BIN)/python -m tools.publisher "$(URL)"

# EDITIONS="student slides", or options, as python -m tools.editions --help says.
editions: .venv/all.done ## write lessons for students and teachers, assignments, slides, quizzes
	@$(BIN)/python -m tools.editions $(EDITIONS)

class: .venv/all.done book ## make a folder to hand out: site, lessons, data, slides, quizzes, checksums
	@$(BIN)/python -m tools.handout

pdf: .venv/all.done book ## print the whole book (needs Chromium or Chrome; some minutes)
	@$(BIN)/python -m tools.offline.pdf

epub: .venv/book.done book ## write the whole book as an EPUB
	@$(BIN)/python -m tools.offline.epub

archive: .venv/all.done book ## zip site, lessons and helpers, to read and run without a network
	@$(BIN)/python -m tools.offline.archive

grading: .venv/all.done .venv-course/course.done ## grade made-up submissions in nbgrader and Otter (a quarter of an hour)
	$(BIN)/pytest tests/course/cycle.py

students: .venv/all.done ## run the student edition with nothing else installed, on the versions that Colab had
	@$(BIN)/python -m tools.editions student
	$(BIN)/uv venv --quiet --clear --python 3.13 .venv-$@
	$(BIN)/uv pip install --quiet --python .venv-$@ --constraints locks/colab.txt \
	  --requirement _build/editions/student/requirements.txt ipykernel
	$(BIN)/pytest tests/course/students.py

room: .venv/all.done .venv-course/course.done ## a class at once on a JupyterHub of this machine (needs npm)
	npm install --silent --no-save --prefix .venv-course configurable-http-proxy@5.3.0
	$(BIN)/python -m tools.room $(or $(LESSON),modalities-and-history)

clean: ## remove what the other commands made
	@! ls _build/editions/assignment/*/gradebook.db >/dev/null 2>&1 || \
	  { echo "Grades lie in _build/editions/assignment. Move that folder away first."; exit 1; }
	rm -rf .venv .venv-oldest .venv-newest .venv-colab .venv-course .venv-students _build

.venv-course/course.done: .venv/all.done locks/requirements-course.txt
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-course
	@$(BIN)/uv pip install --quiet --python .venv-course --require-hashes -r locks/requirements-course.txt
	@touch $@

# Set-up is redone only when its lock changes. The second environment is the first one and more.
.venv/python.done:
	@$(or $(PYTHON),false) -c '$(CHECK)' || \
	  { echo "Python 3.11 to 3.13 is needed. If you have it: make book PYTHON=/path/to/it"; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

# pip calls a package unknown when it reaches no index. So ask for one that is always there.
WHY = { $(BIN)/python -m pip install --quiet --dry-run --ignore-installed --no-deps --retries 0 pip \
    >/dev/null 2>&1 && echo "The set-up failed; the lines above say why." || \
    echo "No network: packages can't be fetched. Connect to the internet, or see HTTPS_PROXY and" \
    "PIP_INDEX_URL; then run make again."; exit 1; }

.venv/book.done: .venv/python.done locks/requirements-book.txt
	@echo "Setting up what the site needs (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r locks/requirements-book.txt || $(WHY)
	@touch $@

.venv/all.done: .venv/book.done locks/requirements.txt pyproject.toml
	@echo "Setting up what the lessons and tests need (once, a few minutes, 3 GB on the disk) ..."
	@$(BIN)/python -m pip install --quiet --require-hashes -r locks/requirements.txt || $(WHY)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
