#!/usr/bin/env bash
# Makes the README's pictures with the program: a phantom, noisy and denoised.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh

swift build -c release --product ctdenoise
bin="$(swift build -c release --show-bin-path)/ctdenoise"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir -p docs/pictures
"$bin" phantom -o "$folder/clean.png" --size 400x300 --seed 7 --format png8
"$bin" noise "$folder/clean.png" -o docs/pictures/noisy.png --white 25/255 --seed 7 --overwrite
"$bin" denoise docs/pictures/noisy.png -o docs/pictures/denoised.png --overwrite
"$bin" evaluate "$folder/clean.png" docs/pictures/denoised.png --baseline docs/pictures/noisy.png
