#!/bin/sh
# Builds amorph without MPI and with its own HDF5, and compares what it computes with the usual build:
# every dataset of a small study, bit for bit.
#
#   scripts/test-serial.sh PYTHON AMORPH_WITH_MPI AMORPH_WITHOUT_MPI
set -eu

python=$1 parallel=$2 serial=$3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

foreign=$(ldd "$serial" | grep -v -E 'linux-vdso|ld-linux|lib(c|m|gcc_s|pthread|dl|rt)\.so' || true)
if [ -n "$foreign" ]; then
    echo "the serial build needs libraries of this machine: $foreign" >&2
    exit 1
fi

sed 's/^replicas.*/replicas = 2/' configs/demo.toml > "$folder/study.toml"
"$parallel" run "$folder/study.toml" -o "$folder/parallel.h5" --quiet > "$folder/parallel.txt"
"$serial" run "$folder/study.toml" -o "$folder/serial.h5" --quiet > "$folder/serial.txt"
"$python" scripts/same-bits.py "$folder/parallel.h5" "$folder/serial.h5"
"$parallel" check "$folder/serial.h5" > "$folder/check.txt"

# Several processes of it would all write the same file.
code=0
OMPI_COMM_WORLD_SIZE=2 "$serial" run "$folder/study.toml" -o "$folder/several.h5" 2> "$folder/said.txt" || code=$?
if [ "$code" -ne 2 ] || [ -e "$folder/several.h5" ] || ! grep -q "built without MPI" "$folder/said.txt"; then
    echo "two processes of the serial build were not refused (exit code $code)" >&2
    exit 1
fi
echo "the serial build works: 1 passed, 0 failed"
