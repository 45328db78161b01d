"""The whole spectrum: every singular value s_i over the largest one against i, a curve for every scenario and
parameterisation.

Lines are medians over solids, shades reach from the smallest to the largest value. Values below 1e-14 of the
largest are rounding, and are not drawn; the legend has the rank that the file states (by its tolerance),
and the numbers of features and of the parameters that move a solid, as ranges over solids."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import style, words

OPTIONS = ["--set"]
LINES = ["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3))]
ROUNDING = 1e-14


def draw(sources, options):
    figure, axes = plt.subplots(figsize=(style.WIDTHS[options.width], 2.6), layout="constrained")
    handles = []
    for source in sources:
        features = source.feature_set(options.set)
        for theta in source.thetas:
            spectrum = theta.spectrum(features)
            s = spectrum["singular_values"].values
            if not len(s):
                continue
            colour, line = style.COLOURS[len(handles) % 7], LINES[len(handles) % len(LINES)]
            # Features that a solid lacks have no singular value.
            held = np.isfinite(s).all(axis=0)
            ratio = (s / s[:, :1])[:, held]
            order = 1 + np.arange(ratio.shape[1])
            low, middle, high = np.quantile(ratio, [0, 0.5, 1], axis=0)
            drawn = low > ROUNDING
            axes.plot(order, np.where(middle > ROUNDING, middle, np.nan), color=colour, ls=line)
            axes.fill_between(order[drawn], low[drawn], high[drawn], color=colour, alpha=0.2, lw=0)
            label = f"{_label(source, theta)}: rank {_range(spectrum['rank'].values)}"
            label += f" of {_range(np.isfinite(s).sum(axis=1))} ($n_\\theta$ = {_moving(theta)}), "
            label += f"{len(s)} solid" + "s" * (len(s) > 1)
            handles.append(Line2D([], [], color=colour, ls=line, label=label))
    if not handles:
        raise FileError(f"{options.files[0]}: no finished solid to draw")
    axes.set(yscale="log", xlabel="$i$", ylabel=r"$s_i / s_1$", xlim=(0, None))
    style.legend_above(figure, handles)
    return figure


def _label(source, theta):
    return f"{source.name}, {words.kinds(theta)}"


def _moving(theta):
    """The numbers of parameters that are not inert."""
    inert = theta.data["inert"].values if "inert" in theta.data else None
    if inert is None:
        return len(theta.parameters)
    finished = np.isin(inert, [0, 1]).all(axis=1)
    return _range((inert[finished] == 0).sum(axis=1))


def _range(values):
    low, high = int(np.min(values)), int(np.max(values))
    return f"{low}" if low == high else f"{low}–{high}"
