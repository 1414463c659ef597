# Each target is one script; they install what they need and say what they do.

.PHONY: run console chat chat-test release test lint e2e compat bench fuzz torture telemetry real-engine usage-history screenshots console-load lighthouse record fmt help

run: ## Serve the demo; ARGS="--config worv.toml" serves that instead
	@scripts/run $(ARGS)

test: ## Everything that CI checks
	@scripts/test

console: ## Build the console's files into target/site
	@scripts/build-console

chat: ## The demo with Open WebUI behind its chat host (7 GB); ARGS="3000 8080" are the ports
	@scripts/chat $(ARGS)

chat-test: ## Open WebUI, for real, behind the chat host in Chromium (7 GB; not part of CI)
	@scripts/chat-test $(ARGS)

release: ## The binary as it ships, with the console in it
	@scripts/release

lint: ## Formatting and lints alone
	@scripts/lint

e2e: ## The tests in Chromium alone; ARGS="keys" takes those of that name
	@scripts/e2e $(ARGS)

compat: ## The official OpenAI and Anthropic SDKs, and every snippet of the documentation; ENGINE_URL names a real engine
	@scripts/compat $(ARGS)

bench: ## The gateway next to nginx and haproxy: CPU time, memory, added latency; ARGS="--only paced"
	@scripts/bench $(ARGS)

fuzz: ## Fuzz the data path, each target for a minute; ARGS="600 relay"
	@scripts/fuzz $(ARGS)

torture: ## Kill the gateway 200 times under load, and compare the books; ARGS="KILLS SEED"
	@scripts/torture $(ARGS)

telemetry: ## What watching eight GPUs once a second costs; ARGS="--seconds 60"
	@scripts/telemetry $(ARGS)

real-engine: ## A real vLLM launched, taken over, brought back and ended; ENGINE_COMMAND is the line that starts it
	@scripts/real-engine

usage-history: ## Ten million requests in SQLite, and what deleting old ones costs; ARGS="REQUESTS"
	@scripts/usage-history $(ARGS)

screenshots: ## Take the pictures in docs/images
	@scripts/screenshots

console-load: ## What an open console costs the browser under 500 requests a second; ARGS="SECONDS RATE"
	@scripts/console-load $(ARGS)

lighthouse: ## What Lighthouse thinks of the pages that are opened most; fails under 95 points
	@scripts/lighthouse $(ARGS)

record: ## Record what the real vLLM at ENGINE_URL answers, for the simulator to be compared with
	@scripts/record-vllm $(ENGINE_URL) $(ARGS)

fmt: ## Format the Rust code
	@cargo fmt --all

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*##/ { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
