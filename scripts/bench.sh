#!/usr/bin/env bash
# Measures how many slices a second `ctdenoise denoise` does here: reading, denoising and writing 512×512 16-bit PNG
# phantoms with white noise, with the default model, once on one core and once on all. Wall clock, start-up included.
# Usage: scripts/bench.sh [slices]   (4 when not said)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
count=${1:-4}

swift build -c release --product ctdenoise
ctdenoise="$(swift build -c release --show-bin-path)/ctdenoise"

rm -rf out/bench
"$ctdenoise" phantom -o out/bench/clean --count "$count" --size 512x512 --seed 1 >/dev/null
"$ctdenoise" noise out/bench/clean -o out/bench/noisy --white 25/255 --seed 1 >/dev/null

TIMEFORMAT=%R
measure() {
    local label=$1 seconds
    shift
    seconds=$({ time "$ctdenoise" denoise out/bench/noisy -o out/bench/denoised --overwrite "$@" >/dev/null; } 2>&1 | tail -n 1)
    awk -v label="$label" -v n="$count" -v s="$seconds" \
        'BEGIN { printf "%-10s %d slices of 512×512 in %.2f s: %.3f slices/s\n", label, n, s, n / s }'
}
measure "one core" --jobs 1
measure "all cores"
