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
"$python" - "$folder/parallel.h5" "$folder/serial.h5" <<'PYTHON'
import sys
import h5py

one, other = (h5py.File(name, locking=False) for name in sys.argv[1:])
datasets = []
one.visititems(lambda name, item: datasets.append(name) if isinstance(item, h5py.Dataset) else None)

def content(dataset):
    """Bits, and text of variable length as text."""
    values = dataset[()]
    return repr(values.tolist()) if values.dtype == object else values.tobytes()

volatile = {"items/seconds", "items/host", "items/finished"}
differ = [
    name for name in datasets
    if name not in volatile and (name not in other or content(one[name]) != content(other[name]))
]
if differ or len(datasets) < 50:
    sys.exit(f"of {len(datasets)} datasets these differ: {differ}")
print(f"{len(datasets) - len(volatile)} datasets are the same, bit for bit")
PYTHON
"$parallel" check "$folder/serial.h5" > "$folder/check.txt"

# Several processes of it would all write the same file.
code=0
OMPI_COMM_WORLD_SIZE=2 "$serial" run "$folder/study.toml" -o "$folder/several.h5" 2> "$folder/said.txt" || code=$?
if [ "$code" -ne 2 ] || [ -e "$folder/several.h5" ] || ! grep -q "built without MPI" "$folder/said.txt"; then
    echo "two processes of the serial build were not refused (exit code $code)" >&2
    exit 1
fi
echo "the serial build works: 1 passed, 0 failed"
