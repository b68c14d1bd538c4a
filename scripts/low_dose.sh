#!/usr/bin/env bash
# Compares simulated with real low dose, as docs/noise.md describes. Needs a Python with the packages of
# Benchmarks/LowDose/requirements.txt; scripts/python_with.sh finds or makes it.
# Usage: scripts/low_dose.sh PAIRS OUT [--document]   (scripts/low_dose.sh --help tells more; with --program FILE, nothing is built)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$("$root/scripts/python_with.sh" .build-low-dose-venv Benchmarks/LowDose/requirements.txt matplotlib numpy PIL scipy)
case " $* " in
*" --program"* | *" --help "* | *" -h "*) ;;
*)
    (cd "$root" && scripts/setup.sh && swift build -c release --product ctdenoise >&2)
    set -- "$@" --program "$(cd "$root" && swift build -c release --show-bin-path)/ctdenoise"
    ;;
esac
exec "$python" -B "$root/Benchmarks/LowDose/low_dose.py" "$@"
