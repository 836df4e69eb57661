# Every target works on a fresh clone: it installs first, and needs Python 3.11+ and make, nothing else.

.DEFAULT_GOAL := help
.PHONY: help install demo test test-long test-fuzz test-browser test-servers test-spark bench bench-rebuild bench-months bench-warm dev docs audit sbom lint \
	lint-python lint-format lint-types lint-imports lint-sql lint-reference lint-dbt lint-locks lock FORCE

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
SPARK := build/spark
SPARK_STAMP := $(SPARK)/.installed
RIVALS := build/rivals
RIVALS_STAMP := $(RIVALS)/.installed
AUDIT := build/audit
AUDIT_STAMP := $(AUDIT)/.installed
SHIPPED := build/shipped
# As many as there are processors, up to this.
TEST_PROCESSES := 4

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1

help:
	@echo "make demo          install, make the sample councils' extracts, load every month, show what comes out"
	@echo "make test          install, run the tests"
	@echo "make lint          install, check code, types, imports, SQL, reference data and the dbt project"
	@echo "make install       make $(VENV) from the hashed lock (again only when the lock changes)"
	@echo "make dev           the Dagster UI on this machine"
	@echo "make docs          docs/ as a site with search, links checked, under build/docs"
	@echo "make bench         a load beside DuckDB by hand, pandas, polars, Spark and bare dbt, on the same files"
	@echo "make bench-rebuild  a full build from the archive beside DuckDB by hand on the same Parquet, of any size"
	@echo "make bench-months  one more month, of one council and of all, beside a rebuild of every month"
	@echo "make bench-warm    one council's months in one warm process beside DuckDB by hand"
	@echo "make test-long     the tests that take minutes: every step of a purge killed, the samples searched whole"
	@echo "make test-fuzz     the readers on a minute and more of files nobody thought of, others each time"
	@echo "make test-browser  the tests that draw pages in a browser"
	@echo "make test-servers  the tests that need database or mail servers"
	@echo "make test-spark    the tests that load with Spark too, in an environment of its own; needs Java 17"
	@echo "make audit         every package of the locks looked up among known vulnerabilities"
	@echo "make sbom          a bill of materials (CycloneDX) of what runs, under build/"
	@echo "make lock          lock again after a change of dependencies in pyproject.toml"

install: $(STAMP)

# The stamp names the folder: a copied or moved .venv would run the other folder's code.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(CURDIR))
$(STAMP): FORCE
endif
$(STAMP): requirements/dev.txt requirements/uv.txt requirements/install.sh pyproject.toml
	@rm -f $@
	@sh requirements/install.sh
	@printf '%s' '$(CURDIR)' > $@

demo: $(STAMP)
	@$(BIN)/caseload demo

test: $(STAMP)
	@$(BIN)/pytest -n auto --maxprocesses $(TEST_PROCESSES) -m "not browser and not servers and not long and not spark" $(ARGS)

test-long: $(STAMP)
	@$(BIN)/pytest -n auto --maxprocesses $(TEST_PROCESSES) -m long $(ARGS)

# Other files at each run: what fails is shown with the seed that makes them again (make test-fuzz FUZZ_SEED=...).
FUZZ_EXAMPLES := 600
FUZZ_SEED := $(shell date +%s)
test-fuzz: $(STAMP)
	@echo "fuzzing the readers: $(FUZZ_EXAMPLES) examples a test, FUZZ_SEED=$(FUZZ_SEED)"
	@CASELOAD_FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/pytest -q tests/unit/test_fuzz.py tests/unit/test_plain_files.py \
		--hypothesis-seed=$(FUZZ_SEED) $(ARGS)

test-browser test-servers: test-%: $(STAMP)
	@$(BIN)/pytest -m $* $(ARGS)

# In an environment of its own: Great Expectations imports Spark where it finds it.
$(SPARK_STAMP): requirements/spark.txt requirements/uv.txt requirements/install.sh pyproject.toml
	@rm -f $@
	@sh requirements/install.sh spark $(SPARK)
	@touch $@

test-spark: $(SPARK_STAMP)
	@$(SPARK)/bin/pytest -m spark $(ARGS) tests/spark

lint: lint-locks lint-python lint-format lint-types lint-imports lint-sql lint-reference lint-dbt

