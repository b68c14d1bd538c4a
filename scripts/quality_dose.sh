#!/usr/bin/env bash
# Measures how well real low-dose noise is removed, as described in docs/low-dose.md. Needs Python with the packages in
# Benchmarks/DoseQuality/requirements.txt; scripts/python_with.sh finds or creates it.
# Usage: scripts/quality_dose.sh PAIRS CLEAN OUT [--document]   (see --help; with --program FILE, nothing is built)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$("$root/scripts/python_with.sh" .build-dose-quality-venv Benchmarks/DoseQuality/requirements.txt \
    bm3d numpy PIL skimage scipy)
case " $* " in
*" --program"* | *" --help "* | *" -h "*) ;;
*)
    (cd "$root" && scripts/setup.sh && swift build -c release --product ctdenoise >&2)
    set -- "$@" --program "$(cd "$root" && swift build -c release --show-bin-path)/ctdenoise"
    ;;
esac
exec "$python" -B "$root/Benchmarks/DoseQuality/dose_quality.py" "$@"
