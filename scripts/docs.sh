#!/usr/bin/env bash
# Builds the documentation of all modules of the library as one site in out/docs. Warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh
export CTDENOISE_DOCS=1
# A separate folder, because a documentation build would force a full rebuild of the next ordinary build.
scratch=.build/docs

# The modules that `import CTDenoise` imports.
modules=(CTDenoise)
while IFS= read -r module; do
    modules+=("$module")
done < <(sed -n 's/^@_exported public import //p' Sources/CTDenoise/*.swift)
targets=()
for module in "${modules[@]}"; do targets+=(--target "$module"); done

messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
# First, so that build progress is not mixed with warnings.
swift build --scratch-path $scratch --product CTDenoise >"$messages" 2>&1 || { cat "$messages" >&2; exit 1; }
rm -rf out/docs
mkdir -p out
status=0
# Not --warnings-as-errors, which stops at the first module with a warning.
swift package --scratch-path $scratch --allow-writing-to-directory out/docs generate-documentation "${targets[@]}" \
    --enable-experimental-combined-documentation --output-path out/docs >"$messages" 2>&1 || status=$?
defects=$(grep -c '\(warning\|error\): ' "$messages" || true)
if [ $status -ne 0 ] || [ "$defects" -gt 0 ]; then
    grep -Ev '^\[[0-9]+/[0-9]+\]|^Build|^Extracting|^Finished|^$' "$messages" >&2 || true
    echo "docs: $defects warnings and errors" >&2
    exit 1
fi

# The site starts at documentation/.
cat >out/docs/index.html <<'END'
<!doctype html><meta charset="utf-8"><title>ct-denoise</title>
<meta http-equiv="refresh" content="0; url=documentation/"><a href="documentation/">Documentation</a>
END
pages=$(find out/docs/data/documentation -name '*.json' | wc -l | tr -d ' ')
echo "docs: $pages pages of ${#modules[@]} modules in out/docs; to read them, run: python3 -m http.server -d out/docs"
