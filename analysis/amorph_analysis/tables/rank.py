"""The rank of J: how many of how many there can be, beside the spectrum without which it says nothing.

A line for every scenario, parameterisation and feature set. n_y features, n_θ parameters that move the
solid, and the rank r that the file states by its tolerance, as ranges over solids; medians (smallest to
largest) over solids of s_r/s_1, and of s_r/s_{r+1} where the rank is not min(n_y, n_θ)."""

import numpy as np

from . import cells

OPTIONS = ["--set"]
HEAD = ["solids", "n", "θ", "y", "n_y", "n_θ", "r", "full", "s_r/s_1", "s_r/s_{r+1}"]


def tables(sources, options):
    rows = [
        row
        for source in sources
        for theta in source.thetas
        for features in ([source.feature_set(options.set)] if options.set else source.sets)
        if (row := line(theta, features))
    ]
    yield "Rank", HEAD, rows


def line(theta, features):
    """One line of the table; none without a finished solid."""
    s, rank, full = spectra(theta, features)
    if not len(s):
        return None
    last = np.array([one[r - 1] / one[0] for one, r in zip(s, rank)])
    # A crystal's may be an exact zero.
    with np.errstate(divide="ignore"):
        gaps = [one[r - 1] / one[r] for one, r, it in zip(s, rank, full) if not it]
    return [
        theta.source.name,
        len(s),
        theta.name,
        features,
        theta.source.feature_count(features),
        cells.reach(moving(theta)),
        cells.reach(rank),
        cells.share(full),
        cells.spread(last),
        cells.spread(gaps) if gaps else "",
    ]


def spectra(theta, features):
    """Of every finished solid the singular values, the rank, and whether it is min(n_y, n_θ)."""
    spectrum = theta.spectrum(features)
    s, rank = spectrum["singular_values"].values, spectrum["rank"].values.astype(int)
    # Features that a solid lacks have no singular value.
    return s, rank, rank == np.minimum(np.isfinite(s).sum(axis=1), moving(theta))


def moving(theta):
    """How many parameters of every finished solid are not inert."""
    inert = theta.data["inert"].values
    return (inert[np.isin(inert, [0, 1]).all(axis=1)] == 0).sum(axis=1)
