#!/usr/bin/env bash
# Makes samples/ with the program: clean phantom slices, noisy copies of the same names, and a README with the commands.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh

swift build -c release --product ctdenoise
bin="$(swift build -c release --show-bin-path)/ctdenoise"
commands=$(mktemp)
trap 'rm -f "$commands"' EXIT

run() {
    printf 'ctdenoise %s\n' "$*" >>"$commands"
    "$bin" "$@"
}

rm -rf samples/clean samples/noisy
mkdir -p samples
seed=1
sample() { # NAME NOISE…
    local name=$1
    shift
    run phantom -o "samples/clean/$name.png" --size 256 --seed "$seed"
    run noise "samples/clean/$name.png" -o "samples/noisy/$name.png" "$@" --seed "$seed"
    seed=$((seed + 1))
}
sample white-25 --white 25/255
sample white-50 --white 50/255
sample impulses-10 --impulses 10%
sample mixed --white 25/255 --impulses 10%

cat >samples/README.md <<EOF
# Samples

Chest phantoms of 256×256 pixels as 16-bit grey PNG: \`clean/\` has the clean slices, \`noisy/\` a noisy copy of each
under the same name. Stored values 0…65535 represent −1024…1023 HU, the default scale of the program, so no options are
needed to read them. They are drawings, not pictures of patients, and covered by the project's licence. \`make samples\`
makes them again with the commands below. The samples are the same on every machine; the bytes of the files also depend
on the version of zlib.

\`\`\`console
$(sed 's/^/$ /' "$commands")
\`\`\`

| name | noise |
|---|---|
| \`white-25.png\` | additive white Gaussian, sigma 25/255 of the range (201 HU) |
| \`white-50.png\` | additive white Gaussian, sigma 50/255 of the range (401 HU) |
| \`impulses-10.png\` | 10 % of the samples replaced by salt (1023 HU) or pepper (−1024 HU), half and half |
| \`mixed.png\` | additive white Gaussian, sigma 25/255, then 10 % salt and pepper |

Noise beyond the range of the format is clamped.
EOF
