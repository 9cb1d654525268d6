# `make redwine` and `make test` set up what they need and do the rest.

SETS := redwine whitewine cardio pendigits arrhythmia balance mammographic seeds vertebral breastcancer
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .venv/bin

.PHONY: help setup all test lint bench published results tables table-models table-pruning docs clean $(SETS)

help:
	@echo "make SET        train, build and verify the five circuits of a data set:"
	@echo "                $(SETS)"
	@echo "make all        all of them"
	@echo "make results    all of them, then docs/exact.md"
	@echo "make published  the eight published models with scores kept, beside their figures"
	@echo "make tables     every circuit exact, approximated as published and by us (hours), runs/reproduce/tables.md"
	@echo "make test       lint, types and the whole test suite"
	@echo "make bench      speed and growth of the kernel, each build step, pruning and searches"
	@echo "make docs       the documentation as a site, build/site/index.html"
	@echo "make clean      remove run folders and caches (not the set-up)"

.venv/.ready: pyproject.toml requirements.lock scripts/setup.sh
	scripts/setup.sh

setup: .venv/.ready

$(SETS): .venv/.ready
	$(BIN)/printml flow flows/$@.toml -j $(JOBS)

all: .venv/.ready
	$(BIN)/printml flow $(SETS:%=flows/%.toml) -j $(JOBS)

published: .venv/.ready
	$(BIN)/python -m benchmarks.published -j $(JOBS) --markdown docs/published.md

table-models table-pruning: tables

tables: .venv/.ready
	$(BIN)/printml reproduce survey-mlp-svm --first-seed 33 -j $(JOBS) --out runs/reproduce/survey-mlp-svm
	$(BIN)/printml reproduce survey-trees --first-seed 13 -j $(JOBS) --out runs/reproduce/survey-trees
	$(BIN)/printml reproduce frontier --first-seed 39 -j $(JOBS) --out runs/reproduce/frontier
	$(BIN)/python -m benchmarks.tables

test: .venv/.ready lint
	$(BIN)/python -m pytest -n $(JOBS)

lint: .venv/.ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

results: all
	$(BIN)/python -m benchmarks.exact

bench: .venv/.ready
	$(BIN)/python -m benchmarks.bench
	$(BIN)/printml build redwine --model mlp-r --out runs/bench
	$(BIN)/python -m benchmarks.pruning runs/bench
	$(BIN)/python -m benchmarks.search_speed
	$(BIN)/python -m benchmarks.faults runs/bench

docs: .venv/.ready
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs build/site

clean:
	rm -rf runs build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache
