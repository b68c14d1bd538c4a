# Short names for common tasks. Anything longer than a line is in scripts/.
.DEFAULT_GOAL := help
.PHONY: help demo test build docs lint format bench quality quality-dose dose samples pictures clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Set up, build, denoise the slices in samples/ into out/demo
	@scripts/demo.sh

test: ## Set up, build and run all tests; with CI set, warnings are errors and formatting is checked
	@scripts/test.sh

build: ## Build the program for use: .build/release/ctdenoise
	@scripts/setup.sh && swift build -c release --product ctdenoise

docs: ## Build the documentation of the library: out/docs
	@scripts/docs.sh

lint: ## Check the formatting and the doc comments of every Swift file
	@scripts/swift_files.sh | xargs -0 swift format lint --strict --parallel
	@scripts/long_lines.sh

format: ## Format every Swift file in place
	@scripts/swift_files.sh | xargs -0 swift format format --in-place --parallel

bench: ## Compare the speed with PyTorch and others; options in BENCH, such as BENCH="--quick"
	@scripts/bench.sh $(BENCH)

quality: ## Compare the quality with other methods; QUALITY="SLICES OUT --dncnn DIR", see docs/quality.md
	@scripts/quality.sh $(QUALITY)

quality-dose: ## Compare the removal of real low-dose noise; QUALITY_DOSE="PAIRS CLEAN OUT", see docs/low-dose.md
	@scripts/quality_dose.sh $(QUALITY_DOSE)

dose: ## Compare simulated with real low dose; DOSE="PAIRS OUT", see docs/noise.md
	@scripts/low_dose.sh $(DOSE)

samples: ## Make samples/ again with the program
	@scripts/make_samples.sh

pictures: ## Make the pictures of the README again with the program
	@scripts/make_pictures.sh

clean: ## Remove build products and generated files: .build, out
	@rm -rf .build out
