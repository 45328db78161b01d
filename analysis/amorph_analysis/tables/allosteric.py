"""Allosteric features: the smallest over the largest singular value of the first n_y rows of J, those of a
study with n_y pairs, at n_y about n_θ and for all features.

Medians (smallest to largest) over solids. n_θ counts the parameters that move the solid; "full" are the solids in
which the rank is min(n_y, n_θ) at every one of these n_y."""

import numpy as np

from . import cells
from ..figures.allosteric import KIND, spectrum

OPTIONS = []
# n_y from n_θ; all features at the end.
NUMBERS = {
    "n_θ/2": lambda n: n // 2,
    "n_θ − 2": lambda n: n - 2,
    "n_θ": lambda n: n,
    "n_θ + 2": lambda n: n + 2,
    "all": lambda n: None,
}


def tables(sources, options):
    rows = []
    for theta in (theta for source in sources for theta in source.thetas):
        jacobians = list(theta.jacobians(KIND))
        if jacobians:
            counts = [cells.reach([one.shape[axis] for one in jacobians]) for axis in (1, 0)]
            found = [[at(rows, number) for number in NUMBERS.values()] for rows in jacobians]
            full, ratios = np.moveaxis(np.array(found), -1, 0)
            values = [*map(cells.spread, ratios.T), cells.share(full.all(axis=1))]
            rows.append([theta.source.name, len(jacobians), theta.name, *counts, *values])
    head = ["solids", "n", "θ", "n_θ", "features", *NUMBERS, "full"]
    yield "s_min/s_max of n_y features", head, rows


def at(rows, number):
    """(whether the rank is as large as it can be, s_min/s_max) of the first rows of J."""
    first = rows[: number(rows.shape[1])]
    rank, ratio = spectrum(first)
    return rank == min(first.shape), ratio
