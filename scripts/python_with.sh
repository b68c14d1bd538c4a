#!/usr/bin/env bash
# Prints the path of a Python that has the packages that somebody needs: $PYTHON, else the virtual environment VENV, else python3; if
# none has them, VENV is made; where PyTorch is among them, with what it brings it takes a few gigabytes there.
# Usage: scripts/python_with.sh VENV REQUIREMENTS MODULE…   (VENV and REQUIREMENTS: from the repository's root; MODULE: to import)
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
requirements=$2
shift 2
packages="import $(IFS=,; echo "$*")"
has_packages() { "$1" -c "$packages" 2>/dev/null; }
if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -c "$packages" || {
        echo "python_with: $PYTHON lacks a package of $requirements; install it, or unset PYTHON" >&2
        exit 1
    }
    echo "$PYTHON"
    exit
fi
if has_packages "$venv/bin/python"; then
    :
elif has_packages python3; then
    echo python3
    exit
else
    echo "python_with: no Python here has the packages of $requirements; installing them into $venv (PyTorch: a few gigabytes)" >&2
    python3 -m venv "$venv" >&2 ||
        { echo "python_with: no venv could be made; on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
    "$venv/bin/pip" install --quiet -r "$requirements" >&2
fi
echo "$PWD/$venv/bin/python"
