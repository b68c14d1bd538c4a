#!/usr/bin/env bash
# Trains the default model anew, or goes on where it stopped.
#   scripts/train_default.sh TRAIN VALIDATION [OUT]
# TRAIN and VALIDATION: folders of 16-bit slices that hold HU + 1024, one folder a patient. OUT (out/default in the
# repository) gets the checkpoint, the curve and the model. What is trained is Recipes/default.json.
set -euo pipefail
if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    sed -n '2,5s/^# //p' "$0" >&2
    exit 64
fi
train=$(realpath "$1")
validation=$(realpath "$2")
out=${3:-}
case $out in '' | /*) ;; *) out=$PWD/$out ;; esac
cd "$(dirname "$0")/.."
out=${out:-$PWD/out/default}
scripts/setup.sh

swift build -c release --product ctdenoise
"$(swift build -c release --show-bin-path)/ctdenoise" train "$train" --validation "$validation" --rescale 1,-1024 \
    --recipe Recipes/default.json --report-every 2000 --checkpoint "$out/default.checkpoint" --resume \
    --curve "$out/curve.csv" --overwrite -o "$out/default.safetensors"
echo "If it is better than the model there is, put it into the program:"
echo "  cp $out/default.safetensors Sources/CDefaultModel/"
