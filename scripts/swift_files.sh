#!/usr/bin/env bash
# Prints the paths of all Swift files of the project, tracked or new, each terminated by NUL.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files --cached --others --exclude-standard -z -- '*.swift' |
    while IFS= read -r -d '' file; do
        # Git also lists deleted files until the deletion is committed.
        [ ! -f "$file" ] || printf '%s\0' "$file"
    done
