# Each target is one script; they install what they need and say what they do.

.PHONY: console

console: ## Build the console's files into target/site
	@scripts/build-console
