"""Allosteric features: rank (a) and smallest singular value over the largest one (b) of J against their
number n, and the same of features that are chosen (c).

The first n rows of J are the features of a study with n pairs. Points are medians over solids, bars
reach from the smallest to the largest. Counted are the min(n, n_θ) singular values there can be,
θ without what moves nothing; so b drops where n = n_θ. In c every row of J has length 1, so that only
directions count, and the n features are the first ones, or chosen among all of the solid: the next one is
always that whose row has most (or least) of itself outside the rows that were chosen before."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import style, words

OPTIONS = []
KIND = "allosteric"
TOLERANCE = 1e-9
# About so many numbers of features are drawn, and these beside n_θ.
POINTS = 7
BESIDE = [-4, 0, 4]
CHOICES = {
    "most independent": (style.GREEN, "^"),
    "the first ones": (style.BLACK, "o"),
    "least independent": (style.VERMILLION, "v"),
}


def spectrum(rows):
    """(rank, smallest over largest of the singular values that there can be)."""
    s = np.linalg.svd(rows, compute_uv=False)
    return (s > TOLERANCE * s[0]).sum(), s[-1] / s[0]


def numbers(jacobian):
    """The numbers of features to look at."""
    features, parameters = jacobian.shape
    grown = np.unique(np.geomspace(2, features, POINTS).round().astype(int))
    beside = [parameters + by for by in BESIDE if 2 <= parameters + by <= features]
    return np.unique([*grown, *beside])


def chosen(jacobian, best):
    """The features in the order of their choice: `best` is np.argmax for the most independent ones and
    np.argmin for the least; as many as are independent at all."""
    rows = jacobian / np.linalg.norm(jacobian, axis=1, keepdims=True)
    cosines = np.abs(rows @ rows.T)
    np.fill_diagonal(cosines, 0)
    # The least independent ones begin with one of the most parallel pair.
    order = [int(best(-cosines.max(axis=1)))]
    outside, basis = rows.copy(), []
    while len(order) < min(rows.shape):
        new = outside[order[-1]]
        for old in basis:
            new = new - old * (old @ new)
        length = np.linalg.norm(new)
        if length > TOLERANCE:
            basis.append(new / length)
            outside = outside - np.outer(outside @ basis[-1], basis[-1])
        left = np.linalg.norm(outside, axis=1)
        left[order] = -np.inf if best is np.argmax else np.inf
        order.append(int(best(left)))
    return order


def draw(sources, options):
    series = [
        (theta, found)
        for source in sources
        for theta in source.thetas
        if (found := list(theta.jacobians(KIND)))
    ]
    if not series:
        raise FileError(f"{options.files[0]}: no finished solid with allosteric features")
    figure, axes = style.panels(plt.subplots, options.width, 3, 2.0)
    ranks, smallest, choice = axes.flat
    handles = []
    for index, (theta, jacobians) in enumerate(series):
        colour, marker = style.series(index)
        n = numbers(min(jacobians, key=len))
        of_all = np.array([[spectrum(rows[:at]) for at in n] for rows in jacobians])
        look = {"color": colour, "marker": marker, "markersize": 2.6}
        for panel, values in zip((ranks, smallest), np.moveaxis(of_all, -1, 0)):
            _bars(panel, n, values, linewidth=0.7, **look)
        handles.append(Line2D([], [], label=_label(theta, jacobians), **look))
    theta, jacobians = max(series, key=lambda one: one[1][0].shape[1])
    _choices(choice, jacobians)
    style.panel_legend(
        choice,
        [Line2D([], [], color=c, marker=m, label=label) for label, (c, m) in CHOICES.items()],
        _label(theta, jacobians),
    )
    ranks.set(xscale="log", yscale="log", ylabel=r"rank$(J)$", xlabel="number of features $n$")
    ratio = r"$s_\mathrm{min} / s_\mathrm{max}$"
    smallest.set(xscale="log", yscale="log", ylabel=ratio, xlabel="number of features $n$")
    choice.set(
        xscale="log", yscale="log", ylabel=ratio + ", unit rows", xlabel="number of features $n$"
    )
    for index, panel in enumerate(axes.flat):
        style.letter(panel, index)
    style.legend_above(figure, handles)
    return figure


def _bars(axes, n, values, **look):
    """Medians over solids, bars to the extremes."""
    middle = np.median(values, axis=0)
    bars = [middle - values.min(axis=0), values.max(axis=0) - middle]
    axes.errorbar(n, middle, bars, elinewidth=0.5, **look)


def _choices(axes, jacobians):
    n = numbers(min(jacobians, key=len))
    n = n[n <= min(min(rows.shape) for rows in jacobians)]
    for (colour, marker), best in zip(CHOICES.values(), (np.argmax, None, np.argmin)):
        values = []
        for rows in jacobians:
            order = chosen(rows, best) if best else np.arange(len(rows))
            unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            values.append([spectrum(unit[order[:at]])[1] for at in n])
        _bars(axes, n, np.array(values), color=colour, marker=marker, markersize=2.6, linewidth=0.7)


def _label(theta, jacobians):
    """The scenario, what is changed, and how many solids."""
    counts = sorted({rows.shape[1] for rows in jacobians})
    count = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"
    solids = f"{len(jacobians)} solids" if len(jacobians) > 1 else "1 solid"
    return rf"{theta.source.name}: {count} {words.kinds(theta)}, {solids}"
