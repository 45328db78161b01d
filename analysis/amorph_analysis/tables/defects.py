"""Defects: what a share f of particles that start at random places makes of a crystal.

A solid of rank 1 is a perfect crystal again; the columns beside it are of the others. Sites healed,
coordination and bond-orientational order of one particle and of all bonds are of all solids. Medians (smallest to
largest) over solids."""

import numpy as np

from . import cells
from .disorder import line_of_order
from .rank import spectra

OPTIONS = ["--set"]
HEAD = ["solids", "n", "f", "perfect again", "rank of the others", "full", "s_min/s_1 of these"]
HEAD += ["sites healed", "contacts", "local order", "order of all bonds"]


def tables(sources, options):
    rows = []
    for source in sources:
        if not source.solid.get("defects"):
            continue
        for theta in source.thetas:
            s, rank, full = spectra(theta, source.feature_set(options.set))
            if not len(s):
                continue
            broken = rank > 1
            last = (s[:, -1] / s[:, 0])[broken]
            healed = source.solids["healed_sites"].values
            rows.append([
                source.name,
                len(s),
                cells.whole(source.solid["defects"]),
                cells.share(~broken),
                cells.reach(rank[broken]) if broken.any() else "",
                cells.share(full[broken]),
                cells.spread(last) if broken.any() else "",
                cells.spread(healed[np.isfinite(healed)], cells.whole),
                *line_of_order(source),
            ])
    yield "Defects", HEAD, rows
