# Two commands for a newcomer: `make run` and `make test`. They need Python >= 3.10, a C++20 compiler and make;
# everything else (CMake and Ninja too) is installed into a private virtual environment below this folder.
# `make help` lists the rest. Each step leaves a stamp, so that a second call only does what has changed.

PYTHON ?= python3
VENV   ?= .venv
DEV    ?= .venv-dev

# Values that every recipe below uses; not meant to be set.
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check --quiet
STAMPS  := $(VENV)/stamps
WHEELS  := build/wheel
SOURCES := $(filter-out %.pyc, $(shell find core src -type f ! -path 'core/tests/*' 2>/dev/null)) \
           $(wildcard pyproject.toml CMakeLists.txt README.md LICENSE)
STUBS    = $(wildcard src/bant/*.pyi src/bant/*/*.pyi tests/typing/*.py)

# To these it is all the same what a tape records: they run once.
TAPELESS = tests/jit tests/style tests/ops/test_accuracy.py

# What runs under the sanitizers besides the core's own tests, where it is there: with fewer random functions, and without
# the tests that try the tests of these.
SANITIZED_TESTS = $(wildcard tests/test_first.py tests/robustness tests/executor tests/function)
SANITIZED_LESS  = -k "not wrong_replay and not reads_as_a_program"

.PHONY: help run test tour bench lint sanitize dev clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:
	@echo "make run       build bant into $(VENV) and run examples/gradient_tape.ipynb on it"
	@echo "make test      run the test-suite twice: as it is, and with BANT_WATCH_ACCESSED_TENSORS=0"
	@echo "make bench     run the benchmarks side by side with the peers that are installed in $(VENV)"
	@echo "make lint      ruff, mypy, and pyright where it can be installed"
	@echo "make sanitize  the core's C++ tests and a Python run under AddressSanitizer and UBSan, threads under TSan"
	@echo "make dev       an editable install in $(DEV) that rebuilds itself when a source changes"
	@echo "make clean     remove everything that these commands made"

run: $(STAMPS)/bant
	@echo "==> Running examples/gradient_tape.ipynb on bant"
	@$(BIN)/bant run examples/gradient_tape.ipynb

test: $(STAMPS)/test
	@echo "==> Tests: a tape records every operation in its context (the default)"
	@env -u BANT_WATCH_ACCESSED_TENSORS $(BIN)/python -m pytest tests
	@echo "==> Tests: only what is watched is recorded (BANT_WATCH_ACCESSED_TENSORS=0), but for those that know no tapes"
	@BANT_WATCH_ACCESSED_TENSORS=0 $(BIN)/python -m pytest tests $(addprefix --ignore=,$(TAPELESS))

# The tour of the library that is short enough to run before every commit.
tour: $(STAMPS)/test
	@$(BIN)/python -m pytest --quiet tests/test_first.py

bench: $(STAMPS)/test
	@echo "==> Benchmarks, one process after the other; close other programs for steady numbers"
	@set -e; for file in benchmarks/*.py; do \
	  case $$file in */_*) continue;; esac; \
	  echo "==> $$file"; $(BIN)/python $$file; \
	done

lint: $(STAMPS)/lint $(STAMPS)/bant
	@echo "==> ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "==> mypy: the package and its public stubs"
	@$(BIN)/mypy
	@if [ -e $(STAMPS)/pyright ]; then \
	  echo "==> pyright: the public stubs"; $(BIN)/pyright --pythonpath $(BIN)/python $(STUBS); \
	else \
	  echo "==> pyright could not be installed on this machine: left out"; \
	fi

# The sanitizers' run-time libraries must be in the process before Python is. Python itself never frees all it has,
# so leaks are looked for in the C++ tests only.
CXX ?= g++
PRELOAD = $(shell $(CXX) -print-file-name=libasan.so) $(shell $(CXX) -print-file-name=libstdc++.so)

