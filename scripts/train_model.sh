#!/usr/bin/env bash
# Trains a network of the bundled models again, or resumes an earlier run.
#   scripts/train_model.sh NAME TRAIN VALIDATION [OUT]
# NAME: default, default_impulses, default_scanner, fast, fast_impulses or fast_scanner
# TRAIN and VALIDATION: folders of 16-bit slices with HU + 1024, one folder per patient; phantoms are added to TRAIN
# OUT: the folder for phantoms, checkpoints, curves and the model; out/NAME in the repository by default
# The recipe is Recipes/NAME.json, followed, if it exists, by Recipes/NAME_refine.json, which starts from its weights.
# Those for noise of scanners start from the bundled networks for white noise.
set -euo pipefail
usage() {
    sed -n '2,8s/^# //p' "$0" >&2
    exit 64
}
if [ $# -lt 3 ] || [ $# -gt 4 ]; then usage; fi
name=$1
case $name in default | default_impulses | default_scanner | fast | fast_impulses | fast_scanner) ;; *) usage ;; esac
train=$(realpath "$2")
validation=$(realpath "$3")
out=${4:-}
case $out in '' | /*) ;; *) out=$PWD/$out ;; esac
cd "$(dirname "$0")/.."
out=${out:-$PWD/out/$name}
scripts/setup.sh

swift build -c release --product ctdenoise
ctdenoise=$(swift build -c release --show-bin-path)/ctdenoise
# The same phantoms each time: an additional patient without any noise.
"$ctdenoise" phantom -o "$out/phantoms/phantom" --count 16 --seed 1000 --rescale 1,-1024 --overwrite
# A run that is already complete only writes its model again.
run() {
    local recipe=$1
    shift
    "$ctdenoise" train "$train" "$out/phantoms" --validation "$validation" --rescale 1,-1024 \
        --recipe "Recipes/$recipe.json" --report-every 2000 --checkpoint "$out/$recipe.checkpoint" --resume \
        --curve "$out/$recipe.csv" --overwrite -o "$out/$recipe.safetensors" "$@"
}
case $name in
*_scanner) run "$name" --start "Sources/CBundledModels/${name%_scanner}.safetensors" ;;
*) run "$name" ;;
esac
model=$name
if [ -f "Recipes/${name}_refine.json" ]; then
    model=${name}_refine
    run "$model" --start "$out/$name.safetensors"
fi
echo "If it is better than the bundled model, replace that:"
echo "  cp $out/$model.safetensors Sources/CBundledModels/$name.safetensors"
