# make demo   environment, corpus, training and results of egs/mini_asterisk (30 minutes on 2 cores)
# make test   every fast test      make test-recipes   every recipe on a miniature corpus
# make test-slow   long tests: Slurm, FSDP, published sizes, the data benchmark
# make lint   ruff, shellcheck, types                     make types       types alone
# make bench  speed against other implementations         make lmplz       KenLM's n-gram estimator
# make bench-gpu   what one GPU does with the presets, in six minutes (BENCH_OPTIONS: bench/gpu.py)
# make wheel  dist/asrkit-*.whl
# make env    the Python environment only (ASRKIT_VENV says where; see tools/env.sh)
# make clean  caches only             make clean-demo  what the demo made, not its downloads
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.PHONY: help env demo test test-recipes test-slow lint types wheel bench bench-gpu lmplz clean clean-demo
export PYTHONUTF8 := 1

RECIPE := egs/mini_asterisk/asr1
SHELL_FILES := $(shell git ls-files '*.sh' '*.bats' .ci/run 2>/dev/null || echo utils/*.sh)
# The first lines of every target: the environment, made if missing.
IN_ENV = venv=$$(tools/env.sh); export PATH="$$venv/bin:$$PATH" PYTHONPATH="$$PWD$${PYTHONPATH:+:$$PYTHONPATH}"

help:
	@while IFS= read -r line; do [[ $$line == '#'* ]] || break; echo "$${line#\# }"; done <Makefile

env:
	@tools/env.sh

demo:
	@$(IN_ENV)
	python tools/check_install.py --quiet true
	tools/install_lmplz.sh || echo "lmplz could not be built (above): the rows with a language model say skipped" >&2
	$(RECIPE)/run.sh $(DEMO_OPTIONS)
	python -m asrkit.bin.results --exp $(RECIPE)/exp --show_pairs 3

# Processes of pytest that share out the files of tests; one thread each keeps the timings steady.
TEST_PROCESSES ?= 2

test:
	@$(IN_ENV)
	bats=$$(tools/find_bats.sh)
	export OMP_NUM_THREADS=1
	tools/test_shares.sh $(TEST_PROCESSES) -q -m "not slow and not recipe"
	"$$bats" test/shell

# Every recipe, all stages, on a miniature corpus made from the clips in test/corpora.
test-recipes:
	@$(IN_ENV)
	OMP_NUM_THREADS=1 tools/test_shares.sh $(TEST_PROCESSES) -q -m recipe --timeout 600

test-slow:
	@$(IN_ENV)
	OMP_NUM_THREADS=2 python -m pytest -q -m slow --timeout 3600

lint: types
	@$(IN_ENV)
	ruff check .
	ruff format --check .
	shellcheck -x -P SCRIPTDIR $(SHELL_FILES)

types:
	@$(IN_ENV)
	mypy

wheel:
	@$(IN_ENV)
	tools/wheel.sh dist

bench:
	@$(IN_ENV)
	python bench/train_step.py
	python bench/data.py
	python bench/transcoder.py
	python bench/infer.py
	python bench/scaling.py
	python bench/cards.py

bench-gpu:
	@$(IN_ENV)
	python bench/gpu.py $(BENCH_OPTIONS)

lmplz:
	@$(IN_ENV)
	tools/install_lmplz.sh

clean:
	rm -rf build dist site ./*.egg-info .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-demo:
	rm -rf $(RECIPE)/exp $(RECIPE)/dump $(RECIPE)/data
