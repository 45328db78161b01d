"""Fig. S3: the susceptibilities of diameters and energy scales, θ = (D, k), against the pressure p.

Every point is a singular value of a solid: a filled circle where its design mode (right singular
vector) belongs to D, an open square where it belongs to k, that is where more than half of its
weight Σ w² lies on the k. Lines are power laws through the bands' geometric means over solids; the
exponents stand in the legend, with 95% intervals by a bootstrap over solids."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import bootstrap, style, words
from .scans import scans

OPTIONS = ["--set"]
# Which band: its colour, marker, line, face, and where its points stand beside their pressure.
BANDS = {
    "D": (style.BLUE, "o", "-", style.BLUE, 1 / 1.12),
    "k": (style.VERMILLION, "s", "--", "none", 1.12),
}


def bands(theta, features):
    """For every finished solid the relevant singular values (of D, of k)."""
    spectrum = theta.spectrum(features)
    if "right" not in spectrum:
        raise FileError(
            f"{theta.source.name}/{theta.name}: no singular vectors ([output] vectors = false)"
        )
    of_k = np.array([label.startswith("k_") for label in theta.parameters])
    solids = []
    for s, rank, right in zip(
        *(spectrum[name].values for name in ("singular_values", "rank", "right"))
    ):
        weight = (right[:, of_k] ** 2).sum(axis=1) > 0.5
        relevant = np.arange(len(s)) < rank
        solids.append((s[relevant & ~weight], s[relevant & weight]))
    return solids


def draw(sources, options):
    found = [scan for scan in scans(sources, "pressure") if {"D", "k"} <= set(scan.thetas[0].kinds)]
    if not found:
        raise FileError(
            f'{options.files[0]}: no scenarios with D and k (kinds = ["Dk"]) at several pressures'
        )
    figure, axes = style.panels(plt.subplots, options.width, len(found), 2.2, sharex=True)
    for index, (panel, scan) in enumerate(zip(axes.flat, found)):
        handles = _panel(panel, scan, options.set)
        style.panel_legend(panel, handles, scan.title(found, "pressure"))
        panel.set(xscale="log", yscale="log", ylabel="susceptibility $s$")
        if len(found) > 1:
            style.letter(panel, index)
        if options.width == "wide" or index == len(found) - 1:
            panel.set_xlabel("pressure $p$")
    if not any(panel.has_data() for panel in axes.flat):
        raise FileError(f"{options.files[0]}: no finished solid to draw")
    return figure


def _panel(axes, scan, wanted):
    """Draws a scan and gives its legend."""
    points = {
        p: bands(theta, theta.source.feature_set(wanted))
        for p, theta in zip(scan.values, scan.thetas)
    }
    handles = []
    for band, (name, (colour, marker, line, face, beside)) in enumerate(BANDS.items()):
        # By pressure: of every solid that has such modes the values.
        values = {
            p: [solid[band] for solid in solids if len(solid[band])] for p, solids in points.items()
        }
        values = {p: solids for p, solids in values.items() if solids}
        look = {"color": colour, "marker": marker, "markerfacecolor": face, "markeredgewidth": 0.5}
        for p, solids in values.items():
            s = np.concatenate(solids)
            axes.plot(
                np.full(len(s), p * beside), s, linestyle="", markersize=2.2, alpha=0.6, **look
            )
        label = f"modes of ${name}$"
        if len(values) > 1:
            pressures = np.array(list(values))
            exponent, prefactor = bootstrap.power(pressures, means(values.values()))
            axes.plot(pressures, prefactor * pressures**exponent, line, color=colour)
            estimate = lambda groups: bootstrap.power(pressures, means(groups))[0]
            found = bootstrap.interval(estimate, list(values.values()))
            label += rf": $s \sim p^x$, $x$ = {words.interval(*found)}"
        handles.append(Line2D([], [], linestyle=line, markersize=2.6, label=label, **look))
    return handles


def means(groups):
    """The geometric mean of every group of solids."""
    return [np.exp(np.mean(np.log(np.concatenate(solids)))) for solids in groups]
