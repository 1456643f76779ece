# `make new` generates a project, `make test` passes the tests; both need Python 3.11+ and git only.
PYTHON ?= python3
OUT ?= build
ARGS ?=
BIN := .venv/bin

PROGRAMS := {{cookiecutter.project_slug}}/tools

.PHONY: new adopt test lint bench lock release health github-setup

new: .venv/new
	$(BIN)/cookiecutter . --output-dir "$(OUT)" $(ARGS)

adopt: .venv/new
	$(BIN)/python scripts/adopt.py "$(PROJECT)" $(ARGS)

test: .venv/dev
	$(BIN)/python -m pytest $(ARGS)

lint: .venv/dev
	$(BIN)/pre-commit run --all-files

bench: .venv/dev
	$(BIN)/python benchmarks/generation.py
	$(BIN)/python benchmarks/pipeline.py

release: .venv/new
	$(BIN)/python scripts/release.py "$$TAG"

# The programs of the projects, for the template's own repository; without bytecode, which would be rendered too.
health: .venv/new
	$(BIN)/python -B "$(PROGRAMS)/ci_health.py" $(ARGS)

github-setup: .venv/new
	$(BIN)/python -B "$(PROGRAMS)/github_setup.py" $(ARGS)

lock: .venv/dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group dev --output-file requirements.txt --upgrade \
	  --custom-compile-command "make lock"

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one with PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	touch $@

.venv/new: .venv/python requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.txt cookiecutter coverage cruft packaging pre-commit pyproject2conda ruamel-yaml tomlkit
	touch $@

.venv/dev: .venv/python requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	touch $@ .venv/new
