# Everything a reader or a contributor runs. No logic here: the work is done in scripts/.
# Needs Python 3.11 or newer and make; `make PYTHON=python3.13 book` picks an interpreter.

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
PORT   ?= 8000

.DEFAULT_GOAL := help
.PHONY: help book serve pdf test course lint types links weigh mutants bench lock clean

help:     ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+: .*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

book:     $(VENV)/.book ## build the site into _build/html, warnings being errors
	@$(PY) scripts/build_book.py

serve:    book ## build, then show the site on this machine only
	@echo "http://127.0.0.1:$(PORT)/ (Ctrl-C stops)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

pdf:      book $(VENV)/.browser ## print the whole book into _build/unrolled.pdf
	@$(PY) scripts/make_pdf.py

test:     book lint types $(VENV)/.browser ## the book, lint, types, then every test with coverage
	@# one BLAS thread a process: the processes share the cores already
	OPENBLAS_NUM_THREADS=1 $(PY) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --cov --cov-report=term

course:   $(VENV)/.test ## the instructor's command, unrolled-course, with nbgrader and Dask
	@echo "$(VENV)/bin/unrolled-course is ready; its --help says what it does"

lint:     $(VENV)/.test ## ruff over the code and over the chapters' cells
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) scripts/lint_cells.py

types:    $(VENV)/.test ## mypy, strict, over the package and the course kit
	$(PY) -m mypy

links:    $(VENV)/.book ## ask every link of the book whether it still answers
	$(PY) scripts/build_book.py --links

weigh:    book $(VENV)/.browser ## the table of every page's first load
	$(PY) scripts/weigh_pages.py

mutants:  $(VENV)/.test ## break each gradient on purpose: a test must fail
	$(PY) scripts/mutate.py

bench:    benchmarks/.venv/.ready ## measure the speed beside PyTorch and JAX; BENCH=--quick for a look
	@benchmarks/.venv/bin/python -m benchmarks $(BENCH)

lock:     python ## resolve requirements.txt and pyproject.toml[test] anew into constraints.txt
	$(PYTHON) scripts/lock.py

clean:    ## remove what was built and measured, but not the environment
	rm -rf _build book/_vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage

# The environment, each stamp made anew when what it was installed from changes.
.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Unrolled needs Python 3.11 or newer; '$(PYTHON)' is missing or older." >&2; \
	  echo "Name another one: make PYTHON=python3.12 book" >&2; exit 1; }

$(VENV)/.book: requirements.txt constraints.txt pyproject.toml | python
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt
	@touch $@

$(VENV)/.test: $(VENV)/.book
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

$(VENV)/.browser: $(VENV)/.test
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || $(PY) -m playwright install chromium
	@touch $@

# PyTorch and JAX are large, and nothing but `make bench` needs them.
benchmarks/.venv/.ready: benchmarks/requirements.txt benchmarks/constraints.txt pyproject.toml | python
	$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/python -m pip install --disable-pip-version-check \
	  -c benchmarks/constraints.txt -r benchmarks/requirements.txt
	@touch $@
