"""Opens files and says which kind they are."""

from pathlib import Path

import h5py

from . import ensemble, single
from .errors import FileError
from .groups import groups_of

ENSEMBLE = "amorph-ensemble"
MEASUREMENT = "amorph-measurement"


def open(*files):
    """The data of results files of one study, of an output of `amorph measure`, or of a solid file.

    Results files of `amorph run` become a tree
    `<scenario>/{solids, features, <θ>, <θ>/<set>, <θ>/sweeps, <θ>/sweeps/curve, ...}` with the
    dimensions of the file, all rows of all files along `replica`, and `items`, the states of the
    work items. The others keep their own groups. Raises `FileError`."""
    if not files:
        raise FileError("no file given")
    groups = [_groups(Path(file)) for file in files]
    formats = [_format(group["/"]) for group in groups]
    try:
        if len(files) == 1 and formats[0] != ENSEMBLE:
            if formats[0] == MEASUREMENT or (not formats[0] and single.is_solid(groups[0])):
                return single.tree(groups[0])
        for file, format in zip(files, formats):
            if format != ENSEMBLE:
                raise FileError(f"{file}: not a results file of `amorph run` (attribute format)")
        return ensemble.tree([ensemble.File(*pair) for pair in zip(files, groups)])
    except BaseException:
        for group in groups:
            _close(group)
        raise


def is_measurement(file):
    """Whether a file is an output of `amorph measure`. Raises `FileError`."""
    with _hdf5(file) as opened:
        kind = opened.attrs.get("format", b"")
        return (kind.decode() if isinstance(kind, bytes) else kind) == MEASUREMENT


def _groups(path):
    """The groups of a file by their path."""
    file = _hdf5(path)
    try:
        return groups_of(file)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        file.close()
        raise FileError(f"{path}: not a readable HDF5 file ({error})") from None


def _hdf5(path):
    try:
        # Without a lock: a running job must not be disturbed.
        return h5py.File(path, "r", locking=False)
    except FileNotFoundError:
        raise FileError(f"{path}: there is no such file") from None
    except OSError as error:
        raise FileError(f"{path}: not a readable HDF5 file ({error})") from None


def _close(groups):
    for group in groups.values():
        group.close()


def _format(root):
    return root.attrs.get("format", "")
