#!/usr/bin/env bash
# Sets up, builds the program and its tests, and runs the tests. With CI set, warnings are errors, formatting is
# checked, the benchmarks and the documentation are built too, and a browser is installed for the report page tests,
# which are skipped without one.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh

strict=()
if [ -n "${CI:-}" ]; then
    # Not in the manifest, so that new warnings of a newer compiler do not break users' builds.
    # -Wall follows -Werror because SwiftPM requires an argument after it, which it takes for the name of a warning.
    strict=(-Xswiftc -warnings-as-errors -Xcc -Werror -Xcc -Wall --explicit-target-dependency-import-check error)
    make --no-print-directory lint
    export CTDENOISE_BENCHMARKS=1
    if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        {
            apt-get update -qq &&
                DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
        } >&2 || echo "test: no browser could be installed; the report page tests are skipped" >&2
    fi
fi
# The form with + is for bash 3.2 (macOS), which treats an empty array as an unset variable.
swift build --build-tests ${strict[@]+"${strict[@]}"}
swift test --skip-build --disable-xctest ${strict[@]+"${strict[@]}"}
scripts/setup_test.sh
# Without the settings above, as users build their packages.
env -u CTDENOISE_BENCHMARKS scripts/consumer_test.sh
# The documentation builds without a warning, too.
[ -z "${CI:-}" ] || env -u CTDENOISE_BENCHMARKS scripts/docs.sh
