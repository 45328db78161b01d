"""Chosen allosteric features: the smallest over the largest singular value of n_y features that are as
independent as they can be chosen, of the first ones, and of those that are least so.

All rows of J have length 1; the choice is that of `amorph-figure allosteric`. Medians with 95% intervals by a
bootstrap over solids; in the last column the smallest of all solids."""

import numpy as np

from . import cells
from ..figures.allosteric import CHOICES, KIND, chosen, spectrum

OPTIONS = []
# n_y from n_θ.
NUMBERS = [lambda n: n // 8, lambda n: n // 2, lambda n: n * 3 // 4, lambda n: n - 4, lambda n: n]


def tables(sources, options):
    head = ["n_y", *CHOICES, "the least of these"]
    for theta in (theta for source in sources for theta in source.thetas):
        jacobians = list(theta.jacobians(KIND))
        if not jacobians:
            continue
        n = sorted({max(2, number(min(min(it.shape) for it in jacobians))) for number in NUMBERS})
        # (choice, number, solid)
        found = [[ratios(rows, best, n) for rows in jacobians] for best in (np.argmax, None, np.argmin)]
        found = np.array(found).transpose(0, 2, 1)
        rows = [
            [at, *map(cells.median, found[:, place]), cells.number(found[2, place].min())]
            for place, at in enumerate(n)
        ]
        title = f"s_min/s_max of {theta.source.name}, {theta.name}, {len(jacobians)} solids"
        yield title, head, rows


def ratios(rows, best, n):
    """s_min/s_max of the first n features of a choice."""
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    order = chosen(rows, best) if best else np.arange(len(rows))
    return [spectrum(unit[order[:at]])[1] for at in n]
