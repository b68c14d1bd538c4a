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
# How far the denoised slices are from the clean ones, and beside it, how far the noisy ones were.
run evaluate samples/clean out/demo --baseline samples/noisy

cat <<'END'

Look at   samples/noisy   noisy slices
          out/demo        the same, denoised
          samples/clean   what they were before the noise
END
