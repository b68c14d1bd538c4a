# Everything a newcomer types. What needs more than a line is in scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo test build docs lint format bench quality dose samples pictures clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Set up, build, denoise the slices in samples/ into out/demo
	@scripts/demo.sh

test: ## Set up, build and run all tests; with CI set, warnings are errors and formatting is checked
	@scripts/test.sh

build: ## Build the program for use: .build/release/ctdenoise
	@scripts/setup.sh && swift build -c release --product ctdenoise

docs: ## Make the documentation of the library: out/docs
	@scripts/docs.sh

lint: ## Check the formatting and the doc comments of every Swift file
	@scripts/swift_files.sh | xargs -0 swift format lint --strict --parallel

format: ## Format every Swift file in place
	@scripts/swift_files.sh | xargs -0 swift format format --in-place --parallel

bench: ## Measure speed side by side with PyTorch and others; BENCH="--quick" and so on for options
	@scripts/bench.sh $(BENCH)

quality: ## Measure quality side by side with others; QUALITY="SLICES OUT --dncnn DIR" and so on, see docs/quality.md
	@scripts/quality.sh $(QUALITY)

dose: ## Compare simulated with real low dose; DOSE="PAIRS OUT" and so on, see docs/noise.md
	@scripts/low_dose.sh $(DOSE)

samples: ## Make samples/ anew with the program
	@scripts/make_samples.sh

pictures: ## Make the pictures of the README anew with the program
	@scripts/make_pictures.sh

clean: ## Remove what was built and what the demo wrote
	@rm -rf .build out
