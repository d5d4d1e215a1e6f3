# One word per task, the same for people and CI.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed

.PHONY: demo test check bench crash services clean

demo: $(STAMP)  ## the main job on the embedded defaults
	$(VENV)/bin/orderhub demo

test: $(STAMP)  ## every test
	$(VENV)/bin/python -m pytest -q --numprocesses 2 --dist loadfile

check: $(STAMP)  ## lint, types, and the proof of the declarations
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	ORDERHUB_ROUTES="*" $(VENV)/bin/orderhub check

bench: $(STAMP) $(VENV)/.bench  ## how fast the road, Delta, Apply, configurator, pricing, layouts, feeds, the operator's reads, large quotes and commands are; BENCH="--quick"
	$(VENV)/bin/python -m tests.bench.road $(filter-out --full,$(BENCH))
	$(VENV)/bin/python -m tests.bench.delta_and_apply
	$(VENV)/bin/python -m tests.bench.growth
	$(VENV)/bin/python -m tests.bench.layouts $(filter --quick --full,$(BENCH))
	$(VENV)/bin/python -m tests.bench.batches $(filter --quick --full,$(BENCH))
	$(VENV)/bin/python -m tests.bench.feeds $(filter --quick --full,$(BENCH))
	$(VENV)/bin/python -m tests.bench.console $(filter --quick --full,$(BENCH))
	$(VENV)/bin/python -m tests.bench.starts
	$(VENV)/bin/python -m tests.bench.quote_to_profile

crash: $(STAMP)  ## 200 random lives of a feed's two sides, with more than 1,000 crashes, then a kill after each record of a file
	$(VENV)/bin/python -m tests.crash.feeds $(CRASH)
	$(VENV)/bin/python -m tests.crash.feed_kills

services: $(STAMP)  ## a private RabbitMQ and PostgreSQL until Ctrl-C; prints their settings
	@$(VENV)/bin/python -m tests.services

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

$(VENV)/.bench: pyproject.toml $(STAMP)  # what the measurements compare with
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) orderhub-demo
