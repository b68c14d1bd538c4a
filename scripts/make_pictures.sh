#!/usr/bin/env bash
# Makes the README's pictures with the program: a phantom with white noise and with that of a scanner, in a lung window,
# noisy and denoised; and, if there is a browser, a report of ten phantoms.
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

"$bin" phantom -o "$folder/window.png" --size 400x300 --seed 7 --format png8 --rescale 5.882,-1350
"$bin" noise "$folder/window.png" -o docs/pictures/scanner_noisy.png --add scanner:70hu,kernel=soft,pixel=0.9 \
    --seed 7 --overwrite
"$bin" denoise docs/pictures/scanner_noisy.png -o docs/pictures/scanner_denoised.png --overwrite
"$bin" evaluate "$folder/window.png" docs/pictures/scanner_denoised.png --baseline docs/pictures/scanner_noisy.png

browser=$(command -v chromium || command -v google-chrome || true)
if [ -z "$browser" ]; then
    echo "chromium not found: docs/pictures/report.png is unchanged" >&2
    exit
fi
"$bin" phantom -o "$folder/clean" --count 10
"$bin" noise "$folder/clean" -o "$folder/noisy" --white 25/255 --impulses 5% --seed 1
"$bin" denoise "$folder/noisy" -o "$folder/denoised"
"$bin" evaluate "$folder/clean" "$folder/denoised" --baseline "$folder/noisy" --report "$folder/quality.html" >/dev/null
"$browser" --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=0.6 \
    --user-data-dir="$folder/profile" --virtual-time-budget=10000 --window-size=1240,1600 \
    --screenshot="$PWD/docs/pictures/report.png" "file://$folder/quality.html"
