# `make run` starts the dashboard, `make test` checks everything, `make` tells the rest.
#
# Set-up: .venv/installed names what has been installed, and for whom: interpreter, folder, and the sum of each
# requirements file. It is taken away before an installation begins and laid down after it, so a half-finished one is
# noticed and done again.

SHELL := /bin/sh
VENV := .venv
RUN := $(VENV)/bin/python
LOCK := .venv-lock

# Only from the command line: conda and some shells have a HOST of their own.
ifneq ($(origin HOST),command line)
HOST :=
endif

# The interpreter into $python, and into $about what a virtual environment of it depends on. A shim of pyenv may exist
# and yet fail, so each is run.
find_python = \
for python in $(if $(PYTHON),"$(PYTHON)",python3.12 python3.11 python3); do \
	about=$$("$$python" -c 'import os, sys; \
	(3, 11) <= sys.version_info[:2] <= (3, 12) or sys.exit(1); \
	print(sys.implementation.cache_tag, os.uname().machine, sys.base_prefix)' 2>/dev/null) && break; \
	python=; \
done; \
if [ -z "$$python" ]; then \
	echo 'Fairlap needs Python 3.11 or 3.12, and none of $(or $(PYTHON),python3.12 python3.11 python3) runs as one.' >&2; \
	echo 'Install one (Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv), or name one: make run PYTHON=/path/to/python3.12' >&2; \
	exit 1; \
fi

# A fresh virtual environment of $python in the folder $(1).
new_venv = \
if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
	"$$python" -c 'import sys; print("%s has no venv module. On Debian and Ubuntu: apt-get install python%d.%d-venv" \
	% (sys.executable, *sys.version_info[:2]))' >&2; \
	exit 1; \
fi; \
"$$python" -m venv --clear $(1)

# Twice quiet: once still warns of what does not matter here.
PIP_INSTALL := -m pip --quiet --quiet --disable-pip-version-check --no-input install

# Installs the requirements files $(1), unless they are.
define install
@set -eu; $(find_python); \
for pins in $(1); do \
	key="$$about $$PWD $$(cksum $$pins)"; \
	done=$$(cat $(VENV)/installed 2>/dev/null || true); \
	case "$$done" in *"$$key"*) continue;; esac; \
	rm -f $(VENV)/installed; \
	echo "Installing $$pins into $(VENV) with $$python; this takes a few minutes ..."; \
	if [ $$pins = requirements.txt ]; then $(call new_venv,$(VENV)); done=; fi; \
	$(RUN) $(PIP_INSTALL) -r $$pins; \
	printf '%s\n' $${done:+"$$done"} "$$key" > $(VENV)/installed; \
done
endef

.PHONY: help run warm test lint bench screenshots lock clean setup setup-test

help:
	@echo 'make run                   start the dashboard and print its address'
	@echo '     PORT=8600 HOST=0.0.0.0   on another port; for other machines too'
	@echo '     WATCH=1                  follow changes of the source'
	@echo 'make warm                  prepare this machine for a demo'
	@echo 'make test                  lint, import walls and tests;  ARGS="-k plan"  goes to pytest'
	@echo 'make lint                  lint and import walls alone'
	@echo 'make bench                 the command line;  ARGS="run modin --cores 2"'
	@echo 'make screenshots           take the pictures of README anew'
	@echo 'make lock                  recompile the pins from the *.in files;  UPGRADE=1  to the newest'
	@echo 'make clean                 remove the virtual environment and the caches'
	@echo 'PYTHON=python3.11          with any of them: that interpreter'

run: setup
	@exec $(RUN) -m streamlit run app.py $(if $(PORT),--server.port=$(PORT)) \
		$(if $(HOST),--server.address=$(HOST)) $(if $(WATCH),--server.fileWatcherType=auto)

# Before a demo: quantize, generate, compile, and read the libraries, so that the first races start at once.
warm: setup
	@$(RUN) -m bench prepare

bench: setup
	@$(RUN) -m bench $(or $(ARGS),list)

# Two files at a time, in their order (long ones come first): most tests wait for processes to start.
test: lint
	$(RUN) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: setup-test
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(VENV)/bin/lint-imports
	$(RUN) -m pyright --warnings

setup:
	$(call install,requirements.txt)

setup-test:
	$(call install,requirements.txt requirements-dev.txt)

# README's pictures, of a real run on this machine.
screenshots: setup-test
	@mkdir -p assets/screenshots
	FAIRLAP_SCREENSHOTS=$(CURDIR)/assets/screenshots $(RUN) -m pytest tests/browser -k screenshots

# For every platform and both Pythons at once, which only uv can do.
lock:
	@set -eu; $(find_python); \
	if ! $(LOCK)/bin/uv --version >/dev/null 2>&1; then \
		$(call new_venv,$(LOCK)); $(LOCK)/bin/python $(PIP_INSTALL) uv; \
	fi; \
	for name in requirements requirements-dev; do \
		$(LOCK)/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
			--custom-compile-command 'make lock' $(if $(UPGRADE),--upgrade) $$name.in --output-file $$name.txt; \
	done

clean:
	rm -rf $(VENV) $(LOCK) .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
