# Each target is one script; they install what they need and say what they do.

.PHONY: run console test lint e2e fmt help

run: ## Serve the demo; ARGS="--config worv.toml" serves that instead
	@scripts/run $(ARGS)

test: ## Everything that CI checks
	@scripts/test

console: ## Build the console's files into target/site
	@scripts/build-console

lint: ## Formatting and lints alone
	@scripts/lint

e2e: ## The tests in Chromium alone; ARGS="keys" takes those of that name
	@scripts/e2e $(ARGS)

fmt: ## Format the Rust code
	@cargo fmt --all

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*##/ { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
