#!/usr/bin/env bash
# Fails if a line of code or comment is longer than 120 columns; swift format does not check comments.
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -z --cached --others --exclude-standard -- '*.swift' '*.c' '*.h' '*.sh' '*.py' |
    while IFS= read -r -d '' file; do [ ! -f "$file" ] || printf '%s\0' "$file"; done |
    xargs -0 perl -CSD -ne '
        chomp;
        if (length > 120) { print STDERR "$ARGV:$.: longer than 120 columns\n"; $found = 1 }
        close ARGV if eof;
        END { $? = 1 if $found }'
