#!/usr/bin/env bash
# Builds a package outside the repository that uses the library as any other would, and runs it: scripts/consumer/Package.swift, whose
# lines the README shows, with Snippets/DenoiseArray.swift as its program. What is built stays in .build/consumer for the next time.
# Usage: scripts/consumer_test.sh [OPTION…]   (of swift build, such as -c release)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
fail() { echo "consumer_test: $*" >&2; exit 1; }

# The same name each time, since a compiler that is told another path starts anew.
folder=${TMPDIR:-/tmp}/ctdenoise-consumer-$(id -u)-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)
trap 'rm -rf "$folder"' EXIT
rm -rf "$folder"
mkdir -p "$folder/MyTool/Sources/MyTool"
# The identity of a package at a path is the name of its folder, whatever the name of this checkout.
ln -s "$root" "$folder/ct-denoise"
sed 's|\.package(url: "[^"]*/ct-denoise".*)|.package(path: "../ct-denoise")|' "$root/scripts/consumer/Package.swift" \
    >"$folder/MyTool/Package.swift"
grep -q '\.package(path: ' "$folder/MyTool/Package.swift" || fail "no dependency on ct-denoise in scripts/consumer/Package.swift"
cp -p "$root/Snippets/DenoiseArray.swift" "$folder/MyTool/Sources/MyTool/main.swift"

package=(swift package --package-path "$folder/MyTool" --scratch-path "$root/.build/consumer")
"${package[@]}" dump-package >/dev/null || fail "scripts/consumer/Package.swift is no package"
if ! "${package[@]}" resolve >"$folder/messages.txt" 2>&1; then
    cat "$folder/messages.txt" >&2
    [ -z "${CI:-}" ] || fail "the packages that this one needs cannot be fetched"
    echo "consumer_test: SKIPPED, since the packages that this one needs cannot be fetched" >&2
    exit 0
fi

build=(swift build --package-path "$folder/MyTool" --scratch-path "$root/.build/consumer" --product MyTool)
"${build[@]}" "$@" >"$folder/messages.txt" 2>&1 || { cat "$folder/messages.txt" >&2; fail "a package that depends on this one cannot be built"; }
output=$("$("${build[@]}" "$@" --show-bin-path)/MyTool") || fail "a program that uses the library failed"
printf '%s\n' "$output"
awk '/^PSNR: noisy/ { lines++; if ($5 + 0 <= $3 + 3) worse++ } END { exit !(lines > 0 && !worse) }' <<<"$output" ||
    fail "the denoised slice is no better than the noisy one"
echo "consumer_test: passed"
