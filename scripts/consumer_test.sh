#!/usr/bin/env bash
# Builds and runs a package outside the repository that depends on the library, as a user's would:
# scripts/consumer/Package.swift, parts of which are in the README, with Snippets/DenoiseArray.swift as its program.
# Build products are kept in .build/consumer.
# Usage: scripts/consumer_test.sh [OPTION…]   (options of swift build, such as -c release)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "consumer_test: $*" >&2; exit 1; }

# The same name each time, because another path would cause a full rebuild.
folder=${TMPDIR:-/tmp}/ctdenoise-consumer-$(id -u)-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)
trap 'rm -rf "$folder"' EXIT
rm -rf "$folder"
mkdir -p "$folder/MyTool/Sources/MyTool"
# The identity of a package at a path is the name of its folder; this checkout may have another name.
ln -s "$root" "$folder/ct-denoise"
cp "$root/scripts/consumer/Package.swift" "$folder/MyTool/"
cp -p "$root/Snippets/DenoiseArray.swift" "$folder/MyTool/Sources/MyTool/main.swift"

package=(swift package --package-path "$folder/MyTool" --scratch-path "$root/.build/consumer")
"${package[@]}" dump-package >/dev/null || fail "scripts/consumer/Package.swift is not a valid package"
if ! "${package[@]}" resolve >"$folder/messages.txt" 2>&1; then
    cat "$folder/messages.txt" >&2
    [ -z "${CI:-}" ] || fail "the dependencies cannot be fetched"
    echo "consumer_test: SKIPPED because the dependencies cannot be fetched" >&2
    exit 0
fi

build=(swift build --package-path "$folder/MyTool" --scratch-path "$root/.build/consumer" --product MyTool)
"${build[@]}" "$@" >"$folder/messages.txt" 2>&1 ||
    { cat "$folder/messages.txt" >&2; fail "a package that depends on this one cannot be built"; }
output=$("$("${build[@]}" "$@" --show-bin-path)/MyTool") || fail "a program that uses the library failed"
printf '%s\n' "$output"
awk '/^PSNR: noisy/ { lines++; if ($5 + 0 <= $3 + 3) worse++ } END { exit !(lines > 0 && !worse) }' <<<"$output" ||
    fail "the denoised slice is no better than the noisy one"
echo "consumer_test: passed"
