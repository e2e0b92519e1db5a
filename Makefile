# Everything a person does with this repository. The first target that needs them makes .venv from the hashed requirements.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11; do \
	$$name -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$name && exit; done; echo python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Compiled once, also where the environment says otherwise, and not by each of the processes that tests start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-long simulate mutants check format bench bench-judge evals schema deployer-agent lock clean

demo: $(STAMP)
	$(BIN)/orchestrate demo

# Live tests wait more than they work; the demo, which takes longest, begins first. tests/conftest.py marks them by the same names.
LIVE = $$(find tests -name 'test_*_live.py' -o -name 'test_*traffic*.py' -o -name 'test_*.py' -path '*demo*')
test: $(STAMP)
	$(BIN)/pytest -n 4 -m 'not live and not slow and not pairs'
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'live and not slow' tests/stories/test_demo.py $(LIVE)

# What proves the same with more of it, and takes minutes: all pairs of kills, a thousand races, hundreds of other seeds.
SEEDS ?= 400
test-long: $(STAMP)
	$(BIN)/pytest -m 'slow or pairs'
	$(BIN)/python -m tests.simulation --first 1000 --seeds $(SEEDS)

# Any number of courses of events under faults drawn from a seed; SEED=N replays one, step by step.
simulate: $(STAMP)
	$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED),--seeds $(SEEDS))

# Takes out each guard in turn; a test must notice. MUTANTS="word …" chooses guards by their names.
mutants: $(STAMP)
	$(BIN)/python -m tests.mutants $(MUTANTS)

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m prompts check

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Asks Claude each role's cases where ANTHROPIC_API_KEY is set, which costs about ten cents. ROLES="role …" chooses.
evals: $(STAMP)
	$(BIN)/python -m tests.evals $(ROLES)

bench: $(STAMP)
	$(BIN)/python -m tests.bench

# Simulated canaries, judged by us and by the public ways: half an hour on two cores. JUDGE="--runs 20 --scenario cold" for less.
bench-judge: $(STAMP)
	$(BIN)/python -m tests.bench_judge $(JUDGE)

schema: $(STAMP)
	$(BIN)/python -m orchestrate.settings.schema orchestrate.schema.json

deployer-agent: $(STAMP)
	$(BIN)/python -m prompts deployer-agent > .claude/agents/deployer.md
	$(BIN)/python -m prompts deployer-agent plugin > plugin/agents/deployer.md

# Needs uv (pip install uv). Both files name no registry, and install on Python 3.11–3.13, Linux and macOS.
COMPILE := pip compile -q --universal --generate-hashes --no-header --python-version 3.11 pyproject.toml
lock:
	@command -v uv >/dev/null || { echo "uv is not installed; cure: $(PYTHON) -m pip install uv" >&2; exit 1; }
	uv $(COMPILE) -o requirements.txt >/dev/null
	uv $(COMPILE) --group dev -c requirements.txt -o requirements-dev.txt >/dev/null

clean:
	rm -rf $(VENV)

# hatchling and editables are among the hashed requirements, so that installing the project asks nobody.
$(STAMP): requirements-dev.txt pyproject.toml
	@PYTHON=$(PYTHON) sh scripts/prerequisites
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	touch $@
