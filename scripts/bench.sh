#!/usr/bin/env bash
# Compares the speed of the program with PyTorch, scikit-image, Pillow and tifffile, as described in
# Benchmarks/README.md. Needs Python with the packages in Benchmarks/requirements.txt; scripts/python_with.sh finds or
# creates it.
# Usage: scripts/bench.sh [OPTION…]   (options of Benchmarks/Speed/bench.py: --quick, --only CASE…, -o FILE, --help …)
set -euo pipefail
# Paths are relative to the caller's folder.
absolute() { case $1 in /*) printf '%s' "$1" ;; *) printf '%s/%s' "$PWD" "$1" ;; esac; }
arguments=()
previous=
for argument in "$@"; do
    case $previous in
    -o | --output | --work | --bin) previous= argument=$(absolute "$argument") ;;
    *)
        previous=$argument
        case $argument in
        --output=* | --work=* | --bin=*) argument=${argument%%=*}=$(absolute "${argument#*=}") ;;
        -o?*) argument=-o$(absolute "${argument#-o}") ;;
        esac
        ;;
    esac
    arguments+=("$argument")
done
cd "$(dirname "$0")/.."

python=$(scripts/python_with.sh .build-bench-venv Benchmarks/requirements.txt \
    numpy PIL safetensors skimage tifffile torch)
scripts/setup.sh
export CTDENOISE_BENCHMARKS=1
for product in ctdenoise ctdenoise-probe; do
    swift build -c release --product "$product" >&2
done
exec "$python" Benchmarks/Speed/bench.py --bin "$(swift build -c release --show-bin-path)" \
    ${arguments[@]+"${arguments[@]}"}
