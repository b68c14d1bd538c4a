#!/usr/bin/env bash
# Measures the speed of the program side by side with PyTorch, scikit-image, Pillow and tifffile, as Benchmarks/README.md
# describes. Needs a Python with the packages of Benchmarks/requirements.txt: $PYTHON, else .build-bench-venv, else
# python3; if none has them, .build-bench-venv is made, and PyTorch with what it brings takes a few gigabytes there.
# Usage: scripts/bench.sh [OPTION…]   (those of Benchmarks/Speed/bench.py: --quick, --only CASE…, -o FILE, --help …)
set -euo pipefail
# A file that is named by the caller is meant to lie where the caller is.
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

venv=.build-bench-venv
has_packages() { "$1" -c 'import numpy, PIL, safetensors, skimage, tifffile, torch' 2>/dev/null; }
if [ -n "${PYTHON:-}" ]; then
    python=$PYTHON
    "$python" -c 'import numpy, PIL, safetensors, skimage, tifffile, torch' ||
        { echo "bench: $python lacks a package of Benchmarks/requirements.txt; install it, or unset PYTHON" >&2; exit 1; }
elif has_packages "$venv/bin/python"; then
    python=$venv/bin/python
elif has_packages python3; then
    python=python3
else
    echo "bench: no Python here has PyTorch and the others; installing them into $venv (a few gigabytes)" >&2
    python3 -m venv "$venv" ||
        { echo "bench: no venv could be made; on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
    "$venv/bin/pip" install --quiet -r Benchmarks/requirements.txt
    python=$venv/bin/python
fi

scripts/setup.sh
export CTDENOISE_BENCHMARKS=1
for product in ctdenoise ctdenoise-probe; do
    swift build -c release --product "$product" >&2
done
exec "$python" Benchmarks/Speed/bench.py --bin "$(swift build -c release --show-bin-path)" ${arguments[@]+"${arguments[@]}"}
