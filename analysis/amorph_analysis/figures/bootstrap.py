"""Confidence intervals by drawing solids again, with replacement: directions of one solid are not
independent, so that solids are what is drawn."""

import numpy as np

DRAWS = 1000
# The same data give the same interval.
SEED = 1
LEVEL = 0.95


def interval(estimate, groups):
    """(estimate, low, high): the central 95% of an estimate over drawn solids.

    `groups` are lists of solids, which are drawn from each on its own: one list for a correlation,
    one per point for a fit. `estimate` takes groups of the same form and gives a number."""
    generator = np.random.default_rng(SEED)
    draws = []
    for _ in range(DRAWS):
        chosen = [
            [group[i] for i in generator.integers(len(group), size=len(group))] for group in groups
        ]
        draws.append(estimate(chosen))
    outside = (1 - LEVEL) / 2
    return estimate(groups), *np.nanquantile(draws, [outside, 1 - outside])


def spearman(x, y):
    """Spearman's correlation of ranks, ties in the middle; NaN where one of both does not vary."""
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return np.corrcoef(ranks(x), ranks(y))[0, 1]


def ranks(values):
    """Ranks from 0; equal values share the middle of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts + 1) / 2)[inverse]


def power(x, y):
    """The exponent and the prefactor of the power law through points, by least squares of
    logarithms."""
    exponent, intercept = np.polyfit(np.log(x), np.log(y), 1)
    return exponent, np.exp(intercept)
