#!/usr/bin/env bash
# Builds the program and denoises the slices in samples/: the shortest way to see what it does.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh

swift build -c release --product ctdenoise
ctdenoise="$(swift build -c release --show-bin-path)/ctdenoise"

run() {
    printf '\n$ ctdenoise %s\n' "$*"
    "$ctdenoise" "$@"
}

run denoise samples/noisy -o out/demo --overwrite
echo
echo "How far from the clean slices the noisy ones are:"
run evaluate samples/clean samples/noisy
echo
echo "How far the denoised ones are:"
run evaluate samples/clean out/demo
echo
echo "Noisy slices: samples/noisy   denoised: out/demo   the truth: samples/clean"
