#!/usr/bin/env bash
# Prints the path of a Python with certain packages: $PYTHON, else the virtual environment VENV, else python3. If none
# has them, creates VENV; PyTorch with its dependencies takes a few gigabytes there.
# Usage: scripts/python_with.sh VENV REQUIREMENTS MODULE…   (VENV and REQUIREMENTS: relative to the repository's root;
# MODULE: a module to import)
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
    echo "python_with: no Python has the packages of $requirements; installing them into $venv" \
        "(PyTorch: a few gigabytes)" >&2
    python3 -m venv "$venv" >&2 || {
        echo "python_with: cannot create a virtual environment; on Debian and Ubuntu, apt-get install python3-venv" >&2
        exit 1
    }
    "$venv/bin/pip" install --quiet -r "$requirements" >&2
fi
echo "$PWD/$venv/bin/python"
