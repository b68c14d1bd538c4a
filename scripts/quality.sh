#!/usr/bin/env bash
# Compares how well the program and other methods denoise, as described in docs/quality.md. Needs Python with the
# packages in Benchmarks/Quality/requirements.txt; scripts/python_with.sh finds or creates it.
# Usage: scripts/quality.sh SLICES OUT [OPTION…]   (see --help; with --program FILE, nothing is built)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

# Help and invalid options are handled before anything is installed or built.
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

# By default glibc returns large blocks to the system at once, which costs PyTorch up to half of its time. These
# settings keep the blocks. Hardly anybody uses them, but with them only the arithmetic is compared.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=2147483647 MALLOC_TOP_PAD_=67108864
exec "$python" "$root/Benchmarks/Quality/quality.py" "$@"
