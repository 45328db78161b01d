"""Fig. 3: the extent of the linear regime along a direction: |Δy| (blue points), its linear
prediction (blue line), their difference (orange points), the second-order term (orange line), and
the thresholds with their brackets shaded.

Two panels: a direction whose linear regime is ended by curvature, and one that a rearrangement
ends, or a contact change where the files hold none. Of all curves with that cause it is the one
with the median γ*. --replica and --direction choose others: given once, there is one panel."""

from dataclasses import dataclass
from itertools import zip_longest

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..errors import FileError
from . import style, words

OPTIONS = ["--replica", "--direction"]
# Of the second panel the first cause that there is.
CAUSES = [["curvature"], ["rearrangement", "contact_change"]]
THRESHOLDS = {
    "gamma_star": (r"$\gamma^{*}$", style.BLACK, "-", style.SKY),
    "gamma_contact": (r"$\gamma_c$", style.GREEN, "-.", style.GREEN),
    "gamma_rearrangement": (r"$\gamma_r$", style.VERMILLION, (0, (5, 1)), style.VERMILLION),
}
# Open circles around the squares: after a jump both stand at the same place.
CHANGE = {
    "marker": "o",
    "linestyle": "",
    "color": style.BLUE,
    "markerfacecolor": "none",
    "markersize": 4.2,
    "markeredgewidth": 0.8,
}
DIFFERENCE = {"marker": "s", "linestyle": "", "color": style.ORANGE, "markersize": 2.2}
# How far below the smallest second-order term the axis begins: what lies there is rounding.
BELOW = 3


@dataclass
class Curve:
    theta: object
    replica: int
    direction: int
    # The sweep and the curve of this direction.
    sweep: object
    points: object


def curves(sources):
    """Every finished direction whose curve the files hold."""
    for source in sources:
        for theta in source.thetas:
            curve, sweeps = theta.curves, theta.sweeps
            if curve is None:
                continue
            valid = curve["valid"].values
            for row, direction in np.argwhere((valid == 1).any(axis=2)):
                at = {"replica": row, "direction": direction}
                replica = int(curve["replica"].values[row])
                sweep = sweeps.isel(at)
                yield Curve(theta, replica, int(direction), sweep, curve.isel(at))


def typical(curves, causes):
    """Of the curves that end by the first of these causes that there is, the one with the median γ*."""
    for cause in causes:
        ended = [curve for curve in curves if str(curve.sweep["gamma_star_cause"].values) == cause]
        if ended:
            return sorted(ended, key=lambda curve: centre(curve.sweep, "gamma_star"))[
                (len(ended) - 1) // 2
            ]
    return None


def centre(sweep, name):
    lo, hi = sweep[name].values
    return np.sqrt(lo * hi)


def chosen(sources, options):
    """The curves to draw."""
    every = list(curves(sources))
    if not every:
        raise FileError(
            f"{options.files[0]}: no curve of a finished direction ([output] curves, or measure --sweep)"
        )
    if not options.replica and not options.direction:
        return [curve for curve in (typical(every, causes) for causes in CAUSES) if curve] or every[
            :1
        ]
    picked = []
    for replica, direction in zip_longest(options.replica, options.direction):
        fitting = [
            curve
            for curve in every
            if replica in (None, curve.replica) and direction in (None, curve.direction)
        ]
        if not fitting:
            what = [f"replica {replica}"] * (replica is not None) + [f"direction {direction}"] * (
                direction is not None
            )
            raise FileError(f"{options.files[0]}: no curve of {', '.join(what)}")
        picked.append(fitting[0])
    return picked


def draw(sources, options):
    drawn = chosen(sources, options)
    height = 2.2 if options.width == "column" else 2.6
    figure, axes = style.panels(plt.subplots, options.width, len(drawn), height, sharex=True)
    panels = axes.flat
    for index, (panel, curve) in enumerate(zip(panels, drawn)):
        _panel(panel, curve)
        if len(drawn) > 1:
            style.letter(panel, index)
        if options.width == "wide" or index == len(drawn) - 1:
            panel.set_xlabel(r"$\gamma = |\Delta\theta|$")
    _legend(figure, drawn, options.width)
    return figure


def _panel(axes, curve):
    valid = curve.points["valid"].values == 1
    gamma = curve.points["gamma"].values[valid]
    y = {
        name: curve.points[name].values[valid]
        for name in ("norm", "linear_norm", "difference", "quadratic")
    }
    # The prediction is a straight line whatever the solid did: it goes on to the end of the axis.
    axes.plot(gamma, y["linear_norm"], "-", color=style.BLUE)
    axes.plot(gamma, y["quadratic"], "--", color=style.ORANGE)
    axes.plot(gamma, y["difference"], **DIFFERENCE)
    axes.plot(gamma, y["norm"], **CHANGE)
    tilde = float(curve.sweep["gamma_tilde"].values)
    said = {}
    for name, (symbol, colour, line, shade) in THRESHOLDS.items():
        lo, hi = curve.sweep[name].values
        if np.isfinite(hi):
            axes.axvspan(lo, hi, color=shade, alpha=0.5, linewidth=0)
            axes.axvline(np.sqrt(lo * hi), color=colour, linestyle=line, linewidth=0.7)
            said[name] = f"{symbol} $= {words.bracket(lo, hi)}$"
        elif np.isfinite(lo):
            said[name] = f"{symbol} $> {words.scientific(lo, '.2f')}$"
    if np.isfinite(tilde):
        axes.axvline(tilde, color=style.GREY, linestyle=":", linewidth=1.0)
        said["gamma_tilde"] = rf"$\tilde\gamma = {words.scientific(tilde, '.2f')}$"
    axes.set(xscale="log", yscale="log", ylabel="change of the features")
    second = y["quadratic"][y["quadratic"] > 0]
    if len(second):
        axes.set_ylim(second.min() / BELOW, None)
    axes.set_title(_what(curve, said), loc="left", fontsize=style.SMALL, pad=3)


def _what(curve, said):
    """The direction, why its linear regime ends, and the thresholds."""
    cause = str(curve.sweep["gamma_star_cause"].values).replace("_", " ")
    lines = [
        f"{curve.theta.source.name}, solid {curve.replica}, direction {curve.direction}: {cause}"
    ]
    for pair in (("gamma_star", "gamma_tilde"), ("gamma_contact", "gamma_rearrangement")):
        lines.append(",   ".join(said[name] for name in pair if name in said))
    return "\n".join(line for line in lines if line)


def _legend(figure, drawn, width):
    handles = [
        Line2D([], [], **CHANGE, label=r"$|\Delta y|$"),
        Line2D([], [], color=style.BLUE, label=r"$|J\Delta\theta|$"),
        Line2D([], [], **DIFFERENCE, label=r"$|\Delta y - J\Delta\theta|$"),
        Line2D([], [], linestyle="--", color=style.ORANGE, label=r"$\gamma^2$ term"),
    ]
    handles += [
        (Patch(color=shade, alpha=0.5, linewidth=0), Line2D([], [], color=colour, linestyle=line))
        for _, colour, line, shade in THRESHOLDS.values()
    ]
    labels = [handle.get_label() for handle in handles[:4]] + [
        symbol for symbol, *_ in THRESHOLDS.values()
    ]
    handles.insert(5, Line2D([], [], linestyle=":", color=style.GREY))
    labels.insert(5, r"$\tilde\gamma$")
    columns = 4 if width == "column" else 8
    style.grow(figure, len(handles) // columns)
    figure.legend(handles, labels, loc="outside upper center", ncols=columns)
