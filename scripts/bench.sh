#!/usr/bin/env bash
# Measures how many slices a second `ctdenoise denoise` does here: reading, denoising and writing 512×512 16-bit PNG
# phantoms with white noise, with the default model, on one core and on all. Wall clock of the whole program, start-up
# included; three rounds in turn, the median of each. There is nothing to compare with yet: run it before and after a
# change, on a quiet machine.
# Usage: scripts/bench.sh [slices]   (4 when not said)
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
count=${1:-4}

swift build -c release --product ctdenoise
ctdenoise="$(swift build -c release --show-bin-path)/ctdenoise"

rm -rf out/bench
"$ctdenoise" phantom -o out/bench/clean --count "$count" --seed 1 >/dev/null
"$ctdenoise" noise out/bench/clean -o out/bench/noisy --white 25/255 --seed 1 >/dev/null 2>&1

TIMEFORMAT=%R
seconds() { # OPTIONS…: prints the seconds that a run takes
    { time "$ctdenoise" denoise out/bench/noisy -o out/bench/denoised --overwrite "$@" >/dev/null 2>&1; } 2>&1
}
one=() all=()
for _ in 1 2 3; do
    one+=("$(seconds --jobs 1)")
    all+=("$(seconds)")
done
tell() { # LABEL SECONDS…
    local label=$1
    shift
    printf '%s\n' "$@" | sort -n | awk -v label="$label" -v n="$count" '
        { s[NR] = $1 }
        END { printf "%-10s %d slices of 512×512 in %.2f s (%.2f to %.2f): %.3f slices/s\n", label, n, s[2], s[1], s[3], n / s[2] }'
}
tell "one core" "${one[@]}"
tell "all cores" "${all[@]}"
