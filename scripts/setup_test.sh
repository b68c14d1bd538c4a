#!/usr/bin/env bash
# Checks that setup.sh says what is wrong with a Swift toolchain that is there but cannot start, or is too old.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Runs setup.sh with the file $folder/swift in place of the toolchain; it has to fail and to say $1.
fails_with() {
    local said status=0
    chmod +x "$folder/swift"
    said=$(PATH="$folder:$PATH" scripts/setup.sh 2>&1) || status=$?
    if [ "$status" -ne 1 ] || [[ $said != *"$1"* ]]; then
        printf '%s\n' "setup.sh ended with status $status; expected 1 and \"$1\" in:" "$said" >&2
        exit 1
    fi
}

printf '%s\n' '#!/bin/sh' 'echo "cannot open libxml2.so.2" >&2' 'exit 127' >"$folder/swift"
fails_with "cannot open libxml2.so.2"

# The driver starts, but not the package manager.
printf '%s\n' '#!/bin/sh' '[ "$1" = --version ] && exit' 'echo "cannot open libsqlite3.so.0" >&2' 'exit 127' \
    >"$folder/swift"
fails_with "'swift build --version' fails"

printf '%s\n' '#!/bin/sh' 'echo "Swift version 6.1.2 (swift-6.1.2-RELEASE)"' >"$folder/swift"
fails_with "Swift 6.1 was found; 6.2 or newer is required"
