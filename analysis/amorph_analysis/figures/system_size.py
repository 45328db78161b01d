"""The thermodynamic limit: γ*, γ_c and γ_r against the number of particles N.

Points are medians over all directions of all solids, bars the quartiles. What was not reached
counts as beyond the end of its sweep: where a quantile falls on such a one it is drawn at that
limit, an open symbol with an arrow. Lines are power laws through the medians that were reached;
the exponents stand in the legend, with 95% intervals by a bootstrap over solids."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import bootstrap, style, words
from .scans import scans

OPTIONS = []
# By threshold: its symbol, colour, marker, line, and where it stands beside N.
THRESHOLDS = {
    "gamma_star": (r"\gamma^{*}", style.BLACK, "o", "-", 1.0),
    "gamma_contact": (r"\gamma_c", style.GREEN, "s", "-.", 1.06),
    "gamma_rearrangement": (r"\gamma_r", style.VERMILLION, "D", "--", 1 / 1.06),
}
QUANTILES = [0.25, 0.5, 0.75]


def thresholds(theta, name):
    """For every solid its (lower, upper) bounds (2, direction); upper is infinite where it was not
    reached."""
    sweeps = theta.sweeps
    lo, hi = np.moveaxis(sweeps[name].values, -1, 0)
    reached = np.isfinite(hi)
    lower = np.where(reached, np.sqrt(lo * hi), lo)
    upper = np.where(reached, lower, np.inf)
    usable = np.isfinite(lower) & (lower > 0)
    return [np.stack([l[use], u[use]]) for l, u, use in zip(lower, upper, usable) if use.any()]


def median(solids):
    """The median over all directions, what was not reached at the end of its sweep."""
    return np.median(np.concatenate(solids, axis=1)[0])


def quartiles(solids):
    """(values of the quartiles, which of them were reached)."""
    lower, upper = np.concatenate(solids, axis=1)
    # Infinities stay so only where the quantile falls on them.
    reached = np.isfinite(np.quantile(upper, QUANTILES, method="higher"))
    return np.quantile(lower, QUANTILES), reached


def draw(sources, options):
    found = scans(sources, "particles", lambda theta: theta.sweeps is not None)
    if not found:
        raise FileError(
            f"{options.files[0]}: no swept scenarios that differ in the number of particles only"
        )
    figure, axes = style.panels(plt.subplots, options.width, len(found), 2.2, sharex=True)
    for index, (panel, scan) in enumerate(zip(axes.flat, found)):
        handles = [_threshold(panel, scan, name) for name in THRESHOLDS]
        style.panel_legend(panel, handles, scan.title(found, "particles"))
        panel.set(xscale="log", yscale="log", ylabel=r"$\gamma^{*}$, $\gamma_c$, $\gamma_r$")
        panel.margins(y=0.12)
        panel.set_xticks(scan.values, list(map(str, scan.values)), minor=False)
        panel.minorticks_off()
        panel.yaxis.set_minor_locator(matplotlib.ticker.LogLocator(subs="auto"))
        if len(found) > 1:
            style.letter(panel, index)
        if options.width == "wide" or index == len(found) - 1:
            panel.set_xlabel("number of particles $N$")
    if not any(panel.has_data() for panel in axes.flat):
        raise FileError(f"{options.files[0]}: no finished sweep to draw")
    return figure


def _threshold(axes, scan, name):
    """Draws one threshold and gives its line of the legend."""
    symbol, colour, marker, line, beside = THRESHOLDS[name]
    values = {n: thresholds(theta, name) for n, theta in zip(scan.values, scan.thetas)}
    values = {n: solids for n, solids in values.items() if solids}
    look = {"color": colour, "marker": marker, "markersize": 3.4}
    reached = []
    for n, solids in values.items():
        (low, middle, high), known = quartiles(solids)
        face = colour if known[1] else "white"
        axes.errorbar(
            [n * beside],
            [middle],
            [[middle - low], [high - middle]],
            linewidth=0.7,
            markerfacecolor=face,
            **look,
        )
        if known[1]:
            reached.append(n)
        else:
            style.lower_limit(axes, (n * beside, middle), colour)
    label = f"${symbol}$"
    if len(reached) > 1:
        sizes, groups = np.array(reached), [values[n] for n in reached]
        exponent = lambda groups: bootstrap.power(sizes, list(map(median, groups)))[0]
        prefactor = bootstrap.power(sizes, list(map(median, groups)))[1]
        axes.plot(
            sizes * beside, prefactor * sizes ** exponent(groups), line, color=colour, linewidth=0.7
        )
        label += rf" $\sim N^x$, $x$ = {words.interval(*bootstrap.interval(exponent, groups))}"
    return Line2D([], [], linestyle=line, linewidth=0.7, label=label, **look)
