"""Polydispersity: how the singular values grow with δ, and what stands beside them.

First the power laws s_i/s_1 ~ δ^x, 0 < δ ≤ 1e-2, of `amorph-figure disorder`: the smallest and the largest
exponent with 95% intervals by a bootstrap over solids, half of the widest interval, and at the smallest δ
s_i/(s_1 δ) of the first and the last of them. What is below rounding in a solid has none. Then a line for every scenario. Medians (smallest to largest) over solids."""

import numpy as np

from . import cells
from .rank import spectra
from ..errors import FileError
from ..figures.disorder import KEYS, ROUNDING, exponents, ratios
from ..figures.scans import scans

OPTIONS = ["--set"]
KEY = "polydispersity"
GROWTH = ["solids", "modes", "x, least", "x, largest", "widest", "first/δ", "last/δ"]
HEAD = ["solids", "n", "δ", "rank", "full", "s_2/s_1", "s_min/s_1", "contacts", "local order"]
HEAD += ["order of all bonds"]


def tables(sources, options):
    wanted = lambda solid: solid.get(KEY) is not None and not solid.get("defects")
    sources = [source for source in sources if wanted(source.solid)]
    if not sources:
        raise FileError(f"{options.files[0]}: no scenario with a polydispersity")
    features = sources[0].feature_set(options.set)
    sources = [source for source in sources if features in source.sets]
    found = [growth(scan, features) for scan in scans(sources, KEY)]
    yield f"Growth with δ, {features}", GROWTH, [row for row in found if row]
    thetas = [theta for source in sources for theta in source.thetas]
    yield f"Polydispersity, {features}", HEAD, [it for theta in thetas if (it := line(theta, features))]


def growth(scan, features):
    """The power laws of a scan; none where there are not three values of δ."""
    points = [
        (delta, solids)
        for delta, theta in zip(scan.values, scan.thetas)
        if 0 < delta <= KEYS[KEY][1] and (solids := ratios(theta, features))
    ]
    if len(points) < 3:
        return None
    deltas, solids = zip(*points)
    modes = dict(exponents(np.array(deltas), list(solids)))
    if not modes:
        return None
    found = list(modes.values())
    written = [f"{x:.3f} [{low:.3f}, {high:.3f}]" for x, low, high in (min(found), max(found))]
    widest = max((high - low) / 2 for _, low, high in found)
    ends = [[solid[mode] / deltas[0] for solid in solids[0]] for mode in (min(modes), max(modes))]
    name = scan.thetas[0].source.name
    return [f"{name} and on", len(found), *written, f"±{widest:.3f}", *map(cells.spread, ends)]


def line(theta, features):
    """One line of the second table; none without a finished solid."""
    s, rank, full = spectra(theta, features)
    if not len(s):
        return None
    return [
        theta.source.name,
        len(s),
        cells.whole(theta.source.solid[KEY]),
        cells.reach(rank),
        cells.share(full),
        *(cells.spread(s[:, mode] / s[:, 0], ratio) for mode in (1, -1)),
        *line_of_order(theta.source),
    ]


def ratio(value):
    return cells.number(value) if value > ROUNDING else "rounding"


def line_of_order(source):
    """Coordination and order of a scenario's solids."""
    for name in ("coordination", "local_bond_order", "bond_order"):
        values = source.solids[name].values if name in source.solids else np.array([])
        values = values[np.isfinite(values)]
        yield cells.spread(values, cells.digits) if len(values) else ""
