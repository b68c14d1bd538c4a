#!/usr/bin/env bash
# Compares simulated with real low dose, as described in docs/noise.md. Needs Python with the packages in
# Benchmarks/LowDose/requirements.txt; scripts/python_with.sh finds or creates it.
# Usage: scripts/low_dose.sh PAIRS OUT [--document]   (see --help; with --program FILE, nothing is built)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$("$root/scripts/python_with.sh" .build-low-dose-venv Benchmarks/LowDose/requirements.txt \
    matplotlib numpy PIL scipy)
case " $* " in
*" --program"* | *" --help "* | *" -h "*) ;;
*)
    (cd "$root" && scripts/setup.sh && swift build -c release --product ctdenoise >&2)
    set -- "$@" --program "$(cd "$root" && swift build -c release --show-bin-path)/ctdenoise"
    ;;
esac
exec "$python" -B "$root/Benchmarks/LowDose/low_dose.py" "$@"
