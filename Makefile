# Needs Python 3.11+ and make; everything else goes into .venv.
PYTHON ?= python3
VENV ?= .venv
OUT ?= out
DATA ?= $(OUT)/service
PORT ?= 8423
BIN := $(VENV)/bin
SCHEMAS := tests/schemas

.PHONY: run test lint soak benchmark clean

run: $(VENV)/run.stamp  ## start the service, scan the example event with it, products in out/
	$(BIN)/skydriver serve --port $(PORT) --data $(DATA) --scan example --out $(OUT)

test: $(VENV)/test.stamp $(SCHEMAS)/node_modules/.stamp  ## all tests
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/test.stamp  ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

soak: $(VENV)/test.stamp  ## 100,000 damaged events, 50 faults of each kind, 20,000 calls, 1,000 muons, resumable
	$(BIN)/python tests/soak.py

benchmark: $(VENV)/test.stamp  ## what benchmarks/README.md shows
	$(BIN)/python benchmarks/cost.py
	$(BIN)/python benchmarks/seeding.py
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/topology.py
	$(BIN)/python benchmarks/products.py
	$(BIN)/python benchmarks/service.py
	$(BIN)/python benchmarks/alerts.py
	$(BIN)/python benchmarks/find.py
	$(BIN)/python benchmarks/listeners.py
	$(BIN)/python benchmarks/pools.py

clean:
	rm -rf $(VENV) $(OUT) $(SCHEMAS)/node_modules .soak build dist

$(VENV)/run.stamp: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp requirements-test.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-test.txt
	touch $@

# Only what is read: nothing in it is run. Where it cannot be had, the tests that need it are skipped and say so.
$(SCHEMAS)/node_modules/.stamp: $(SCHEMAS)/package.json
	if npm install --prefix $(SCHEMAS) --ignore-scripts --no-audit --no-fund --silent; then touch $@; fi