# A lock names packages and hashes; where they come from is the machine's own affair.
lint-locks:
	@echo "lint: locks"
	@! grep -nE '://|^ *--(index-url|extra-index-url|find-links|trusted-host)' requirements/*.txt

lint-python: $(STAMP)
	@echo "lint: ruff check"
	@$(BIN)/ruff check --quiet

lint-format: $(STAMP)
	@echo "lint: ruff format"
	@$(BIN)/ruff format --check --quiet

lint-types: $(STAMP)
	@echo "lint: mypy"
	@$(BIN)/mypy

lint-imports: $(STAMP)
	@echo "lint: import-linter"
	@$(BIN)/lint-imports --no-logo

lint-sql: $(STAMP)
	@echo "lint: sqlfluff"
	@PYTHONWARNINGS=ignore::UserWarning $(BIN)/sqlfluff lint --processes 0 --disable-progress-bar dbt/models dbt/tests

# In an empty home, before anything was ever loaded.
lint-reference: $(STAMP)
	@echo "lint: reference data"
	@home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; CASELOAD_HOME="$$home" $(BIN)/python -c $(MERGE_REFERENCE); \
	CASELOAD_HOME="$$home" $(BIN)/caseload recipients lint

# On the merged reference data, as a load does it: a file may be declared and still have no rows.
lint-dbt: $(STAMP)
	@echo "lint: dbt parse"
	@home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; \
	export CASELOAD_HOME="$$home" CASELOAD_REFERENCE="$$home/warehouse/reference"; \
	$(BIN)/python -c $(MERGE_REFERENCE); \
	$(BIN)/dbt --warn-error --quiet --no-version-check parse --no-partial-parse \
		--project-dir dbt --profiles-dir dbt --target-path "$$home/target" --log-path "$$home/logs"

MERGE_REFERENCE := "import dagster_project.reference as r, dagster_project.settings as s; \
	settings = s.load_settings(); r.load_reference(settings).write(settings.merged_reference)"

# Rivals that cannot be had are left out by the comparison itself, which says so.
$(RIVALS_STAMP): requirements/rivals.txt
	@sh requirements/install.sh rivals $(RIVALS) && touch $@ || echo "bench: the rivals could not be installed"

# One contender at a time, so that nothing else competes with what is timed.
bench: $(STAMP) $(RIVALS_STAMP)
	@$(BIN)/python -m bench $(ARGS)

bench-rebuild: $(STAMP) $(RIVALS_STAMP)
	@$(BIN)/python -m bench.rebuild $(ARGS)

bench-months: $(STAMP)
	@$(BIN)/python -m bench.months $(ARGS)

bench-warm: $(STAMP)
	@$(BIN)/python -m bench.warm $(ARGS)

$(AUDIT_STAMP): requirements/audit.txt
	@sh requirements/install.sh audit $(AUDIT) && touch $@

# A look-up that did not happen is no success, but where there is no way out to the service it may be let pass, and is said.
audit: $(AUDIT_STAMP)
	@$(AUDIT)/bin/python -m requirements.audit $(ARGS) || { \
		code=$$?; [ $$code -eq 3 ] && [ -n "$(MAY_BE_OFFLINE)" ] || exit $$code; \
	}

# Of what runs, with licences and what needs what: the base lock, installed by itself.
sbom: $(AUDIT_STAMP)
	@sh requirements/install.sh base $(SHIPPED)
	@PYTHONWARNINGS=ignore $(AUDIT)/bin/cyclonedx-py environment $(SHIPPED)/bin/python --pyproject pyproject.toml \
		--output-reproducible --validate --output-file build/sbom.cdx.json 2>/dev/null
	@echo "sbom: build/sbom.cdx.json"

# Strict: a link or an anchor that leads nowhere, or a page that no reader is led to, stops it.
docs: $(STAMP)
	@$(BIN)/mkdocs build --quiet --clean -f docs_site/mkdocs.yml
	@echo "docs: build/docs/index.html; with search: $(BIN)/python -m http.server -d build/docs"

dev: $(STAMP)
	@home="$${CASELOAD_HOME:-$(CURDIR)/data}"; mkdir -p "$$home/.dagster"; \
	cp dagster_project/dagster.yaml "$$home/.dagster/dagster.yaml"; \
	DAGSTER_HOME="$$(cd "$$home/.dagster" && pwd)" $(BIN)/dagster dev $(ARGS)

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate
lock: $(STAMP)
	@$(LOCK) pyproject.toml -o requirements/base.txt
	@$(LOCK) pyproject.toml --extra dev --extra postgres --extra workbench -c requirements/base.txt -o requirements/dev.txt
	@$(LOCK) pyproject.toml --extra dev --extra spark -c requirements/dev.txt -o requirements/spark.txt
	@$(LOCK) pyproject.toml --extra postgres -c requirements/dev.txt -o requirements/postgres.txt
	@$(LOCK) --group pyproject.toml:rivals -c requirements/base.txt -o requirements/rivals.txt
	@$(LOCK) --group pyproject.toml:audit -o requirements/audit.txt
	@awk '/^[^ ]/ { ours = /^uv==/ } ours' requirements/dev.txt > requirements/uv.txt
	@$(MAKE) --no-print-directory lint-locks
