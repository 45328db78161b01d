"""Another interaction: what ends the linear regime (a), γ* (b) and ζ (c) against the exponent α of the
repulsion, a colour and a marker for every pressure.

In a, the shares of directions whose γ* is ended by curvature (filled symbols, solid lines), and
by a contact change or a rearrangement (open symbols, dashed lines). In b and c medians over all
directions of all solids; what was not reached counts with the end of its sweep. Bars are 95% intervals by a bootstrap over
solids."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import bootstrap, style, words
from .scans import scans

OPTIONS = []
HARMONIC = 2.0
# Beside each other, so that bars do not hide bars.
BESIDE = 0.02


def solids_of(theta):
    """For every solid its rows (γ* or its lower limit, ζ likewise, ended by curvature, by an event)."""
    sweeps = theta.sweeps
    s = sweeps["susceptibility"].values
    lo, hi = np.moveaxis(sweeps["gamma_star"].values, -1, 0)
    gamma = np.where(np.isfinite(hi), np.sqrt(lo * hi), lo)
    cause = sweeps["gamma_star_cause"].values
    events = np.isin(cause, ["contact_change", "rearrangement"])
    rows = np.stack([gamma, s * gamma, cause == "curvature", events], axis=-1)
    usable = np.isfinite(gamma) & (gamma > 0)
    return [row[use] for row, use in zip(rows, usable) if use.any()]


def draw(sources, options):
    for source in sources:
        source.solid.setdefault("exponent", HARMONIC)
    found = scans(sources, "exponent", lambda theta: theta.sweeps is not None)
    if not found:
        raise FileError(f"{options.files[0]}: no swept scenarios that differ in the exponent only")
    figure, axes = style.panels(plt.subplots, options.width, 3, 1.7, sharex=True)
    shares, gammas, zetas = axes.flat
    handles = []
    for index, scan in enumerate(found):
        points = [
            (alpha, solids)
            for alpha, theta in zip(scan.values, scan.thetas)
            if (solids := solids_of(theta))
        ]
        if not points:
            continue
        alpha = np.array([value for value, _ in points]) + BESIDE * index
        colour, marker = style.series(index)
        look = {"color": colour, "marker": marker}
        _estimates(shares, alpha, points, np.mean, 2, **look)
        _estimates(shares, alpha, points, np.mean, 3, ls="--", markerfacecolor="white", **look)
        _estimates(gammas, alpha, points, np.median, 0, **look)
        _estimates(zetas, alpha, points, np.median, 1, **look)
        counts = sorted({len(solids) for _, solids in points})
        solids = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
        source = scan.thetas[0].source
        label = f"{words.dimension(source)}, $p =$ {words.pressure(source)}, {solids} solids"
        handles.append(Line2D([], [], label=label, **look))
    if not handles:
        raise FileError(f"{options.files[0]}: no finished sweep to draw")
    shares.set(ylim=(-0.05, 1.05), ylabel=r"share of $\gamma^{*}$")
    gammas.set(yscale="log", ylabel=r"$\gamma^{*}$")
    zetas.set(yscale="log", ylabel=r"$\zeta = \gamma^{*} s$")
    for index, panel in enumerate(axes.flat):
        if options.width == "wide" or panel is zetas:
            panel.set_xlabel(r"exponent $\alpha$")
        panel.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())
        style.letter(panel, index)
    ended = [
        Line2D([], [], color="0.3", marker="o", label="curvature"),
        Line2D(
            [],
            [],
            color="0.3",
            marker="o",
            ls="--",
            mfc="white",
            label="contact change, rearrangement",
        ),
    ]
    shares.legend(handles=ended, loc="center right")
    style.legend_above(figure, handles)
    return figure


def _estimates(axes, x, points, statistic, column, **look):
    estimate = lambda groups: statistic(np.concatenate(groups[0])[:, column])
    middle, low, high = np.array([bootstrap.interval(estimate, [solids]) for _, solids in points]).T
    bars = [np.maximum(middle - low, 0), np.maximum(high - middle, 0)]
    axes.errorbar(x, middle, bars, elinewidth=0.6, markersize=3, **look)
