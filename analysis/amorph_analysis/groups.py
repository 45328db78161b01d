"""The groups of an HDF5 file as xarray datasets, with the names of their dimension scales.

As `xarray.open_groups` gives them, but that it takes minutes where a study has hundreds of
parameterisations: h5netcdf opens every scale by reference and asks HDF5 for its path, for which
HDF5 searches the file."""

import h5py
import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing

STATISTICS = "/statistics"
# How HDF5 stores scales; xarray says the same by its coordinates.
STORAGE = {"CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST"}


class Values(BackendArray):
    """A dataset, read when it is used."""

    def __init__(self, dataset):
        kind = h5py.check_string_dtype(dataset.dtype)
        self.text = kind is not None and kind.length is None
        self.dataset, self.shape, self.dtype = dataset, dataset.shape, dataset.dtype

    def __getitem__(self, key):
        support = indexing.IndexingSupport.OUTER_1VECTOR
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def _read(self, key):
        return (self.dataset.asstr() if self.text else self.dataset)[key]


def groups_of(file):
    """The groups of an open file by their path, "/" first, but for the statistics, which are of that
    file alone. Closing the first closes the file."""
    groups, unnamed = {}, {}

    def visit(path, group):
        items = dict(group.items())
        groups[path or "/"] = _dataset(group, items, unnamed)
        for name, item in items.items():
            if isinstance(item, h5py.Group) and f"{path}/{name}" != STATISTICS:
                visit(f"{path}/{name}", item)

    visit("", file)
    groups["/"].set_close(file.close)
    return groups


def _dataset(group, items, unnamed):
    datasets = {name: item for name, item in items.items() if isinstance(item, h5py.Dataset)}
    variables = {}
    for name, dataset in datasets.items():
        scale = dataset.attrs.get("CLASS") == b"DIMENSION_SCALE"
        dims = (
            [name] if scale else [_axis(axis, unnamed) for axis in zip(dataset.dims, dataset.shape)]
        )
        lazy = indexing.LazilyIndexedArray(Values(dataset))
        values = indexing.MemoryCachedArray(indexing.CopyOnWriteArray(lazy))
        variables[name] = xarray.Variable(_distinct(dims), values, _attributes(dataset))
    return xarray.Dataset(variables, attrs=_attributes(group))


def _axis(axis, unnamed):
    """The name of an axis: its scale's, or one by its length."""
    scales, length = axis
    names = scales.keys()
    return names[0] if names else unnamed.setdefault(length, f"phony_dim_{len(unnamed)}")


def _distinct(dims):
    """xarray wants every axis of an array to have a name of its own."""
    return [dim if dim not in dims[:at] else f"{dim}_{at}" for at, dim in enumerate(dims)]


def _attributes(item):
    kept = {name: value for name, value in item.attrs.items() if name not in STORAGE}
    return {name: _plain(value) for name, value in kept.items()}


def _plain(value):
    if isinstance(value, bytes):
        return value.decode()
    return value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else value