sanitize: $(STAMPS)/sanitize $(STAMPS)/test
	@echo "==> The core's C++ tests under AddressSanitizer and UBSan"
	@PATH="$(abspath $(BIN)):$$PATH" cmake -S core/tests -B build/asan -G Ninja -DBANT_SANITIZE=ON \
	  -DPython_EXECUTABLE=$(abspath $(BIN)/python) --log-level=WARNING
	@PATH="$(abspath $(BIN)):$$PATH" cmake --build build/asan
	@PATH="$(abspath $(BIN)):$$PATH" ctest --test-dir build/asan --output-on-failure
	@echo "==> The tests that have several threads under ThreadSanitizer"
	@PATH="$(abspath $(BIN)):$$PATH" cmake -S core/tests -B build/tsan -G Ninja -DBANT_SANITIZE=thread \
	  -DPython_EXECUTABLE=$(abspath $(BIN)/python) --log-level=WARNING
	@PATH="$(abspath $(BIN)):$$PATH" cmake --build build/tsan --target pool_test
	@PATH="$(abspath $(BIN)):$$PATH" ctest --test-dir build/tsan --output-on-failure -L threads
	@echo "==> Building bant with the sanitizers, beside the ordinary one"
	@rm -rf build/asan-site && $(PIP) install . --no-deps --target build/asan-site \
	  --config-settings=cmake.define.BANT_SANITIZE=ON --config-settings=build-dir=build/asan-wheel
	@echo "==> The example notebook and $(or $(SANITIZED_TESTS),no further tests) under the sanitizers"
	@set -e; export LD_PRELOAD="$(PRELOAD)" PYTHONPATH="$(abspath build/asan-site)" PYTHONMALLOC=malloc \
	  ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:allocator_may_return_null=1 \
	  UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1; \
	  $(BIN)/python -m bant run --quiet examples/gradient_tape.ipynb; \
	  $(if $(SANITIZED_TESTS),BANT_EXAMPLES=40 $(BIN)/python -m pytest --quiet -p no:cacheprovider $(SANITIZED_LESS) $(SANITIZED_TESTS))

dev:
	@echo "==> An editable install of bant in $(DEV): it rebuilds itself when a source changes"
	@$(PYTHON) -m venv $(DEV)
	@$(DEV)/bin/python -m pip --disable-pip-version-check --quiet install scikit-build-core nanobind numpy cmake ninja
	@PATH="$(abspath $(DEV))/bin:$$PATH" $(DEV)/bin/python -m pip --disable-pip-version-check --quiet install \
	  --no-build-isolation --config-settings=editable.rebuild=true --config-settings=build-dir=build/dev -e '.[test]'
	@echo "==> Ready: run '. $(DEV)/bin/activate', then 'pytest tests'"

clean:
	@echo "==> Removing build, dist, $(VENV) and $(DEV)"
	@rm -rf build dist $(VENV) $(DEV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(STAMPS)/venv:
	@echo "==> Making a virtual environment in $(VENV) ($$($(PYTHON) --version))"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
	  { echo "bant needs Python 3.10 or newer; choose one with 'make PYTHON=python3.12 ...'" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "Python's venv module does not work here (Debian and Ubuntu: install python3-venv)" >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

$(WHEELS)/stamp: $(STAMPS)/venv $(SOURCES)
	@echo "==> Building bant (compiling the core takes a minute or two)"
	@rm -rf $(WHEELS)
	@$(PIP) wheel . --no-deps --wheel-dir $(WHEELS)
	@touch $@

# --force-reinstall, because a rebuilt wheel has the same version as the one before.
$(STAMPS)/bant: $(WHEELS)/stamp
	@echo "==> Installing bant into $(VENV)"
	@$(PIP) install --force-reinstall --no-deps $(WHEELS)/bant-*.whl
	@$(PIP) install $(WHEELS)/bant-*.whl
	@touch $@

$(STAMPS)/test: $(STAMPS)/bant pyproject.toml
	@echo "==> Installing what the tests need into $(VENV)"
	@$(PIP) install "$$(echo $(WHEELS)/bant-*.whl)[test]"
	@touch $@

$(STAMPS)/lint: $(STAMPS)/test
	@echo "==> Installing ruff, mypy and pyright into $(VENV)"
	@$(PIP) install "$$(echo $(WHEELS)/bant-*.whl)[lint]"
	@rm -f $(STAMPS)/pyright
	@if $(PIP) install pyright && $(BIN)/pyright --version; then touch $(STAMPS)/pyright; fi
	@touch $@

$(STAMPS)/sanitize: $(STAMPS)/venv
	@echo "==> Installing CMake and Ninja into $(VENV)"
	@$(PIP) install cmake ninja numpy
	@touch $@
