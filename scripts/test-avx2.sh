#!/bin/sh
# Does a processor with AVX2 alone compute the bits of one with AVX-512? The first is emulated: minutes.
#
#   scripts/test-avx2.sh PYTHON AMORPH
set -eu

python=$1 amorph=$2
if ! grep -q avx512f /proc/cpuinfo; then
    echo "this processor has no AVX-512: there is nothing to compare" >&2
    exit 1
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat > "$folder/study.toml" <<'TOML'
version = 1
[study]
name = "processors"
replicas = 1
[solid]
dimension = 3
particles = 64
pressure = 0.1
[features]
modes = 3
sets = [["stress", "elastic"], ["modes"]]
[parameters]
species = [4]
[sweep]
directions = 1
[output]
curves = 1
[[scenario]]
name = "soft"
[[scenario]]
name = "attractive"
solid = { dimension = 2, B = 0.01 }
[[scenario]]
name = "larger"
solid.particles = 256
sweep.parameters = []
TOML
"$amorph" run "$folder/study.toml" -o "$folder/here.h5" --quiet > "$folder/here.txt"
qemu-x86_64 -cpu Haswell "$amorph" run "$folder/study.toml" -o "$folder/emulated.h5" --quiet \
    > "$folder/emulated.txt" 2> "$folder/said.txt" || { cat "$folder/said.txt" >&2; exit 1; }
"$python" scripts/same-bits.py "$folder/here.h5" "$folder/emulated.h5"
