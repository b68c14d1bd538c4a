#!/usr/bin/env bash
# Measures how well the program denoises, side by side with other methods, as docs/quality.md describes. Needs a Python
# with the packages of Benchmarks/Quality/requirements.txt: $PYTHON, else .build-quality-venv, else python3; if none has
# them, .build-quality-venv is made, of a few gigabytes.
# Usage: scripts/quality.sh SLICES OUT [OPTION…]   (scripts/quality.sh --help tells the options; with --program FILE, the
# program is not built)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

# Before anything is installed or built: help, and what is wrong with the options.
options=("${PYTHON:-python3}" -B "$root/Benchmarks/Quality/options.py")
case " $* " in
*" --help "* | *" -h "*) exec "${options[@]}" --help ;;
esac
"${options[@]}" "$@"

venv=$root/.build-quality-venv
packages='import bm3d, numpy, PIL, scipy, skimage, tifffile, torch'
has_packages() { "$1" -c "$packages" 2>/dev/null; }
if [ -n "${PYTHON:-}" ]; then
    python=$PYTHON
    "$python" -c "$packages" || {
        echo "quality: $python lacks a package of Benchmarks/Quality/requirements.txt; install it, or unset PYTHON" >&2
        exit 1
    }
elif has_packages "$venv/bin/python"; then
    python=$venv/bin/python
elif has_packages python3; then
    python=python3
else
    echo "quality: no Python here has PyTorch and the others; installing them into $venv (a few gigabytes)" >&2
    python3 -m venv "$venv" ||
        { echo "quality: no venv could be made; on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
    "$venv/bin/pip" install --quiet -r "$root/Benchmarks/Quality/requirements.txt"
    python=$venv/bin/python
fi

case " $* " in
*" --program"*) ;;
*)
    (
        cd "$root"
        scripts/setup.sh
        for product in ctdenoise ctdenoise-probe; do
            CTDENOISE_BENCHMARKS=1 swift build -c release --product "$product" >&2
        done
    )
    set -- "$@" --program "$(cd "$root" && swift build -c release --show-bin-path)/ctdenoise"
    ;;
esac

# glibc gives large blocks back to the system at once, and PyTorch pays for that in every operation: up to twice the
# time. With these it keeps them, which hardly anybody sets, but it is the comparison of the arithmetic alone.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647 MALLOC_TOP_PAD_=67108864
exec "$python" "$root/Benchmarks/Quality/quality.py" "$@"
