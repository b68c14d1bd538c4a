#!/usr/bin/env bash
# Trains a model that is inside the program anew, or goes on where it stopped.
#   scripts/train_model.sh default|fast TRAIN VALIDATION [OUT]
# TRAIN and VALIDATION: folders of 16-bit slices that hold HU + 1024, one folder a patient. OUT (out/default or out/fast in
# the repository) gets the checkpoint, the curve and the model. What is trained is Recipes/default.json or Recipes/fast.json.
set -euo pipefail
usage() {
    sed -n '2,5s/^# //p' "$0" >&2
    exit 64
}
if [ $# -lt 3 ] || [ $# -gt 4 ]; then usage; fi
name=$1
case $name in default | fast) ;; *) usage ;; esac
train=$(realpath "$2")
validation=$(realpath "$3")
out=${4:-}
case $out in '' | /*) ;; *) out=$PWD/$out ;; esac
cd "$(dirname "$0")/.."
out=${out:-$PWD/out/$name}
scripts/setup.sh

swift build -c release --product ctdenoise
"$(swift build -c release --show-bin-path)/ctdenoise" train "$train" --validation "$validation" --rescale 1,-1024 \
    --recipe "Recipes/$name.json" --report-every 2000 --checkpoint "$out/$name.checkpoint" --resume \
    --curve "$out/curve.csv" --overwrite -o "$out/$name.safetensors"
echo "If it is better than the model there is, put it into the program:"
echo "  cp $out/$name.safetensors Sources/CBundledModels/"
