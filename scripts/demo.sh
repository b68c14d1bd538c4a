#!/usr/bin/env bash
# Builds the program and denoises the slices in samples/: the quickest way to try it.
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
# Compares the denoised and the noisy slices with the clean ones.
run evaluate samples/clean out/demo --baseline samples/noisy

cat <<'END'

Look at   samples/noisy   noisy slices
          out/demo        the same, denoised
          samples/clean   the same, before noise was added
END
