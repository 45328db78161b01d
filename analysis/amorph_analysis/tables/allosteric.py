"""Allosteric features: the smallest over the largest singular value of the first n_y rows of J, those of a
study with n_y pairs, at n_y about n_θ and for all features.

Medians (smallest to largest) over solids. n_θ counts the parameters that move the solid; behind every ratio
stands in how many solids the rank is min(n_y, n_θ)."""

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
            values = [at(jacobians, number) for number in NUMBERS.values()]
            rows.append([theta.source.name, len(jacobians), theta.name, *counts, *values])
    yield "s_min/s_max of n_y features", ["solids", "n", "θ", "n_θ", "features", *NUMBERS], rows


def at(jacobians, number):
    """The ratio, and how many ranks are as large as they can be."""
    found = [spectrum(rows[: number(rows.shape[1])]) for rows in jacobians]
    most = [min(rows[: number(rows.shape[1])].shape) for rows in jacobians]
    full = [rank == expected for (rank, _), expected in zip(found, most)]
    return f"{cells.spread([ratio for _, ratio in found])}, {cells.share(full)}"
