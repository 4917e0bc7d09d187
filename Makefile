# Everything one does with this repository. The work is done by the scripts in .make/.
SHELL := bash
target := $(or $(CARGO_TARGET_DIR),target)
# With a DATABASE_URL the portal needs no PostgreSQL of its own.
postgres := $(if $(DATABASE_URL),,postgres)

.DEFAULT_GOAL := help
.PHONY: help run test build watch bench fuzz queries clean

help: ## this list
	@echo "make <what>, where <what> is:"
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-9s%s\n", $$1, $$2 }' Makefile
	@echo "Arguments for the program go in ARGS: make run ARGS=\"--sales-units 20000\""

run: ## the demo: portal, simulated Vipps MobilePay and database, with data in them
	@.make/tools.sh wasm node $(postgres)
	@.make/site.sh
	@cargo build --features ssr --bin partner-portal
	@exec "$(target)/debug/partner-portal" demo $(ARGS)

test: ## every check: format, lints, unit, database, whole-app and browser tests
	@.make/tools.sh wasm node postgres chromium
	@.make/test.sh $(ARGS)

build: ## target/release/partner-portal: one file with everything in it
	@.make/tools.sh wasm node
	@.make/site.sh
	@cargo build --release --features ssr --bin partner-portal
	@ls -lh "$(target)/release/partner-portal"

watch: ## the demo, rebuilt and reloaded at every change (needs cargo-leptos)
	@.make/tools.sh wasm node $(postgres)
	@.make/watch.sh $(ARGS)

bench: build ## the benchmarks, on the release build
	@.make/tools.sh $(postgres)
	@exec "$(target)/release/partner-portal" bench $(ARGS)

fuzz: ## the API asked for everything and nonsense, 20 000 times (FUZZ_REQUESTS)
	@.make/tools.sh wasm node $(postgres)
	@.make/site.sh
	@cargo build --features ssr --bin partner-portal
	@.make/fuzz.sh

queries: ## renew .sqlx after a change of SQL or of the migrations
	@.make/tools.sh $(postgres)
	@.make/queries.sh

clean: ## remove all that was built; the data in ./data stays
	cargo clean
	rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report
