"""The error of J: what J changes by, over its largest singular value, where the particles are moved by 1e-5
and relaxed again, once as it is and once with rows of length 1.

`amorph measure` computes both J, of the features and the parameters of every scenario. Its smallest
singular value (that of the parameters that move the solid) stands beside it. Ranges over solids."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import h5py
import numpy as np

import amorph_analysis

from . import cells
from ..errors import FileError

OPTIONS = ["--amorph", "--solids"]
# How far particles are moved along every axis, a standard deviation, in units of length of the file.
MOVED = 1e-5
SEED = 1
HEAD = ["solids", "n", "θ", "y", "change/s_1", "unit rows", "s_min/s_1"]


def tables(sources, options):
    if not all(source.solids is not None for source in sources):
        raise FileError(f"{options.files[0]}: not a results file of `amorph run`")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for theta in (theta for source in sources for theta in source.thetas):
            done = np.flatnonzero(theta.source.solids["done"].values)[: options.solids]
            replicas = theta.source.solids["replica"].values[done]
            found = [changes(theta, int(replica), options, Path(folder)) for replica in replicas]
            if found:
                ranges = [cells.reach(values, cells.number) for values in zip(*found)]
                rows.append([theta.source.name, len(found), theta.name, "+".join(kinds(theta)), *ranges])
    yield f"J, moved by {cells.number(MOVED)} and relaxed again", HEAD, rows


def kinds(theta):
    """The kinds of features of the scenario, as `amorph measure` wants them."""
    return sorted({kind for features in theta.source.sets for kind in features.split("+")})


def changes(theta, replica, options, folder):
    """(the change of J, the same with unit rows, the smallest singular value) of one solid."""
    first, moved, second = (folder / f"{name}.h5" for name in ("first", "moved", "second"))
    names = {"modes": f"modes:{max(1, theta.source.feature_count('modes'))}"}
    what = ["--features", ",".join(names.get(kind, kind) for kind in kinds(theta))]
    what += ["--parameters", theta.kinds]
    measure = lambda *words: run([options.amorph, "measure", *map(str, [*words, *what])])
    row = ["--scenario", theta.source.name, "--replica", replica]
    measure(holder(options.files, replica), *row, "--parameterisation", theta.name, "-o", first)
    shutil.copy(first, moved)
    with h5py.File(moved, "r+") as file:
        by = np.random.default_rng(SEED).normal(scale=MOVED, size=file["positions"].shape)
        file["positions"][...] += by
    measure(moved, "-o", second)
    found = [jacobian(file) for file in (first, second)]
    for file in (first, moved, second):
        file.unlink()
    change = lambda one, other: np.linalg.norm(one - other, 2) / np.linalg.norm(one, 2)
    s = np.linalg.svd(found[0], compute_uv=False)
    return change(*found), change(*map(unit, found)), s[-1] / s[0]


def holder(files, replica):
    """The results file that holds a solid."""
    for file in files:
        with amorph_analysis.open(file) as tree:
            if replica in tree[amorph_analysis.scenarios(tree).popitem()[0]].coords["replica"]:
                return file


def run(command):
    """Runs the program, and says what it says where it fails."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise FileError(f"{command[0]}: {error.strerror} (name the program with --amorph)") from None
    if ended.returncode:
        raise FileError(f"{' '.join(command)}: {ended.stderr.strip()}")


def jacobian(file):
    """The rows of J that have values, by the parameters that move the solid."""
    with h5py.File(file) as opened:
        rows = opened["jacobian"][...][:, opened["inert"][...] == 0]
    return rows[np.isfinite(rows).all(axis=1)]


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
