"""Fig. 4: the end of the linear regime γ* (a) and the maximum linear tunability ζ = γ* s (b) against
the susceptibility s, a colour and a marker for every scenario.

The legend gives Spearman's correlation with s, with its 95% interval by a bootstrap over solids. A
γ* that the sweep did not reach is drawn as what is known of it, a lower limit: an open symbol with
an arrow; the correlations take it at this limit."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import bootstrap, style, words

OPTIONS = []
# Beyond so many points, smaller and fainter ones.
CROWDED = 600
# A longer name stands on a line of its own.
LONG = 18
LABELS = [r"end of the linear regime $\gamma^{*}$", r"linear tunability $\zeta = \gamma^{*} s$"]
# What is drawn against s, by its symbol.
VALUES = {r"\gamma^{*}": lambda s, gamma: gamma, r"\zeta": lambda s, gamma: s * gamma}


@dataclass
class Series:
    theta: object
    # A row (s, γ* or its lower limit, whether γ* was found) per direction, by solid.
    solids: list

    @property
    def points(self):
        return np.concatenate(self.solids).T

    def correlation(self, value):
        """Spearman's of s and a value of it and γ*, with its interval; None for a single solid, and
        where s or the value does not vary."""

        def estimate(groups):
            s, gamma, _ = np.concatenate(groups[0]).T
            return bootstrap.spearman(s, value(s, gamma))

        if len(self.solids) < 2 or np.isnan(estimate([self.solids])):
            return None
        return bootstrap.interval(estimate, [self.solids])


def series(sources):
    """Every swept parameterisation with finished directions."""
    for source in sources:
        for theta in source.thetas:
            sweeps = theta.sweeps
            if sweeps is None:
                continue
            s = sweeps["susceptibility"].values
            lo, hi = np.moveaxis(sweeps["gamma_star"].values, -1, 0)
            found = np.isfinite(hi)
            gamma = np.where(found, np.sqrt(lo * hi), lo)
            drawn = np.isfinite(s) & np.isfinite(gamma) & (gamma > 0) & (s > 0)
            rows = np.stack([s, gamma, found], axis=-1)
            solids = [row[use] for row, use in zip(rows, drawn) if use.any()]
            if solids:
                yield Series(theta, solids)


def draw(sources, options):
    every = list(series(sources))
    if not every:
        raise FileError(f"{options.files[0]}: no finished sweep to draw")
    names = _names(every)
    dimensions = sorted({_dimension(one) for one in every})
    figure, columns = _panels(options.width, len(dimensions))
    crowded = sum(len(one.points[0]) for one in every) > CROWDED
    handles = []
    for dimension, panels in zip(dimensions, columns):
        for one, name in zip(every, names):
            if _dimension(one) == dimension:
                colour, marker = style.series(len(panels[0].collections) // 2)
                for panel, value in zip(panels, VALUES.values()):
                    _scatter(panel, one, value, colour, marker, crowded)
                label = _label(name, one)
                handles.append(
                    Line2D([], [], linestyle="", marker=marker, color=colour, label=label)
                )
        if len(dimensions) > 1:
            panels[0].set_title(f"{dimension}d", pad=3)
        panels[-1].set_xlabel("susceptibility $s$")
    if any(not one.points[2].all() for one in every):
        handles.append(
            Line2D(
                [],
                [],
                linestyle="",
                marker=r"$\uparrow$",
                markersize=5,
                color="0.3",
                label="open: not reached, a lower limit",
            )
        )
    for index, (panel, label) in enumerate(zip(columns[0], LABELS)):
        panel.set_ylabel(label)
        style.letter(panel, index)
    style.legend_above(figure, handles)
    return figure


def _panels(width, dimensions):
    """The figure, and for every dimension its two panels."""
    if dimensions == 1:
        figure, axes = style.panels(plt.subplots, width, 2, 2.1, sharex=True)
        columns = [list(axes.flat)]
        columns[0][0].set_xlabel("susceptibility $s$" if width == "wide" else "")
    else:
        size = style.WIDTHS[width], 4.2
        figure, axes = plt.subplots(
            2, dimensions, figsize=size, layout="constrained", sharex=True, sharey="row"
        )
        columns = axes.T.tolist()
    for panel in axes.flat:
        panel.set(xscale="log", yscale="log")
        # Room for the arrows of lower limits.
        panel.margins(y=0.1)
    return figure, columns


def _dimension(one):
    return one.theta.source.solid["dimension"]


def _scatter(axes, one, value, colour, marker, crowded):
    s, gamma, found = one.points
    y, found = value(s, gamma), found == 1
    size, alpha = (2.5, 0.5) if crowded else (7, 0.75)
    axes.scatter(s[found], y[found], s=size, marker=marker, color=colour, alpha=alpha, linewidths=0)
    axes.scatter(
        s[~found],
        y[~found],
        s=size,
        marker=marker,
        facecolors="none",
        edgecolors=colour,
        linewidths=0.5,
    )
    for at in zip(s[~found], y[~found]):
        style.lower_limit(axes, at, colour)


def _label(name, one):
    """The scenario with its correlations."""
    correlations = [one.correlation(value) for value in VALUES.values()]
    if None in correlations:
        return name
    said = ", ".join(
        rf"$\rho_{{{symbol}}}$ = {words.interval(*correlation)}"
        for symbol, correlation in zip(VALUES, correlations)
    )
    return f"{name}: {said}" if len(name) <= LONG else f"{name}:\n{said}"


def _names(every):
    """The scenarios' names, with the parameterisation where a scenario has several."""
    names = [one.theta.source.name for one in every]
    return [
        name if names.count(name) == 1 else f"{name}, {one.theta.name}"
        for name, one in zip(names, every)
    ]
