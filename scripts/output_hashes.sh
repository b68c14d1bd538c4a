#!/usr/bin/env bash
# Prints the SHA-256 of each output of a dozen commands, which must be the same for two builds of the program.
#
#   scripts/output_hashes.sh [PROGRAM] [FOLDER]
#
# PROGRAM defaults to the release build. FOLDER keeps the outputs; without it they are removed. Compare two builds on
# the same machine with the same CTDENOISE_ISA: instruction sets differ in the last bits.
#
#   diff <(RECIPES=old/Recipes scripts/output_hashes.sh old/.build/release/ctdenoise) <(scripts/output_hashes.sh)
#
# RECIPES is the folder of recipes that fit the program's version; Recipes/ by default.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
recipes=$(cd "${RECIPES:-$root/Recipes}" && pwd)
program=${1:-$root/.build/release/ctdenoise}
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")
if [ -n "${2:-}" ]; then
    folder=$2
    mkdir -p "$folder"
else
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
fi
cd "$folder"

run() {
    "$program" "$@" >/dev/null 2>messages.txt || { cat messages.txt >&2; echo "output_hashes: failed: $*" >&2; exit 1; }
}

# The SHA-256 of standard input.
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }

# Hashes all files below $1 in a fixed order.
hashes() {
    find "$1" -type f | LC_ALL=C sort | while IFS= read -r file; do printf '%s  %s\n' "$(sha256 <"$file")" "$file"; done
}

# Hashes the weights of a safetensors file without its header, which contains the recipe with texts that may change.
weights() {
    local size
    size=$(od -An -t u8 -N 8 "$1" | tr -d ' ')
    printf '%s  weights of %s\n' "$(tail -c +$((size + 9)) "$1" | sha256)" "$1"
}

# --- Clean slices ---------------------------------------------------------------------------------------------------

run phantom -o clean/a --count 2 --size 160x144 --seed 3
run phantom -o clean/b --count 2 --size 200 --seed 9 --format tiff16 --rescale 1,-1024
run phantom -o clean/c.tif --size 128 --seed 5 --format tiff32f
hashes clean

# --- Noise: each kind, a mixture, a training set and the same from its manifest --------------------------------------

for noise in white:25/255 impulses:10%,salt=0.3 poisson:30hu speckle:5% correlated:30hu,kernel=sharp \
    rings:20hu,share=20% columns:20hu dose:25%,noise=15hu; do
    run noise clean/a -o "noise/${noise%%:*}" --add "$noise" --seed 7
done
run noise clean -o noise/mixed --white 25/255 --impulses 10% --seed 7
hashes noise
run noise clean/a clean/b -o set --pairs --realisations 2 --split 50/50 --add white:5/255..50/255 --add rings:10hu \
    --seed 11
run noise clean/a clean/b -o again --from set/manifest.json
hashes set
diff -r set again >/dev/null || { echo "output_hashes: the set from its manifest differs" >&2; exit 1; }

# --- Denoising: both models, two strengths, impulses, removed noise -------------------------------------------------

run denoise noise/white -o denoised/default
run denoise noise/white -o denoised/fast --model fast
run denoise noise/white -o denoised/half --strength 0.5
run denoise noise/mixed -o denoised/mixed --save-noise removed
hashes denoised
hashes removed

# --- Evaluation ------------------------------------------------------------------------------------------------------

"$program" evaluate clean denoised/mixed --baseline noise/mixed --noise --csv >evaluation.csv 2>messages.txt
"$program" evaluate clean denoised/mixed --baseline noise/mixed --noise --json >evaluation.json 2>messages.txt
"$program" evaluate clean/a noise/white --window lung --json >window.json 2>messages.txt
"$program" noise noise/white --estimate --json >estimate.json 2>messages.txt
for file in evaluation.csv evaluation.json window.json estimate.json; do
    printf '%s  %s\n' "$(sha256 <$file)" $file
done

# --- Training: fifty steps on crops with added noise, on a set of pairs, and from a model ----------------------------

run phantom -o large --seed 4
run train clean/a clean/b --validation large --recipe "$recipes/quick.json" --steps 50 --report-every 25 \
    --curve curve.csv -o quick.safetensors
weights quick.safetensors
run train set/manifest.json --recipe "$recipes/quick.json" --steps 50 --report-every 25 -o pairs.safetensors
weights pairs.safetensors
run train large --recipe "$recipes/fast_impulses.json" --steps 50 --start fast -o more.safetensors
weights more.safetensors
printf '%s  %s\n' "$(sha256 <curve.csv)" curve.csv
run denoise noise/white -o own --model quick.safetensors
hashes own
