#!/usr/bin/env bash
# Sets up, builds the program and its tests, runs them. With CI set, warnings are errors, the formatting is checked, the
# benchmarks are built too, and a browser is installed for the tests of the report's page, which are skipped without one.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh

strict=()
if [ -n "${CI:-}" ]; then
    # Not in the manifest, so that a newer compiler with new warnings does not break users.
    # -Wall follows -Werror because SwiftPM takes what comes next for the name of a warning, and wants something there.
    strict=(-Xswiftc -warnings-as-errors -Xcc -Werror -Xcc -Wall --explicit-target-dependency-import-check error)
    make --no-print-directory lint
    export CTDENOISE_BENCHMARKS=1
    if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >&2 ||
            echo "test: no browser could be installed; tests of the report's page are skipped" >&2
    fi
fi
# The form with + keeps bash 3.2 (macOS) from taking an empty array for an unset variable.
swift build --build-tests ${strict[@]+"${strict[@]}"}
swift test --skip-build --disable-xctest ${strict[@]+"${strict[@]}"}
# Without the settings above, as anybody else's package is built.
env -u CTDENOISE_BENCHMARKS scripts/consumer_test.sh
