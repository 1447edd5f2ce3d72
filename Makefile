# make demo         the whole way on real data: install, train, generate, validate, export
# make test         the tests, but for slow ones, on two cores; make test JOBS=8 on eight
# make test-all     all tests
# make check        style, types, layers, and that what is generated is current
# make check-wheel  the wheel, installed without development packages, trains and generates
# make fuzz         hostile input, then kills and full disks, for half an hour each; make fuzz MINUTES=5 for less
# make release      sdist and wheel, licences, bill of materials, known vulnerabilities, in dist/
# make docs         the documentation site, in build/docs
# make generate     the JSON schema, and the reference pages of the docs

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
JOBS ?= 2
MINUTES ?= 30
PYTEST := $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile --durations=25

.PHONY: demo test test-all check check-wheel fuzz release docs generate format clean

demo: $(INSTALLED)
	$(BIN)/synthdata demo

test: $(INSTALLED)
	$(PYTEST) -m "not slow"

test-all: $(INSTALLED)
	$(PYTEST)

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests/typed_use.py
	$(BIN)/lint-imports --no-logo
	$(BIN)/python docs/generate.py --check

generate: $(INSTALLED)
	$(BIN)/python docs/generate.py

fuzz: $(INSTALLED)
	$(BIN)/python fuzz/run.py --minutes $(MINUTES)
	$(BIN)/python fuzz/kills.py --minutes $(MINUTES)

release: $(INSTALLED)
	.ci/release $(BIN)/python

docs: $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group docs
	$(BIN)/python -m sphinx --builder html --nitpicky --fail-on-warning --keep-going --quiet docs build/docs
	@echo "open build/docs/index.html"

check-wheel: $(INSTALLED)
	.ci/wheel $(BIN)/python

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist out

$(INSTALLED): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "python3 -m venv failed; on Debian: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[train]' --group dev
	@touch $(INSTALLED)
