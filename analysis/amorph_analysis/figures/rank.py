"""Fig. 1: rank(J) against the number of parameters n_θ, a curve for every scenario and feature set;
the inset scales both by the number of features n_y.

Points are medians over solids, bars reach from the smallest to the largest rank. Arrows point to
n_θ = n_y. Drawn are the paper's nine curves: soft spheres in 3d and 2d and the triangular crystal
with C, with Σ and C, and with Σ, C and the frequencies; with --all, or where a file has none of
these, everything that it holds, the others with open markers and thin lines."""

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import style, words

OPTIONS = ["--set", "--all"]
PAPER_SETS = ["elastic", "stress+elastic", "stress+elastic+modes"]
SET_STYLES = {
    "elastic": (style.BLUE, "--"),
    "stress+elastic": (style.VERMILLION, "-"),
    "stress+elastic+modes": (style.GREEN, "-."),
    "stress": (style.ORANGE, ":"),
    "modes": (style.PURPLE, (0, (5, 1, 1, 1, 1, 1))),
}
OTHER_SET = (style.BLACK, (0, (8, 2)))
SOLID_MARKERS = {
    ("disordered", 3): "o",
    ("disordered", 2): "D",
    ("triangular", 2): "^",
    ("fcc", 3): "v",
}
OTHER_MARKERS = ["s", "P", "X", "*", "p", "h", "<", ">"]
# As far as the inset reaches, in units of n_y.
INSET_END = 3


@dataclass
class Curve:
    source: object
    kinds: str
    features: str
    n_y: int
    # By growing n_θ: numbers of parameters; lowest, median and highest rank.
    points: np.ndarray

    def of_the_paper(self):
        solid = self.source.solid
        return (
            (solid["structure"], solid["dimension"]) in list(SOLID_MARKERS)[:3]
            and solid.get("B", 0) == 0
            and self.kinds == "D"
            and self.features in PAPER_SETS
        )


def curves(sources, wanted=None):
    """Every scenario, kind of parameters and feature set with finished solids."""
    for source in sources:
        for features in [wanted] if wanted else source.sets:
            source.feature_set(features)
            for kinds in dict.fromkeys(theta.kinds for theta in source.thetas):
                rows = []
                for theta in source.thetas:
                    rank = theta.spectrum(features)["rank"].values
                    if theta.kinds == kinds and len(rank):
                        rows.append(
                            (len(theta.parameters), rank.min(), np.median(rank), rank.max())
                        )
                if rows:
                    n_y = source.feature_count(features)
                    yield Curve(source, kinds, features, n_y, np.array(sorted(rows)).T)


def draw(sources, options):
    every = list(curves(sources, options.set))
    if not every:
        raise FileError(f"{options.files[0]}: no finished solid to draw")
    paper = [curve for curve in every if curve.of_the_paper()]
    drawn = every if options.all or not paper else paper
    markers = _markers(drawn)
    wide = options.width == "wide"
    size = style.WIDTHS[options.width], 3.3 if not wide else 3.8
    figure, axes = plt.subplots(figsize=size, layout="constrained")
    inset = axes.inset_axes([0.1, 0.62, 0.34, 0.35])
    for order, curve in enumerate(drawn):
        marked = curve in paper or not paper
        colour, line = SET_STYLES.get(curve.features, OTHER_SET)
        look = {
            "color": colour,
            "linestyle": line,
            "marker": markers[curve.source.name],
            "linewidth": 0.8 if marked else 0.4,
            "markerfacecolor": colour if marked else "white",
            "markeredgewidth": 0.5,
        }
        n, low, middle, high = curve.points
        axes.errorbar(
            n, middle, [middle - low, high - middle], markersize=2.6, elinewidth=0.5, **look
        )
        near = n <= INSET_END * curve.n_y
        inset.plot(n[near] / curve.n_y, middle[near] / curve.n_y, markersize=1.6, **look)
        if marked and n.min() <= curve.n_y <= n.max():
            at = curve.n_y, np.interp(curve.n_y, n, middle)
            axes.annotate(
                "",
                at,
                (0, 15),
                textcoords="offset points",
                arrowprops={
                    "arrowstyle": "-|>,head_width=0.15,head_length=0.3",
                    "color": colour,
                    "linewidth": 0.7,
                    "shrinkA": 0,
                    "shrinkB": 2.5,
                },
            )
    top = max(curve.points[3].max() for curve in drawn)
    axes.set(
        xlabel=r"number of parameters $n_\theta$",
        ylabel=r"rank$(J)$",
        xlim=(0, None),
        ylim=(0, 1.16 * top),
    )
    inset.set(xlim=(0, INSET_END), ylim=(0, 1.15), xticks=range(INSET_END + 1), yticks=[0, 0.5, 1])
    inset.set_yticklabels(["0", "", "1"])
    inset.set_xlabel(r"$n_\theta / n_y$", fontsize=style.SMALL, labelpad=0)
    inset.set_ylabel(r"rank$(J) / n_y$", fontsize=style.SMALL, labelpad=-2)
    _legend(figure, drawn, markers)
    return figure


def _markers(drawn):
    """A marker for every scenario: its structure's, or a free one."""
    free, markers = list(OTHER_MARKERS), {}
    for curve in drawn:
        solid = curve.source.solid
        if curve.source.name not in markers:
            own = SOLID_MARKERS.get((solid["structure"], solid["dimension"]))
            taken = own is None or own in markers.values()
            markers[curve.source.name] = free.pop(0) if taken and free else own or "."
    return markers


def _legend(figure, drawn, markers):
    """Feature sets on the left with their colours, solids on the right with their markers."""
    solids = {curve.source.name: curve.source for curve in drawn}
    names = {name: _solid(source) for name, source in solids.items()}
    if len(set(names.values())) < len(names):
        names = {name: name for name in names}
    sets = {}
    for curve in drawn:
        sets.setdefault(curve.features, (curve.source, []))[1].append(curve.n_y)
    left = []
    for name, (source, counts) in sets.items():
        colour, line = SET_STYLES.get(name, OTHER_SET)
        numbers = ", ".join(map(str, sorted(set(counts))))
        label = f"{words.features(source, name)}: $n_y$ = {numbers}"
        left.append(Line2D([], [], color=colour, linestyle=line, label=label))
    right = [
        Line2D([], [], color="0.3", linestyle="", marker=markers[name], label=label)
        for name, label in names.items()
    ]
    rows = max(len(left), len(right))
    blank = Line2D([], [], linestyle="", label=" ")
    handles = left + [blank] * (rows - len(left)) + right + [blank] * (rows - len(right))
    figure.legend(handles=handles, loc="outside upper center", ncols=2)


def _solid(source):
    return f"{words.structure(source)}, {words.dimension(source)}"
