#!/usr/bin/env bash
# Measures how well the program denoises, side by side with other methods, as docs/quality.md describes. Needs a Python
# with the packages of Benchmarks/Quality/requirements.txt; scripts/python_with.sh finds or makes it.
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

python=$("$root/scripts/python_with.sh" .build-quality-venv Benchmarks/Quality/requirements.txt \
    bm3d numpy PIL scipy skimage tifffile torch)

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
