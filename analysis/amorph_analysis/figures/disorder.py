"""Between order and disorder: every singular value over the largest one against the polydispersity δ or
the share f of defects, and the solids' local bond-orientational order.

Points are medians over solids of s_i/s_1, with symbols that repeat; values below 1e-14 are rounding and not
drawn. Solid lines are power laws through the points with δ ≤ 1e-2; the legend gives the
smallest and the largest of their exponents, each with its 95% interval by a bootstrap over solids.
The grey dashed line, with its scale on the right, is the median of the local order (1 in a triangular
crystal, 0.5745 in fcc). What stands at 0 stands at the left edge."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import bootstrap, style, words
from .scans import scans

OPTIONS = ["--set"]
# By key: its symbol, and up to which value a power law is fitted.
KEYS = {"polydispersity": (r"\delta", 1e-2), "defects": ("f", None)}
ROUNDING = 1e-14
# Where the key is 0, it is drawn at the smallest value over this.
ZERO = 4
ORDER = {2: r"$\psi_6$", 3: "$Q_6$"}


def draw(sources, options):
    found = [(key, scan) for key in KEYS for scan in scans(sources, key)]
    if not found:
        raise FileError(
            f"{options.files[0]}: no scenarios that differ in polydispersity or defects only"
        )
    wide = options.width == "wide"
    columns = 2 if wide and len(found) > 1 else 1
    rows = -(-len(found) // columns)
    figure, axes = plt.subplots(
        rows,
        columns,
        figsize=(style.WIDTHS[options.width], 2.2 * rows),
        layout="constrained",
        squeeze=False,
    )
    for panel in axes.flat[len(found) :]:
        panel.remove()
    for index, (panel, (key, scan)) in enumerate(zip(axes.flat, found)):
        _panel(panel, key, scan, options.set)
        if len(found) > 1:
            style.letter(panel, index)
    if not any(panel.has_data() for panel in axes.flat):
        raise FileError(f"{options.files[0]}: no finished solid to draw")
    return figure


def ratios(theta, features):
    """s_i/s_1 (mode) of every finished solid."""
    s = theta.spectrum(features)["singular_values"].values
    return list(s / s[:, :1])


def exponents(values, solids):
    """(estimate, low, high) of every s_i/s_1 that is beyond rounding in all solids at all values."""
    for mode in range(1, len(solids[0][0])):
        groups = [[solid[mode] for solid in group] for group in solids]
        if min(map(min, groups)) > ROUNDING:
            estimate = lambda groups: bootstrap.power(values, list(map(np.median, groups)))[0]
            yield mode, bootstrap.interval(estimate, groups)


def _panel(axes, key, scan, wanted):
    symbol, end = KEYS[key]
    features = scan.thetas[0].source.feature_set(wanted)
    points = [
        (value, theta, solids)
        for value, theta in zip(scan.values, scan.thetas)
        if features in theta.source.sets and (solids := ratios(theta, features))
    ]
    if not points:
        return
    positive = [value for value, _, _ in points if value > 0]
    place = lambda value: value or min(positive) / ZERO
    at = np.array([place(value) for value, _, _ in points])
    medians = np.array([np.median(solids, axis=0) for _, _, solids in points])
    for mode in range(1, medians.shape[1]):
        colour, marker = style.series(mode - 1)
        shown = np.where(medians[:, mode] > ROUNDING, medians[:, mode], np.nan)
        axes.plot(at, shown, marker=marker, color=colour, markersize=2.2, linewidth=0.4)
    said = _fits(axes, [point for point in points if end and 0 < point[0] <= end])
    title = f"{words.structure(points[0][1].source)}, {words.dimension(points[0][1].source)}"
    size = points[0][1].source.solid.get("size_ratio")
    title += ", one size" if size == 1 and not words.crystal(points[0][1].source) else ""
    counts = sorted({len(solids) for _, _, solids in points})
    title += f", {counts[0]} solids" if len(counts) == 1 else f", {counts[0]}–{counts[-1]} solids"
    handles = [Line2D([], [], color="0.2", linewidth=0.7, label=said)] if said else []
    style.panel_legend(axes, handles, title)
    axes.set(xscale="log", yscale="log", xlabel=f"${symbol}$", ylabel="$s_i / s_1$")
    _order(axes, at, [theta.source for _, theta, _ in points])


def _fits(axes, points):
    """Draws the power laws, and says the extreme exponents."""
    if len(points) < 3:
        return None
    values = np.array([value for value, _, _ in points])
    solids = [solids for _, _, solids in points]
    found = dict(exponents(values, solids))
    if not found:
        return None
    for mode in found:
        middle = [np.median([solid[mode] for solid in group]) for group in solids]
        exponent, prefactor = bootstrap.power(values, middle)
        axes.plot(values, prefactor * values**exponent, color="0.2", linewidth=0.3, zorder=0)
    said = [words.interval(*end(found.values()), 3) for end in (min, max)]
    return f"{len(found)} power laws, exponents\n{said[0]} to {said[1]}"


def _order(axes, at, sources):
    """The local order and its scale."""
    if any("local_bond_order" not in source.solids for source in sources):
        return
    beside = axes.twinx()
    with warnings.catch_warnings():
        # Scenarios without a finished solid have no median.
        warnings.simplefilter("ignore", RuntimeWarning)
        order = [np.nanmedian(source.solids["local_bond_order"].values) for source in sources]
    beside.plot(at, order, "--", color=style.GREY, linewidth=0.9)
    beside.set(ylim=(0, 1.05), ylabel=ORDER[sources[0].solid["dimension"]] + " of one particle")
    beside.yaxis.label.set_color(style.GREY)
    beside.tick_params(axis="y", colors=style.GREY)
