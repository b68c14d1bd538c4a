#!/usr/bin/env bash
# Trains a network that is inside the program anew, or goes on where it stopped.
#   scripts/train_model.sh default|default_impulses|fast|fast_impulses TRAIN VALIDATION [OUT]
# TRAIN and VALIDATION: folders of 16-bit slices that hold HU + 1024, one folder a patient. Some phantoms are added to them. OUT
# (out/NAME in the repository) gets these, the checkpoint, the curve and the model. What is trained is Recipes/NAME.json.
set -euo pipefail
usage() {
    sed -n '2,5s/^# //p' "$0" >&2
    exit 64
}
if [ $# -lt 3 ] || [ $# -gt 4 ]; then usage; fi
name=$1
case $name in default | default_impulses | fast | fast_impulses) ;; *) usage ;; esac
train=$(realpath "$2")
validation=$(realpath "$3")
out=${4:-}
case $out in '' | /*) ;; *) out=$PWD/$out ;; esac
cd "$(dirname "$0")/.."
out=${out:-$PWD/out/$name}
scripts/setup.sh

swift build -c release --product ctdenoise
ctdenoise=$(swift build -c release --show-bin-path)/ctdenoise
# The same phantoms each time: one patient more, who has no noise at all.
"$ctdenoise" phantom -o "$out/phantoms/phantom" --count 16 --seed 1000 --rescale 1,-1024 --overwrite
"$ctdenoise" train "$train" "$out/phantoms" --validation "$validation" --rescale 1,-1024 \
    --recipe "Recipes/$name.json" --report-every 5000 --checkpoint "$out/$name.checkpoint" --resume \
    --curve "$out/curve.csv" --overwrite -o "$out/$name.safetensors"
echo "If it is better than the model there is, put it into the program:"
echo "  cp $out/$name.safetensors Sources/CBundledModels/"
