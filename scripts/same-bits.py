"""Are all datasets of two results files the same, bit for bit?

    python scripts/same-bits.py ONE OTHER

But for those of /items that say when and where something was computed."""

import sys

import h5py

VOLATILE = {"items/seconds", "items/host", "items/finished"}
LEAST = 50


def content(dataset):
    """Bits, and text of variable length as text."""
    values = dataset[()]
    return repr(values.tolist()) if values.dtype == object else values.tobytes()


one, other = (h5py.File(name, locking=False) for name in sys.argv[1:])
names = []
one.visititems(lambda name, item: names.append(name) if isinstance(item, h5py.Dataset) else None)
names = [name for name in names if name not in VOLATILE]
differ = [name for name in names if name not in other or content(one[name]) != content(other[name])]
if differ or len(names) < LEAST:
    sys.exit(f"of {len(names)} datasets these differ: {differ}")
print(f"{len(names)} datasets are the same, bit for bit")
