#!/usr/bin/env bash
# Prints how often the conventions by which slices store HU are recognised: the tables of docs/intensities.md.
#
#   scripts/recognition.sh FOLDER…     folders of PNG slices that hold HU + 1024
set -euo pipefail
folders=()
for folder in "$@"; do folders+=("$(cd "$folder" && pwd)"); done
cd "$(dirname "$0")/.."
scripts/setup.sh
export CTDENOISE_BENCHMARKS=1
swift build -c release --product ctdenoise-recognition >&2
program=$(swift build -c release --show-bin-path)/ctdenoise-recognition
for options in "" "--noise 40" "--crops"; do
    printf '\n%s\n\n' "${options:-whole slices}"
    # shellcheck disable=SC2086
    "$program" $options ${folders[@]+"${folders[@]}"}
done
