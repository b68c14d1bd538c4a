#!/usr/bin/env bash
# Trains the default model anew, or goes on where it stopped, and puts it into the program's sources.
#   scripts/train_default.sh TRAIN VALIDATION [OUT]
# TRAIN and VALIDATION: folders of 16-bit slices that hold HU + 1024, one folder a patient. OUT (out/default) keeps the
# checkpoint and the curve. What is trained is Recipes/default.json.
set -euo pipefail
train=$(realpath "$1")
validation=$(realpath "$2")
cd "$(dirname "$0")/.."
out=${3:-out/default}
scripts/setup.sh

swift build -c release --product ctdenoise
"$(swift build -c release --show-bin-path)/ctdenoise" train "$train" --validation "$validation" --rescale 1,-1024 \
    --recipe Recipes/default.json --report-every 2000 --checkpoint "$out/default.checkpoint" --resume \
    --curve "$out/curve.csv" --overwrite -o Sources/CDefaultModel/default.safetensors
