# Each target gets what it needs by itself; `make demo` and `make test` work on a fresh machine.
# SERVERS_PORT_BASE, CARGO_TARGET_DIR and, for servers of your own, DATABASE_URL with AMQP_URL pass through.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test servers stop lint chaos soak bench bench-large client-check fuzz fuzz-inputs mutants deploy-check compose-check

# Its output is taken first: the exit code of a command inside `eval "$(...)"` is lost.
with_env = settings="$$(scripts/servers env)" && eval "$$settings" &&

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS=$$'\t' read -r name text; do printf '%-14s%s\n' "$$name" "$$text"; done

demo: ## import USERS (20000) users for real: servers, API, two workers; ctrl-C stops it all
	@scripts/demo

test: servers ## run every test against real servers
	@$(with_env) cargo test --locked --no-fail-fast

servers: ## install what is missing, and start PostgreSQL and RabbitMQ on loopback
	@scripts/servers install
	@scripts/servers start

stop: ## stop the servers
	@scripts/servers stop

lint: ## check format, clippy, rustdoc and, where it is installed, shellcheck
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	cargo clippy --all-targets --locked -- -D warnings
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --document-private-items --locked
	@if command -v shellcheck >/dev/null; then shellcheck -x -a scripts/servers scripts/demo scripts/client-check scripts/fuzz scripts/fuzz-inputs scripts/mutants .ci/run \
		scripts/deploy-check scripts/compose-check scripts/compose-check.d/*-entrypoint deploy/compose/secrets deploy/compose/init-roles.sh; fi

chaos: servers ## play every fault scenario and print their table; CHAOS_SCENARIO picks, CHAOS_SEED repeats, CHAOS_SECONDS (300) is the mix
	@$(with_env) CHAOS_SCENARIO="$${CHAOS_SCENARIO:-all}" cargo test --locked --test chaos -- --nocapture --test-threads=1

soak: servers ## the long forms: 5 GB up, a million records before a thousand readers, SOAK_CASES (100000) against the model
	@$(with_env) UPLOAD_MIB=5000 SUBSCRIBED_RECORDS=1000000 cargo test --locked --release --test it -- --nocapture --test-threads 1 \
		an_upload_takes_as_much_memory a_thousand_readers
	@$(with_env) MODEL_CASES="$${SOAK_CASES:-100000}" MODEL_SEED="$${MODEL_SEED:-$$(date +%s)}" \
		cargo test --locked --release --test it model -- --nocapture

bench: servers ## measure the whole way against a raw COPY, and the pure parts; the picture goes to docs/
	@$(with_env) BENCH_SVG="$(CURDIR)/docs/performance.svg" cargo bench --locked --bench whole_way --bench pure

bench-large: servers ## measure a file and a directory of LARGE_USERS (16000000: 10 GB up, 30 GB of disk), once
	@$(with_env) BENCH_LARGE="$${LARGE_USERS:-16000000}" cargo bench --locked --bench whole_way

client-check: ## run an Express app that was written against the contract alone (needs Node.js)
	@scripts/client-check

fuzz: ## fuzz the API by its OpenAPI document, FUZZ_EXAMPLES (100) per operation; FUZZ_SEED repeats a run (needs Python)
	@scripts/fuzz

fuzz-inputs: ## fuzz the readers of untrusted bytes, FUZZ_SECONDS (600) per target (needs rustup)
	@scripts/fuzz-inputs

mutants: ## take away one guard after the other, and see its test fail; MUTANTS=name,name picks
	@scripts/mutants

deploy-check: ## validate manifests, chart, compose file, alerts and dashboard without a cluster
	@scripts/deploy-check

compose-check: ## bring the compose file up for real, import USERS (20000), and take it down
	@scripts/compose-check
