#!/usr/bin/env bash
# Prints every Swift file of the project, tracked or new, each ended by a NUL.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard -z -- '*.swift' |
    while IFS= read -r -d '' file; do
        # A file that was deleted but not yet committed is still listed.
        [ ! -f "$file" ] || printf '%s\0' "$file"
    done
