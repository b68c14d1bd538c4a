#!/bin/sh
# Compares decoded samples with those of Pillow, tifffile and imagecodecs for all files in a folder.
#
# usage: scripts/conformance.sh [PYTHON]      (Python with numpy, Pillow, tifffile and imagecodecs)
set -eu
cd "$(dirname "$0")/.."
suites=../shared/conformance
[ -d "$suites" ] || { echo "conformance.sh: $suites does not exist" >&2; exit 2; }
dump=$(mktemp -d)
trap 'rm -rf "$dump"' EXIT
CT_DUMP=$dump swift test --disable-xctest --filter 'are dumped for comparison' >&2
"${1:-python3}" scripts/conformance.py "$dump" "$suites"
