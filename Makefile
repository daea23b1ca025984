# Whetstone. `make` lists what there is.
.DEFAULT_GOAL := help
.PHONY: help run stop test lint demo bench soak doctor clean-data install install-test

PORT ?= 8000
DATA ?= var
TEST_DATA ?= var/test
# the default installation keeps its models beside it, every other one within its DATA
MODELS := $(if $(filter $(abspath var),$(abspath $(DATA))),models_store)
PYTEST ?=
PY := .venv/bin/python
SUPERVISOR := $(PY) -m apps.config.supervisor
UNDER_SERVERS := $(SUPERVISOR) exec --throwaway --data $(TEST_DATA) --

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1|\2/' \
	  | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

install:
	@requirements/install run

install-test:
	@requirements/install test

run: install ## install what is missing and start everything (PORT=8000 DATA=var); Ctrl-C stops it
	@exec $(SUPERVISOR) run --data $(DATA) --web-port $(PORT)

stop: ## stop what `make run` started, from another terminal (DATA=var)
	@$(SUPERVISOR) stop --data $(DATA)

test: install-test ## install what tests need, a browser included, and run them all (PYTEST="-k desk")
	@$(PY) -m apps.config.browser
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/lint-imports
	@$(UNDER_SERVERS) sh -c '$(PY) manage.py makemigrations --check --dry-run && $(PY) -m pytest -n 2 --basetemp var/pytest $(PYTEST)'

lint: install-test ## ruff, mypy, djlint, import contracts, missing migrations
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/djlint templates --lint --quiet
	.venv/bin/lint-imports
	$(UNDER_SERVERS) sh -c '.venv/bin/mypy && $(PY) manage.py makemigrations --check --dry-run'

demo: install ## the whole loop, unattended, on a throw-away database; one JSON line at the end
	@$(PY) -m apps.config.demo

bench: install-test ## measure the queue against its floors (minutes; see docs/benchmarks.md)
	@$(PY) bench/queue.py

soak: install-test ## the long tests: soak, fuzz, sizes (minutes to hours)
	@$(UNDER_SERVERS) $(PY) -m pytest -m soak --timeout 7200 $(PYTEST)

doctor: ## what is wrong with this installation, and how to mend it
	@if ! [ -x $(PY) ]; then echo 'Nothing is installed yet. Mend: `make run` installs what is needed, and starts.'; exit 1; fi
	@$(PY) -m apps.config.doctor

clean-data: ## delete the database, models and secrets of this installation; asks first (DATA=var)
	@printf 'Delete everything in %s? Type yes: ' "$(DATA)$(MODELS:%= and %)"; read answer; \
	  if [ "$$answer" != yes ]; then echo 'Nothing was deleted.'; exit 0; fi; \
	  if [ -x $(PY) ]; then $(SUPERVISOR) stop --data "$(DATA)"; fi; \
	  rm -rf "$(DATA)" && for place in $(MODELS); do find $$place -mindepth 1 ! -path $$place/README.md -delete; done && echo Deleted.
