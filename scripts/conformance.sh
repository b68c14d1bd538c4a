#!/bin/sh
# Compares samples as we read them with Pillow's, tifffile's and imagecodecs', on all files of a folder.
#
# usage: scripts/conformance.sh [PYTHON]      (a Python with numpy, Pillow, tifffile, imagecodecs)
set -eu
cd "$(dirname "$0")/.."
suites=../shared/conformance
[ -d "$suites" ] || { echo "conformance.sh: $suites is not there" >&2; exit 2; }
dump=$(mktemp -d)
trap 'rm -rf "$dump"' EXIT
CT_DUMP=$dump swift test --disable-xctest --filter 'are dumped for comparison' >&2
"${1:-python3}" scripts/conformance.py "$dump" "$suites"
